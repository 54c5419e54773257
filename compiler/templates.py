"""Text with holes: `"Use {n} {n:comma|commas}."`, parsed once, rendered with values.

>>> template = parse_template("Use {n} {n:comma|commas}.")
>>> template.render({"n": 1}), template.render({"n": 3})
('Use 1 comma.', 'Use 3 commas.')
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from verif_dsl.compiler.formats import FORMATS
from verif_dsl.compiler.ir import Value
from verif_dsl.compiler.kinds import INT, Kind
from verif_dsl.compiler.locales import CATEGORIES, ENGLISH, needed_plurals, plural_of


class TemplateError(ValueError):
    """A hole that is not written as one: a sentence, the offset in the text, and what to write instead."""

    def __init__(self, message: str, offset: int, length: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.message, self.offset, self.length, self.hint = message, offset, length, hint


@dataclass(frozen=True, slots=True)
class Hole:
    """`{name}` or `{name:format}`; a plural has a form for each category that the language needs, the general last."""

    name: str
    format: str
    offset: int
    length: int
    forms: tuple[tuple[str, str], ...] = ()

    def render(self, value: Value, lang: str) -> str:
        if self.forms:
            assert isinstance(value, int), "a plural stands for a whole number"
            return dict(self.forms).get(plural_of(value, lang), self.forms[-1][1])
        return FORMATS[self.format].render(value, lang)

    def accepts(self, kind: Kind) -> bool:
        """Whether a value of this kind can stand here."""
        return kind == INT if self.forms else kind in FORMATS[self.format].kinds


@dataclass(frozen=True, slots=True)
class Template:
    """Literal text and holes, in order, in one language."""

    parts: tuple[str | Hole, ...]
    lang: str = ENGLISH

    @property
    def holes(self) -> tuple[Hole, ...]:
        return tuple(part for part in self.parts if isinstance(part, Hole))

    def render(self, values: Mapping[str, Value]) -> str:
        """The text with every hole filled in one pass: braces inside a value stay as they are."""
        return "".join(
            part if isinstance(part, str) else part.render(values[part.name], self.lang) for part in self.parts
        )


TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
CATEGORY = re.compile(f"({'|'.join(CATEGORIES)})=")


def parse_template(text: str, lang: str = ENGLISH) -> Template:
    """The literal parts and holes of a text; `{{` and `}}` stand for single braces.

    `lang` is a language that `locales.is_known`. Raises `TemplateError` for a lone brace, a hole without a name, an
    unknown format, one that writes English in another language, or plural forms that are not those of the language.
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
            parts.append(_hole(match, lang))
    parts.append(text[position:])
    return Template(tuple(part for part in parts if part != ""), lang)


def _hole(match: re.Match[str], lang: str) -> Hole:
    name, _, format = match[1].partition(":")
    offset, length = match.start(), len(match[0])
    if not re.fullmatch("[a-z_][a-z0-9_]*", name):
        raise TemplateError(f"`{match[0]}` is not a hole", offset, length, "a hole holds a name: {n} or {n:format}")
    if "|" in format:
        try:
            return Hole(name, "", offset, length, _plural_forms(format, lang))
        except ValueError as error:
            raise TemplateError(str(error), offset, length, _plural_hint(name, lang)) from None
    if format not in FORMATS:
        known = ", ".join(f"`{one}`" for one in FORMATS if one)
        raise TemplateError(f"there is no format `{format}`", offset, length, f"known: {known}, and one|other")
    if FORMATS[format].english and lang != ENGLISH:
        message = f"the format `{format}` writes English, and this text is in `{lang}`"
        raise TemplateError(message, offset, length, "write the number or the word itself")
    return Hole(name, format, offset, length)


def _plural_forms(written: str, lang: str) -> tuple[tuple[str, str], ...]:
    """`word|words`, or `one=mot|other=mots` with the categories of the language. Raises `ValueError`."""
    needed = needed_plurals(lang)
    pieces = written.split("|")
    if not any(CATEGORY.match(piece) for piece in pieces):
        if needed != ("one", "other") or len(pieces) != 2:
            raise ValueError(f"{len(pieces)} forms without names, and `{lang}` has the forms {', '.join(needed)}")
        return tuple(zip(needed, pieces, strict=True))
    if wrong := [piece for piece in pieces if not CATEGORY.match(piece)]:
        raise ValueError(f"`{wrong[0]}` names no plural form")
    forms = {name: form for name, _, form in (piece.partition("=") for piece in pieces)}
    if len(forms) < len(pieces):
        raise ValueError("a plural form stands twice")
    if missing := [one for one in needed if one not in forms]:
        raise ValueError(f"the form `{missing[0]}` is missing")
    return tuple((one, forms[one]) for one in CATEGORIES if one in forms)


def _plural_hint(name: str, lang: str) -> str:
    needed = needed_plurals(lang)
    if len(needed) == 1:
        return f"`{lang}` has one form for every number: write the word without a hole"
    return "write {" + name + ":" + "|".join(f"{one}=..." for one in needed) + "}"
