"""The steps of a check over tables: what `columns` carries out with Polars, and `written` writes out as Python.

`lowering` makes them of a check. Expressions stand for Polars' own: what is computed of the columns of one table.
"""

from dataclasses import dataclass

from verif_dsl.compiler.ir import Constant, Node, Quantity
from verif_dsl.compiler.kinds import Kind


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


@dataclass(frozen=True, slots=True)
class Element:
    """The item at hand within a list (see `Each`)."""


@dataclass(frozen=True, slots=True)
class Counted:
    """How long the list would be that a builtin makes of a text."""

    builtin: str
    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Each:
    """A quantifier over a column of lists whose condition and body hang on the item only."""

    quantity: Quantity
    source: "Expression"
    kept: "Expression | None"
    body: "Expression"


Expression = Column | Constant | Option | Apply | Element | Counted | Each


@dataclass(frozen=True, slots=True)
class Keep:
    """A column is computed and kept in the table as `name`."""

    table: str
    name: str
    value: Expression
    node: Node


@dataclass(frozen=True, slots=True)
class Spread:
    """A constant is kept as a column with a value a line, which a literal is not."""

    table: str
    name: str
    value: Constant
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
    """A column of the outer table is kept in an inner one."""

    table: str
    name: str
    outer: str
    column: str
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
    """A quantifier: the lines of a long table, summed up by the line they came from.

    `hits` and `kept` are columns of it that say what meets the body and the condition.
    """

    table: str
    name: str
    quantity: Quantity
    items: str
    kept: str | None
    hits: str
    node: Node


Step = Keep | Spread | KeepList | Bring | Explode | Tally
