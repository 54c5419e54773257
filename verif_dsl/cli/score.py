"""`vif score`: verdicts and rewards of a file of responses."""

from pathlib import Path
from typing import Annotated, Any

import typer

from verif_dsl import Verdicts, VerifError, Verifier, load
from verif_dsl.rows import Rows, check_output, read_rows, write_rows
from verif_dsl.verdicts import FAIL, PASS, UNKNOWN

IDENTIFYING = ("key", "id")
"""Columns of the input that are copied to the output, so that its lines can be told apart."""
VERDICTS = (PASS, FAIL, UNKNOWN)


def score(
    constraints: Annotated[Path, typer.Argument(metavar="CONSTRAINTS", help="The file of constraints (.vif).")],
    data: Annotated[Path, typer.Argument(metavar="INPUT", help="Rows with responses (.jsonl or .parquet).")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="OUTPUT", help="Verdicts (.jsonl or .parquet).")],
    reward: Annotated[
        str | None, typer.Option(metavar="EXPRESSION", help="How verdicts make a reward, or a preset's name.")
    ] = None,
    response_column: Annotated[str, typer.Option(metavar="NAME", help="The responses.")] = "response",
    prompt_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="The prompts; `prompt` where there is one.")
    ] = None,
    constraints_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Each row's constraints; `constraints` where there is one.")
    ] = None,
    spec: Annotated[
        str | None, typer.Option(metavar="NAME", help="The spec every row is held to, whatever the rows say.")
    ] = None,
) -> None:
    """Hold every response to its constraints; write the verdicts and the reward of each row, and show pass rates."""
    if spec is not None and constraints_column is not None:
        raise typer.BadParameter("choose either --spec or --constraints-column: each says what rows are held to")
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


def _held_to(verifier: Verifier, rows: Rows, column: str, spec: str | None, data: Path) -> str | list[str] | None:
    """What `Verifier.check` takes as constraints: the spec, the column, or None for the only spec there is."""
    if spec is not None:
        return spec
    if column in rows.columns:
        return rows.columns[column]
    if len(verifier.specs) == 1:
        return None
    # Every constraint with its defaults would do for a script of one's own; for a file it is more likely a slip.
    raise VerifError(
        f"{data}: there is no column `{column}` to say what each row is held to; "
        "name it with --constraints-column, or hold every row to one spec with --spec"
    )


def _output_rows(rows: Rows, verdicts: Verdicts, rewards: list[float | None]) -> list[dict[str, Any]]:
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


def _show_summary(verdicts: Verdicts, rewards: list[float | None], out: Path) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    counts: dict[str, dict[str, int]] = {}
    for constraint, verdict in verdicts.table.select("constraint", "verdict").iter_rows():
        of_constraint = counts.setdefault(constraint, dict.fromkeys(VERDICTS, 0))
        of_constraint[verdict] += 1
    rates = verdicts.pass_rates()
    table = Table("constraint")
    for heading in (*VERDICTS, "pass rate"):
        table.add_column(heading, justify="right")
    for constraint, count in sorted(counts.items()):
        rate = rates.get(constraint)
        # Text: a name is shown as it is, whatever brackets are in it.
        table.add_row(Text(constraint), *map(str, count.values()), "-" if rate is None else f"{rate:.1%}")
    Console().print(table)
    decided = [reward for reward in rewards if reward is not None]
    mean = f"mean reward {sum(decided) / len(decided):.4f}" if decided else "no reward is decided"
    undecided = len(rewards) - len(decided)
    typer.echo(f"{len(rewards)} rows, {undecided} undecided, {mean}; verdicts in {out}")
