"""Calls and literals: which argument is for which parameter, hints for those who come from other languages."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol

from verif_dsl.compiler import syntax
from verif_dsl.compiler.builtins import REQUIRED, Builtin
from verif_dsl.compiler.diagnostics import suggestion
from verif_dsl.compiler.ir import Call, Node
from verif_dsl.compiler.kinds import BOOL, DECIMAL, INT, TEXT, Kind, list_of
from verif_dsl.compiler.source import Span

FOREIGN_FUNCTIONS = {
    "lower": "fold",
    "casefold": "fold",
    "strip": "trim",
    "startswith": "starts_with",
    "endswith": "ends_with",
    "count": "occurrences",
    "split": "words",
    "upper": "is_upper",
    "islower": "is_lower",
    "isupper": "is_upper",
    "length": "len",
    "size": "len",
    "contains": "in",
}
"""Names from other languages, with the builtin that does the same here."""


class Report(Protocol):
    """How a mistake is told: its code, a sentence, its place, and how to mend it."""

    def __call__(self, code: str, message: str, span: Span, hint: str | None = None) -> None: ...


def match_arguments(
    tree: syntax.Call, parameters: Sequence[tuple[str, object]], signature: str, report: Report
) -> dict[str, syntax.Expression] | None:
    """The arguments of a call by parameter name, or None when they do not match (which is reported).

    `parameters` are (name, default) pairs; one with a default is passed by name only. `signature` is shown as help.
    """
    by_name = dict(parameters)
    positional = [name for name, default in parameters if default is REQUIRED]
    matched: dict[str, syntax.Expression] = {}
    ok = True
    for index, argument in enumerate(tree.arguments):
        name: str | None = argument.name or (positional[index] if index < len(positional) else None)
        if name is None:
            report("V0202", f"`{tree.function}` takes {len(positional)} unnamed argument(s)", argument.span, signature)
        elif name not in by_name:
            hint = suggestion(name, by_name) or signature
            report("V0202", f"`{tree.function}` has no argument `{name}`", argument.span, hint)
        elif name in matched:
            report("V0202", f"`{name}` is given twice", argument.span)
        else:
            matched[name] = argument.value
            continue
        ok = False
    missing = [name for name in positional if name not in matched]
    if ok and missing:
        report("V0202", f"`{tree.function}` lacks its argument `{missing[0]}`", tree.span, signature)
    return matched if ok and not missing else None


def comparison_hint(kind: Kind) -> str:
    """How a value of this kind becomes a condition."""
    return {"int": "x >= 1", "text": 'x != ""'}.get(kind.name, "len(x) >= 1")


def conversion_hint(builtin: Builtin, kind: Kind) -> str | None:
    """What people mean who give a builtin a value of this kind."""
    if builtin.name == "len" and kind == TEXT:
        return "a text has no one length: write len(words(x)), len(chars(x)), len(lines(x)), ..."
    return None


def number_of(text: str) -> tuple[int | Fraction, Kind]:
    """The value and the type of a number as it is written.

    >>> number_of("0.5")
    (Fraction(1, 2), Kind(name='decimal', parts=()))
    """
    return (Fraction(text), DECIMAL) if "." in text else (int(text), INT)


def lifted(node: Node) -> Node:
    """A whole number as the decimal it is; anything else as it was."""
    return Call("as decimal", (node,), DECIMAL) if node.kind == INT else node


def type_of(tree: syntax.TypeName) -> Kind | None:
    """The type that a written one names."""
    match tree.kind:
        case "bool":
            return BOOL
        case "int":
            return INT
        case "decimal":
            return DECIMAL
        case "text" | "one_of":
            return TEXT
        case "list" if tree.item and (item := type_of(tree.item)):
            return list_of(item)
    return None
