"""Source text and places in it.

>>> source = Source("a.vif", "one\\ntwo\\n")
>>> source.position(5)
(2, 2)
>>> source.line(2)
'two'
"""

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range of code points, `start` to `end`, in one source text."""

    start: int
    end: int

    def join(self, other: "Span") -> "Span":
        """The smallest span that holds both.

        >>> Span(3, 5).join(Span(8, 9))
        Span(start=3, end=9)
        """
        return Span(min(self.start, other.start), max(self.end, other.end))


@dataclass(frozen=True)
class Source:
    """A .vif text with the name it is reported under (a path, or `<text>`), and the folder its imports stand in."""

    name: str
    text: str
    folder: Path | None = None

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(index + 1 for index, character in enumerate(self.text) if character == "\n")]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both 1-based, columns in code points."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a 1-based line, without its line end."""
        start = self._line_starts[number - 1]
        end = self._line_starts[number] if number < len(self._line_starts) else len(self.text) + 1
        return self.text[start : end - 1].rstrip("\r")
