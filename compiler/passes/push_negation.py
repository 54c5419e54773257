"""Move `not` inwards, so that equal tests written either way become equal nodes and are computed once."""

from dataclasses import replace

from verif_dsl.compiler.comparators import OPPOSITES
from verif_dsl.compiler.ir import Call, Node, Quantifier, Quantity, children, rebuild
from verif_dsl.compiler.kinds import BOOL

NEGATED = OPPOSITES | {f"{one} maybe": f"{other} maybe" for one, other in (("==", "!="), ("!=", "=="))}
DUALS = {"and": "or", "or": "and", "and maybe": "or maybe", "or maybe": "and maybe"}
NEGATIONS = ("not", "not maybe")


def push_negation(node: Node) -> Node:
    """`not (a or b)` becomes `not a and not b`, `not x < y` becomes `x >= y`, `not any(...)` becomes `all(not ...)`.

    >>> a, b = Call("p", (), BOOL), Call("q", (), BOOL)
    >>> negated = push_negation(Call("not", (Call("or", (a, b), BOOL),), BOOL))
    >>> negated.builtin, [one.builtin for one in negated.arguments]
    ('and', ['not', 'not'])
    """
    match node:
        case Call(name, (inner,)) if name in NEGATIONS:
            return _negated(inner)
    return rebuild(node, tuple(push_negation(child) for child in children(node)))


def _negated(node: Node) -> Node:
    match node:
        case Call(name, (inner,)) if name in NEGATIONS:
            return push_negation(inner)
        case Call(name, (left, right), kind) if name in NEGATED:
            return Call(NEGATED[name], (push_negation(left), push_negation(right)), kind)
        case Call(name, (left, right), kind) if name in DUALS:
            return Call(DUALS[name], (_negated(left), _negated(right)), kind)
        case Quantifier("any" | "all" as quantity):
            source = push_negation(node.source)
            condition = push_negation(node.condition) if node.condition is not None else None
            dual: Quantity = "all" if quantity == "any" else "any"
            return replace(node, quantity=dual, source=source, condition=condition, body=_negated(node.body))
    return Call("not" if node.kind == BOOL else "not maybe", (push_negation(node),), node.kind)
