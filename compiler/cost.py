"""What a check can cost at most, known before it runs: characters and items looked at for one response of 64 KiB.

Cutting a text gives pieces whose total size is the text's, so a quantifier over words costs no more than its text, and
one over the words of each sentence no more either. Going through one text for every piece of another multiplies, and is
refused. The bound holds for the columnar back end, which computes what no variable touches once and not once an item.
"""

from verif_dsl.compiler.ir import Argument, Call, Constant, Input, Items, Local, Node, Quantifier, Value, depth_of
from verif_dsl.compiler.kinds import BOOL, DECIMAL, INT, TEXT, maybe
from verif_dsl.compiler.texts import LARGEST_RESPONSE

SCALARS = (INT, BOOL, DECIMAL, maybe(BOOL), maybe(TEXT))
LARGEST_COST = 1 << 30
"""Beyond this a check is refused: sixteen thousand passes over a text of 64 KiB, or about a second."""

LONGEST_ARGUMENT = 4096
"""Code points that one text argument may have."""

LONGEST_LIST = 1000
"""Items that one list argument may have."""


def cost_of(node: Node) -> int:
    """The bound for a check.

    >>> from verif_dsl.compiler.kinds import BOOL, TEXT, list_of
    >>> words = Call("words", (Input("response"),), list_of(TEXT))
    >>> each = Call("in text", (Local(1, 0, TEXT), Input("response")), BOOL)
    >>> cost_of(Quantifier("any", 1, 1, words, None, each)) > LARGEST_COST
    True
    """
    bound = _Bound()
    bound.total(node)
    return bound.cost


class _Bound:
    """Sums the cost up. `runs` says, for each quantifier one is inside, how many items it goes through in all."""

    def __init__(self) -> None:
        self.cost = 0
        self.runs: dict[int, int] = {0: 1}
        self.items: dict[int, int] = {}
        """The total size of the items of each open quantifier."""

    def total(self, node: Node) -> int:
        """The size of a node's values (code points, items) over all its runs; adds what they cost."""
        match node:
            case Constant(value):
                return _size(value)
            case Argument(_, kind):
                if kind in SCALARS:
                    return 1
                return LONGEST_ARGUMENT if kind.name == "text" else LONGEST_LIST
            case Input():
                return LARGEST_RESPONSE
            case Local(depth):
                return self.items[depth]
            case Call(_, arguments, kind):
                level = depth_of(node)
                runs = self.runs[level]
                sizes = sum(self._spread(argument, level) for argument in arguments)
                self.cost += sizes + runs
                return runs if kind in SCALARS else sizes
            case Items(items):
                level = depth_of(node)
                sizes = sum(self._spread(item, level) for item in items)
                self.cost += sizes + self.runs[level]
                return sizes
            case Quantifier():
                return self._quantifier(node)

    def _spread(self, node: Node, level: int) -> int:
        """The total of a part that is looked at once in each run of a quantifier further in, at worst."""
        total = self.total(node)
        if depth_of(node) == level:
            return total
        # All the inner items may belong to the one outer item that has all the text.
        return self.runs[level] if node.kind in SCALARS else total * self.runs[level]

    def _quantifier(self, node: Quantifier) -> int:
        level = depth_of(node)
        items = self._spread(node.source, level)
        saved = self.runs.copy(), self.items.copy()
        self.runs[node.depth] = self.items[node.depth] = max(items, 1)
        self.cost += items
        for part in (node.condition, node.body):
            if part is not None:
                self.total(part)
                self.cost += self.runs[depth_of(part)]
        self.runs, self.items = saved
        return self.runs[level]


def _size(value: Value) -> int:
    if isinstance(value, tuple):
        return sum(map(_size, value)) + 1
    return len(value) if isinstance(value, str) else 1
