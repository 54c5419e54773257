"""Mutants of a check: the same check with one small mistake in it, of the kinds that people make.

Each is a well-typed expression, so that it has a verdict on every response, as the check itself has. Examples that hold
for a mutant too do not say which of the two is meant (see `strength`).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from verif_dsl.compiler.builtins import BUILTINS, INTERNAL, OPERATOR_NAMES, REQUIRED
from verif_dsl.compiler.intervals import Interval
from verif_dsl.compiler.ir import Argument, Call, Constant, Input, Node, Quantifier, Quantity, children, rebuild, walk
from verif_dsl.compiler.kinds import BOOL, DECIMAL, INT, REGEX, TEXT, Kind
from verif_dsl.compiler.patterns.pattern import nullable, parse_pattern
from verif_dsl.compiler.printed_ir import shown
from verif_dsl.testing.normal import substitute
from verif_dsl.testing.same_meaning import normal

RELATIONS = {
    "<": ("<=", "!="),
    "<=": ("<", "=="),
    ">": (">=", "!="),
    ">=": (">", "=="),
    "==": ("<=", ">="),
    "!=": ("<", ">"),
}
"""What each relation is taken for.

Whatever tells a check from these tells it from the other relations too: nobody who has `<` right against `<=` and `!=`
has it wrong against `>`.
"""

QUANTITIES: Mapping[Quantity, tuple[Quantity, ...]] = {
    "any": ("every",),
    "all": ("any", "every"),
    "every": ("any", "all"),
    "count": (),
}

SEGMENTS = {
    "words": ("tokens_ws", "sentences"),
    "tokens_ws": ("words", "lines"),
    "sentences": ("lines", "paragraphs"),
    "lines": ("sentences", "paragraphs"),
    "paragraphs": ("lines", "sentences"),
    "chars": ("words",),
}
"""How else a text is cut; every one of these makes a list of texts."""

PATTERN_PART = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|.", re.DOTALL)
"""A character of a pattern, or a whole class, in which `^` and `$` mean something else."""

LONGEST_SNIPPET = 90
"""Characters of the source that a description quotes at most."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A check with one mistake, and the mistake in words."""

    description: str
    check: Node


@dataclass(frozen=True, slots=True)
class _Change:
    """One node in place of another; the words say all when they need no `place`."""

    words: str
    node: Node
    place: str = " in"


def mutants(check: Node, kinds: Mapping[str, Kind], ranges: Mapping[str, Interval] | None = None) -> list[Mutant]:
    """Every mutant of a check that is not shown to mean the same as it, or as one before.

    `kinds` are the types of the constraint's parameters, and `ranges` what its int parameters can be. An expression
    that stands in several places, as a `let` does, changes in all of them.

    >>> words = Call("len", (Call("words", (Input("response"),), Kind("list", (TEXT,))),), INT)
    >>> found = mutants(Call(">", (words, Constant(3, INT)), BOOL), {})
    >>> print(found[0].description)
    `>=` instead of `>` in `len(words(response)) > 3`
    """
    known = ranges or {}
    seen = {normal(check, known)}
    found = []
    for site in dict.fromkeys(walk(check)):
        for change in _changes(site, kinds):
            mutated = substitute(check, site, change.node)
            form = normal(mutated, known)
            if form not in seen:
                seen.add(form)
                where = f"{change.place} `{snippet(site)}`" if change.place else ""
                found.append(Mutant(f"{change.words}{where}", mutated))
    return found


def snippet(node: Node) -> str:
    """A node as one writes it, on one line, and without its middle where it is long.

    >>> snippet(Call("not", (Argument("flag", BOOL),), BOOL))
    'not flag'
    """
    text = " ".join(shown(node).split()).replace("`", "'")
    if len(text) <= LONGEST_SNIPPET:
        return text
    kept = LONGEST_SNIPPET // 2 - 1
    return f"{text[:kept]} … {text[-kept:]}"


# ------------------------------------------------------------------------------------------------------ the operators


def relations(node: Node) -> Iterator[_Change]:
    """`<=` for `<`, and the like."""
    match node:
        case Call(name, (left, right), kind):
            symbol, _, variant = name.partition(" ")
            for other in RELATIONS.get(symbol, ()):
                chosen = f"{other} {variant}".strip()
                fits = left.kind == INT if not variant else left.kind == DECIMAL
                # Only numbers have an order; other values are the same or not, which `negations` swaps.
                if chosen in BUILTINS and (fits or other in ("==", "!=")):
                    yield _Change(f"`{other}` instead of `{symbol}`", Call(chosen, (left, right), kind))


def numbers(node: Node) -> Iterator[_Change]:
    """A number that is one more or less: a tenth for a decimal."""
    for index, part in _changeable(node):
        match part:
            case Constant(bool()):
                continue
            case Constant(int(value), kind) if kind == INT:
                for step in (1, -1):
                    yield _Change(f"{value + step} instead of {value}", _with(node, index, Constant(value + step, INT)))
            case Constant(Fraction() as share, kind) if kind == DECIMAL:
                for by in (Fraction(1, 10), Fraction(-1, 10)):
                    moved = Constant(share + by, DECIMAL)
                    yield _Change(f"{shown(moved)} instead of {shown(part)}", _with(node, index, moved))


def texts(node: Node) -> Iterator[_Change]:
    """A text without its last character, or in the other case."""
    for index, part in _changeable(node):
        match part:
            case Constant(str(value), kind) if kind == TEXT:
                for other in dict.fromkeys((value[:-1], value.swapcase())):
                    if other not in ("", value):
                        changed = Constant(other, TEXT)
                        yield _Change(f"{shown(changed)} instead of {shown(part)}", _with(node, index, changed))


def anchors(node: Node) -> Iterator[_Change]:
    """A pattern that may match anywhere, without its `^` or `$`.

    None that then matches the empty text: it would match everywhere, and not everything takes such a pattern.
    """
    match node:
        case Constant(str(pattern), kind) if kind == REGEX:
            for found in PATTERN_PART.finditer(pattern):
                loose = pattern[: found.start()] + pattern[found.end() :]
                if found[0] in ("^", "$") and not nullable(parse_pattern(loose)):
                    yield _Change(f"without `{found[0]}`", Constant(loose, REGEX))


def options(node: Node) -> Iterator[_Change]:
    """An option, such as `whole_word`, that is the other way round."""
    if isinstance(node, Call):
        for index, parameter in enumerate(BUILTINS[node.builtin].parameters):
            part = node.arguments[index]
            if parameter.default is not REQUIRED and isinstance(part, Constant) and isinstance(part.value, bool):
                other = not part.value
                words = f"`{parameter.name}={str(other).lower()}`"
                yield _Change(words, _with(node, index, Constant(other, BOOL)))


def connectives(node: Node) -> Iterator[_Change]:
    """`or` for `and`, and one side alone."""
    match node:
        case Call("and" | "or" as name, (left, right), kind):
            other = "or" if name == "and" else "and"
            swapped = Call(other, (left, right), kind)
            yield _Change(f"`{other}` instead of `{name}` before `{snippet(right)}`", swapped, place="")
            yield _Change(f"without `{snippet(right)}`", left, place="")
            yield _Change(f"without `{snippet(left)}`", right, place="")


def negations(node: Node) -> Iterator[_Change]:
    """The opposite of a condition."""
    match node:
        case Call("not", (inner,)):
            yield _Change("without `not`", inner)
        case Call(name) if node.kind == BOOL and name not in ("and", "or"):
            yield _Change("the opposite", Call("not", (node,), BOOL), place=" of")


def quantities(node: Node) -> Iterator[_Change]:
    """`every` for `all`, and the like."""
    if isinstance(node, Quantifier):
        for other in QUANTITIES[node.quantity]:
            yield _Change(f"`{other}` instead of `{node.quantity}`", replace(node, quantity=other))


def conditions(node: Node) -> Iterator[_Change]:
    """A quantifier over all the items, without its `if`."""
    if isinstance(node, Quantifier) and node.condition is not None:
        yield _Change(f"without `if {snippet(node.condition)}`", replace(node, condition=None))


def wrappers(node: Node) -> Iterator[_Change]:
    """A function that makes a text of a text, or a list of a list, left out: `response` for `lower(response)`."""
    match node:
        case Call(name, (inner, *_), kind) if inner.kind == kind != BOOL and name not in OPERATOR_NAMES | INTERNAL:
            yield _Change(f"without `{name}`", inner)


def segments(node: Node) -> Iterator[_Change]:
    """`lines` for `sentences`, and the like."""
    if isinstance(node, Call):
        for other in SEGMENTS.get(node.builtin, ()):
            yield _Change(f"`{other}` instead of `{node.builtin}`", replace(node, builtin=other))


def parameters(node: Node, kinds: Mapping[str, Kind]) -> Iterator[_Change]:
    """Another parameter of the same type."""
    for index, part in _changeable(node):
        if isinstance(part, Argument):
            for name, kind in kinds.items():
                if name != part.name and kind == part.kind:
                    yield _Change(f"`{name}` instead of `{part.name}`", _with(node, index, Argument(name, kind)))


def inputs(node: Node) -> Iterator[_Change]:
    """The empty text instead of one of the row."""
    for index, part in _changeable(node):
        if isinstance(part, Input):
            yield _Change(f'`""` instead of `{snippet(part)}`', _with(node, index, Constant("", TEXT)))


def signs(node: Node) -> Iterator[_Change]:
    """`-` for `+`, and the other way round."""
    match node:
        case Call("+" | "-" | "+ decimal" | "- decimal" as name, arguments, kind):
            symbol, _, variant = name.partition(" ")
            other = "-" if symbol == "+" else "+"
            yield _Change(f"`{other}` instead of `{symbol}`", Call(f"{other} {variant}".strip(), arguments, kind))


OPERATORS: tuple[Callable[[Node], Iterator[_Change]], ...] = (
    relations,
    numbers,
    texts,
    anchors,
    options,
    connectives,
    negations,
    quantities,
    conditions,
    wrappers,
    segments,
    inputs,
    signs,
)
"""Each yields what may stand in a node's place; `parameters`, which needs their types, is one more."""


def _changes(node: Node, kinds: Mapping[str, Kind]) -> Iterator[_Change]:
    for operator in OPERATORS:
        yield from operator(node)
    yield from parameters(node, kinds)


def _changeable(node: Node) -> Iterator[tuple[int, Node]]:
    """The arguments of a call that may be computed, with their places: an option has to be written out."""
    if isinstance(node, Call):
        for index, (parameter, part) in enumerate(zip(BUILTINS[node.builtin].parameters, node.arguments, strict=True)):
            if parameter.default is REQUIRED:
                yield index, part


def _with(node: Node, index: int, part: Node) -> Node:
    """A call with one other argument."""
    parts = children(node)
    return rebuild(node, (*parts[:index], part, *parts[index + 1 :]))
