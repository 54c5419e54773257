"""Ask what is dear only where something hangs on it: the language of a text matters where it is in capitals."""

from verif_dsl.compiler.builtins import BUILTINS
from verif_dsl.compiler.ir import Call, Node, Quantifier, children, depth_of, rebuild, walk
from verif_dsl.compiler.kinds import TEXT


def guard_dear(node: Node) -> Node:
    """Replaces the text of each dear call in the right side of an `and` by one that is empty where the left side fails.

    >>> from verif_dsl.compiler.ir import Input
    >>> from verif_dsl.compiler.kinds import BOOL, maybe
    >>> response = Input("response")
    >>> told = Call("language", (response,), maybe(TEXT))
    >>> both = Call("and", (Call("is_lower", (response,), BOOL), told), BOOL)
    >>> guard_dear(both).arguments[1].arguments[0].builtin
    'text where'
    """
    node = rebuild(node, tuple(guard_dear(child) for child in children(node)))
    match node:
        case Call("and", (left, right), kind) if not _is_dear(left):
            return Call("and", (left, _guarded(right, left)), kind)
    return node


def _is_dear(node: Node) -> bool:
    return any(isinstance(one, Call) and BUILTINS[one.builtin].dear for one in walk(node))


def _guarded(node: Node, condition: Node) -> Node:
    match node:
        case Call(builtin, (text, *rest), kind) if BUILTINS[builtin].dear and depth_of(text) == depth_of(condition):
            return Call(builtin, (Call("text where", (text, condition), TEXT), *rest), kind)
        case Quantifier():  # what stands inside hangs on other things as well
            return node
    return rebuild(node, tuple(_guarded(child, condition) for child in children(node)))
