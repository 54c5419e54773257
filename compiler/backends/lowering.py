"""From the expression of a check to its steps over tables (see `steps`).

A scope is a table. The batch scope has one line a response, a check scope one line a row that the check grades (with
its arguments as columns), and a quantifier opens a long table with one line an item, keyed by the line it came from.
An expression is lowered in the outermost scope that has what it needs and carried inwards by line number, and every
list and every quantifier is computed once a scope, so checks that cut the same text into words share the words. Two
things need no table of their own: a quantifier whose question hangs on nothing but the item is asked within the lists,
and the length of a list that nobody else wants is counted without it.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from verif_dsl.compiler.backends.steps import (
    Apply,
    Bring,
    Column,
    Counted,
    Each,
    Element,
    Explode,
    Expression,
    Keep,
    KeepList,
    Option,
    Spread,
    Step,
    Tally,
)
from verif_dsl.compiler.builtins import BUILTINS, REQUIRED, Parameter
from verif_dsl.compiler.ir import (
    Argument,
    Call,
    Constant,
    Input,
    Items,
    Local,
    Node,
    Quantifier,
    children,
    depth_of,
    walk,
)
from verif_dsl.compiler.kinds import REGEX
from verif_dsl.compiler.patterns.pattern import to_rust

BATCH = -1
"""The depth of the batch scope; a check's own scope is 0, and each quantifier's is its nesting depth."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is worth a column of its own, where all else becomes part of one expression."""

    repeated: frozenset[Node] = frozenset()
    """What a check asks of a text, or of an item, in more than one place."""
    lists: frozenset[Node] = frozenset()
    """The lists that are wanted for more than their length."""
    shared: frozenset[Node] = frozenset()
    """What is computed in the batch scope, once for all checks."""


def wanted(condition: Node, lists: frozenset[Node] = frozenset(), shared: frozenset[Node] = frozenset()) -> Wanted:
    """What a check wants, in a batch that wants `lists` and `shared` besides."""
    return Wanted(frozenset(_repeated(condition)), lists | frozenset(lists_wanted(condition)), shared)


def lists_wanted(condition: Node) -> Iterator[Node]:
    """The lists in a condition that are wanted for more than their length."""
    for node in walk(condition):
        for child in children(node):
            if child.kind.name == "list" and not (isinstance(node, Call) and node.builtin == "len"):
                yield child


def _repeated(condition: Node) -> Iterator[Node]:
    places = Counter(child for node in set(walk(condition)) for child in set(children(node)))
    for node, count in places.items():
        if count > 1 and isinstance(node, Call) and any(isinstance(one, Input | Local) for one in walk(node)):
            yield node


@dataclass
class Scope:
    """One table with the expressions already computed as its columns.

    `steps` are those of this table and of the long tables in it; the steps of an outer table are to be taken before.
    """

    table: str
    depth: int
    parent: "Scope | None" = None
    wanted: Wanted = field(default_factory=Wanted)
    steps: list[Step] = field(default_factory=list)
    names: dict[Node, str] = field(default_factory=dict)
    inner: dict[tuple[Node, int], "Scope"] = field(default_factory=dict)

    def name(self, node: Node) -> str:
        """A new column for `node`."""
        self.names[node] = f"{_word(node)} {len(self.names) + 1}"
        return self.names[node]

    def opened(self, node: Quantifier) -> "Scope":
        """A new scope for the items that a quantifier goes through, with steps among those of this one."""
        tables = sum(isinstance(step, Explode) for step in self.steps)
        table = f"items_{tables + 1}" if self.depth >= 0 else f"{self.table}_items_{tables + 1}"
        self.inner[node.source, node.depth] = Scope(table, node.depth, self, self.wanted, self.steps)
        return self.inner[node.source, node.depth]


def _word(node: Node) -> str:
    """What a column is called after."""
    match node:
        case Call(builtin):
            return re.sub("[^a-z_ ]", "", builtin).strip() or "value"
        case Quantifier(quantity):
            return quantity
        case Argument(name):
            return f"argument {name}"
        case Input(name):
            return name
    return "value"


def lower(node: Node, scope: Scope) -> Expression:
    """The expression for a node over the lines of a scope; what it needs is among the steps of the scope."""
    if isinstance(node, Constant):
        return node
    if node in scope.names:
        return Column(scope.names[node])
    if scope.parent is not None and not _belongs(node, scope):
        outer = _kept(node, lower(node, scope.parent), scope.parent)
        name = scope.name(node)
        scope.steps.append(Bring(scope.table, name, scope.parent.table, outer.name, node))
        return Column(name)
    match node:
        case Argument(name):
            return Column(f"argument {name}")
        case Input(name):
            return Column(name)
        case Local(_, index):
            return Column(f"item {index}")
        case Call():
            value = _call(node, scope)
            # The engine fuses all else into one expression.
            kept = node.kind.name == "list" or node in scope.wanted.shared or node in scope.wanted.repeated
            return _kept(node, value, scope) if kept else value
        case Items(items):
            lowered = tuple(lower(item, scope) for item in items)
            name = scope.name(node)
            scope.steps.append(KeepList(scope.table, name, lowered, node))
            return Column(name)
        case Quantifier():
            return _quantify(node, scope)


def _belongs(node: Node, scope: Scope) -> bool:
    """Whether the scope is the outermost one that has what the node needs."""
    if scope.depth > 0:
        return depth_of(node) == scope.depth
    if isinstance(node, Input):
        return False
    return scope.depth == 0 and node not in scope.wanted.shared


def _kept(node: Node, value: Expression, scope: Scope) -> Column:
    if isinstance(value, Column):
        return value
    if node not in scope.names:
        name = scope.name(node)
        if isinstance(value, Constant):
            scope.steps.append(Spread(scope.table, name, value, node))
        else:
            scope.steps.append(Keep(scope.table, name, value, node))
    return Column(scope.names[node])


def _call(node: Call, scope: Scope) -> Apply | Counted:
    if node.builtin == "len" and _is_counted(node.arguments[0]) and node.arguments[0] not in scope.wanted.lists:
        (made,) = node.arguments
        assert isinstance(made, Call)
        return Counted(made.builtin, _arguments(made, scope))
    return Apply(node.builtin, _arguments(node, scope), node.kind)


def _is_counted(node: Node) -> bool:
    return isinstance(node, Call) and BUILTINS[node.builtin].counted is not None


def _arguments(node: Call, scope: Scope) -> tuple[Expression, ...]:
    arguments: list[Expression] = []
    for parameter, argument in zip(BUILTINS[node.builtin].parameters, _constant_last(node), strict=True):
        if is_option(parameter):
            arguments.append(_option(argument))
        elif isinstance(argument, Constant) and parameter.name in SUBJECTS:
            arguments.append(_kept(argument, argument, scope))
        else:
            arguments.append(lower(argument, scope))
    return tuple(arguments)


def _constant_last(call: Call) -> tuple[Node, ...]:
    """The arguments; of an equality the constant behind. Polars 2.1 takes a literal before what is the same on all
    lines for a comparison of one line, and not after it."""
    if call.builtin in EQUALITIES and isinstance(call.arguments[0], Constant):
        return call.arguments[::-1]
    return call.arguments


EQUALITIES = ("==", "!=", "== maybe", "!= maybe")

SUBJECTS = ("x", "items", "others")
"""What builtins call the text or list they look at. Polars takes a pattern or an index a row for a subject a row."""


def is_option(parameter: Parameter) -> bool:
    """Whether a builtin takes this as a Python value and not as a column."""
    return parameter.kind == REGEX or parameter.default is not REQUIRED


def _option(argument: Node) -> Option:
    assert isinstance(argument, Constant)
    assert isinstance(argument.value, str | bool)
    return Option(to_rust(argument.value) if isinstance(argument.value, str) else argument.value)


def _quantify(node: Quantifier, scope: Scope) -> Column:
    source, condition, body = node.source, node.condition, node.body
    if node.arity == 1 and _of_the_item(body, node.depth) and (not condition or _of_the_item(condition, node.depth)):
        kept = None if condition is None else _within(condition)
        lists = _kept(source, lower(source, scope), scope)
        return _kept(node, Each(node.quantity, lists, kept, _within(body)), scope)
    items = _items(node, scope)
    hits = _kept(body, lower(body, items), items).name
    chosen = None if condition is None else _kept(condition, lower(condition, items), items).name
    name = scope.name(node)
    scope.steps.append(Tally(scope.table, name, node.quantity, items.table, chosen, hits, node))
    return Column(name)


def _of_the_item(node: Node, depth: int) -> bool:
    """Whether a question hangs on the item and on nothing else, and makes no list that others could share."""
    match node:
        case Local():
            return node.depth == depth
        case Call("len", (Call() as made,)) if _is_counted(made):
            return _all_of_the_item(made, depth)
        case Call(kind=kind) if kind.name != "list":
            return _all_of_the_item(node, depth)
    return False


def _all_of_the_item(call: Call, depth: int) -> bool:
    found = False
    for parameter, argument in zip(BUILTINS[call.builtin].parameters, call.arguments, strict=True):
        if isinstance(argument, Constant):
            if parameter.name in SUBJECTS and not is_option(parameter):
                return False
        elif not _of_the_item(argument, depth):
            return False
        else:
            found = True
    return found


def _within(node: Node) -> Expression:
    """The expression for such a question."""
    match node:
        case Local():
            return Element()
        case Call("len", (Call() as made,)):
            return Counted(made.builtin, _arguments_within(made))
        case Call():
            return Apply(node.builtin, _arguments_within(node), node.kind)
    assert isinstance(node, Constant)
    return node


def _arguments_within(node: Call) -> tuple[Expression, ...]:
    return tuple(
        _option(argument) if is_option(parameter) else _within(argument)
        for parameter, argument in zip(BUILTINS[node.builtin].parameters, _constant_last(node), strict=True)
    )


def _items(node: Quantifier, scope: Scope) -> Scope:
    """The long table of a quantifier's source, shared by all quantifiers over that source here."""
    key = (node.source, node.depth)
    if key not in scope.inner:
        source = node.source
        # Pairs come as two lists side by side; a plain list is a single one.
        value = _call(source, scope) if isinstance(source, Call) and node.arity > 1 else lower(source, scope)
        items = scope.opened(node)
        scope.steps.append(Explode(items.table, scope.table, value, source))
    return scope.inner[key]
