"""The builtin that finds the stretches of a text between two others."""

from typing import TYPE_CHECKING

from verif_dsl.compiler.builtins.base import Builtin, Parameter, over_distinct
from verif_dsl.compiler.kinds import TEXT, list_of

if TYPE_CHECKING:
    import polars as pl


def spans(x: str, start: str, end: str) -> tuple[str, ...]:
    found: list[str] = []
    if not start or not end:
        return ()
    begin, close = x.find(start), -1
    while begin >= 0:
        inner = begin + len(start)
        if close < inner:  # the place found for an earlier start may still be the next one
            close = x.find(end, inner)
        if close < 0:
            break
        line_end = x.rfind("\n", inner, close)
        if line_end < 0:
            found.append(x[begin : close + len(end)])
            begin = x.find(start, close + len(end))
        else:  # which is in the way of every start before it
            begin = x.find(start, max(begin + 1, line_end + 1 - len(start)))
    return tuple(found)


def spans_column(x: "pl.Expr", start: "pl.Expr", end: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return over_distinct(spans, pl.List(pl.String()), x, start, end)


SPANS = (
    Builtin(
        "spans",
        (Parameter("x", TEXT), Parameter("start", TEXT), Parameter("end", TEXT)),
        list_of(TEXT),
        "Each stretch from `start` to the next `end`, both included and no line end between them, left to right, not "
        "overlapping; none when one of the two is empty.",
        spans,
        spans_column,
        (
            (("<a> b <c>", "<", ">"), ("<a>", "<c>")),
            (("aa bb a", "a", "a"), ("aa",)),
            (("(a\n(b) c)", "(", ")"), ("(b)",)),
            (("ab", "", "b"), ()),
        ),
    ),
)
