"""The columnar back end: many responses at once, each with arguments of its own, with Polars (see `steps`)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import polars as pl

from verif_dsl.compiler.backends.steps import (
    BATCH,
    Apply,
    Bring,
    Column,
    Explode,
    Expression,
    Keep,
    KeepList,
    Option,
    Scope,
    Step,
    Tally,
    lower,
)
from verif_dsl.compiler.backends.tables import bring, explode, keep, keep_list, tally, values
from verif_dsl.compiler.builtins import BUILTINS
from verif_dsl.compiler.ir import Argument, Call, Constant, Items, Node, Quantifier, Value, depth_of, walk
from verif_dsl.compiler.kinds import BOOL, DECIMAL, INT, TEXT, Kind
from verif_dsl.compiler.passes import optimise

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
    conditions = [optimise(check.condition) for check in checks]
    columns = {name: pl.Series(column, dtype=pl.String) for name, column in texts.items()}
    frame = pl.DataFrame(columns).with_row_index("line")
    shared = frozenset(shared_nodes(conditions, [len(check.rows) for check in checks], frame.height))
    batch = Scope("batch", BATCH, shared=shared)
    scopes = [Scope("rows", 0, batch, shared) for _ in checks]
    verdicts = [lower(condition, scope) for condition, scope in zip(conditions, scopes, strict=True)]
    once = {"batch": frame}
    take(batch.steps, once)
    found = []
    for check, scope, verdict in zip(checks, scopes, verdicts, strict=True):
        tables = {**once, "rows": _rows(check)}  # of its own, which go when the check is done
        take(scope.steps, tables)
        found.append(values(tables["rows"], column(verdict)).cast(pl.Boolean))
    return found


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


def take(steps: Iterable[Step], tables: Tables) -> None:
    """Carries out some steps; the tables grow, and new ones come to them."""
    for step in steps:
        table = tables.get(step.table, pl.DataFrame())
        match step:
            case Keep(_, name, value):
                table = keep(table, name, column(value))
            case KeepList(_, name, items):
                table = keep_list(table, name, *map(column, items))
            case Bring(_, name, outer, value):
                table = bring(table, name, tables[outer], column(value))
            case Explode(_, outer, value):
                table = explode(tables[outer], *columns(value))
            case Tally(_, name, quantity, items, kept, body):
                keeps = pl.lit(True) if kept is None else column(kept)
                table = tally(table, name, quantity, tables[items], keeps, column(body))
        tables[step.table] = table


def columns(expression: Expression) -> tuple[pl.Expr, ...]:
    """The Polars expressions for an expression: two for pairs, one for everything else."""
    match expression:
        case Column(name):
            return (pl.col(name),)
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


def _series(kind: Kind, column: Sequence[Value]) -> pl.Series:
    return pl.Series([plain(value) for value in column], dtype=dtype_of(kind))


def plain(value: Value) -> object:
    """A value as Polars takes it: a decimal as its numerator and denominator."""
    if isinstance(value, Fraction):
        return {"n": value.numerator, "d": value.denominator}
    return [plain(item) for item in value] if isinstance(value, tuple) else value


def _literal(node: Constant) -> pl.Expr:
    if isinstance(node.value, tuple | Fraction):
        return pl.lit(_series(node.kind, [node.value])).first()
    return pl.lit(node.value, dtype=dtype_of(node.kind))
