"""The steps of a check as Python statements: what `columns` does with them, written out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from operator import add, and_, eq, ge, gt, le, lt, mul, ne, neg, or_, sub
from typing import Any

from verif_dsl.compiler.backends.carried import Carried, text_literal
from verif_dsl.compiler.backends.columns import plain
from verif_dsl.compiler.backends.lowering import Scope, lower, wanted
from verif_dsl.compiler.backends.python_code import Brackets, Code, Infix, call, flat, lay_out
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
from verif_dsl.compiler.builtins import BUILTINS
from verif_dsl.compiler.diagnostics import VerifError
from verif_dsl.compiler.ir import Argument, Constant, Input, Local, Node
from verif_dsl.compiler.kinds import BOOL, DECIMAL, INT, TEXT, Kind, of_pairs
from verif_dsl.compiler.passes import optimise
from verif_dsl.compiler.printed_ir import shown

TABLES = "verif_dsl.compiler.backends.tables"
SYMBOLS = {and_: "&", or_: "|", eq: "==", ne: "!=", lt: "<", le: "<=", gt: ">", ge: ">=", add: "+", sub: "-", mul: "*"}
DTYPES = {BOOL: "pl.Boolean", INT: "pl.Int64", TEXT: "pl.String"}
INDENT = "    "
LONGEST_COMMENT = 112


@dataclass
class Writer:
    """Writes checks; what they use of ours is copied into `carried`."""

    carried: Carried = field(default_factory=Carried)

    def function(self, name: str, condition: Node) -> str:
        """A function from the table of rows to the column of verdicts."""
        optimised = optimise(condition)
        scope = Scope("rows", 0, wanted=wanted(optimised))
        verdict = lower(optimised, scope)
        lines = [f"def {name}(rows: pl.DataFrame) -> pl.Series:"]
        said: Node | None = None
        for step in scope.steps:
            trivial = isinstance(step, Bring) and isinstance(step.node, Argument | Input | Local)
            if not trivial and step.node != said:
                lines += _comment(step.node)
                said = step.node
            lines.append(lay_out(f"{step.table} = ", self._done(step), "", INDENT))
        lines += _comment(optimised) if optimised != said else []
        last = self._table_call("keep", "rows", '"verdict"', self.code(verdict))
        lines += [lay_out("rows = ", last, "", INDENT), f'{INDENT}return rows["verdict"]']
        return "\n".join(lines)

    def _done(self, step: Step) -> Code:
        match step:
            case Keep(table, name, value):
                return self._table_call("keep", table, text_literal(name), self.code(value))
            case Spread(table, name, constant):
                return self._table_call("spread", table, text_literal(name), _constant(constant))
            case KeepList(table, name, items):
                return self._table_call("keep_list", table, text_literal(name), *map(self.code, items))
            case Bring(table, name, outer, column):
                return self._table_call("bring", table, text_literal(name), f"{outer}[{text_literal(column)}]")
            case Explode(_, outer, value):
                pairs = isinstance(value, Apply) and of_pairs(value.kind)
                lists = self.code(value)
                return self._table_call("explode", outer, f"*{flat(lists)}" if pairs else lists)
            case Tally(table, name, quantity, items, kept, hits):
                columns = [text_literal(one) for one in (hits, kept) if one is not None]
                return self._table_call("tally", table, text_literal(name), text_literal(quantity), items, *columns)

    def _table_call(self, name: str, *arguments: Code, then: str = ".collect()") -> Brackets:
        self.carried.add(TABLES, name)
        return call(name, *arguments, then=then)

    def code(self, expression: Expression) -> Code:
        """The Python expression that builds the Polars expression."""
        match expression:
            case Column(name):
                return f"pl.col({text_literal(name)})"
            case Option(bool(value)):
                return str(value)
            case Option(str(pattern)):
                return self.carried.pattern(pattern)
            case Constant():
                return _literal(expression)
            case Element():
                return "pl.element()"
            case Each(quantity, source, kept, body):
                conditions = [self.code(one) for one in (body, kept) if one is not None]
                return self._table_call("each", self.code(source), text_literal(quantity), *conditions, then="")
            case Counted(builtin, arguments):
                return self._builtin(BUILTINS[builtin].counted, builtin, tuple(map(self.code, arguments)), INT)
            case Apply():
                return self._applied(expression)
        raise AssertionError(expression)

    def _applied(self, apply: Apply) -> Code:
        function: Any = BUILTINS[apply.builtin].columns
        arguments = tuple(map(self.code, apply.arguments))
        if function in SYMBOLS:
            return _infix(SYMBOLS[function], arguments)
        if function is neg:
            (inner,) = arguments
            return f"-({flat(inner)})" if isinstance(inner, Infix) else f"-{flat(inner)}"
        return self._builtin(function, apply.builtin, arguments, apply.kind)

    def _builtin(self, function: Any, builtin: str, arguments: tuple[Code, ...], kind: Kind) -> Code:
        fixed: list[Code] = []
        if isinstance(function, partial):
            fixed = [self._operator(one, builtin) for one in function.args]
            function = function.func
        module, name = function.__module__, function.__name__
        if not name.isidentifier() or function.__qualname__ != name:
            raise VerifError(f"`{builtin}` cannot be written out as Python")
        self.carried.add(module, name)
        return call(name, *fixed, *arguments, then=".cast(pl.Int64)" if kind == INT else "")

    def _operator(self, function: Any, builtin: str) -> str:
        if function not in SYMBOLS:
            raise VerifError(f"`{builtin}` cannot be written out as Python")
        self.carried.import_("operator", function.__name__, function.__name__)
        return str(function.__name__)


def _infix(symbol: str, operands: Sequence[Code]) -> Infix:
    """Operators of one sort in a row, which Python applies from the left, too."""
    first, *others = operands
    if symbol in "&|+-*" and isinstance(first, Infix) and first.symbol == symbol:
        return Infix(symbol, (*first.operands, *others))
    return Infix(symbol, tuple(operands))


def _comment(node: Node) -> list[str]:
    text = "".join(one if one.isprintable() else f"U+{ord(one):04X}" for one in shown(node))
    return [f"{INDENT}# {text if len(text) <= LONGEST_COMMENT else text[:LONGEST_COMMENT] + '...'}"]


def _constant(node: Constant) -> Brackets:
    """A column of one value."""
    return call("pl.Series", Brackets("[", (_listed(plain(node.value)),), "]"), f"dtype={dtype(node.kind)}")


def _listed(plain_value: object) -> Code:
    if isinstance(plain_value, list):
        return Brackets("[", tuple(map(_listed, plain_value)), "]")
    return value(plain_value)


def _literal(node: Constant) -> Code:
    if node.kind in (BOOL, TEXT) and node.value is not None:
        return f"pl.lit({value(node.value)})"
    if node.kind.name in ("list", "decimal"):
        return call("pl.lit", _constant(node), then=".first()")
    return f"pl.lit({value(node.value)}, dtype={dtype(node.kind)})"


def value(plain_value: object) -> str:
    """A plain value as a Python literal."""
    match plain_value:
        case str():
            return text_literal(plain_value)
        case dict():
            return "{" + ", ".join(f"{text_literal(key)}: {value(one)}" for key, one in plain_value.items()) + "}"
        case list() | tuple():
            return f"[{', '.join(map(value, plain_value))}]"
    return repr(plain_value)


def dtype(kind: Kind) -> str:
    """The Polars type of a kind's values (see `columns.dtype_of`)."""
    if kind == DECIMAL:
        return 'pl.Struct({"n": pl.Int64, "d": pl.Int64})'
    match kind.name:
        case "list":
            return f"pl.List({dtype(kind.parts[0])})"
        case "maybe":
            return dtype(kind.parts[0])
    return DTYPES[kind]
