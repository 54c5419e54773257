"""What a builtin is: one row that holds its signature, its meaning in words and in code, and its columnar form."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from verif_dsl.compiler.kinds import Kind

if TYPE_CHECKING:
    import polars as pl

REQUIRED: Any = object()
"""The default of a parameter that has none."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A builtin's parameter. One with a default is passed by name only, and must be written out (not computed)."""

    name: str
    kind: Kind
    default: Any = REQUIRED
    unfit: Callable[[Any], str | None] | None = None
    """For a text that has to be written out: says what is wrong with one."""

    def __str__(self) -> str:
        default = "" if self.default is REQUIRED else f" = {str(self.default).lower()}"
        return f"{self.name}: {self.kind}{default}"


@dataclass(frozen=True, slots=True)
class Builtin:
    """A builtin, defined once for every back end.

    `reference` is the meaning: a plain function over Python values (lists are tuples), total on its signature.
    `columns` builds the Polars expression for the same; regexes and parameters with defaults reach it as Python values,
    already in Rust's dialect, everything else as expressions. It is a function with a name, an operator, or a `partial`
    of one over the other, so that it can be written out (see `backends.emitted`); so is `counted`. `examples` are
    (arguments, result) pairs, run as tests.
    """

    name: str
    parameters: tuple[Parameter, ...]
    result: Kind
    meaning: str
    reference: Callable[..., Any]
    columns: "Callable[..., pl.Expr | tuple[pl.Expr, pl.Expr]]"
    examples: tuple[tuple[tuple[Any, ...], Any], ...]
    counted: "Callable[..., pl.Expr] | None" = None
    """For a builtin that makes a list: the Polars expression for how long that is, which needs no list."""
    dear: bool = False
    """Whether it costs so much that it is asked only where something hangs on the answer. Its text comes first."""
    lacking: Callable[[], str | None] | None = None
    """For a builtin that reads data this package does not bring: says what is not installed, and how to install it."""
    needs_match: bool = False
    """Whether its regex must not match the empty text."""
    values: Callable[[], tuple[str, ...]] | None = None
    """All that it can answer, where that is a closed set of texts."""
    growth: int = 1
    """How many times as large as its arguments its text or list can be (see `cost`)."""

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.parameters))}) -> {self.result}"


def absence_of(read: Callable[[], object]) -> str | None:
    """Why data cannot be read, in the words of the `FileNotFoundError` that its reader raises; None where it can."""
    try:
        read()
    except FileNotFoundError as error:
        return str(error)
    return None


def over_distinct(function: Callable[..., Any], dtype: "pl.DataType", *arguments: "pl.Expr") -> "pl.Expr":
    """The function over the rows of some columns, called once for equal rows; null where the only column is null."""
    import polars as pl

    def run(rows: "pl.Series") -> "pl.Series":
        if rows.null_count() == len(rows):
            return pl.Series([None], dtype=dtype).new_from_index(0, len(rows))
        known: dict[Any, Any] = {None: None}
        found = []
        for row in rows.struct.unnest().iter_rows() if len(arguments) > 1 else rows:
            if row not in known:
                known[row] = function(*row) if len(arguments) > 1 else function(row)
            found.append(known[row])
        return pl.Series(found, dtype=dtype)

    named = [argument.alias(str(index)) for index, argument in enumerate(arguments)]
    return (pl.struct(named) if len(named) > 1 else named[0]).map_batches(run, return_dtype=dtype)
