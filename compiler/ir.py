"""The typed intermediate representation: seven nodes. `backends.reference` says what each means.

A node is a frozen value: two equal nodes mean the same, which is what lets a back end compute equal parts once. `let`
and `define` are gone by now (replaced by what they name), and words such as `and`, `<=` or `words` are all calls of
builtins. Every expression of a well-typed program has a value for every text and every legal argument; none can
raise.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from verif_dsl.compiler.kinds import BOOL, INT, TEXT, Kind

Value = bool | int | Fraction | str | tuple["Value", ...] | None
"""A value at run time; lists and pairs are tuples, decimals exact fractions, and None is undecided."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A value written in the source; a regex is its pattern."""

    value: Value
    kind: Kind


@dataclass(frozen=True, slots=True)
class Argument:
    """What a parameter of the constraint is bound to; it differs from row to row."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Input:
    """A text of the row: `response`, or one that came before it, by its key (see `conversation.Given`)."""

    name: str

    @property
    def kind(self) -> Kind:
        return TEXT


@dataclass(frozen=True, slots=True)
class Local:
    """A variable of a quantifier: of the one at nesting `depth` (the outermost is 1), its `index`-th variable.

    Named by place and not by name, so that the same quantifier written with other names is the same node.
    """

    depth: int
    index: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class Call:
    """A builtin applied to arguments, all of them present (defaults filled in)."""

    builtin: str
    arguments: tuple["Node", ...]
    kind: Kind


@dataclass(frozen=True, slots=True)
class Items:
    """A list of computed items: `[a, b]`."""

    items: tuple["Node", ...]
    kind: Kind


Quantity = Literal["any", "all", "every", "count"]


@dataclass(frozen=True, slots=True)
class Quantifier:
    """`any`, `all`, `every` (all, and at least one) or `count` of the items of `source` that meet `body`.

    `condition` leaves items out beforehand; `arity` is 2 when the items are pairs.
    """

    quantity: Quantity
    depth: int
    arity: int
    source: "Node"
    condition: "Node | None"
    body: "Node"

    @property
    def kind(self) -> Kind:
        return INT if self.quantity == "count" else BOOL


Node = Constant | Argument | Input | Local | Call | Items | Quantifier


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly inside one.

    >>> children(Call("not", (Constant(True, BOOL),), BOOL))
    (Constant(value=True, kind=Kind(name='bool', parts=())),)
    """
    match node:
        case Call(arguments=parts) | Items(parts):
            return parts
        case Quantifier(source=source, condition=condition, body=body):
            return (source, body) if condition is None else (source, condition, body)
    return ()


def walk(node: Node) -> Iterator[Node]:
    """The node and every node inside it, outside in."""
    yield node
    for child in children(node):
        yield from walk(child)


def rebuild(node: Node, parts: tuple[Node, ...]) -> Node:
    """The same node around other children, in the order of `children`."""
    match node:
        case Call(builtin, _, kind):
            return Call(builtin, parts, kind)
        case Items(_, kind):
            return Items(parts, kind)
        case Quantifier(quantity, depth, arity, _, condition, _):
            source, *rest = parts
            return Quantifier(quantity, depth, arity, source, rest[0] if condition is not None else None, rest[-1])
    return node


def depth_of(node: Node) -> int:
    """The innermost enclosing quantifier that the node depends on: 0 when it depends on none.

    >>> depth_of(Local(2, 0, TEXT))
    2
    """
    return max(_free_depths(node), default=0)


def _free_depths(node: Node) -> set[int]:
    """The depths of the quantifiers whose variables are read here and bound outside."""
    if isinstance(node, Local):
        return {node.depth}
    found = set().union(*map(_free_depths, children(node)))
    return found - {node.depth} if isinstance(node, Quantifier) else found
