"""Whether two checks mean the same, as far as that can be shown: `x > 0` and `x >= 1` over whole numbers do."""

from collections.abc import Mapping

from verif_dsl.compiler.intervals import WIDEST, Interval, interval_of
from verif_dsl.compiler.ir import Call, Constant, Node, Quantifier, children, rebuild
from verif_dsl.compiler.kinds import BOOL, INT
from verif_dsl.compiler.passes import PASSES

COUNTS = frozenset({"abs", "bracket_depth", "codepoints", "len", "longest_run", "occurrences", "shared"})
"""Builtins whose numbers are never below 0."""

TRUE, FALSE = Constant(True, BOOL), Constant(False, BOOL)


def normal(check: Node, ranges: Mapping[str, Interval]) -> Node:
    """A form of the check that checks of the same meaning share, often enough; `ranges` are those of its parameters.

    >>> from verif_dsl.compiler.ir import Argument
    >>> from verif_dsl.compiler.kinds import TEXT, list_of
    >>> words = Call("len", (Argument("items", list_of(TEXT)),), INT)
    >>> above, least = Call(">", (words, Constant(0, INT)), BOOL), Call(">=", (words, Constant(1, INT)), BOOL)
    >>> normal(above, {}) == normal(least, {})
    True
    """
    for one in PASSES:
        check = one(check)
    return _simple(check, ranges)


def _simple(node: Node, ranges: Mapping[str, Interval]) -> Node:
    node = rebuild(node, tuple(_simple(child, ranges) for child in children(node)))
    match node:
        case Call("<" | "<=" | ">" | ">=" | "==" | "!=" as relation, (left, Constant(int(value), kind))) if kind == INT:
            return _bound(left, relation, value, range_of(left, ranges))
        case Call("and" | "or" as name, (left, right), kind):
            neutral, deciding = (TRUE, FALSE) if name == "and" else (FALSE, TRUE)
            if deciding in (left, right):
                return deciding
            if neutral in (left, right) or left == right:
                return right if left == neutral else left
        case Call("not", (Constant(bool(value)),)):
            return Constant(not value, BOOL)
    return node


def _bound(left: Node, relation: str, value: int, within: Interval) -> Node:
    """A comparison with a number as `<=`, `>=`, `==` or `!=`, the strongest that says it."""
    low, high = within.low, within.high
    if relation in ("<", ">"):
        relation, value = ("<=", value - 1) if relation == "<" else (">=", value + 1)
    match relation:
        case "<=" if value >= high:
            return TRUE
        case ">=" if value <= low:
            return TRUE
        case "<=" if value < low:
            return FALSE
        case ">=" if value > high:
            return FALSE
        case "==" | "!=" if not low <= value <= high:
            return TRUE if relation == "!=" else FALSE
        case "<=" if value == low:
            relation = "=="
        case ">=" if value == high:
            relation = "=="
        case ">=" if value == low + 1:
            relation, value = "!=", low
        case "<=" if value == high - 1:
            relation, value = "!=", high
    return Call(relation, (left, Constant(value, INT)), BOOL)


def range_of(node: Node, ranges: Mapping[str, Interval]) -> Interval:
    """Where a whole number can lie; `ranges` are those of the parameters. A count is never below 0."""
    match node:
        case Quantifier("count"):
            return Interval(0, WIDEST)
        case Call(name) if name in COUNTS:
            return Interval(0, WIDEST)
        case Call("+", (left, right)):
            one, other = range_of(left, ranges), range_of(right, ranges)
            return Interval(one.low + other.low, one.high + other.high)
        case Call("min" | "max" as name, (left, right)):
            one, other = range_of(left, ranges), range_of(right, ranges)
            if name == "min":
                return Interval(min(one.low, other.low), min(one.high, other.high))
            return Interval(max(one.low, other.low), max(one.high, other.high))
    return interval_of(node, ranges)
