"""The syntax tree: what a .vif file says, node by node, each with its place. No meaning yet.

`parser.parse` builds it; `elaborate` gives it types.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from verif_dsl.compiler.source import Span

Role = Literal["user", "assistant", "system"]

# ---------------------------------------------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True)
class Number:
    """`12` or `0.5`, kept as written, since decimals are exact."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Text:
    """A string or a block, its escapes and its indentation already resolved."""

    value: str
    span: Span
    block: bool = False


@dataclass(frozen=True, slots=True)
class Regex:
    """`re"..."`, raw."""

    pattern: str
    span: Span


@dataclass(frozen=True, slots=True)
class Boolean:
    """`true` or `false`."""

    value: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Name:
    """`name`, or `module.name` when `module` is set."""

    name: str
    span: Span
    module: str | None = None

    def __str__(self) -> str:
        return f"{self.module}.{self.name}" if self.module else self.name


@dataclass(frozen=True, slots=True)
class ListOf:
    """`[a, b]`."""

    items: tuple["Expression", ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call, positional when `name` is None."""

    name: str | None
    value: "Expression"
    span: Span


@dataclass(frozen=True, slots=True)
class Call:
    """`function(arguments)`."""

    function: Name
    arguments: tuple[Argument, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Quantified:
    """`all(body for a, b in source if condition)`."""

    function: Name
    body: "Expression"
    variables: tuple[Name, ...]
    source: "Expression"
    condition: "Expression | None"
    span: Span


@dataclass(frozen=True, slots=True)
class Unary:
    """`not x` or `-x`."""

    operator: Literal["not", "-"]
    operand: "Expression"
    span: Span


@dataclass(frozen=True, slots=True)
class Binary:
    """`a + b`, `a - b`, `a * b`, `a and b`, `a or b`."""

    operator: Literal["+", "-", "*", "and", "or"]
    left: "Expression"
    right: "Expression"
    span: Span


Comparator = Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A chain, `a <= b < c`: each neighbouring pair is compared, all must hold."""

    operands: tuple["Expression", ...]
    comparators: tuple[Comparator, ...]
    span: Span


Expression = Number | Text | Regex | Boolean | Name | ListOf | Call | Quantified | Unary | Binary | Comparison

# ---------------------------------------------------------------------------------------------------------- types


@dataclass(frozen=True, slots=True)
class Range:
    """`low to high`, both included; a bound is a number or the name of an earlier parameter."""

    low: Expression
    high: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class TypeName:
    """A written type; `kind` tells which of the other fields can be set."""

    kind: Literal["int", "decimal", "bool", "text", "one_of", "list"]
    span: Span
    range: Range | None = None
    matching: Regex | None = None
    choices: tuple[Text, ...] = ()
    item: "TypeName | None" = None


# -------------------------------------------------------------------------------------------------------- clauses


@dataclass(frozen=True, slots=True)
class Doc:
    text: Text
    span: Span


@dataclass(frozen=True, slots=True)
class Tags:
    tags: tuple[Text, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Deprecated:
    reason: Text
    replacement: Name | None
    span: Span


@dataclass(frozen=True, slots=True)
class Param:
    name: Name
    type: TypeName
    default: Expression | None
    sample: Range | ListOf | None
    span: Span


@dataclass(frozen=True, slots=True)
class Require:
    condition: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Given:
    """`given name from assistant[-1]` (role and index) or `from field "column"`."""

    name: Name
    role: Role | None
    index: int
    field: Text | None
    span: Span


@dataclass(frozen=True, slots=True)
class Let:
    name: Name
    value: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Instruct:
    text: Text
    when: Expression | None
    lang: Text | None
    span: Span


@dataclass(frozen=True, slots=True)
class Feedback:
    text: Text
    when: Expression | None
    lang: Text | None
    span: Span


@dataclass(frozen=True, slots=True)
class Check:
    condition: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Anchor:
    score: Number
    text: Text
    span: Span


@dataclass(frozen=True, slots=True)
class Judge:
    """A judge block; every field keeps all its occurrences, so that a second one can be reported."""

    asks: tuple[Text, ...]
    scales: tuple[tuple[Number, Number], ...]
    anchors: tuple[Anchor, ...]
    passes: tuple[Number, ...]
    shows: tuple[Name, ...]
    unknowns: tuple[Literal["mask", "fail"], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Bind:
    """`name = literal`, in a `with` or in a `use`."""

    name: Name
    value: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Turn:
    role: Role
    text: Text
    span: Span


@dataclass(frozen=True, slots=True)
class Example:
    """An `accept` or a `reject`, of a constraint or of a spec."""

    accepts: bool
    response: Text
    arguments: tuple[Bind, ...]
    after: tuple[Turn, ...]
    score: Number | None
    because: Text | None
    span: Span


Clause = Doc | Tags | Deprecated | Param | Require | Given | Let | Instruct | Feedback | Check | Judge | Example

# ------------------------------------------------------------------------------------------------------ top level


@dataclass(frozen=True, slots=True)
class Import:
    path: Text
    version: Text | None
    alias: Name
    span: Span


@dataclass(frozen=True, slots=True)
class Formal:
    name: Name
    type: TypeName
    span: Span


@dataclass(frozen=True, slots=True)
class Define:
    name: Name
    formals: tuple[Formal, ...]
    result: TypeName
    body: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Constraint:
    name: Name
    version: int
    clauses: tuple[Clause, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Use:
    constraint: Name
    arguments: tuple[Bind, ...]
    weight: Number | None
    alias: Name | None
    span: Span


@dataclass(frozen=True, slots=True)
class Reward:
    expression: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Spec:
    name: Name
    version: int
    clauses: tuple[Doc | Tags | Use | Reward | Example, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class File:
    """A whole .vif file."""

    edition: Number | None
    pack: tuple[Text, Text | None] | None
    imports: tuple[Import, ...]
    items: tuple[Define | Constraint | Spec, ...]
    span: Span


def walk(tree: object) -> Iterator[object]:
    """All nodes of a tree, or of a tuple of trees, each before those within it."""
    if isinstance(tree, tuple):
        for one in tree:
            yield from walk(one)
    elif hasattr(tree, "__dataclass_fields__"):
        yield tree
        for field in tree.__dataclass_fields__:
            yield from walk(getattr(tree, field))
