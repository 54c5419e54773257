"""How a value is written in a hole of a text: `{n:ordinal}`, `{names:list}`, ... One row a format.

>>> FORMATS["list"].render(("a", "b"), "fr")
'a et b'
"""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from verif_dsl.compiler import locales
from verif_dsl.compiler.kinds import BOOL, DECIMAL, INT, TEXT, Kind, list_of

ORDINALS = ["zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]


@dataclass(frozen=True, slots=True)
class Format:
    """The kinds it is for, how a value and a language give the text, a sentence, and whether it only knows English."""

    kinds: tuple[Kind, ...]
    render: Callable[..., str]
    meaning: str
    english: bool = False


def plain(value: int | str | Fraction, lang: str) -> str:
    """A text or a number as it is written; a fraction that no decimal gives exactly, to four places.

    >>> plain(Fraction(1, 2), "en"), plain(Fraction(1, 3), "de"), plain(Fraction(3), "en")
    ('0.5', '0,3333', '3')
    """
    if not isinstance(value, Fraction):
        return str(value)
    digits = f"{float(round(value, 4)):.4f}".rstrip("0").rstrip(".")
    return locales.number(digits, lang)


def percent(value: Fraction, lang: str) -> str:
    """A share in percent.

    >>> percent(Fraction(3, 10), "en")
    '30%'
    """
    return locales.percent(plain(value * 100, locales.ENGLISH), lang)


def ordinal(number: int, _lang: str) -> str:
    """The number as a place in a row.

    >>> ordinal(2, "en"), ordinal(11, "en"), ordinal(22, "en")
    ('second', '11th', '22nd')
    """
    if 0 <= number < len(ORDINALS):
        return ORDINALS[number]
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def quoted(value: str | tuple[str, ...], lang: str) -> str:
    return f'"{value}"' if isinstance(value, str) else locales.enumeration([f'"{one}"' for one in value], lang)


def enumeration(items: tuple[int | str | Fraction, ...], lang: str) -> str:
    return locales.enumeration([plain(item, lang) for item in items], lang)


def csv_row(items: tuple[str, ...], _lang: str) -> str:
    """One record of RFC 4180, without its line end."""
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(items)
    return out.getvalue()


def capital(text: str, _lang: str) -> str:
    return text[:1].upper() + text[1:]


def yesno(value: bool, _lang: str) -> str:
    return "yes" if value else "no"


def language(code: str, lang: str) -> str:
    name = locales.language_name(code, lang)
    assert name is not None, "the compiler has looked the choices up"
    return name


FORMATS = {
    "": Format((INT, TEXT, DECIMAL), plain, "The text or the number as it is."),
    "percent": Format((DECIMAL,), percent, "The number in percent: 0.3 is 30%."),
    "quoted": Format((TEXT, list_of(TEXT)), quoted, "The text, or each text of a list, in double quotes."),
    "ordinal": Format((INT,), ordinal, "The place in a row: first, second, 11th.", english=True),
    "list": Format((list_of(TEXT), list_of(INT), list_of(DECIMAL)), enumeration, "The items in a phrase: a, b, and c."),
    "csv": Format((list_of(TEXT),), csv_row, "The items as a record of RFC 4180."),
    "capital": Format((TEXT,), capital, "The text with its first letter in upper case."),
    "yesno": Format((BOOL,), yesno, "`yes` or `no`.", english=True),
    "language": Format((TEXT,), language, "The name of the language whose code it is: fr is French."),
}
"""Every format of a hole, by name."""
