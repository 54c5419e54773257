"""The syllables of an English word as syllapy 0.8.0 counts them: by its list of words, and by a rule for others.

The list is read where the package is installed; without it no word is counted.
"""

import re
import string
from csv import reader as csv_reader
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from verif_dsl.compiler.builtins.base import Builtin, Parameter, absence_of, over_distinct
from verif_dsl.compiler.kinds import INT, TEXT

if TYPE_CHECKING:
    import polars as pl

SYLLAPY_ABSENT = "the word list of syllapy is not installed (pip install syllapy)"
SYLLAPY_WORDS = "data.csv"
SYLLAPY_DIGIT = re.compile(r"\d")
SYLLABLE_VOWELS = "aeiouy"


@lru_cache(maxsize=1)
def syllapy_words() -> dict[str, int]:
    """How many syllables the words of the list have."""
    package = find_spec("syllapy")
    try:
        for folder in (package and package.submodule_search_locations) or ():
            with (Path(folder) / SYLLAPY_WORDS).open(encoding="utf-8", newline="") as file:
                return {word: int(count) for word, count in csv_reader(file)}
    except (OSError, ValueError):  # not there, or not what it should be
        pass
    raise FileNotFoundError(SYLLAPY_ABSENT)


def syllables_syllapy(x: str) -> int:
    known = syllapy_words()

    def counted(word: str) -> int:
        return known[word] if word in known else syllables_by_rule(word)

    word = x.strip().lower()
    if SYLLAPY_DIGIT.search(word):
        return 0
    count = 0
    while word := word.strip().strip(string.punctuation):
        start, _, rest = word.partition("-")
        rest = rest.partition("\n")[0]  # where syllapy's own pattern stops
        if word in known or not rest:
            return count + counted(word)
        if not (start := start.strip().strip(string.punctuation)):
            return 0
        count += counted(start)
        word = rest
    return 0


def syllables_by_rule(word: str) -> int:
    """The runs of vowels, but for an `e` at the end; `le` after a consonant is a syllable, and every word has one."""
    vowels = [character in SYLLABLE_VOWELS for character in word]
    count = sum(here and not before for before, here in zip([False, *vowels], vowels, strict=False))
    if word.endswith("e"):
        count -= 1
    if word.endswith("le") and len(word) > 2 and not vowels[-3]:
        count += 1
    return count or 1


def syllables_syllapy_column(x: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return over_distinct(syllables_syllapy, pl.Int64(), x)


SYLLABLES = (
    Builtin(
        "syllables_syllapy",
        (Parameter("x", TEXT),),
        INT,
        "How many syllables an English word has for the package syllapy 0.8.0, by its list of words or else by its "
        "rule; 0 for one with a digit or without a letter. A verdict is unknown without the package.",
        syllables_syllapy,
        syllables_syllapy_column,
        ((("The",), 1), (("table!",), 2), (("blorptackle",), 3), (("blorp-tackle",), 3), (("4th",), 0), (("--",), 0)),
        lacking=partial(absence_of, syllapy_words),
    ),
)
