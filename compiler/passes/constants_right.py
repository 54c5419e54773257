"""Put constants on the right of comparisons: `0 < x` becomes `x > 0`."""

from verif_dsl.compiler.comparators import MIRRORED
from verif_dsl.compiler.ir import Call, Constant, Node, children, rebuild

TURNED = MIRRORED | {f"{one} maybe": f"{other} maybe" for one, other in MIRRORED.items()}


def constants_right(node: Node) -> Node:
    """The expression with no constant on the left of a comparison, unless both sides are constants.

    Polars 2.1 gives one value for all rows, and then fails, where a literal on the left is compared with a `when` that
    takes the same literal on every row.

    >>> from verif_dsl.compiler.kinds import BOOL, INT
    >>> x = Call("len", (), INT)
    >>> mirrored = constants_right(Call("<", (Constant(0, INT), x), BOOL))
    >>> mirrored.builtin, mirrored.arguments == (x, Constant(0, INT))
    ('>', True)
    """
    match rebuild(node, tuple(constants_right(child) for child in children(node))):
        case Call(name, (Constant() as left, right), kind) if name in TURNED and not isinstance(right, Constant):
            return Call(TURNED[name], (right, left), kind)
        case found:
            return found
