"""What a check can cost at most, known before it runs: characters and items looked at for one response of 64 KiB.

Cutting a text gives pieces whose total size is the text's, so a quantifier over words costs no more than its text, and
one over the words of each sentence no more either. Going through one text for every piece of another multiplies, and is
refused. The bound holds for the columnar back end, which computes what no variable touches once and not once an item.
"""

import math
from collections.abc import Mapping

from verif_dsl.compiler.builtins import BUILTINS
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

LARGEST_LIST = 8192
"""The size (see `size_of`) of one list argument: its texts together."""


def cost_of(node: Node, longest: Mapping[str, int] | None = None) -> int:
    """The bound for a check; `longest` says how many items the lists among the parameters can have.

    >>> from verif_dsl.compiler.kinds import BOOL, TEXT, list_of
    >>> words = Call("words", (Input("response"),), list_of(TEXT))
    >>> each = Call("in text", (Local(1, 0, TEXT), Input("response")), BOOL)
    >>> cost_of(Quantifier("any", 1, 1, words, None, each)) > LARGEST_COST
    True
    """
    bound = _Bound(longest or {})
    bound.total(node)
    return bound.cost


class _Bound:
    """Sums the cost up, over all the quantifiers that are open at a place.

    For each of them `runs` says how many items it goes through in all, `items` how large these are together, and
    `repeats` how many of them one item of the quantifiers around it can have.
    """

    def __init__(self, longest: Mapping[str, int]) -> None:
        self.longest = longest
        self.cost = 0
        self.depths: dict[int, int] = {}
        self.runs: dict[int, int] = {0: 1}
        self.items: dict[int, int] = {}
        self.repeats: dict[int, int] = {}

    def total(self, node: Node) -> int:
        """The size of a node's values (code points, items) over all its runs; adds what they cost."""
        match node:
            case Constant(value):
                return size_of(value)
            case Argument(name, kind):
                if kind in SCALARS:
                    return 1
                if kind == TEXT:
                    return LONGEST_ARGUMENT
                return self._longest(name) if kind.parts[0] in SCALARS else LARGEST_LIST
            case Input():
                return LARGEST_RESPONSE
            case Local(depth):
                return self.items[depth]
            case Call(_, parts, kind) | Items(parts, kind):
                level = self._depth(node)
                runs = self.runs[level]
                spread = [self._spread(part, level) for part in parts]
                # Texts are compared up to where the shorter one ends, and nothing copies them for that.
                shorter = isinstance(node, Call) and node.builtin in ("==", "!=") and parts[0].kind == TEXT
                sizes = min(spread) if shorter else sum(spread)
                self.cost += sizes + runs
                if kind in SCALARS:
                    return runs
                return sizes * BUILTINS[node.builtin].growth if isinstance(node, Call) else sizes
            case Quantifier():
                return self._quantifier(node)

    def _depth(self, node: Node) -> int:
        """`depth_of`, remembered: a node is asked about at every level above it. All of them live as long as this."""
        if id(node) not in self.depths:
            self.depths[id(node)] = depth_of(node)
        return self.depths[id(node)]

    def _spread(self, node: Node, level: int) -> int:
        """The total of a part that is looked at once in each run of a quantifier further in, at worst."""
        total, home = self.total(node), self._depth(node)
        if home == level:
            return total
        if node.kind in SCALARS:
            return self.runs[level]
        # At most once for each item of the quantifiers between; and all the inner items together may belong to the one
        # outer item that has all the text.
        between = math.prod(self.repeats[depth] for depth in self.repeats if home < depth <= level)
        return total * min(between, self.runs[level])

    def _quantifier(self, node: Quantifier) -> int:
        level, home = self._depth(node), self._depth(node.source)
        items = self._spread(node.source, level)
        saved = self.runs.copy(), self.items.copy(), self.repeats.copy()
        most = self._most_items(node.source)
        self.items[node.depth] = max(items, 1)
        self.runs[node.depth] = max(min(items, self.runs[level] * most), 1)
        # What goes through the same list for each outer item repeats as often as that list is long.
        own = self.total(node.source) if home == 0 else self.runs[node.depth]
        self.repeats[node.depth] = max(min(own, most), 1)
        self.cost += items
        for part in (node.condition, node.body):
            if part is not None:
                self.total(part)
                self.cost += self.runs[self._depth(part)]
        self.runs, self.items, self.repeats = saved
        return self.runs[level]

    def _longest(self, name: str) -> int:
        return self.longest.get(name, LONGEST_LIST)

    def _most_items(self, node: Node) -> int:
        """How many items a list can have, whatever the size of its texts."""
        match node:
            case Constant(tuple(values)):
                return len(values)
            case Items(items):
                return len(items)
            case Argument(name):
                return self._longest(name)
            case Call("take", (items, Constant(int(most)))):
                return min(self._most_items(items), max(most, 0))
            case Call("drop" | "unique" | "adjacent" | "indexed", (items, *_)):
                return self._most_items(items)
            case Call("zip", (items, others)):
                return min(self._most_items(items), self._most_items(others))
        return LARGEST_RESPONSE


def size_of(value: Value) -> int:
    """Code points of a text, and of a list all that is in it with one for each list and number."""
    if isinstance(value, tuple):
        return sum(map(size_of, value)) + 1
    return len(value) if isinstance(value, str) else 1
