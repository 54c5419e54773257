"""Builtins for counting: the commonest item of a list and its longest run, initials, what a division leaves, and whole
numbers from decimals.
"""

import math
from collections import Counter
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING, Any

from verif_dsl.compiler.builtins.base import Builtin, Parameter
from verif_dsl.compiler.builtins.decimals import parts
from verif_dsl.compiler.builtins.segments import CHARACTER
from verif_dsl.compiler.kinds import DECIMAL, INT, ITEM, TEXT, list_of
from verif_dsl.compiler.patterns.matcher import find
from verif_dsl.compiler.patterns.pattern import to_rust

if TYPE_CHECKING:
    import polars as pl


def most_common(items: tuple[Any, ...], otherwise: Any) -> Any:
    counts = Counter(items)
    return max(counts, key=counts.__getitem__, default=otherwise)  # the first of those with the largest count


def most_common_column(items: "pl.Expr", otherwise: "pl.Expr") -> "pl.Expr":
    import polars as pl

    # Both go by the order of first appearance.
    different, counts = pl.element().unique(maintain_order=True), pl.element().unique_counts()
    return items.list.eval(different.gather(counts.arg_max())).list.get(0, null_on_oob=True).fill_null(otherwise)


def initials(items: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(item[slice(*found)] if (found := find(CHARACTER, item)) else "" for item in items)


def initials_column(items: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return items.list.eval(pl.element().str.extract(to_rust(CHARACTER), 0).fill_null(""))


def longest_run(items: tuple[str, ...]) -> int:
    return max((len(tuple(run)) for _, run in groupby(items)), default=0)


def longest_run_column(items: "pl.Expr") -> "pl.Expr":
    import polars as pl

    runs = items.list.eval(pl.element().rle().struct.field("len").cast(pl.Int64))
    return pl.when(items.is_not_null()).then(runs.list.max().fill_null(0))


def remainder(a: int, b: int) -> int:
    """Knuth's modulo ("The Art of Computer Programming", vol. 1, 1.2.4)."""
    return a % b if b else a


def remainder_column(a: "pl.Expr", b: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return pl.when(b == 0).then(a).otherwise(a % b)


def floor_column(x: "pl.Expr") -> "pl.Expr":
    n, d = parts(x)
    return n // d


COUNTING = (
    Builtin(
        "most_common",
        (Parameter("items", list_of(ITEM)), Parameter("otherwise", ITEM)),
        ITEM,
        "The item that the list has most often, of several the one that comes first; `otherwise` when it is empty.",
        most_common,
        most_common_column,
        (((("a", "b", "b"), ""), "b"), ((("b", "a", "a", "b"), ""), "b"), (((), "-"), "-")),
    ),
    Builtin(
        "initials",
        (Parameter("items", list_of(TEXT)),),
        list_of(TEXT),
        "The first character of each text, as `chars` gives it; the empty text where there is none.",
        initials,
        initials_column,
        (((("tea", "\u00c9t\u00e9", ""),), ("t", "\u00c9", "")), (((),), ())),
    ),
    Builtin(
        "longest_run",
        (Parameter("items", list_of(TEXT)),),
        INT,
        "How often the same text stands in a row at most.",
        longest_run,
        longest_run_column,
        (((("a", "b", "b", "a"),), 2), ((("a",),), 1), (((),), 0)),
    ),
    Builtin(
        "remainder",
        (Parameter("a", INT), Parameter("b", INT)),
        INT,
        "What `a` leaves when it is divided by `b`, with the sign of `b`; `a` itself where `b` is 0.",
        remainder,
        remainder_column,
        (((7, 3), 1), ((6, 3), 0), ((-7, 3), 2), ((7, -3), -2), ((7, 0), 7)),
    ),
    Builtin(
        "floor",
        (Parameter("x", DECIMAL),),
        INT,
        "The largest whole number that is not larger than the decimal.",
        math.floor,
        floor_column,
        (((Fraction(7, 2),), 3), ((Fraction(-7, 2),), -4), ((Fraction(2),), 2)),
    ),
)
