"""What the commands that ask a judge show of it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from verif_dsl.judging import Judge
    from verif_dsl.judging.usage import Usage


def narrow_table(names: Sequence[str], figures: Sequence[str]) -> "Table":
    """A table without lines between its columns, so that ten of them have room on a terminal."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in names:
        table.add_column(heading, overflow="fold")
    for heading in figures:
        table.add_column(heading, justify="right", min_width=max(map(len, heading.split())))
    return table


def cost_table(names: Sequence[str], rows: "Sequence[tuple[Sequence[str], Usage]]") -> "Table":
    """What judging cost: a line for each of the rows, which `names` are the headings of."""
    from rich.text import Text

    headings = ("calls", "cached", "shared", "failed", "tokens in", "computed before", "tokens out", "s a call")
    table = narrow_table(names, headings)
    for labels, one in rows:
        counts = (one.calls, one.cached, one.shared, one.failed, one.tokens_in, one.tokens_cached, one.tokens_out)
        each = f"{one.seconds / one.calls:.2f}" if one.calls else "-"
        table.add_row(*map(Text, labels), *(f"{count:,}" for count in counts), each)
    return table


def show_usage(judge: "Judge") -> None:
    """Two tables, a line a constraint: what became of the verdicts, and what the calls cost."""
    from rich.console import Console
    from rich.text import Text

    rows = [((name,), one) for name, one in sorted(judge.usage.items())]
    if len(rows) > 1:
        rows.append((("all",), judge.total))
    table = narrow_table(["judged"], ("verdicts", "unknown", "skipped", "quotes not found"))
    for (name,), one in rows:
        table.add_row(Text(name), *(f"{count:,}" for count in (one.verdicts, one.unknown, one.skipped, one.not_found)))
    Console().print(table, cost_table(["judged"], rows))


@contextmanager
def shown_progress(judge: "Judge", description: str) -> Iterator[None]:
    """A bar on standard error of the questions answered; nothing where nobody looks."""
    import sys

    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(description, total=None)
        judge.progress = lambda answered, total: progress.update(task, completed=answered, total=total)
        try:
            yield
        finally:
            judge.progress = None
