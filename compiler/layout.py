"""Documents, and the text that shows one within a width: what the formatter prints with.

After Wadler's "A prettier printer" and Lindig's strict version of it, with the `fill` of Prettier. A document is a
string or one of the classes below. A group is laid out on one line where it fits, and otherwise breaks all its own
lines, while the groups in it are tried again; the outermost structure thus breaks first.

>>> call = Group(Concat("all(", Nest(Concat(SOFT_LINE, "one,", LINE, "two")), SOFT_LINE, ")"))
>>> render(call, width=20)
'all(one, two)'
>>> print(render(call, width=10))
all(
  one,
  two
)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

STEP = 2
"""Spaces of one level of indentation."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line break, or `flat` where its group fits on one line."""

    flat: str


@dataclass(frozen=True, slots=True, init=False)
class Concat:
    """One document after another."""

    parts: tuple["Document", ...]

    def __init__(self, *parts: "Document") -> None:
        object.__setattr__(self, "parts", parts)


@dataclass(frozen=True, slots=True)
class Nest:
    """A document whose lines are indented one step further."""

    inner: "Document"


@dataclass(frozen=True, slots=True)
class Group:
    """A document on one line if it fits."""

    inner: "Document"


@dataclass(frozen=True, slots=True)
class Fill:
    """Documents with a space between them, or a line break before each that would not fit on the line any more."""

    parts: tuple["Document", ...]
    done: int = 0
    """How many parts have been laid out already."""


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Lines that stand at the indentation whatever the width; blank ones stay empty. Fits where its first line does."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One document where the group fits on one line, another where it does not."""

    flat: "Document"
    broken: "Document"


Document: TypeAlias = str | Line | Concat | Nest | Group | Fill | Verbatim | Choice

LINE = Line(" ")
SOFT_LINE = Line("")

_Command: TypeAlias = tuple[int, bool, Document]
"""A document to lay out: its indentation, whether its lines break, and itself."""


def render(document: Document, width: int, indent: int = 0) -> str:
    """The text of a document in at most `width` columns where that is possible.

    The text starts at column `indent`, which is also the indentation of its lines, without the first line's own.
    """
    out: list[str] = []
    column = indent
    stack: list[_Command] = [(indent, True, document)]
    while stack:
        indent, breaks, document = stack.pop()
        match document:
            case str():
                out.append(document)
                column += len(document)
            case Line() if breaks:
                out.append("\n" + " " * indent)
                column = indent
            case Line(flat):
                out.append(flat)
                column += len(flat)
            case Group(inner):
                stack.append((indent, breaks and not _fits(inner, indent, width - column, stack), inner))
            case Fill(parts, done) if breaks and done < len(parts):
                next_part: Document = Concat(" ", parts[done]) if done else parts[done]
                stack.append((indent, True, Fill(parts, done + 1)))
                if _fits(next_part, indent, width - column, stack):
                    stack.append((indent, False, next_part))
                else:
                    stack.append((indent, True, Concat(LINE, Group(parts[done])) if done else Group(parts[done])))
            case Verbatim(lines):
                first, *others = lines
                out.append("\n".join([first, *(" " * indent + line if line else "" for line in others)]))
                column = indent + len(lines[-1])
            case _:
                stack.extend((inner, breaks, part) for inner, part in reversed(_parts(document, indent, breaks)))
    return "".join(out)


def _parts(document: Document, indent: int, breaks: bool) -> list[tuple[int, Document]]:
    """What a document consists of, with the indentation of each part."""
    match document:
        case Concat(parts):
            return [(indent, part) for part in parts]
        case Nest(inner):
            return [(indent + STEP, inner)]
        case Group(inner):
            return [(indent, inner)]
        case Choice(flat, broken):
            return [(indent, broken if breaks else flat)]
        case Fill(parts, done):
            spaced = [part for one in parts[done:] for part in (" ", one)]
            return [(indent, part) for part in (spaced if done else spaced[1:])]
    raise AssertionError(document)


def _fits(document: Document, indent: int, room: int, rest: Sequence[_Command]) -> bool:
    """Whether a document on one line, and what follows it up to the next possible line break, take at most `room`."""
    following = len(rest)
    stack: list[_Command] = [(indent, False, document)]
    while room >= 0:
        if not stack:
            if following == 0:
                return True
            following -= 1
            stack.append(rest[following])
        indent, breaks, document = stack.pop()
        match document:
            case str():
                room -= len(document)
            case Line() if breaks:
                return True
            case Fill(parts, done) if breaks and 0 < done < len(parts):
                return True
            case Line(flat):
                room -= len(flat)
            case Verbatim(lines):
                return len(lines[0]) <= room
            case _:
                stack.extend((inner, breaks, part) for inner, part in reversed(_parts(document, indent, breaks)))
    return False
