"""What the commands that ask a judge show of it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from verif_dsl.judging import Judge


def show_usage(judge: "Judge") -> None:
    """A table of what judging cost, a line a constraint."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from verif_dsl.judging.usage import Usage

    table = Table("judged")
    for heading in ("verdicts", "unknown", "skipped", "calls", "cached", "shared", "failed"):
        table.add_column(heading, justify="right")
    for heading in ("tokens in", "computed before", "out", "s a call", "quotes not found"):
        table.add_column(heading, justify="right")

    def add(name: str, one: Usage) -> None:
        counts = (one.verdicts, one.unknown, one.skipped, one.calls, one.cached, one.shared, one.failed)
        tokens = (one.tokens_in, one.tokens_cached, one.tokens_out)
        each = f"{one.seconds / one.calls:.2f}" if one.calls else "-"
        table.add_row(Text(name), *(f"{count:,}" for count in (*counts, *tokens)), each, f"{one.not_found:,}")

    for name, usage in sorted(judge.usage.items()):
        add(name, usage)
    if len(judge.usage) > 1:
        table.add_section()
        add("all", judge.total)
    Console().print(table)
