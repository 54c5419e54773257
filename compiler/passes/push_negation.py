"""Move `not` inwards, so that equal tests written either way become equal nodes and are computed once."""

from dataclasses import replace

from verif_dsl.compiler.ir import Call, Node, Quantifier, Quantity, children, rebuild
from verif_dsl.compiler.kinds import BOOL

OPPOSITES = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
DUALS = {"and": "or", "or": "and"}


def push_negation(node: Node) -> Node:
    """`not (a or b)` becomes `not a and not b`, `not x < y` becomes `x >= y`, `not any(...)` becomes `all(not ...)`.

    >>> a, b = Call("p", (), BOOL), Call("q", (), BOOL)
    >>> negated = push_negation(Call("not", (Call("or", (a, b), BOOL),), BOOL))
    >>> negated.builtin, [one.builtin for one in negated.arguments]
    ('and', ['not', 'not'])
    """
    match node:
        case Call("not", (inner,)):
            return _negated(inner)
    return rebuild(node, tuple(push_negation(child) for child in children(node)))


def _negated(node: Node) -> Node:
    match node:
        case Call("not", (inner,)):
            return push_negation(inner)
        case Call(name, (left, right)) if name in OPPOSITES:
            return Call(OPPOSITES[name], (push_negation(left), push_negation(right)), BOOL)
        case Call(name, (left, right)) if name in DUALS:
            return Call(DUALS[name], (_negated(left), _negated(right)), BOOL)
        case Quantifier("any" | "all" as quantity):
            source = push_negation(node.source)
            condition = push_negation(node.condition) if node.condition is not None else None
            dual: Quantity = "all" if quantity == "any" else "any"
            return replace(node, quantity=dual, source=source, condition=condition, body=_negated(node.body))
    return Call("not", (push_negation(node),), BOOL)
