"""Types for operators: `and`, `+`, `<=`, `in`, ... One spelling stands for several builtins, chosen by the operands.

A whole number beside a decimal is the decimal it is, and a decided value beside one that may be undecided is one that
happens to be decided. Nothing else is ever converted.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from verif_dsl.compiler import syntax
from verif_dsl.compiler.builtins import BUILTINS
from verif_dsl.compiler.closed_sets import never_equal
from verif_dsl.compiler.ir import Call, Constant, Local, Node, Quantifier
from verif_dsl.compiler.kinds import BOOL, DECIMAL, INT, REGEX, TEXT, Kind, fill, list_of, maybe, unify
from verif_dsl.compiler.source import Span

if TYPE_CHECKING:
    from verif_dsl.compiler.expressions import Typer

UNDECIDED_HINT = "say what holds when it is undecided: decide(..., if_unknown=false)"


def lifted(node: Node, kind: Kind) -> Node:
    """The node as a value of a kind that its own is part of: a whole number as a decimal, a decided value as one that
    may be undecided, and a list of whole numbers that is written out as one of decimals. Any other node as it was.
    """
    if kind == list_of(DECIMAL) and isinstance(node, Constant) and node.kind == list_of(INT):
        assert isinstance(node.value, tuple)
        return Constant(tuple(Fraction(number) for number in node.value if isinstance(number, int)), kind)
    if kind == DECIMAL and node.kind == INT:
        if isinstance(node, Constant) and isinstance(node.value, int):
            return Constant(Fraction(node.value), DECIMAL)
        return Call("as decimal", (node,), DECIMAL)
    if kind.name == "maybe" and node.kind == kind.parts[0]:
        return Call("as maybe", (node,), kind)
    return node


def operate(
    typer: "Typer",
    name: str,
    trees: Sequence[syntax.Expression],
    nodes: Sequence[Node | None],
    span: Span,
    depth: int = 0,
) -> Node | None:
    """The call that an operator between these operands means, or None when they do not fit (which is reported)."""
    operands = [node for node in nodes if node is not None]
    if len(operands) < len(nodes):
        return None
    if any(DECIMAL in (node.kind, *node.kind.parts) for node in operands):
        operands = [lifted(node, list_of(DECIMAL)) for node in operands]
        if name == "in list" and operands[0].kind in (INT, DECIMAL) and operands[1].kind == list_of(DECIMAL):
            return _in_decimals(typer, operands, span, depth)
    for kind in (DECIMAL, maybe(BOOL), maybe(TEXT)):
        variant = f"{name} {'decimal' if kind == DECIMAL else 'maybe'}"
        if variant in BUILTINS and any(node.kind == kind for node in operands):
            name, operands = variant, [lifted(node, kind) for node in operands]
            break
    builtin, item = BUILTINS[name], None
    for parameter, tree, node in zip(builtin.parameters, trees, operands, strict=True):
        fits, item = unify(parameter.kind, node.kind, item)
        if not fits:
            wanted = fill(parameter.kind, item)
            symbol = name.partition(" ")[0].replace("negate", "-")
            hint = _hint(symbol, wanted, node.kind)
            typer.report("V0203", f"`{symbol}` needs {wanted} here, and this is {node.kind}", tree.span, hint)
            return None
    arguments = tuple(
        typer.settled(node, fill(parameter.kind, item))
        for parameter, node in zip(builtin.parameters, operands, strict=True)
    )
    return typer.made(Call(name, arguments, fill(builtin.result, item)), span)


def _hint(symbol: str, wanted: Kind, found: Kind) -> str | None:
    if found.name == "maybe":
        return UNDECIDED_HINT
    if symbol == "in" and found == REGEX:
        return 'write matches(x, re"...")'
    if symbol == "+" and found == TEXT:
        return "texts are not joined: a check looks for each of them"
    if wanted in (INT, DECIMAL) and found.name == "list":
        return "a list is no number: write len(xs)"
    return None


def _in_decimals(typer: "Typer", operands: Sequence[Node], span: Span, depth: int) -> Node | None:
    """A number in a list of decimals: one of them is the same number, however either is written."""
    item, items = operands
    equal = Call("== decimal", (Local(depth + 1, 0, DECIMAL), lifted(item, DECIMAL)), BOOL)
    return typer.made(Quantifier("any", depth + 1, 1, items, None, equal), span)


def compare(
    typer: "Typer",
    comparator: syntax.Comparator,
    trees: Sequence[syntax.Expression],
    nodes: Sequence[Node | None],
    depth: int,
) -> Node | None:
    """One link of a chain of comparisons."""
    left, right = nodes
    if left is None or right is None:
        return None
    span = trees[0].span.join(trees[1].span)
    looks_into_text = comparator in ("in", "not in") and right.kind == TEXT
    if (
        comparator in ("==", "!=", "in", "not in")
        and not looks_into_text
        and (mistake := never_equal(left, right, typer.choices))
    ):
        typer.report("V0216", mistake.message, span, mistake.hint)
        return None
    if comparator not in ("in", "not in"):
        return operate(typer, comparator, trees, nodes, span, depth)
    if right.kind != TEXT and right.kind.name != "list":
        typer.report("V0203", f"`in` looks into a text or a list, and this is {right.kind}", trees[1].span)
        return None
    found = operate(typer, "in text" if right.kind == TEXT else "in list", trees, nodes, span, depth)
    return found if comparator == "in" else operate(typer, "not", [trees[0]], [found], span)
