"""Builtins on lists and numbers."""

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from verif_dsl.compiler.builtins.base import Builtin, Parameter
from verif_dsl.compiler.kinds import INT, ITEM, list_of, pair_of

if TYPE_CHECKING:
    import polars as pl

ITEMS = Parameter("items", list_of(ITEM))
OTHERWISE = Parameter("otherwise", ITEM)
A_B = (Parameter("a", INT), Parameter("b", INT))


def at(items: tuple[Any, ...], index: int, otherwise: Any) -> Any:
    """The item at a 0-based index, from the end when negative, else `otherwise`."""
    return items[index] if -len(items) <= index < len(items) else otherwise


def at_column(items: "pl.Expr", index: "pl.Expr", otherwise: "pl.Expr") -> "pl.Expr":
    return items.list.get(index, null_on_oob=True).fill_null(otherwise)


def first_column(items: "pl.Expr", otherwise: "pl.Expr") -> "pl.Expr":
    return items.list.get(0, null_on_oob=True).fill_null(otherwise)


def last_column(items: "pl.Expr", otherwise: "pl.Expr") -> "pl.Expr":
    return items.list.get(-1, null_on_oob=True).fill_null(otherwise)


def not_negative(number: "pl.Expr") -> "pl.Expr":
    return number.clip(lower_bound=0)


def len_column(items: "pl.Expr") -> "pl.Expr":
    return items.list.len()


def take_column(items: "pl.Expr", n: "pl.Expr") -> "pl.Expr":
    return items.list.slice(0, not_negative(n))


def drop_column(items: "pl.Expr", n: "pl.Expr") -> "pl.Expr":
    return items.list.slice(not_negative(n))


def unique_column(items: "pl.Expr") -> "pl.Expr":
    return items.list.unique(maintain_order=True)


def shared_column(left: "pl.Expr", right: "pl.Expr") -> "pl.Expr":
    import polars as pl

    def size(items: "pl.Expr") -> "pl.Expr":
        return items.list.unique().list.len().cast(pl.Int64)

    # Less the size of the union, since Polars intersects no lists of lists, of decimals or of conditions.
    return size(left) + size(right) - size(pl.concat_list(left, right))


def adjacent_columns(items: "pl.Expr") -> "tuple[pl.Expr, pl.Expr]":
    return items.list.slice(0, not_negative(items.list.len().cast(int) - 1)), items.list.slice(1)


def indexed_columns(items: "pl.Expr") -> "tuple[pl.Expr, pl.Expr]":
    import polars as pl

    return pl.int_ranges(0, items.list.len().cast(pl.Int64)), items


def zip_columns(items: "pl.Expr", others: "pl.Expr") -> "tuple[pl.Expr, pl.Expr]":
    import polars as pl

    shorter = pl.min_horizontal(items.list.len(), others.list.len())
    return items.list.slice(0, shorter), others.list.slice(0, shorter)


def abs_column(x: "pl.Expr") -> "pl.Expr":
    return x.abs()


def min_column(a: "pl.Expr", b: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return pl.min_horizontal(a, b)


def max_column(a: "pl.Expr", b: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return pl.max_horizontal(a, b)


LISTS = (
    Builtin("len", (ITEMS,), INT, "How many items the list has.", len, len_column, (((("a", "b"),), 2), (((),), 0))),
    Builtin(
        "first",
        (ITEMS, OTHERWISE),
        ITEM,
        "The first item, or `otherwise` when the list is empty.",
        lambda items, otherwise: at(items, 0, otherwise),
        first_column,
        (((("a", "b"), ""), "a"), (((), "-"), "-")),
    ),
    Builtin(
        "last",
        (ITEMS, OTHERWISE),
        ITEM,
        "The last item, or `otherwise` when the list is empty.",
        lambda items, otherwise: at(items, -1, otherwise),
        last_column,
        (((("a", "b"), ""), "b"), (((), "-"), "-")),
    ),
    Builtin(
        "at",
        (ITEMS, Parameter("index", INT), OTHERWISE),
        ITEM,
        "The item at an index, counted from 0, or from the end when negative; `otherwise` when there is none.",
        at,
        at_column,
        (((("a", "b"), 1, ""), "b"), ((("a", "b"), -2, ""), "a"), ((("a",), 5, "-"), "-")),
    ),
    Builtin(
        "take",
        (ITEMS, Parameter("n", INT)),
        list_of(ITEM),
        "The first `n` items, all of them when there are fewer, none when `n` is negative.",
        lambda items, n: items[: max(n, 0)],
        take_column,
        (((("a", "b"), 1), ("a",)), ((("a",), -1), ())),
    ),
    Builtin(
        "drop",
        (ITEMS, Parameter("n", INT)),
        list_of(ITEM),
        "The list without its first `n` items.",
        lambda items, n: items[max(n, 0) :],
        drop_column,
        (((("a", "b"), 1), ("b",)), ((("a",), -1), ("a",))),
    ),
    Builtin(
        "unique",
        (ITEMS,),
        list_of(ITEM),
        "Each different item once, in the order of first appearance.",
        lambda items: tuple(dict.fromkeys(items)),
        unique_column,
        (((("a", "b", "a"),), ("a", "b")),),
    ),
    Builtin(
        "shared",
        (Parameter("left", list_of(ITEM)), Parameter("right", list_of(ITEM))),
        INT,
        "How many different items both lists have.",
        lambda left, right: len(set(left) & set(right)),
        shared_column,
        (((("a", "b", "a"), ("a", "c")), 1), (((), ("a",)), 0)),
    ),
    Builtin(
        "adjacent",
        (ITEMS,),
        list_of(pair_of(ITEM, ITEM)),
        "Each item with the one after it, for a quantifier with two variables.",
        lambda items: tuple(pairwise(items)),
        adjacent_columns,
        (((("a", "b", "c"),), (("a", "b"), ("b", "c"))), ((("a",),), ())),
    ),
    Builtin(
        "indexed",
        (ITEMS,),
        list_of(pair_of(INT, ITEM)),
        "Each item after its index, counted from 0, for a quantifier with two variables.",
        lambda items: tuple(enumerate(items)),
        indexed_columns,
        (((("a", "b"),), ((0, "a"), (1, "b"))),),
    ),
    Builtin(
        "zip",
        (ITEMS, Parameter("others", list_of(ITEM))),
        list_of(pair_of(ITEM, ITEM)),
        "The items of two lists side by side, up to the end of the shorter one, for a quantifier with two variables.",
        lambda items, others: tuple(zip(items, others, strict=False)),
        zip_columns,
        (((("a", "b", "c"), ("d", "e")), (("a", "d"), ("b", "e"))), ((("a",), ()), ())),
    ),
    Builtin(
        "abs", (Parameter("x", INT),), INT, "The number without its sign.", abs, abs_column, (((-2,), 2), ((3,), 3))
    ),
    Builtin("min", A_B, INT, "The smaller of two numbers.", min, min_column, (((1, 2), 1),)),
    Builtin("max", A_B, INT, "The larger of two numbers.", max, max_column, (((1, 2), 2),)),
)
