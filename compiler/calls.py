"""Calls and literals: which argument is for which parameter, hints for those who come from other languages."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol

from verif_dsl.compiler import syntax
from verif_dsl.compiler.builtins import REQUIRED
from verif_dsl.compiler.diagnostics import Note, suggestion
from verif_dsl.compiler.kinds import BOOL, DECIMAL, INT, REGEX, TEXT, Kind, list_of
from verif_dsl.compiler.operators import UNDECIDED_HINT
from verif_dsl.compiler.source import Span

QUANTITIES = ("any", "all", "every", "count")
"""The words that a quantifier begins with."""

FOREIGN_FUNCTIONS = {
    "casefold": "fold(x)",
    "contains": '"..." in x',
    "endswith": "ends_with(x, suffix)",
    "findall": 'find_all(x, re"...")',
    "has": '"..." in x',
    "includes": '"..." in x',
    "index": "at(xs, n, otherwise)",
    "islower": "is_lower(x)",
    "isupper": "is_upper(x)",
    "length": "len(xs)",
    "lower_case": "lower(x)",
    "lowercase": "lower(x)",
    "match": 'matches(x, re"...")',
    "search": 'matches(x, re"...")',
    "set": "unique(xs)",
    "size": "len(xs)",
    "startswith": "starts_with(x, prefix)",
    "strip": "trim(x)",
    "tolower": "lower(x)",
    "upper": "is_upper(x)",
}
"""Names from other languages, with what does the same here."""


class Report(Protocol):
    """How a mistake is told: its code, a sentence, its place, and how to mend it."""

    def __call__(
        self, code: str, message: str, span: Span, hint: str | None = None, notes: tuple[Note, ...] = ()
    ) -> None: ...


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
        if argument.name is None and any(one.name for one in tree.arguments[:index]):
            report("V0202", "an argument without a name stands before those with one", argument.span, signature)
        elif name is None:
            options = [f"{one}=..." for one in by_name if one not in positional]
            hint = f"options go by name: {', '.join(options)}" if options else signature
            message = f"`{tree.function}` takes {counted(len(positional), 'unnamed argument')}"
            report("V0202", message, argument.span, hint)
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


def mismatch_hint(wanted: Kind, found: Kind) -> str | None:
    """How a value of one kind becomes one of another, where people are likely to want that.

    >>> mismatch_hint(BOOL, INT)
    'compare it: x >= 1'
    """
    if found.name == "maybe":
        return UNDECIDED_HINT
    if wanted == BOOL:
        return "compare it: " + {"int": "x >= 1", "decimal": "x >= 0.5", "text": 'x != ""'}.get(
            found.name, "len(x) >= 1"
        )
    if wanted in (INT, DECIMAL) and found.name == "list":
        return "a list is no number: write len(xs)"
    return None


def conversion_hint(wanted: Kind, found: Kind) -> str | None:
    """What people mean who give a function a value of one kind where it takes another."""
    if wanted == REGEX and found == TEXT:
        return 'a regular expression is written re"..."'
    if wanted.name == "list" and found.name == "list" and found.parts[0].name == "pair":
        return "pairs are for quantifiers: any(... for a, b in adjacent(xs))"
    if wanted.name == "list" and found == TEXT:
        return "a text is no list: write words(x), chars(x), lines(x), sentences(x), ..."
    return mismatch_hint(wanted, found)


def counted(number: int, noun: str) -> str:
    """The number with its noun.

    >>> counted(1, "argument"), counted(2, "argument")
    ('1 argument', '2 arguments')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def number_of(text: str) -> tuple[int | Fraction, Kind]:
    """The value and the type of a number as it is written.

    >>> number_of("0.5")
    (Fraction(1, 2), Kind(name='decimal', parts=()))
    """
    return (Fraction(text), DECIMAL) if "." in text else (int(text), INT)


def type_of(tree: syntax.TypeName) -> Kind:
    """The type that a written one names."""
    if tree.kind == "list" and tree.item:
        return list_of(type_of(tree.item))
    return {"bool": BOOL, "int": INT, "decimal": DECIMAL}.get(tree.kind, TEXT)


def is_narrowed(tree: syntax.TypeName) -> bool:
    """Whether a written type has a range, a pattern or choices, which only parameters have."""
    if tree.range or tree.matching or tree.choices:
        return True
    return tree.item is not None and is_narrowed(tree.item)
