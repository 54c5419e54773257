"""Bounds of whole-number expressions, so that no well-typed program can overflow: interval arithmetic over the IR."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from verif_dsl.compiler.ir import Argument, Call, Constant, Node
from verif_dsl.compiler.kinds import DECIMAL

LARGEST = 2**62
"""Beyond this a program is refused at compile time; 64-bit arithmetic then never wraps at run time."""

WIDEST = 10**9
"""An `int` parameter without a range, and every count over a text, lies within plus and minus this."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The numbers from `low` to `high`."""

    low: int
    high: int

    def holds(self, other: "Interval") -> bool:
        """Whether the other lies within it."""
        return self.low <= other.low and other.high <= self.high

    @property
    def fits(self) -> bool:
        return self.low >= -LARGEST and self.high <= LARGEST


ANY = Interval(-WIDEST, WIDEST)


def interval_of(node: Node, arguments: Mapping[str, Interval]) -> Interval:
    """Where an int expression can lie, given the ranges of the parameters.

    >>> from verif_dsl.compiler.kinds import INT
    >>> interval_of(Call("*", (Argument("n", INT), Constant(3, INT)), INT), {"n": Interval(1, 5)})
    Interval(low=3, high=15)
    """
    match node:
        case Constant(value=int(value)):
            return Interval(value, value)
        case Argument(name):
            return arguments.get(name, ANY)
        case Call("+", (left, right)):
            a, b = interval_of(left, arguments), interval_of(right, arguments)
            return Interval(a.low + b.low, a.high + b.high)
        case Call("-", (left, right)):
            a, b = interval_of(left, arguments), interval_of(right, arguments)
            return Interval(a.low - b.high, a.high - b.low)
        case Call("*", (left, right)):
            a, b = interval_of(left, arguments), interval_of(right, arguments)
            ends = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
            return Interval(min(ends), max(ends))
        case Call("remainder", (left, right)):
            largest = max(_magnitude(left, arguments), _magnitude(right, arguments))
            return Interval(-largest, largest)
        case Call("floor", (inner,)):
            largest, _ = decimal_bound(inner, arguments)
            return Interval(-largest, largest)
        case Call("negate", (inner,)):
            a = interval_of(inner, arguments)
            return Interval(-a.high, -a.low)
        case Call("abs", (inner,)):
            a = interval_of(inner, arguments)
            return Interval(0, max(abs(a.low), abs(a.high)))
        case Call("min" | "max", (left, right)):
            a, b = interval_of(left, arguments), interval_of(right, arguments)
            return Interval(min(a.low, b.low), max(a.high, b.high))
        case Call("first" | "last" | "at" | "most_common" | "first_codepoint", (*_, otherwise)):
            a = interval_of(otherwise, arguments)
            return Interval(min(a.low, ANY.low), max(a.high, ANY.high))
    return ANY


Size = tuple[int, int]
"""The largest numerator (without its sign) and the largest denominator that a decimal can have."""

FINEST = 10**6
"""Decimals are written with at most six places."""


def decimal_bound(node: Node, arguments: Mapping[str, Interval]) -> Size:
    """How large the two parts of a decimal expression can get, as the columnar back end computes them.

    >>> from fractions import Fraction
    >>> from verif_dsl.compiler.kinds import DECIMAL
    >>> decimal_bound(Constant(Fraction(3, 10), DECIMAL), {})
    (3, 10)
    """
    match node:
        case Constant(value=Fraction() as value):
            return abs(value.numerator), value.denominator
        case Argument(name):
            interval = arguments.get(name, ANY)
            return max(abs(interval.low), abs(interval.high)) * FINEST, FINEST
        case Call("as decimal", (inner,)):
            return _magnitude(inner, arguments), 1
        case Call("ratio", (a, b, if_zero)):
            n, d = decimal_bound(if_zero, arguments)
            return max(_magnitude(a, arguments), n), max(_magnitude(b, arguments), d)
        case Call("number", (_, otherwise)):
            n, d = decimal_bound(otherwise, arguments)
            return max(n, 10**12), max(d, 10**4)
        case Call("+ decimal" | "- decimal", (left, right)):
            (n, d), (other_n, other_d) = decimal_bound(left, arguments), decimal_bound(right, arguments)
            return n * other_d + other_n * d, d * other_d
        case Call("* decimal", (left, right)):
            (n, d), (other_n, other_d) = decimal_bound(left, arguments), decimal_bound(right, arguments)
            return n * other_n, d * other_d
        case Call("negate decimal", (inner,)):
            return decimal_bound(inner, arguments)
        case Call("first" | "last" | "at" | "most_common", (*_, otherwise)):
            n, d = decimal_bound(otherwise, arguments)
            return max(n, WIDEST * FINEST), max(d, FINEST)
    return WIDEST * FINEST, FINEST


def decimals_fit(node: Node, arguments: Mapping[str, Interval]) -> bool:
    """Whether nothing that a call computes with decimals can leave 64 bits."""
    if not isinstance(node, Call):
        return True
    sizes = [decimal_bound(one, arguments) for one in node.arguments if one.kind == DECIMAL]
    if node.builtin == "approx":  # the difference of the first two, against the third
        (n, d), (other_n, other_d), limit = sizes
        sizes = [(n * other_d + other_n * d, d * other_d), limit]
    if node.kind == DECIMAL:
        sizes.append((max(decimal_bound(node, arguments)), 1))
    if len(sizes) < 2:
        return True
    (n, d), (other_n, other_d), *result = sizes
    largest = [n * other_d, other_n * d, *(one[0] for one in result)]
    return all(one <= LARGEST for one in largest)


def _magnitude(node: Node, arguments: Mapping[str, Interval]) -> int:
    interval = interval_of(node, arguments)
    return max(abs(interval.low), abs(interval.high))
