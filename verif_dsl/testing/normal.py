"""A check as alternatives: for given arguments, the lists of simple facts any of which makes it pass (or fail)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, zip_longest
from math import ceil, floor

from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.comparators import MIRRORED, OPPOSITES
from verif_dsl.compiler.ir import (
    Argument,
    Call,
    Constant,
    Input,
    Items,
    Local,
    Node,
    Quantifier,
    Value,
    children,
    depth_of,
    rebuild,
    walk,
)
from verif_dsl.compiler.kinds import BOOL, INT, TEXT
from verif_dsl.testing.same_meaning import range_of

MOST = 24
"""How many alternatives are looked at; the first ones are as good as any."""

MANY = 10**9
"""No limit, for a count."""


@dataclass(frozen=True, slots=True)
class Holds:
    """A condition that has to be true, or false."""

    node: Node
    want: bool


@dataclass(frozen=True, slots=True)
class Within:
    """A count that has to lie from `low` to `high`."""

    measure: Node
    low: int
    high: int


Fact = Holds | Within
Alternative = tuple[Fact, ...]


def specialised(node: Node, row: Row) -> Node:
    """The expression with the arguments of a row in place, and all that does not read the response computed.

    >>> from verif_dsl.compiler.kinds import INT
    >>> specialised(Call("+", (Argument("n", INT), Constant(1, INT)), INT), Row(arguments={"n": 2}))
    Constant(value=3, kind=Kind(name='int', parts=()))
    """
    match node:
        case Constant() | Local() | Input("response"):
            return node
        case Argument(name, kind):
            return Constant(row.arguments[name], kind)
        case Input(name):
            return Constant(row.given.get(name, ""), TEXT)
    return computed(rebuild(node, tuple(specialised(child, row) for child in children(node))))


def computed(node: Node) -> Node:
    """The value of an expression that reads neither the response nor a variable of a quantifier around it."""
    match node:
        case Call("at", (Items(items), Constant(int(index)), _)) if -len(items) <= index < len(items):
            return items[index]
    if isinstance(node, Constant) or depth_of(node) or any(isinstance(one, Input) for one in walk(node)):
        return node
    return Constant(evaluate(node, Row()), node.kind)


def replaced(node: Node, depth: int, item: Value, arity: int = 1) -> Node:
    """The body of a quantifier for one item."""
    if isinstance(node, Local):
        if node.depth != depth:
            return node
        return Constant(item[node.index] if arity > 1 and isinstance(item, tuple) else item, node.kind)
    if not children(node):
        return node
    return computed(rebuild(node, tuple(replaced(child, depth, item, arity) for child in children(node))))


def substitute(node: Node, old: Node, new: Node) -> Node:
    """The node with one expression in place of another, everywhere.

    >>> from verif_dsl.compiler.printed_ir import shown
    >>> x, y = Argument("x", BOOL), Argument("y", BOOL)
    >>> shown(substitute(Call("and", (x, Call("not", (x,), BOOL)), BOOL), x, y))
    'y and not y'
    """
    if node == old:
        return new
    return rebuild(node, tuple(substitute(child, old, new) for child in children(node)))


def alternatives(node: Node, want: bool) -> list[Alternative]:
    """The ways in which a condition comes out as wanted, each a list of facts that have to hold together."""
    match node:
        case Constant(value):
            return [()] if bool(value) == want else []
        case Call("not" | "not maybe", (inner,)):
            return alternatives(inner, not want)
        case Call("decide", (inner, _)) | Call("as maybe", (inner,)):
            return alternatives(inner, want)
        case Call("and" | "and maybe", (left, right)):
            return (_both if want else _either)(alternatives(left, want), alternatives(right, want))
        case Call("or" | "or maybe", (left, right)):
            return (_either if want else _both)(alternatives(left, want), alternatives(right, want))
        case Call("in list" | "in list maybe", (item, Constant(tuple() as values, kind))):
            same = [Call("==", (item, Constant(value, kind.parts[0])), BOOL) for value in values]
            return (_any_of if want else _all_of)([alternatives(computed(one), want) for one in same])
        case Quantifier("any" | "all" | "every" as quantity, source=Constant(tuple() as items)):
            bodies = _instances(node, items)
            if bodies is None:
                return [(Holds(node, want),)]
            if quantity == "every" and not bodies:
                return [] if want else [()]
            found = [alternatives(one, want) for one in bodies]
            return (_any_of if (quantity == "any") == want else _all_of)(found)
        case Call(name, (left, right)):
            comparator = name.removesuffix(" decimal").removesuffix(" maybe")
            if comparator in OPPOSITES:
                return _compared(node, comparator if want else OPPOSITES[comparator], left, right, want)
    return [(Holds(node, want),)]


def _instances(node: Quantifier, items: Sequence[Value]) -> list[Node] | None:
    """The body of a quantifier for each of the items that its condition keeps; None if that hangs on the response."""
    bodies: list[Node] = []
    for item in items:
        kept = None if node.condition is None else replaced(node.condition, node.depth, item, node.arity)
        if kept is not None and not isinstance(kept, Constant):
            return None
        if kept is None or kept.value:
            bodies.append(replaced(node.body, node.depth, item, node.arity))
    return bodies


def _compared(node: Node, comparator: str, left: Node, right: Node, want: bool) -> list[Alternative]:
    if isinstance(left, Constant):
        left, right, comparator = right, left, MIRRORED[comparator]
    match left, right:
        case Call("as decimal", (inner,)), _:
            left = inner
        case _, Constant(()):
            left, right = Call("len", (left,), INT), Constant(0, INT)
    if not isinstance(right, Constant) or left.kind != INT or isinstance(right.value, str | bool | tuple | None):
        return [(Holds(node, want),)]
    found: list[Alternative] = []
    for low, high in _ranges(comparator, Fraction(right.value)):
        found += _measured(left, low, high)
    return found


def _ranges(comparator: str, value: Fraction) -> list[tuple[int, int]]:
    whole = value.denominator == 1
    match comparator:
        case "<":
            return [(-MANY, ceil(value) - 1)]
        case "<=":
            return [(-MANY, floor(value))]
        case ">":
            return [(floor(value) + 1, MANY)]
        case ">=":
            return [(ceil(value), MANY)]
        case "==":
            return [(int(value), int(value))] if whole else []
    return [(int(value) + 1, MANY), (-MANY, int(value) - 1)] if whole else [(-MANY, MANY)]


def _measured(measure: Node, low: int, high: int) -> list[Alternative]:
    """The facts that put a count within a range; none where it cannot be."""
    match measure:
        case Call("+", (inner, Constant(int(more)))) | Call("+", (Constant(int(more)), inner)):
            return _measured(inner, low - more, high - more)
        case Call("-", (inner, Constant(int(less)))):
            return _measured(inner, low + less, high + less)
        case Quantifier("count", source=Constant(tuple() as items)):
            bodies = _instances(measure, items)
            if bodies is None:
                return [(Within(measure, low, high),)]
            first, last = max(low, 0), min(high, len(bodies))
            ways: list[Alternative] = []
            for number in dict.fromkeys((first, last)) if first <= last else ():
                for start in range(max(1, min(len(bodies), 3))):
                    chosen = {(start + step) % max(len(bodies), 1) for step in range(number)}
                    ways += _all_of([alternatives(body, place in chosen) for place, body in enumerate(bodies)])
            whole = first == last and first in (0, len(bodies))
            # There are more ways to choose the items that count than are written out.
            return ways if whole or first > last else [*ways[: MOST - 1], (Within(measure, low, high),)]
    within = range_of(measure, {})
    return [] if high < within.low or low > within.high else [(Within(measure, low, high),)]


def _both(left: list[Alternative], right: list[Alternative]) -> list[Alternative]:
    # Diagonally, so that the first few use different ones of both.
    pairs = sorted((i + j, i, j) for i in range(len(left)) for j in range(len(right)) if i + j < MOST)
    return [left[i] + right[j] for _, i, j in islice(pairs, MOST)]


def _either(left: Iterable[Alternative], right: Iterable[Alternative]) -> list[Alternative]:
    mixed = (one for pair in zip_longest(left, right) for one in pair if one is not None)
    return list(islice(mixed, MOST))


def _all_of(parts: Sequence[list[Alternative]]) -> list[Alternative]:
    found: list[Alternative] = [()]
    for one in parts:
        found = _both(found, one)
    return found


def _any_of(parts: Sequence[list[Alternative]]) -> list[Alternative]:
    rounds = zip_longest(*parts)
    return list(islice((one for several in rounds for one in several if one is not None), MOST))


def contradictory(alternative: Alternative) -> bool:
    """Whether an alternative asks for a count that no number is.

    >>> from verif_dsl.compiler.kinds import INT
    >>> count = Argument("n", INT)
    >>> contradictory((Within(count, 3, MANY), Within(count, -MANY, 2)))
    True
    """
    implied = (other for one in alternative for other in _implied(one))
    return any(low > high for low, high in narrowed((*alternative, *implied)).values())


def narrowed(facts: Iterable[Fact]) -> dict[Node, tuple[int, int]]:
    """Where each count has to lie by all the facts about it; one that lies nowhere has a low end above the high one."""
    ranges: dict[Node, tuple[int, int]] = {}
    for fact in facts:
        if isinstance(fact, Within):
            low, high = ranges.get(fact.measure, (-MANY, MANY))
            ranges[fact.measure] = max(low, fact.low), min(high, fact.high)
    return ranges


def _implied(fact: Fact) -> Iterator[Within]:
    """How long lists are at least in which a text was found that is not empty."""
    match fact:
        case Holds(Call("==", (found, Constant(str(text)))), True) if text:
            yield from _lengths(found)
        case Holds(Call("!=", (found, Constant(""))), True) | Holds(Call("==", (found, Constant(""))), False):
            yield from _lengths(found)


def _lengths(found: Node) -> Iterator[Within]:
    """What follows for the lists around a text that is not empty."""
    match found:
        case Call("fold" | "lower" | "trim", (inner,)):
            yield from _lengths(inner)
        case Call("first" | "last" | "at" as name, (items, *rest, Constant(""))):
            index = rest[0].value if rest and isinstance(rest[0], Constant) and isinstance(rest[0].value, int) else 0
            least = 1 if name != "at" else index + 1 if index >= 0 else -index
            yield Within(Call("len", (items,), INT), least, MANY)
            if isinstance(items, Call) and items.builtin in ("words", "sentences", "paragraphs", "lines"):
                yield from _lengths(items.arguments[0])


def impossible(check: Node, want: bool) -> bool:
    """Whether a condition is seen never to come out as wanted; False where that is open.

    >>> words = Call("len", (Input("response"),), INT)
    >>> impossible(Call(">=", (words, Constant(0, INT)), BOOL), want=False)
    True
    """
    ways = alternatives(check, want)
    return len(ways) < MOST and all(map(contradictory, ways))


def asks_for_nothing(check: Node) -> bool:
    """Whether a check is a ban, an upper limit, or a condition that need not arise: whoever says nothing keeps it.

    >>> asks_for_nothing(Call("in text", (Constant(",", TEXT), Input("response")), BOOL))
    False
    """
    return any(all(map(_forbids, one)) for one in alternatives(check, True))


def _forbids(fact: Fact) -> bool:
    if isinstance(fact, Within):
        return fact.low <= 0
    return not fact.want
