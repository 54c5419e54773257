"""Builtins for lists in alphabetical order: which of two texts comes first, and letters without their accents."""

import unicodedata
from operator import lt
from typing import TYPE_CHECKING

from verif_dsl.compiler.builtins.base import Builtin, Parameter
from verif_dsl.compiler.builtins.texts import beyond_ascii_column, nfc
from verif_dsl.compiler.kinds import BOOL, TEXT

if TYPE_CHECKING:
    import polars as pl

X = Parameter("x", TEXT)

MOST_DECOMPOSED = 18
"""The code points that one can become (U+FDFA does)."""


def without_accents(x: str) -> str:
    decomposed = unicodedata.normalize("NFKD", x)
    return nfc("".join(character for character in decomposed if unicodedata.category(character)[0] != "M"))


def without_accents_column(x: "pl.Expr") -> "pl.Expr":
    return beyond_ascii_column(without_accents, x, x)


ALPHABET = (
    Builtin(
        "without_accents",
        (X,),
        TEXT,
        "The text without the marks of its letters, whatever the script: decomposed by Unicode's NFKD, which also "
        "makes `fi` of `\ufb01` and `2` of `\u00b2`, rid of marks, and in NFC.",
        without_accents,
        without_accents_column,
        ((("S\u00e3o Tom\u00e9",), "Sao Tome"), (("\ufb01\u00b2",), "fi2"), (("\u0141\u00f3d\u017a",), "\u0141odz")),
        growth=MOST_DECOMPOSED,
    ),
    Builtin(
        "comes_before",
        (X, Parameter("other", TEXT)),
        BOOL,
        "The text comes before the other one by their code points, so that all capitals come before all small letters; "
        "two that are equal come before neither. For the order of the alphabet compare `fold(without_accents(x))`.",
        lt,
        lt,
        ((("ab", "b"), True), (("a", "ab"), True), (("Z", "a"), True), (("a", "a"), False)),
    ),
)
