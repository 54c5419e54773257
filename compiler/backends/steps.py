"""A check as steps over tables: what `columns` carries out with Polars, and `written` writes out as Python.

A scope is a table. The batch scope has one line a response, a check scope one line a row that the check grades (with
its arguments as columns), and a quantifier opens a long table with one line an item, keyed by the line it came from.
An expression is lowered in the outermost scope that has what it needs and carried inwards by line number, and every
list and every quantifier is computed once a scope, so checks that cut the same text into words share the words.
"""

import re
from dataclasses import dataclass, field

from verif_dsl.compiler.builtins import BUILTINS, REQUIRED
from verif_dsl.compiler.ir import Argument, Call, Constant, Input, Items, Local, Node, Quantifier, Quantity, depth_of
from verif_dsl.compiler.kinds import REGEX, Kind
from verif_dsl.compiler.patterns.pattern import to_rust

BATCH = -1
"""The depth of the batch scope; a check's own scope is 0, and each quantifier's is its nesting depth."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table at hand."""

    name: str


@dataclass(frozen=True, slots=True)
class Option:
    """What a builtin takes as a Python value and not as a column: a pattern in Rust's dialect, a named `true`."""

    value: str | bool


@dataclass(frozen=True, slots=True)
class Apply:
    """A builtin's columnar form, applied."""

    builtin: str
    arguments: tuple["Expression", ...]
    kind: Kind


Expression = Column | Constant | Option | Apply


@dataclass(frozen=True, slots=True)
class Keep:
    """A column is computed and kept in the table as `name`."""

    table: str
    name: str
    value: Expression
    node: Node


@dataclass(frozen=True, slots=True)
class KeepList:
    """A column of lists of computed items is kept."""

    table: str
    name: str
    items: tuple[Expression, ...]
    node: Node


@dataclass(frozen=True, slots=True)
class Bring:
    """What is computed in the outer table is kept in an inner one."""

    table: str
    name: str
    outer: str
    value: Expression
    node: Node


@dataclass(frozen=True, slots=True)
class Explode:
    """A new long table of a column of lists, or of two where `value` gives pairs."""

    table: str
    outer: str
    value: Expression
    node: Node


@dataclass(frozen=True, slots=True)
class Tally:
    """A quantifier: the lines of a long table, summed up by the line they came from."""

    table: str
    name: str
    quantity: Quantity
    items: str
    kept: Expression | None
    body: Expression
    node: Node


Step = Keep | KeepList | Bring | Explode | Tally


@dataclass
class Scope:
    """One table with the expressions already computed as its columns.

    `steps` are those of this table and of the long tables in it; the steps of an outer table are to be taken before.
    """

    table: str
    depth: int
    parent: "Scope | None" = None
    shared: frozenset[Node] = frozenset()
    """What is computed in the batch scope, once for all checks."""
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
        self.inner[node.source, node.depth] = Scope(table, node.depth, self, self.shared, self.steps)
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
        outer = lower(node, scope.parent)
        name = scope.name(node)
        scope.steps.append(Bring(scope.table, name, scope.parent.table, outer, node))
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
            # Lists are dear to build and often used twice; the engine fuses the rest into one expression.
            return _kept(node, value, scope) if node.kind.name == "list" or node in scope.shared else value
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
    return scope.depth == 0 and node not in scope.shared


def _kept(node: Node, value: Expression, scope: Scope) -> Column:
    if node not in scope.names:
        name = scope.name(node)
        scope.steps.append(Keep(scope.table, name, value, node))
    return Column(scope.names[node])


def _call(node: Call, scope: Scope) -> Apply:
    arguments: list[Expression] = []
    for parameter, argument in zip(BUILTINS[node.builtin].parameters, node.arguments, strict=True):
        if parameter.kind == REGEX or parameter.default is not REQUIRED:
            assert isinstance(argument, Constant)
            assert isinstance(argument.value, str | bool)
            is_pattern = isinstance(argument.value, str)
            arguments.append(Option(to_rust(argument.value) if is_pattern else argument.value))
        elif isinstance(argument, Constant) and parameter.name == "x":
            # Polars takes a pattern a row only for a subject (which all builtins call `x`) a row.
            arguments.append(_kept(argument, argument, scope))
        else:
            arguments.append(lower(argument, scope))
    return Apply(node.builtin, tuple(arguments), node.kind)


def _quantify(node: Quantifier, scope: Scope) -> Column:
    items = _items(node, scope)
    body = lower(node.body, items)
    kept = None if node.condition is None else lower(node.condition, items)
    name = scope.name(node)
    scope.steps.append(Tally(scope.table, name, node.quantity, items.table, kept, body, node))
    return Column(name)


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
