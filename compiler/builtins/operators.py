"""The operators: logic, comparison, arithmetic. Users write them as operators, never by these names."""

from operator import add, and_, eq, ge, gt, le, lt, mul, ne, neg, or_, sub
from typing import TYPE_CHECKING

from verif_dsl.compiler.builtins.base import Builtin, Parameter
from verif_dsl.compiler.kinds import BOOL, INT, ITEM, TEXT, list_of

if TYPE_CHECKING:
    import polars as pl

LEFT_RIGHT_BOOL = (Parameter("left", BOOL), Parameter("right", BOOL))
LEFT_RIGHT_INT = (Parameter("left", INT), Parameter("right", INT))
LEFT_RIGHT_ITEM = (Parameter("left", ITEM), Parameter("right", ITEM))


def not_column(x: "pl.Expr") -> "pl.Expr":
    return x.not_()


def in_text_column(part: "pl.Expr", whole: "pl.Expr") -> "pl.Expr":
    return whole.str.contains(part, literal=True)


def in_list_column(item: "pl.Expr", items: "pl.Expr") -> "pl.Expr":
    return items.list.contains(item)


OPERATORS = (
    Builtin("and", LEFT_RIGHT_BOOL, BOOL, "Both hold.", and_, and_, (((True, False), False),)),
    Builtin("or", LEFT_RIGHT_BOOL, BOOL, "At least one holds.", or_, or_, (((True, False), True),)),
    Builtin(
        "not", (Parameter("x", BOOL),), BOOL, "It does not hold.", lambda x: not x, not_column, (((True,), False),)
    ),
    Builtin("==", LEFT_RIGHT_ITEM, BOOL, "The same value, code point by code point.", eq, eq, ((("a", "A"), False),)),
    Builtin("!=", LEFT_RIGHT_ITEM, BOOL, "Not the same value.", ne, ne, (((1, 2), True),)),
    Builtin("<", LEFT_RIGHT_INT, BOOL, "Less than.", lt, lt, (((1, 1), False),)),
    Builtin("<=", LEFT_RIGHT_INT, BOOL, "At most.", le, le, (((1, 1), True),)),
    Builtin(">", LEFT_RIGHT_INT, BOOL, "More than.", gt, gt, (((1, 1), False),)),
    Builtin(">=", LEFT_RIGHT_INT, BOOL, "At least.", ge, ge, (((1, 1), True),)),
    Builtin("+", LEFT_RIGHT_INT, INT, "The sum.", add, add, (((1, 2), 3),)),
    Builtin("-", LEFT_RIGHT_INT, INT, "The difference.", sub, sub, (((1, 2), -1),)),
    Builtin("*", LEFT_RIGHT_INT, INT, "The product.", mul, mul, (((2, 3), 6),)),
    Builtin("negate", (Parameter("x", INT),), INT, "The number with the other sign.", neg, neg, (((2,), -2),)),
    Builtin(
        "in text",
        (Parameter("part", TEXT), Parameter("whole", TEXT)),
        BOOL,
        "The part occurs in the whole, exactly as it is written; the empty text occurs everywhere.",
        lambda part, whole: part in whole,
        in_text_column,
        ((("b", "abc"), True), (("", ""), True), (("B", "abc"), False)),
    ),
    Builtin(
        "in list",
        (Parameter("item", ITEM), Parameter("list", list_of(ITEM))),
        BOOL,
        "One of the items equals it.",
        lambda item, items: item in items,
        in_list_column,
        ((("a", ("a", "b")), True), (("a", ()), False)),
    ),
)
