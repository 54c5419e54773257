"""Bounds of whole-number expressions, so that no well-typed program can overflow: interval arithmetic over the IR."""

from collections.abc import Mapping
from dataclasses import dataclass

from verif_dsl.compiler.ir import Argument, Call, Constant, Node

LARGEST = 2**62
"""Beyond this a program is refused at compile time; 64-bit arithmetic then never wraps at run time."""

WIDEST = 10**9
"""An `int` parameter without a range, and every count over a text, lies within plus and minus this."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The numbers from `low` to `high`."""

    low: int
    high: int

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
        case Call("negate", (inner,)):
            a = interval_of(inner, arguments)
            return Interval(-a.high, -a.low)
        case Call("abs", (inner,)):
            a = interval_of(inner, arguments)
            return Interval(0, max(abs(a.low), abs(a.high)))
        case Call("min" | "max", (left, right)):
            a, b = interval_of(left, arguments), interval_of(right, arguments)
            return Interval(min(a.low, b.low), max(a.high, b.high))
        case Call("first" | "last" | "at", (*_, otherwise)):
            a = interval_of(otherwise, arguments)
            return Interval(min(a.low, ANY.low), max(a.high, ANY.high))
    return ANY
