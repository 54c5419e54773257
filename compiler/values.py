"""Values as the language writes them, for the formatter and for messages; and how a block of lines is read."""

import textwrap
import unicodedata
from decimal import Decimal
from fractions import Fraction

ESCAPES = {"\n": r"\n", "\t": r"\t", "\r": r"\r", '"': r"\"", "\\": r"\\"}


def written(value: object) -> str:
    """A value as it stands in a file (and anything else, which may come from JSON, as Python shows it).

    >>> written((True, "a", Fraction(1, 2)))
    '[true, "a", 0.5]'
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return quoted(value)
        case Fraction():
            return f"{Decimal(value.numerator) / Decimal(value.denominator):f}"
        case tuple() | list():
            return f"[{', '.join(map(written, value))}]"
    return repr(value)


def quoted(value: str) -> str:
    r"""A text in double quotes: what cannot be seen, or not be told from something else, as an escape.

    >>> print(quoted('a "b"\u00a0\N{GRINNING FACE}'))
    "a \"b\"\u{a0}😀"
    """
    around = zip(value, ("", *value), (*value[1:], ""), strict=False)
    return '"' + "".join(_shown(character, before, after) for character, before, after in around) + '"'


def _shown(character: str, before: str, after: str) -> str:
    """A character within quotes, between its neighbours."""
    if character in ESCAPES:
        return ESCAPES[character]
    match unicodedata.category(character)[0], character:
        case "M", _:  # it would be drawn onto whatever stands before it
            visible = _visible(before)
        case "C", "\u200c" | "\u200d":
            visible = _visible(before) and _visible(after)
        case _:
            # There is no escape for half a surrogate pair, which only a program can have put into a source.
            visible = character.isprintable() or unicodedata.category(character) == "Cs"
    return character if visible else f"\\u{{{ord(character):x}}}"


def _visible(character: str) -> bool:
    return character not in ("", " ") and character.isprintable()


def dedent_block(text: str) -> str:
    r"""The text of a `'''` block: as it stands on one line, else dedented, without the lines of the marks.

    >>> dedent_block("one")
    'one'
    >>> dedent_block("\n    one\n      two\n    ")
    'one\n  two'
    """
    text = text.replace("\r\n", "\n")
    if not text.startswith("\n"):
        return text
    body, _, last = text[1:].rpartition("\n")
    if last.strip():  # the text goes on to the closing mark
        return textwrap.dedent(text[1:])
    # The closing mark says how far the text is indented, so that a text may itself begin with spaces.
    return "\n".join(line.removeprefix(last) for line in body.split("\n"))
