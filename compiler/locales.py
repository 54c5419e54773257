"""What differs from one human language to the next, after CLDR (through Babel): plurals, lists, numbers, names.

Babel is loaded where it is first needed, which an English plural is not.
"""

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel import Locale

ENGLISH = "en"
"""The language of an `instruct` without `lang`."""

CATEGORIES = ("zero", "one", "two", "few", "many", "other")
"""CLDR's plural categories, the general one last."""


@cache
def _locale(lang: str) -> "Locale":
    from babel import Locale

    return Locale.parse(lang, sep="-")


@cache
def is_known(lang: str) -> bool:
    """Whether CLDR has the language of a tag such as `fr` or `pt-br`.

    >>> is_known("pt-br"), is_known("xx")
    (True, False)
    """
    if lang == ENGLISH:
        return True
    from babel import UnknownLocaleError

    try:
        return _locale(lang) is not None
    except (UnknownLocaleError, ValueError):
        return False


def plural_of(number: int, lang: str) -> str:
    """The plural category of a whole number (CLDR, Language Plural Rules).

    >>> plural_of(0, "en"), plural_of(0, "fr"), plural_of(3, "ru")
    ('other', 'one', 'few')
    """
    if lang == ENGLISH:
        return "one" if number == 1 else "other"
    category: str = _locale(lang).plural_form(number)
    return category


@cache
def needed_plurals(lang: str) -> tuple[str, ...]:
    """The categories that whole numbers up to 200 have, from one to other; CLDR's further ones begin at a million.

    >>> needed_plurals("en"), needed_plurals("ru"), needed_plurals("ja")
    (('one', 'other'), ('one', 'few', 'many'), ('other',))
    """
    found = {plural_of(number, lang) for number in range(201)}
    return tuple(one for one in CATEGORIES if one in found)


def enumeration(items: Sequence[str], lang: str) -> str:
    """The items in one phrase.

    >>> enumeration(["a", "b", "c"], "en"), enumeration(["a", "b", "c"], "fr")
    ('a, b, and c', 'a, b et c')
    """
    from babel.lists import format_list

    return format_list(list(items), locale=_locale(lang))


def number(digits: str, lang: str) -> str:
    """A number, given as digits with a point, as the language writes it.

    >>> number("0.25", "en"), number("0.25", "fr")
    ('0.25', '0,25')
    """
    if lang == ENGLISH:
        return digits
    from babel.numbers import format_decimal

    return format_decimal(Decimal(digits), locale=_locale(lang), decimal_quantization=False, group_separator=False)


def percent(digits: str, lang: str) -> str:
    """A number of hundredths, with the sign for them where the language puts it.

    >>> percent("30", "en"), percent("2.5", "tr")
    ('30%', '%2,5')
    """
    if lang == ENGLISH:
        return f"{digits}%"
    from babel.numbers import format_percent

    share = Decimal(digits) / 100
    return format_percent(share, locale=_locale(lang), decimal_quantization=False, group_separator=False)


def language_name(code: str, lang: str) -> str | None:
    """How a language is called in another, or None where CLDR has no name for it.

    >>> language_name("fr", "en"), language_name("en", "fr"), language_name("zz", "en")
    ('French', 'anglais', None)
    """
    name: str | None = _locale(lang).languages.get(code)
    return name


def language_code(name: str) -> str | None:
    """The code of a language by its English name, or None.

    >>> language_code("French"), language_code("fr")
    ('fr', None)
    """
    languages: dict[str, str] = dict(_locale(ENGLISH).languages)
    return next((code for code, other in languages.items() if other.casefold() == name.casefold()), None)
