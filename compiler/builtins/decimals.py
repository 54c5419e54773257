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
from verif_dsl.compiler.kinds import BOOL, DECIMAL, INT, TEXT
from verif_dsl.compiler.patterns.matcher import find
from verif_dsl.compiler.patterns.pattern import to_rust

if TYPE_CHECKING:
    import polars as pl

LEFT_RIGHT = (Parameter("left", DECIMAL), Parameter("right", DECIMAL))
NUMBER = r"^-?(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]{1,4})?$"
MOST_DIGITS = 12
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


def number(x: str, otherwise: Fraction) -> Fraction:
    if find(NUMBER, x) is None or sum(map(x.count, "0123456789")) > MOST_DIGITS:
        return otherwise
    return Fraction(x.replace(",", ""))


def number_column(x: "pl.Expr", otherwise: "pl.Expr") -> "pl.Expr":
    import polars as pl

    valid = x.str.contains(to_rust(NUMBER)) & (x.str.count_matches("[0-9]") <= MOST_DIGITS)
    places = x.str.extract(r"\.([0-9]+)\z").str.len_chars().fill_null(0).cast(pl.Int64)
    written = pl.when(valid).then(x.str.replace_all("[,.]", "")).cast(pl.Int64)
    n, d = parts(otherwise)
    scale = pl.lit(10, dtype=pl.Int64).pow(places)
    return decimal_column(pl.when(valid).then(written).otherwise(n), pl.when(valid).then(scale).otherwise(d))


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
    Builtin(
        "number",
        (Parameter("x", TEXT), Parameter("otherwise", DECIMAL)),
        DECIMAL,
        "The number that the text is as a whole: digits, in groups of three with `,` or without, at most four more "
        "after a `.`, and perhaps a `-` in front; `otherwise` for any other text, or one of more than 12 digits.",
        number,
        number_column,
        (
            (("-1,234.50", HALF), Fraction(-2469, 2)),
            (("12,34", HALF), HALF),
            (("3 apples", HALF), HALF),
            (("1234567890123", HALF), HALF),
        ),
    ),
)
