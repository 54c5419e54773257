"""`vif score`: verdicts and rewards of a file of responses."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from verif_dsl.judging import Judge
    from verif_dsl.scoring import Summary


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
    help="Verdicts (.jsonl or .parquet). After a run that stopped, the same command goes on.",
)
@click.option("--reward", metavar="EXPRESSION", help="How verdicts make a reward, or a preset's name.")
@click.option("--response-column", metavar="NAME", default="response", show_default=True, help="The responses.")
@click.option("--prompt-column", metavar="NAME", help="The prompts; `prompt` where there is one.")
@click.option("--constraints-column", metavar="NAME", help="Each row's constraints; `constraints` where there is one.")
@click.option("--spec", metavar="NAME", help="The spec every row is held to, whatever the rows say.")
@click.option(
    "--judge", metavar="FILE", type=click.Path(path_type=Path), help="Who answers judged constraints (.yaml)."
)
@click.option("--only-for-reward", is_flag=True, help="Ask the judge only where the answer can change the reward.")
def score(
    constraints: Path,
    data: Path,
    out: Path,
    reward: str | None,
    response_column: str,
    prompt_column: str | None,
    constraints_column: str | None,
    spec: str | None,
    judge: Path | None,
    only_for_reward: bool,
) -> None:
    """Hold every response to its constraints; write the verdicts and the reward of each row, and show pass rates."""
    from verif_dsl import VerifError, load
    from verif_dsl.rows import check_output
    from verif_dsl.scoring import Scoring, Summary, score_file

    if spec is not None and constraints_column is not None:
        raise click.UsageError("choose either --spec or --constraints-column: each says what rows are held to")
    check_output(out, inputs=(constraints, data))
    if only_for_reward and judge is None:
        raise click.UsageError("--only-for-reward goes with --judge")
    columns = (response_column, prompt_column, constraints_column)
    asked = None if judge is None else _judge(judge)
    scoring = Scoring(load(constraints), data, out, *columns, spec, reward, asked, only_for_reward)
    summary = Summary()
    try:
        with _progress(asked) as show:
            for summary, share in score_file(scoring):
                show(summary.rows, share)
    except (VerifError, KeyboardInterrupt) as stop:
        if not summary.rows:
            raise
        folder = scoring.parts.folder
        kept = f"{summary.rows:,} rows are scored and kept in {folder}; the same command goes on from there"
        if isinstance(stop, VerifError):
            raise VerifError(f"{stop.message}; {kept}") from None
        click.echo(f"stopped; {kept}", err=True)
        raise
    _show_summary(summary, out)
    if asked is not None:
        from verif_dsl.cli.judging import show_usage

        show_usage(asked)


def _judge(file: Path) -> "Judge":
    from verif_dsl.judging import Judge, load_judge_config

    return Judge(load_judge_config(file))


@contextmanager
def _progress(judge: "Judge | None") -> Iterator[Callable[[int, float], None]]:
    """Shows on standard error how many rows are done, how fast, and the time left, and how many questions of those at
    hand the judge has answered; nothing where nobody looks.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            # The speed is in shares of the input a second, the only measure whose total is known beforehand.
            return Text(f"{task.speed * task.fields['rows'] / task.completed:,.0f} rows/s" if task.speed else "")

    columns = (
        TextColumn("{task.fields[rows]:,} rows"),
        BarColumn(),
        TextColumn("{task.percentage:.0f}%"),
        Rate(),
        TextColumn("{task.fields[judged]}"),
    )
    terminal = Console(stderr=True)
    unseen = not sys.stderr.isatty()
    with Progress(*columns, TimeRemainingColumn(), console=terminal, transient=True, disable=unseen) as progress:
        task = progress.add_task("", total=1.0, rows=0, judged="")
        if judge is not None:
            judge.progress = lambda answered, of: progress.update(task, judged=f"{answered:,} of {of:,} judged")
        yield lambda rows, share: progress.update(task, completed=share, rows=rows)


def _show_summary(summary: "Summary", out: Path) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from verif_dsl.verdicts import FAIL, PASS, UNKNOWN

    table = Table("constraint")
    for heading in (PASS, FAIL, UNKNOWN, "pass rate"):
        table.add_column(heading, justify="right")
    for constraint, counts in sorted(summary.counts.items()):
        decided = counts[PASS] + counts[FAIL]
        rate = f"{counts[PASS] / decided:.1%}" if decided else "-"
        # Text: a name is shown as it is, whatever brackets are in it.
        table.add_row(Text(constraint), *(str(counts[kind]) for kind in (PASS, FAIL, UNKNOWN)), rate)
    Console().print(table)
    mean = f"mean reward {summary.mean_reward:.4f}" if summary.mean_reward is not None else "no reward is decided"
    rows = "1 row" if summary.rows == 1 else f"{summary.rows} rows"
    click.echo(f"{rows}, {summary.undecided} undecided, {mean}; verdicts in {out}")
