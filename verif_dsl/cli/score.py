"""`vif score`: verdicts and rewards of a file of responses."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from verif_dsl import Verdicts, Verifier
    from verif_dsl.rows import Rows

IDENTIFYING = ("key", "id")
"""Columns of the input that are copied to the output, so that its lines can be told apart."""


@click.command()
@click.argument(
    "constraints", metavar="CONSTRAINTS", type=click.Path(path_type=Path), help="The file of constraints (.vif)."
)
@click.argument(
    "data", metavar="INPUT", type=click.Path(path_type=Path), help="Rows with responses (.jsonl or .parquet)."
)
@click.option(
    "--out",
    "-o",
    metavar="OUTPUT",
    required=True,
    type=click.Path(path_type=Path),
    help="Verdicts (.jsonl or .parquet).",
)
@click.option("--reward", metavar="EXPRESSION", help="How verdicts make a reward, or a preset's name.")
@click.option("--response-column", metavar="NAME", default="response", show_default=True, help="The responses.")
@click.option("--prompt-column", metavar="NAME", help="The prompts; `prompt` where there is one.")
@click.option("--constraints-column", metavar="NAME", help="Each row's constraints; `constraints` where there is one.")
@click.option("--spec", metavar="NAME", help="The spec every row is held to, whatever the rows say.")
def score(
    constraints: Path,
    data: Path,
    out: Path,
    reward: str | None,
    response_column: str,
    prompt_column: str | None,
    constraints_column: str | None,
    spec: str | None,
) -> None:
    """Hold every response to its constraints; write the verdicts and the reward of each row, and show pass rates."""
    from verif_dsl import load
    from verif_dsl.rows import check_output, read_rows, write_rows

    if spec is not None and constraints_column is not None:
        raise click.UsageError("choose either --spec or --constraints-column: each says what rows are held to")
    check_output(out, inputs=(constraints, data))
    verifier = load(constraints)
    named = [name for name in (prompt_column, constraints_column) if name is not None]
    prompts_in = prompt_column or "prompt"
    constraints_in = constraints_column or "constraints"
    optional = [prompts_in] if spec is not None else [prompts_in, constraints_in]
    rows = read_rows(
        data,
        needed=[response_column, *named],
        texts=[name for name in optional if name not in named],
        extras=IDENTIFYING,
    )
    verdicts = verifier.check(
        rows.columns[response_column],
        prompts=rows.columns.get(prompts_in),
        constraints=_held_to(verifier, rows, constraints_in, spec, data),
    )
    rewards = verdicts.rewards(reward)
    write_rows(out, _output_rows(rows, verdicts, rewards), types=_types())
    _show_summary(verdicts, rewards, out)


def _held_to(verifier: "Verifier", rows: "Rows", column: str, spec: str | None, data: Path) -> str | list[str] | None:
    """What `Verifier.check` takes as constraints: the spec, the column, or None for the only spec there is."""
    if spec is not None:
        return spec
    if column in rows.columns:
        return rows.columns[column]
    if len(verifier.specs) == 1:
        return None
    from verif_dsl import VerifError

    # Every constraint with its defaults would do for a script of one's own; for a file it is more likely a slip.
    raise VerifError(
        f"{data}: there is no column `{column}` to say what each row is held to; "
        "name it with --constraints-column, or hold every row to one spec with --spec"
    )


def _output_rows(rows: "Rows", verdicts: "Verdicts", rewards: list[float | None]) -> list[dict[str, Any]]:
    kept = {name: rows.columns[name] for name in IDENTIFYING if name in rows.columns}
    return [
        {"row": row, **{name: values[row] for name, values in kept.items()}, "reward": reward, "verdicts": found}
        for row, (reward, found) in enumerate(zip(rewards, verdicts.by_row(), strict=True))
    ]


def _types() -> dict[str, Any]:
    """The types of the output that must not hang on its values: a batch may have no reason, or no reward."""
    import polars

    verdict = dict.fromkeys(("constraint", "kind", "verdict", "reason"), polars.String)
    return {"row": polars.Int64, "reward": polars.Float64, "verdicts": polars.List(polars.Struct(verdict))}


def _show_summary(verdicts: "Verdicts", rewards: list[float | None], out: Path) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from verif_dsl.verdicts import FAIL, PASS, UNKNOWN

    kinds = (PASS, FAIL, UNKNOWN)
    counts: dict[str, dict[str, int]] = {}
    for constraint, verdict in verdicts.table.select("constraint", "verdict").iter_rows():
        of_constraint = counts.setdefault(constraint, dict.fromkeys(kinds, 0))
        of_constraint[verdict] += 1
    rates = verdicts.pass_rates()
    table = Table("constraint")
    for heading in (*kinds, "pass rate"):
        table.add_column(heading, justify="right")
    for constraint, count in sorted(counts.items()):
        rate = rates.get(constraint)
        # Text: a name is shown as it is, whatever brackets are in it.
        table.add_row(Text(constraint), *map(str, count.values()), "-" if rate is None else f"{rate:.1%}")
    Console().print(table)
    decided = [reward for reward in rewards if reward is not None]
    mean = f"mean reward {sum(decided) / len(decided):.4f}" if decided else "no reward is decided"
    undecided = len(rewards) - len(decided)
    click.echo(f"{len(rewards)} rows, {undecided} undecided, {mean}; verdicts in {out}")
