"""Builtins on the code points of a text: the number of one, and others in their place."""

from typing import TYPE_CHECKING

from verif_dsl.compiler.builtins.base import Builtin, Parameter, over_distinct
from verif_dsl.compiler.builtins.texts import nfc
from verif_dsl.compiler.kinds import INT, TEXT

if TYPE_CHECKING:
    import polars as pl


def first_codepoint(x: str, otherwise: int) -> int:
    return ord(x[0]) if x else otherwise


def first_codepoint_column(x: "pl.Expr", otherwise: "pl.Expr") -> "pl.Expr":
    import polars as pl

    # There are few first code points, so that the function is seldom called.
    number = over_distinct(ord, pl.Int64(), pl.when(x != "").then(x.str.slice(0, 1)))
    return pl.when(x != "").then(number).otherwise(otherwise)


def replace_codepoints(x: str, these: str, by: str) -> str:
    table: dict[int, str] = {}
    for index, codepoint in enumerate(these):
        table.setdefault(ord(codepoint), by[index : index + 1])
    return nfc(x.translate(table))


def replace_codepoints_column(x: "pl.Expr", these: "pl.Expr", by: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return over_distinct(replace_codepoints, pl.String(), x, these, by)


CODEPOINTS = (
    Builtin(
        "first_codepoint",
        (Parameter("x", TEXT), Parameter("otherwise", INT)),
        INT,
        "The number that Unicode gives to the first code point, or `otherwise` for the empty text.",
        first_codepoint,
        first_codepoint_column,
        ((("abc", 0), 97), (("é", 0), 233), (("", -1), -1)),
    ),
    Builtin(
        "replace_codepoints",
        (Parameter("x", TEXT), Parameter("these", TEXT), Parameter("by", TEXT)),
        TEXT,
        "The text with each of these code points replaced by the one at the same place of `by`, or left out where `by` "
        "has none there; then in NFC.",
        replace_codepoints,
        replace_codepoints_column,
        ((("re-do_it", "-_", "  "), "re do it"), (("a, b.", ",.", ""), "a b"), (("aba", "ab", "b"), "bb")),
    ),
)
