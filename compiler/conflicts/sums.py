"""Comparisons of numbers as inequalities between measures of the response."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import floor, lcm

from verif_dsl.compiler.comparators import OPPOSITES
from verif_dsl.compiler.conflicts.automata import FALSE, TRUE, Formula, Linear, Text, both, either
from verif_dsl.compiler.conflicts.measures import at_least
from verif_dsl.compiler.ir import Call, Constant, Node, Quantifier, depth_of
from verif_dsl.compiler.kinds import INT

MOST_COUNTED = 60
"""Counts up to this one are told by automata, too."""

Some = Callable[[Quantifier], Formula]

Sum = tuple[dict[Node, Fraction], Fraction]
"""Measures with their factors, and a constant."""


def _linear(node: Node) -> Sum | None:
    """A number as a sum of measures with factors, and a constant."""
    match node:
        case Constant(int() | Fraction() as value):
            return {}, Fraction(value)
        case Call("as decimal", (inner,)):
            return _linear(inner)
        case Call("negate" | "negate decimal", (inner,)):
            return _scaled(_linear(inner), Fraction(-1))
        case Call("+" | "+ decimal", (left, right)):
            return _added(_linear(left), _linear(right))
        case Call("-" | "- decimal", (left, right)):
            return _added(_linear(left), _scaled(_linear(right), Fraction(-1)))
        case Call("*" | "* decimal", (left, right)):
            one, other = _linear(left), _linear(right)
            if one and other and not one[0]:
                return _scaled(other, one[1])
            return _scaled(one, other[1]) if one and other and not other[0] else None
    return ({node: Fraction(1)}, Fraction(0)) if node.kind == INT else None


def _scaled(sum_: Sum | None, factor: Fraction) -> Sum | None:
    return None if sum_ is None else ({one: factor * f for one, f in sum_[0].items()}, factor * sum_[1])


def _added(one: Sum | None, other: Sum | None) -> Sum | None:
    if one is None or other is None:
        return None
    terms = dict(one[0])
    for node, factor in other[0].items():
        terms[node] = terms.get(node, Fraction(0)) + factor
    return {node: factor for node, factor in terms.items() if factor}, one[1] + other[1]


def difference(left: Node, right: Node) -> tuple[dict[Node, Fraction] | None, Fraction]:
    """The measures of which the difference of two numbers is made, and a constant; None where it is no such sum."""
    found = _added(_linear(left), _scaled(_linear(right), Fraction(-1)))
    return (None, Fraction(0)) if found is None else found


def compared(name: str, left: Node, right: Node, holds: bool, some: Some) -> Formula:
    """A comparison of two numbers, or its opposite; `some` says what there is where a count is not 0."""
    terms, rest = difference(left, right)
    if terms is None or any(depth_of(one) > 0 for one in terms):
        return TRUE
    if not holds:
        name = OPPOSITES[name]
    scale = Fraction(lcm(rest.denominator, *(factor.denominator for factor in terms.values())))
    whole = {node: int(factor * scale) for node, factor in terms.items()}
    constant = rest * scale
    at_most = _at_most(whole, -constant, some)
    below = _at_most(whole, -constant - 1, some)
    negative = {node: -factor for node, factor in whole.items()}
    not_below = _at_most(negative, constant, some)
    above = _at_most(negative, constant - 1, some)
    made = {
        "<=": at_most,
        "<": below,
        ">=": not_below,
        ">": above,
        "==": both(at_most, not_below),
        "!=": either(below, above),
    }
    return made[name]


def _at_most(terms: Mapping[Node, int], bound_: Fraction, some: Some) -> Formula:
    """The sum is at most this: as a sum, and of a single measure also as a pattern."""
    limit = floor(bound_)
    if not terms:
        return TRUE if limit >= 0 else FALSE
    linear = Linear(tuple(terms.items()), limit)
    if len(terms) > 1:
        return linear
    ((measure, factor),) = terms.items()
    found = both(linear, bounded(measure, factor, limit))
    if isinstance(measure, Quantifier) and factor < 0 and limit < 0:  # some item meets the body
        return both(found, some(measure))
    return found


def bounded(measure: Node, factor: int, limit: int) -> Formula:
    """`factor * measure <= limit` in patterns, as far as there are such; both ends count whole numbers."""
    if factor > 0:
        most = floor(Fraction(limit, factor))
        if most < 0:
            return FALSE
        if most >= MOST_COUNTED:
            return TRUE
        pattern = at_least(measure, most + 1, exact=True)
        return TRUE if pattern is None else Text(pattern, False)
    least = -floor(Fraction(limit, -factor))
    if not 0 < least <= MOST_COUNTED:
        return TRUE
    pattern = at_least(measure, least, exact=False)
    return TRUE if pattern is None else Text(pattern)
