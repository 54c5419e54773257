"""The columnar back end: many responses at once, each with arguments of its own, as Polars expressions.

A scope is a table. The batch scope has one line a response, a check scope one line a row that the check grades (with
its arguments as columns), and a quantifier opens a long table with one line an item, keyed by the line it came from.
An expression is lowered in the outermost scope that has what it needs and carried inwards by line number, and every
list and every quantifier is computed once a scope, so checks that cut the same text into words share the words.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import polars as pl

from verif_dsl.compiler.builtins import BUILTINS, REQUIRED
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
    depth_of,
    walk,
)
from verif_dsl.compiler.kinds import BOOL, DECIMAL, INT, REGEX, TEXT, Kind
from verif_dsl.compiler.passes import optimise

BATCH = -1
"""The depth of the batch scope; a check's own scope is 0, and each quantifier's is its nesting depth."""

LINE = "line"


@dataclass(frozen=True, slots=True)
class Check:
    """A check with the rows it grades (indices into the batch) and each parameter's value on each of them."""

    condition: Node
    rows: Sequence[int]
    arguments: Mapping[str, tuple[Kind, Sequence[Value]]]


def run(texts: Mapping[str, Sequence[str]], checks: Sequence[Check]) -> list[pl.Series]:
    """For each check a boolean column, one value a row of the check.

    `texts` has a column for every `ir.Input` of the checks, `response` among them; texts are prepared (see
    `texts.prepare`), not blank and within the size limit; arguments are bound.
    """
    conditions = [optimise(check.condition) for check in checks]
    columns = {name: pl.Series(values, dtype=pl.String) for name, values in texts.items()}
    frame = pl.DataFrame(columns).with_row_index(LINE)
    shared = shared_nodes(conditions, [len(check.rows) for check in checks], frame.height)
    batch = Scope(frame, BATCH, shared=frozenset(shared))
    return [_run_one(batch, check, condition) for check, condition in zip(checks, conditions, strict=True)]


def _run_one(batch: "Scope", check: Check, condition: Node) -> pl.Series:
    rows = pl.Series(check.rows, dtype=pl.get_index_type())
    columns = {name: _column(kind, values) for name, (kind, values) in check.arguments.items()}
    frame = pl.DataFrame({"parent": rows, **{f"argument {name}": column for name, column in columns.items()}})
    scope = Scope(frame.with_row_index(LINE), 0, parent=batch, shared=batch.shared)
    return scope.values(lower(condition, scope))


def shared_nodes(conditions: Sequence[Node], rows: Sequence[int], size: int) -> dict[Node, int]:
    """Expressions over the response and what came before that are computed once for a whole batch of `size` rows, with
    the number of checks that contain them.

    `rows` says how many rows each check grades. An expression is shared when more than one check has it and computing
    it for every row is no more work than computing it for each check's own.
    """
    checks: Counter[Node] = Counter()
    work: Counter[Node] = Counter()
    for condition, graded in zip(conditions, rows, strict=True):
        for node in {one for one in walk(condition) if isinstance(one, Call | Items | Quantifier)}:
            checks[node] += 1
            work[node] += graded
    return {
        node: count
        for node, count in checks.items()
        if count > 1
        and work[node] >= size
        and depth_of(node) == 0
        and not any(isinstance(one, Argument) for one in walk(node))
    }


@dataclass
class Scope:
    """One table with the expressions already computed as its columns."""

    frame: pl.DataFrame
    depth: int
    parent: "Scope | None" = None
    shared: frozenset[Node] = frozenset()
    names: dict[Node, str] = field(default_factory=dict)
    inner: dict[tuple[Node, int], "Scope"] = field(default_factory=dict)

    def values(self, column: pl.Expr) -> pl.Series:
        """One value a line. A literal is spread out: Polars loses the length of a literal column in later sums."""
        values = self.frame.select(column.alias("value"))["value"]
        return values if len(values) == self.frame.height else values.new_from_index(0, self.frame.height)

    def add(self, node: Node, column: pl.Expr) -> pl.Expr:
        """Keeps a column for `node` and returns the expression that reads it."""
        if node not in self.names:
            name = f"node {len(self.names)}"
            self.frame = self.frame.with_columns(self.values(column).alias(name))
            self.names[node] = name
        return pl.col(self.names[node])


def lower(node: Node, scope: Scope) -> pl.Expr:
    """The Polars expression for a node, over the lines of a scope."""
    if isinstance(node, Constant):
        return _literal(node)
    if node in scope.names:
        return pl.col(scope.names[node])
    if scope.parent is not None and not _belongs(node, scope):
        outer = lower(node, scope.parent)
        return scope.add(node, pl.lit(scope.parent.values(outer).gather(scope.frame["parent"])))
    match node:
        case Argument(name):
            return pl.col(f"argument {name}")
        case Input(name):
            return pl.col(name)
        case Local(_, index):
            return pl.col(f"item {index}")
        case Call():
            column = _call(node, scope)
            assert isinstance(column, pl.Expr), "pairs are read by quantifiers only"
            column = column.cast(pl.Int64) if node.kind == INT else column
            # Lists are dear to build and often used twice; the engine fuses the rest into one expression.
            return scope.add(node, column) if node.kind.name == "list" or node in scope.shared else column
        case Items(items):
            columns = [scope.values(lower(item, scope)).alias(str(index)) for index, item in enumerate(items)]
            return scope.add(node, pl.lit(pl.DataFrame(columns).select(pl.concat_list(pl.all())).to_series()))
        case Quantifier():
            return scope.add(node, _quantify(node, scope))


def _belongs(node: Node, scope: Scope) -> bool:
    """Whether the scope is the outermost one that has what the node needs."""
    if scope.depth > 0:
        return depth_of(node) == scope.depth
    if isinstance(node, Input):
        return False
    return scope.depth == 0 and node not in scope.shared


def _call(node: Call, scope: Scope) -> pl.Expr | tuple[pl.Expr, pl.Expr]:
    builtin = BUILTINS[node.builtin]
    arguments: list[Any] = []
    for parameter, argument in zip(builtin.parameters, node.arguments, strict=True):
        if parameter.kind == REGEX or parameter.default is not REQUIRED:
            assert isinstance(argument, Constant)
            arguments.append(argument.value)
        elif isinstance(argument, Constant) and parameter.name == "x":
            # Polars takes a pattern a row only for a subject (which all builtins call `x`) a row.
            arguments.append(scope.add(argument, _literal(argument)))
        else:
            arguments.append(lower(argument, scope))
    return builtin.columns(*arguments)


OVER_NOTHING: dict[str, bool | int] = {"any": False, "all": True, "every": False, "count": 0}


def _quantify(node: Quantifier, scope: Scope) -> pl.Expr:
    items = _items(node, scope)
    if items.frame.is_empty():
        # Nothing to go through on any line; Polars would refuse to fit literals to no lines.
        return pl.lit(OVER_NOTHING[node.quantity], dtype=_dtype(node.kind))
    body = lower(node.body, items)
    kept = lower(node.condition, items) if node.condition is not None else pl.lit(True)
    hits = kept & (body if node.quantity in ("any", "count") else body.not_())
    lines = pl.DataFrame({"parent": items.frame["parent"], "kept": items.values(kept), "hits": items.values(hits)})
    tallies = lines.group_by("parent").agg(pl.col("kept").sum(), pl.col("hits").sum())
    joined = scope.frame.select(LINE).join(tallies, left_on=LINE, right_on="parent", how="left", maintain_order="left")
    kept_count, hit_count = (joined[name].fill_null(0).cast(pl.Int64) for name in ("kept", "hits"))
    match node.quantity:
        case "any":
            result = hit_count > 0
        case "all":
            result = hit_count == 0
        case "every":
            result = (hit_count == 0) & (kept_count > 0)
        case "count":
            result = hit_count
    return pl.lit(result)


def _items(node: Quantifier, scope: Scope) -> Scope:
    """The long table of a quantifier's source, one line an item, shared by all quantifiers over that source here."""
    key = (node.source, node.depth)
    if key not in scope.inner:
        source = node.source
        # Pairs come as two lists side by side; a plain list is a single one.
        pairs = _call(source, scope) if isinstance(source, Call) and node.arity > 1 else lower(source, scope)
        columns = pairs if isinstance(pairs, tuple) else (pairs,)
        named = {f"item {index}": scope.values(column) for index, column in enumerate(columns)}
        lists = pl.DataFrame({"parent": scope.frame[LINE], **named})
        # An empty list would explode into a line with a null.
        lists = lists.filter(pl.col("item 0").list.len() > 0)
        items = lists.explode(*named).with_row_index(LINE)
        scope.inner[key] = Scope(items, node.depth, parent=scope, shared=scope.shared)
    return scope.inner[key]


DTYPES: dict[Kind, pl.DataType] = {
    BOOL: pl.Boolean(),
    INT: pl.Int64(),
    TEXT: pl.String(),
    DECIMAL: pl.Struct({"n": pl.Int64(), "d": pl.Int64()}),
}


def _dtype(kind: Kind) -> pl.DataType:
    match kind.name:
        case "list":
            return pl.List(_dtype(kind.parts[0]))
        case "maybe":
            return _dtype(kind.parts[0])
    return DTYPES[kind]


def _column(kind: Kind, values: Sequence[Value]) -> pl.Series:
    return pl.Series([_plain(value) for value in values], dtype=_dtype(kind))


def _plain(value: Value) -> object:
    if isinstance(value, Fraction):
        return {"n": value.numerator, "d": value.denominator}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _literal(node: Constant) -> pl.Expr:
    if isinstance(node.value, tuple | Fraction):
        return pl.lit(_column(node.kind, [node.value])).first()
    return pl.lit(node.value, dtype=_dtype(node.kind))
