"""Text with holes: `"Use {n} {n:comma|commas}."`, parsed once, rendered with values.

>>> template = parse_template("Use {n} {n:comma|commas}.")
>>> template.render({"n": 1}), template.render({"n": 3})
('Use 1 comma.', 'Use 3 commas.')
"""

import csv
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from verif_dsl.compiler.ir import Value
from verif_dsl.compiler.kinds import BOOL, DECIMAL, INT, TEXT, Kind, list_of

ORDINALS = ["zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]


class TemplateError(ValueError):
    """A hole that is not written as one: a sentence, the offset in the text, and what to write instead."""

    def __init__(self, message: str, offset: int, length: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.message, self.offset, self.length, self.hint = message, offset, length, hint


@dataclass(frozen=True, slots=True)
class Hole:
    """`{name}` or `{name:format}`; `one|other` is the plural form of a format."""

    name: str
    format: str
    offset: int
    length: int

    def render(self, value: Value) -> str:
        if "|" in self.format:
            one, other = self.format.split("|", 1)
            return one if value == 1 else other
        return FORMATS[self.format].render(value)

    def accepts(self, kind: Kind) -> bool:
        """Whether a value of this kind can stand here."""
        return kind == INT if "|" in self.format else kind in FORMATS[self.format].kinds


@dataclass(frozen=True, slots=True)
class Template:
    """Literal text and holes, in order."""

    parts: tuple[str | Hole, ...]

    @property
    def holes(self) -> tuple[Hole, ...]:
        return tuple(part for part in self.parts if isinstance(part, Hole))

    def render(self, values: Mapping[str, Value]) -> str:
        """The text with every hole filled in one pass: braces inside a value stay as they are."""
        return "".join(part if isinstance(part, str) else part.render(values[part.name]) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Format:
    """How a hole's value is written, and the kinds it is for."""

    kinds: tuple[Kind, ...]
    render: Callable[..., str]


def plain(value: int | str | Fraction) -> str:
    """A text or a number as it is written; a fraction that no decimal gives exactly, to four places.

    >>> plain(Fraction(1, 2)), plain(Fraction(1, 3)), plain(Fraction(3))
    ('0.5', '0.3333', '3')
    """
    return str(value) if not isinstance(value, Fraction) else f"{float(round(value, 4)):g}"


def percent(value: Fraction) -> str:
    """A share in percent.

    >>> percent(Fraction(3, 10))
    '30%'
    """
    return f"{plain(value * 100)}%"


def ordinal(number: int) -> str:
    """The number as a place in a row.

    >>> ordinal(2), ordinal(11), ordinal(22)
    ('second', '11th', '22nd')
    """
    if 0 <= number < len(ORDINALS):
        return ORDINALS[number]
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def quoted(value: str | tuple[str, ...]) -> str:
    return f'"{value}"' if isinstance(value, str) else enumeration(tuple(f'"{one}"' for one in value))


def enumeration(items: tuple[Value, ...]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    words = [str(item) for item in items]
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def csv_row(items: tuple[str, ...]) -> str:
    """One record of RFC 4180, without its line end."""
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(items)
    return out.getvalue()


FORMATS = {
    "": Format((INT, TEXT, DECIMAL), plain),
    "percent": Format((DECIMAL,), percent),
    "quoted": Format((TEXT, list_of(TEXT)), quoted),
    "ordinal": Format((INT,), ordinal),
    "list": Format((list_of(TEXT), list_of(INT)), enumeration),
    "csv": Format((list_of(TEXT),), csv_row),
    "capital": Format((TEXT,), lambda text: text[:1].upper() + text[1:]),
    "yesno": Format((BOOL,), lambda value: "yes" if value else "no"),
}
"""Every format of a hole. A plural, `{n:time|times}`, is the one that is not a name."""

PLANNED_FORMATS = frozenset({"language"})
TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


def parse_template(text: str) -> Template:
    """The literal parts and holes of a text; `{{` and `}}` stand for single braces.

    Raises `TemplateError` for a lone brace, a hole without a name, or an unknown format.
    """
    parts: list[str | Hole] = []
    position = 0
    for match in TOKEN.finditer(text):
        parts.append(text[position : match.start()])
        position = match.end()
        if match[0] in ("{{", "}}"):
            parts.append(match[0][0])
        elif match[1] is None:
            raise TemplateError(
                f"a single `{match[0]}` opens no hole", match.start(), 1, f"write `{match[0] * 2}` for the character"
            )
        else:
            parts.append(_hole(match))
    parts.append(text[position:])
    return Template(tuple(part for part in parts if part != ""))


def _hole(match: re.Match[str]) -> Hole:
    name, _, format = match[1].partition(":")
    offset, length = match.start(), len(match[0])
    if not re.fullmatch("[a-z_][a-z0-9_]*", name):
        raise TemplateError(f"`{match[0]}` is not a hole", offset, length, "a hole holds a name: {n} or {n:format}")
    if "|" not in format and format not in FORMATS:
        known = ", ".join(f"`{one}`" for one in FORMATS if one)
        if format in PLANNED_FORMATS:
            raise TemplateError(f"the format `{format}` is not supported yet", offset, length, f"known: {known}")
        raise TemplateError(f"there is no format `{format}`", offset, length, f"known: {known}, and one|other")
    return Hole(name, format, offset, length)
