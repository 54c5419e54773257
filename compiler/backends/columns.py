"""The columnar back end: many responses at once, each with arguments of its own, with Polars (see `lowering`)."""

from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate, chain, islice
from typing import Any, TypeVar

import polars as pl

from verif_dsl.compiler.backends.lowering import BATCH, Scope, Wanted, lists_wanted, lower, wanted
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
from verif_dsl.compiler.backends.tables import bring, each, explode, keep, keep_list, spread, tally
from verif_dsl.compiler.builtins import BUILTINS
from verif_dsl.compiler.ir import Argument, Call, Constant, Items, Node, Quantifier, Value, depth_of, walk
from verif_dsl.compiler.kinds import BOOL, DECIMAL, INT, TEXT, Kind
from verif_dsl.compiler.passes import optimise

T = TypeVar("T")
Tables = dict[str, pl.DataFrame]


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
    conditions = tuple(optimise(check.condition) for check in checks)
    columns = {name: pl.Series(column, dtype=pl.String) for name, column in texts.items()}
    frame = pl.DataFrame(columns).with_row_index("line")
    shared = frozenset(shared_nodes(conditions, [len(check.rows) for check in checks], frame.height))
    shared_steps, lowered = _lowered(conditions, shared)
    (once,) = at_once([_taken(shared_steps, {"batch": frame})])
    return at_once(
        _graded(check, steps, verdict, once) for check, (steps, verdict) in zip(checks, lowered, strict=True)
    )


@lru_cache(maxsize=256)  # a trainer asks for the same checks at every step
def _lowered(
    conditions: tuple[Node, ...], shared: frozenset[Node]
) -> tuple[Sequence[Step], Sequence[tuple[Sequence[Step], Expression]]]:
    """The steps that are taken once for a batch, and for each condition those of its own with its verdict."""
    lists = frozenset(node for condition in conditions for node in lists_wanted(condition))
    batch = Scope("batch", BATCH, wanted=Wanted(lists=lists, shared=shared))
    scopes = [Scope("rows", 0, batch, wanted(condition, lists, shared)) for condition in conditions]
    verdicts = [lower(condition, scope) for condition, scope in zip(conditions, scopes, strict=True)]
    return batch.steps, [(scope.steps, verdict) for scope, verdict in zip(scopes, verdicts, strict=True)]


Asking = Generator[pl.LazyFrame, pl.DataFrame, T]
"""What needs queries answered, one after the other, before it can say something."""

OPTIMIZATIONS = pl.QueryOptFlags.none(cluster_with_columns=True)
"""Queries come as they are to be carried out. Polars 2.1 would make columns of equal literals and miss the literals."""

SIDE_BY_SIDE = 32
"""How many checks ask at a time: each holds its tables meanwhile."""


def at_once(askings: Iterable[Asking[T]]) -> list[T]:
    """What each of them says in the end. Polars carries out the queries of many in one call, on all its threads."""
    found: dict[int, T] = {}
    waiting = enumerate(askings)
    asked: dict[int, tuple[Asking[T], pl.LazyFrame]] = {}

    def go_on(index: int, asking: Asking[T], answer: pl.DataFrame | None) -> None:
        try:
            asked[index] = asking, next(asking) if answer is None else asking.send(answer)
        except StopIteration as end:
            asked.pop(index, None)
            found[index] = end.value

    while True:
        for index, asking in islice(waiting, SIDE_BY_SIDE - len(asked)):
            go_on(index, asking, None)
        if not asked:
            return [found[index] for index in sorted(found)]
        queries = [query for _, query in asked.values()]
        # The streaming engine, which is for more than fits in memory, takes twice as long to begin.
        answers = pl.collect_all(queries, optimizations=OPTIMIZATIONS, engine="in-memory")
        for (index, (asking, _)), answer in zip(list(asked.items()), answers, strict=True):
            go_on(index, asking, answer)


def _graded(check: Check, steps: Sequence[Step], verdict: Expression, once: Tables) -> Asking[pl.Series]:
    tables = yield from _taken(steps, {**once, "rows": _rows(check)})
    found = yield keep(tables["rows"], "verdict", column(verdict)).select(pl.col("verdict").cast(pl.Boolean))
    return found["verdict"]


def _rows(check: Check) -> pl.DataFrame:
    rows = pl.Series(check.rows, dtype=pl.get_index_type())
    arguments = {f"argument {name}": _series(kind, column) for name, (kind, column) in check.arguments.items()}
    return pl.DataFrame({"parent": rows, **arguments}).with_row_index("line")


def shared_nodes(conditions: Sequence[Node], rows: Sequence[int], size: int) -> dict[Node, int]:
    """Expressions over the response and what came before that are computed once for a whole batch of `size` rows, with
    the number of checks that contain them.

    `rows` says how many rows each check grades. An expression is shared when more than one check has it and computing
    it for every row is no more work than computing it for each check's own.
    """
    checks: Counter[Node] = Counter()
    work: Counter[Node] = Counter()
    for condition, graded in zip(conditions, rows, strict=True):
        for node in _of_the_texts(condition):
            checks[node] += 1
            work[node] += graded
    return {node: count for node, count in checks.items() if count > 1 and work[node] >= size}


@lru_cache(maxsize=1024)
def _of_the_texts(condition: Node) -> tuple[Node, ...]:
    """The expressions in a condition that read neither arguments nor the variable of a quantifier around them."""
    return tuple(
        node
        for node in dict.fromkeys(walk(condition))
        if isinstance(node, Call | Items | Quantifier)
        and depth_of(node) == 0
        and not any(isinstance(one, Argument) for one in walk(node))
    )


def _taken(steps: Iterable[Step], tables: Tables) -> Asking[Tables]:
    """The tables after some steps. What is done to one table in a row is one query."""
    tables = dict(tables)
    asked: dict[str, pl.LazyFrame] = {}

    def settled(name: str) -> Asking[pl.DataFrame]:
        if name in asked:
            tables[name] = yield asked.pop(name)
        return tables[name]

    def latest(name: str) -> pl.DataFrame | pl.LazyFrame:
        return asked[name] if name in asked else tables[name]

    for step in steps:
        match step:
            case Keep(table, name, value):
                asked[table] = keep(latest(table), name, column(value))
            case Spread(table, name, constant):
                found = yield from settled(table)
                asked[table] = spread(found, name, _series(constant.kind, [constant.value]))
            case KeepList(table, name, items):
                asked[table] = keep_list(latest(table), name, *map(column, items))
            case Bring(table, name, outer, brought):
                found = yield from settled(outer)
                asked[table] = bring(latest(table), name, found[brought])
            case Explode(table, outer, value):
                found = yield from settled(outer)
                asked[table] = explode(found, *columns(value))
            case Tally(table, name, quantity, items, kept, hits):
                found = yield from settled(items)
                asked[table] = tally(latest(table), name, quantity, found, hits, kept)
    for name in list(asked):
        yield from settled(name)
    return tables


@lru_cache(maxsize=4096)
def columns(expression: Expression) -> tuple[pl.Expr, ...]:
    """The Polars expressions for an expression: two for pairs, one for everything else."""
    match expression:
        case Column(name):
            return (pl.col(name),)
        case Element():
            return (pl.element(),)
        case Counted(builtin, arguments):
            counted = BUILTINS[builtin].counted
            assert counted is not None
            return (counted(*map(_argument, arguments)).cast(pl.Int64),)
        case Each(quantity, source, kept, body):
            return (each(column(source), quantity, column(body), None if kept is None else column(kept)),)
        case Constant():
            return (_literal(expression),)
        case Apply(builtin, arguments, kind):
            found = BUILTINS[builtin].columns(*map(_argument, arguments))
            if isinstance(found, tuple):
                return found
            return (found.cast(pl.Int64) if kind == INT else found,)
    raise AssertionError(f"{expression} is no column")


def column(expression: Expression) -> pl.Expr:
    """The one Polars expression for an expression that is not of pairs."""
    (found,) = columns(expression)
    return found


def _argument(expression: Expression) -> Any:
    return expression.value if isinstance(expression, Option) else column(expression)


DTYPES: dict[Kind, pl.DataType] = {
    BOOL: pl.Boolean(),
    INT: pl.Int64(),
    TEXT: pl.String(),
    DECIMAL: pl.Struct({"n": pl.Int64(), "d": pl.Int64()}),
}


def dtype_of(kind: Kind) -> pl.DataType:
    """How the values of a kind stand in a column; what is undecided is null."""
    match kind.name:
        case "list":
            return pl.List(dtype_of(kind.parts[0]))
        case "maybe":
            return dtype_of(kind.parts[0])
    return DTYPES[kind]


def _series(kind: Kind, column: Sequence[Any]) -> pl.Series:
    if kind.name != "list" or not column:
        return pl.Series([plain(value) for value in column] if kind == DECIMAL else column, dtype=dtype_of(kind))
    # Polars takes lists of Python's one by one; all items in one go, cut into lists, take a tenth of the time.
    items = _series(kind.parts[0], list(chain.from_iterable(column)))
    sizes = [len(value) for value in column]
    places = pl.DataFrame({"start": list(accumulate(sizes, initial=0))[:-1], "size": sizes})
    return places.select(pl.lit(items.implode()).list.slice(pl.col("start"), pl.col("size"))).to_series()


def plain(value: Value) -> object:
    """A value as Polars takes it: a decimal as its numerator and denominator."""
    if isinstance(value, Fraction):
        return {"n": value.numerator, "d": value.denominator}
    return [plain(item) for item in value] if isinstance(value, tuple) else value


def _literal(node: Constant) -> pl.Expr:
    if isinstance(node.value, tuple | Fraction):
        return pl.lit(_series(node.kind, [node.value])).first()
    return pl.lit(node.value, dtype=dtype_of(node.kind))
