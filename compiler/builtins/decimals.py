"""Builtins on decimals: exact fractions, so that 30% of 10 is 3 and not almost 3.

In columns a decimal is a struct of two whole numbers, `n` and a positive `d`; the compiler has made sure that no
product of theirs leaves 64 bits (see `intervals.decimal_bound`). Users write these as operators; a whole number may
stand where a decimal is wanted.
"""

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from operator import add, eq, ge, gt, le, lt, mul, ne, neg, sub
from typing import TYPE_CHECKING, Any

from verif_dsl.compiler.builtins.base import Builtin, Parameter
from verif_dsl.compiler.kinds import BOOL, DECIMAL, INT

if TYPE_CHECKING:
    import polars as pl

LEFT_RIGHT = (Parameter("left", DECIMAL), Parameter("right", DECIMAL))
HALF, THIRD = Fraction(1, 2), Fraction(1, 3)


def parts(x: "pl.Expr") -> "tuple[pl.Expr, pl.Expr]":
    return x.struct.field("n"), x.struct.field("d")


def decimal_column(n: "pl.Expr", d: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return pl.struct(n.cast(pl.Int64).alias("n"), d.cast(pl.Int64).alias("d"))


def comparison_column(compare: Callable[[Any, Any], Any], left: "pl.Expr", right: "pl.Expr") -> "pl.Expr":
    (n, d), (other_n, other_d) = parts(left), parts(right)
    found: pl.Expr = compare(n * other_d, other_n * d)
    return found


def sum_column(operate: Callable[[Any, Any], Any], left: "pl.Expr", right: "pl.Expr") -> "pl.Expr":
    (n, d), (other_n, other_d) = parts(left), parts(right)
    return decimal_column(operate(n * other_d, other_n * d), d * other_d)


def product_column(left: "pl.Expr", right: "pl.Expr") -> "pl.Expr":
    (n, d), (other_n, other_d) = parts(left), parts(right)
    return decimal_column(n * other_n, d * other_d)


def negate_column(x: "pl.Expr") -> "pl.Expr":
    n, d = parts(x)
    return decimal_column(-n, d)


def whole_column(x: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return decimal_column(x, pl.lit(1))


def ratio(a: int, b: int, if_zero: Fraction) -> Fraction:
    return Fraction(a, b) if b else if_zero


def ratio_column(a: "pl.Expr", b: "pl.Expr", if_zero: "pl.Expr") -> "pl.Expr":
    import polars as pl

    n, d = parts(if_zero)
    zero = b == 0
    return decimal_column(pl.when(zero).then(n).otherwise(a * b.sign()), pl.when(zero).then(d).otherwise(b.abs()))


def approx(x: Fraction, y: Fraction, within: Fraction) -> bool:
    return abs(x - y) <= within


def approx_column(x: "pl.Expr", y: "pl.Expr", within: "pl.Expr") -> "pl.Expr":
    n, d = parts(sum_column(sub, x, y))
    return comparison_column(le, decimal_column(n.abs(), d), within)


def _comparison(symbol: str, compare: Callable[[Any, Any], Any], meaning: str, result: bool) -> Builtin:
    examples = (((HALF, Fraction(2, 4)), result),)
    column = partial(comparison_column, compare)
    return Builtin(f"{symbol} decimal", LEFT_RIGHT, BOOL, meaning, compare, column, examples)


DECIMALS = (
    _comparison("==", eq, "The same number.", True),
    _comparison("!=", ne, "Not the same number.", False),
    _comparison("<", lt, "Less than.", False),
    _comparison("<=", le, "At most.", True),
    _comparison(">", gt, "More than.", False),
    _comparison(">=", ge, "At least.", True),
    Builtin(
        "+ decimal",
        LEFT_RIGHT,
        DECIMAL,
        "The exact sum.",
        add,
        partial(sum_column, add),
        (((HALF, THIRD), Fraction(5, 6)),),
    ),
    Builtin(
        "- decimal",
        LEFT_RIGHT,
        DECIMAL,
        "The exact difference.",
        sub,
        partial(sum_column, sub),
        (((HALF, HALF), Fraction(0)),),
    ),
    Builtin(
        "* decimal", LEFT_RIGHT, DECIMAL, "The exact product.", mul, product_column, (((HALF, THIRD), Fraction(1, 6)),)
    ),
    Builtin(
        "negate decimal",
        (Parameter("x", DECIMAL),),
        DECIMAL,
        "The number with the other sign.",
        neg,
        negate_column,
        (((HALF,), Fraction(-1, 2)),),
    ),
    Builtin(
        "as decimal",
        (Parameter("x", INT),),
        DECIMAL,
        "A whole number where a decimal is wanted.",
        Fraction,
        whole_column,
        (((3,), Fraction(3)),),
    ),
    Builtin(
        "ratio",
        (Parameter("a", INT), Parameter("b", INT), Parameter("if_zero", DECIMAL)),
        DECIMAL,
        "The first number divided by the second, exactly; `if_zero` when the second is 0.",
        ratio,
        ratio_column,
        (((1, 3, HALF), THIRD), ((1, 0, HALF), HALF), ((1, -2, HALF), Fraction(-1, 2))),
    ),
    Builtin(
        "approx",
        (Parameter("x", DECIMAL), Parameter("y", DECIMAL), Parameter("within", DECIMAL)),
        BOOL,
        "The two numbers differ by at most `within`.",
        approx,
        approx_column,
        (((HALF, THIRD, Fraction(1, 6)), True), ((HALF, THIRD, Fraction(1, 7)), False)),
    ),
)
