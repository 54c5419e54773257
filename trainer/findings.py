"""What is found out about a configuration: lines for a person to read, warnings, and what is wrong."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from rich.console import Console
from rich.table import Table
from rich.text import Text

from verif_dsl import VerifError

Result = TypeVar("Result")


@dataclass
class Findings:
    """What a dry run found: lines for a person to read, and what is wrong."""

    lines: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def say(self, about: str, *told: str) -> None:
        """Add lines about something."""
        self.lines += [("" if number else about, line) for number, line in enumerate(told)]

    def attempt(self, make: Callable[[], Result]) -> Result | None:
        """What `make` returns; None where it raises a `VerifError`, which is then a problem."""
        try:
            return make()
        except VerifError as error:
            if error.message not in self.problems:
                self.problems.append(error.message)
            return None

    def check(self, make: Callable[[], object]) -> bool:
        """Whether something raises no `VerifError`."""
        return self.attempt(lambda: (make(), True)) is not None

    def show(self, console: Console) -> None:
        """Print it all, the problems last."""
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        table.add_column(style="bold", no_wrap=True)
        table.add_column(overflow="fold")
        for about, told in self.lines:
            table.add_row(Text(about), Text(told))
        console.print(table)
        for kind, sentences in (("warning", self.warnings), ("error", self.problems)):
            for one in sentences:
                # What is wrong with a text of rules is shown as `vif check` shows it.
                shown = one if one.startswith(("error[", "warning[")) else f"{kind}: {one}"
                console.print(Text(shown), soft_wrap=True)
        count = len(self.problems)
        console.print(f"{counted(count, 'problem')} to mend before training" if count else "Training can begin.")


def size(count: float) -> str:
    """A number of bytes for a person.

    >>> size(512), size(3 * 2**20), size(1.5 * 2**40)
    ('512 B', '3.0 MiB', '1,536.0 GiB')
    """
    for unit, bytes_of in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= bytes_of:
            return f"{count / bytes_of:,.1f} {unit}"
    return f"{count:.0f} B"


def counted(number: int, noun: str) -> str:
    """A number of things.

    >>> counted(1, "row"), counted(2_000, "process")
    ('1 row', '2,000 processes')
    """
    plural = noun + ("es" if noun.endswith("ss") else "s")
    return f"1 {noun}" if number == 1 else f"{number:,} {plural}"
