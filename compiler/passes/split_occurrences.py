"""Take apart what `occurrences` does to its text and what it does to the part, so that checks share the former."""

from verif_dsl.compiler.ir import Call, Constant, Node, children, rebuild
from verif_dsl.compiler.kinds import BOOL, TEXT


def split_occurrences(node: Node) -> Node:
    """Replaces a count of whole words, or one without regard to case, by a plain count in a text made for it.

    >>> from verif_dsl.compiler.ir import Input
    >>> yes, no = Constant(True, BOOL), Constant(False, BOOL)
    >>> count = Call("occurrences", (Input("response"), Constant("a", TEXT), no, yes), TEXT)
    >>> [one.builtin for one in split_occurrences(count).arguments[:2]]
    ['fold', 'fold']
    """
    node = rebuild(node, tuple(split_occurrences(child) for child in children(node)))
    match node:
        case Call("occurrences", (x, part, Constant(whole_word), Constant(fold_case)), kind):
            made = (["fold"] if fold_case else []) + (["fence words"] if whole_word else [])
            for builtin in made:
                x, part = Call(builtin, (x,), TEXT), Call(builtin, (part,), TEXT)
            return Call("occurrences", (x, part, Constant(False, BOOL), Constant(False, BOOL)), kind)
    return node
