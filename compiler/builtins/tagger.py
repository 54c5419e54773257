"""The part of speech of words as NLTK 3.10.4 tags them: by its averaged perceptron (Honnibal 2013, after Collins 2002).

The tagger goes from left to right, and adds up what it learnt of each sign that a word gives: its letters, the words
around it, the tags before it. What it learnt lies in three files, which people install themselves.
"""

import json
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from verif_dsl.compiler.builtins.base import Builtin, Parameter, absence_of
from verif_dsl.compiler.builtins.nltk_rules import nltk_folders
from verif_dsl.compiler.kinds import TEXT, list_of

if TYPE_CHECKING:
    import polars as pl

TAGGER = "averaged_perceptron_tagger_eng"
TAGGER_ABSENT = f"the part-of-speech tagger is not installed (python -m nltk.downloader {TAGGER})"
BEFORE_WORDS = ("-START-", "-START2-")
AFTER_WORDS = ("-END-", "-END2-")


class TaggerTables(NamedTuple):
    """What the tagger learnt."""

    weights: dict[str, dict[str, float]]
    """How much each sign speaks for each tag."""
    known: dict[str, str]
    """The words that have nearly always the same tag."""
    tags: tuple[str, ...]


@lru_cache(maxsize=1)
def tagger_tables() -> TaggerTables:
    """The tables of the first folder that has any."""
    folder = next(filter(Path.is_dir, (folder / "taggers" / TAGGER for folder in nltk_folders())), None)
    try:
        if folder is not None:
            return read_tagger_tables(folder)
    except (OSError, ValueError):  # not all of them, or not what they should be
        pass
    raise FileNotFoundError(TAGGER_ABSENT)


def read_tagger_tables(folder: Path) -> TaggerTables:
    read = [
        json.loads((folder / f"{TAGGER}.{one}.json").read_text("utf-8")) for one in ("weights", "tagdict", "classes")
    ]
    if [type(one) for one in read] != [dict, dict, list] or not read[2]:
        raise ValueError
    weights, known, tags = read
    return TaggerTables(weights, known, tuple(tags))


def tagger_word(word: str) -> str:
    """A word as its neighbours see it."""
    if "-" in word and word[0] != "-":
        return "!HYPHEN"
    if word.isdigit() and len(word) == 4:
        return "!YEAR"
    if word[:1].isdigit():
        return "!DIGITS"
    return word.lower()


def tagger_signs(word: str, around: tuple[str, ...], before: str, before_that: str) -> Iterator[str]:
    """What speaks for a tag: `around` are the word and two on each side of it, the other two are the tags before."""
    two_back, back, here, ahead, two_ahead = around
    yield "bias"
    yield f"i suffix {word[-3:]}"
    yield f"i pref1 {word[:1]}"
    yield f"i-1 tag {before}"
    yield f"i-2 tag {before_that}"
    yield f"i tag+i-2 tag {before} {before_that}"
    yield f"i word {here}"
    yield f"i-1 tag+i word {before} {here}"
    yield f"i-1 word {back}"
    yield f"i-1 suffix {back[-3:]}"
    yield f"i-2 word {two_back}"
    yield f"i+1 word {ahead}"
    yield f"i+1 suffix {ahead[-3:]}"
    yield f"i+2 word {two_ahead}"


def tags_perceptron(items: tuple[str, ...]) -> tuple[str, ...]:
    tables = tagger_tables()
    words = (*BEFORE_WORDS, *map(tagger_word, items), *AFTER_WORDS)
    before, before_that = BEFORE_WORDS
    found = []
    for index, word in enumerate(items):
        tag = tables.known.get(word)
        if not tag:
            # In NLTK's order, so that the sums are the same to the last bit.
            scores = dict.fromkeys(tables.tags, 0.0)
            for sign in tagger_signs(word, words[index : index + 5], before, before_that):
                for other, weight in tables.weights.get(sign, {}).items():
                    scores[other] += weight
            tag = max(scores, key=lambda one: (scores[one], one))
        found.append(tag)
        before, before_that = tag, before
    return tuple(found)


def tags_perceptron_column(items: "pl.Expr") -> "pl.Expr":
    import polars as pl

    def run(lists: "pl.Series") -> "pl.Series":
        rows = [None if one is None else tuple(one) for one in lists.to_list()]
        known = {one: None if one is None else tags_perceptron(one) for one in set(rows)}
        return pl.Series([known[one] for one in rows], dtype=pl.List(pl.String()))

    return items.map_batches(run, return_dtype=pl.List(pl.String()))


TAGGING = (
    Builtin(
        "tags_perceptron",
        (Parameter("items", list_of(TEXT)),),
        list_of(TEXT),
        "The part of speech of each word of an English sentence, as a tag of the Penn Treebank (`NN`, `VB`, `JJ`), "
        f"that `pos_tag` of NLTK 3.10.4 gives, by its `{TAGGER}`, which has to be installed.",
        tags_perceptron,
        tags_perceptron_column,
        (((("The", "red", "cat"),), ("DT", "JJ", "NN")), (((),), ())),
        lacking=partial(absence_of, tagger_tables),
    ),
)
