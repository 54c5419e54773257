"""How far a response is from a verdict: 0 where it has it, and less the fewer changes are likely to bring it there."""

from collections.abc import Sequence
from fractions import Fraction

from verif_dsl.compiler.backends.reference import Locals, Row, evaluate, kept_items
from verif_dsl.compiler.builtins import BUILTINS
from verif_dsl.compiler.comparators import OPPOSITES
from verif_dsl.compiler.ir import Call, Node, Quantifier, Value

NO_ITEM = 5.0
"""How far a text without any item is from having the right one: farther than one with a wrong item."""


def distance(node: Node, want: bool, row: Row, variables: Locals | None = None) -> float:
    """How far a row is from a condition that comes out as wanted.

    >>> from verif_dsl.compiler.ir import Constant, Input
    >>> from verif_dsl.compiler.kinds import BOOL, INT, TEXT, list_of
    >>> words = Call("len", (Call("words", (Input("response"),), list_of(TEXT)),), INT)
    >>> check = Call("==", (words, Constant(3, INT)), BOOL)
    >>> near, far = distance(check, True, Row("a b")), distance(check, True, Row("a"))
    >>> distance(check, True, Row("a b c")), near < far
    (0.0, True)
    """
    known = variables or {}
    match node:
        case Call("not", (inner,)):
            return distance(inner, not want, row, known)
        case Call("and" | "or" as name, (left, right)):
            both = distance(left, want, row, known), distance(right, want, row, known)
            return sum(both) if (name == "and") == want else min(both)
        case Quantifier("any" | "all" | "every"):
            return _quantified(node, want, row, known)
        case Call(name, (left, right)):
            comparator = name.removesuffix(" decimal")
            if comparator in OPPOSITES:
                return _compared(comparator if want else OPPOSITES[comparator], left, right, row, known)
    return 0.0 if bool(evaluate(node, row, known)) == want else 1.0


def _quantified(node: Quantifier, want: bool, row: Row, variables: Locals) -> float:
    holding = [distance(node.body, want, row, inner) for _, inner in kept_items(node, row, variables)]
    if (node.quantity == "any") == want:  # one item will do
        return min(holding, default=0.0 if node.quantity == "every" else NO_ITEM)
    return sum(holding) + (NO_ITEM if node.quantity == "every" and not holding else 0.0)


def _compared(comparator: str, left: Node, right: Node, row: Row, variables: Locals) -> float:
    one, other = evaluate(left, row, variables), evaluate(right, row, variables)
    if BUILTINS[comparator].reference(one, other):
        return 0.0
    if isinstance(one, int | Fraction) and isinstance(other, int | Fraction):
        gap = abs(float(one) - float(other)) + (comparator in ("<", ">"))
        counted = left if isinstance(left, Quantifier) else right
        if isinstance(counted, Quantifier) and gap < 10:
            # Of the items that ought to count, or ought not to, as many as it takes, the nearest.
            more = (one < other) == (counted == left)
            kept = kept_items(counted, row, variables)
            apart = sorted(filter(None, (distance(counted.body, more, row, inner) for _, inner in kept)))
            gap = sum(apart[: int(gap)]) + max(0, int(gap) - len(apart))
        return _squeezed(gap)
    if isinstance(one, str | tuple) and isinstance(other, str | tuple) and comparator == "==":
        return _squeezed(_mismatches(one, other))
    return 1.0


def _mismatches(one: Sequence[Value], other: Sequence[Value]) -> float:
    """In how many places two texts, or two lists, differ: one too few counts more than a wrong one in its place."""
    return 2 * abs(len(one) - len(other)) + sum(a != b for a, b in zip(one, other, strict=False))


def _squeezed(gap: float) -> float:
    """A gap of any size as a number up to 1, and never 0, so that no part of a check outweighs the others."""
    return (gap + 0.1) / (gap + 1.1)
