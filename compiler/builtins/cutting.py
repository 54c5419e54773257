"""Builtins that cut a text: what is left without the matches of a pattern, what stands between them, and n-grams."""

from typing import TYPE_CHECKING

from verif_dsl.compiler.builtins.base import Builtin, Parameter, over_distinct
from verif_dsl.compiler.builtins.texts import nfc, nfc_column
from verif_dsl.compiler.kinds import INT, REGEX, TEXT, list_of
from verif_dsl.compiler.patterns.matcher import find, replace_all

if TYPE_CHECKING:
    import polars as pl

X = Parameter("x", TEXT)
PATTERN = Parameter("pattern", REGEX)

LONGEST_NGRAM = 16
"""All the n-grams of a text are this many times as large as the text, at most."""


def without(x: str, pattern: str) -> str:
    return nfc(replace_all(pattern, x, ""))  # a mark may now follow a letter that it did not follow


def without_column(x: "pl.Expr", pattern: str) -> "pl.Expr":
    return nfc_column(x.str.replace_all(pattern, ""))


def split_at(x: str, pattern: str) -> tuple[str, ...]:
    pieces, position = [], 0
    while match := find(pattern, x, position):
        start, end = match
        pieces.append(x[position:start])
        position = end
    return (*pieces, x[position:])


def split_at_column(x: "pl.Expr", pattern: str) -> "pl.Expr":
    return x.str.split(pattern, literal=False)


def split_at_counted(x: "pl.Expr", pattern: str) -> "pl.Expr":
    return x.str.count_matches(pattern) + 1


def ngrams(x: str, n: int) -> tuple[str, ...]:
    if not 1 <= n <= LONGEST_NGRAM:
        return ()
    return tuple([x[start : start + n] for start in range(len(x) - n + 1)])


def ngrams_column(x: "pl.Expr", n: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return over_distinct(ngrams, pl.List(pl.String()), x, n)


CUTTING = (
    Builtin(
        "without",
        (X, PATTERN),
        TEXT,
        "What is left of the text when every match of the pattern is taken out, in NFC.",
        without,
        without_column,
        ((("a-b, c", "[,-]"), "ab c"), (("2024", "[0-9]+"), ""), (("abc", "x"), "abc")),
        needs_match=True,
    ),
    Builtin(
        "split_at",
        (X, PATTERN),
        list_of(TEXT),
        "The parts between the matches of the pattern, empty ones included.",
        split_at,
        split_at_column,
        ((("a1b22", "[0-9]+"), ("a", "b", "")), (("ab", "[0-9]"), ("ab",)), (("", "[0-9]"), ("",))),
        split_at_counted,
        needs_match=True,
    ),
    Builtin(
        "ngrams",
        (X, Parameter("n", INT)),
        list_of(TEXT),
        "Every run of `n` code points in a row, overlapping; none when the text has fewer, or `n` is not from 1 to 16.",
        ngrams,
        ngrams_column,
        ((("abcd", 3), ("abc", "bcd")), (("ab", 3), ()), (("ab", 0), ()), (("a" * 17, 17), ())),
        growth=LONGEST_NGRAM,
    ),
)
