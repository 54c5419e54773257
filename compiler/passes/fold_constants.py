"""Compute at compile time what depends on no row: `len(words("a b")) + 1` becomes `3`."""

from verif_dsl.compiler.builtins import BUILTINS
from verif_dsl.compiler.ir import Call, Constant, Items, Node, children, rebuild
from verif_dsl.compiler.kinds import of_pairs


def fold_constants(node: Node) -> Node:
    """Replaces every call whose arguments are all constants by its value.

    >>> from verif_dsl.compiler.kinds import INT
    >>> fold_constants(Call("+", (Constant(1, INT), Constant(2, INT)), INT))
    Constant(value=3, kind=Kind(name='int', parts=()))
    """
    node = rebuild(node, tuple(fold_constants(child) for child in children(node)))
    if isinstance(node, Items) and all(isinstance(one, Constant) for one in node.items):
        return Constant(tuple(one.value for one in node.items if isinstance(one, Constant)), node.kind)
    # Pairs stay calls, which have no column form, and so does what may be undecided for want of data.
    if not isinstance(node, Call) or of_pairs(node.kind) or BUILTINS[node.builtin].lacking is not None:
        return node
    if all(isinstance(one, Constant) for one in node.arguments):
        values = (one.value for one in node.arguments if isinstance(one, Constant))
        return Constant(BUILTINS[node.builtin].reference(*values), node.kind)
    return node
