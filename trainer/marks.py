"""What a verdict rests on, as places in a completion: what a judge quoted, and what a check looks for."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise, product
from typing import Literal

from verif_dsl.compiler.backends.judge_prompts import BREAK
from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.ir import Call, Constant, Input, Local, Node, Quantifier, Value, children, walk
from verif_dsl.compiler.patterns.matcher import find

Span = tuple[int, int]
Why = Literal["quoted", "sought"]

NEEDLES = {"occurrences": 1, "in text": 0, "starts_with": 1, "ends_with": 1, "in list": 0}
"""Builtins that look for a text, and which of their arguments it is."""
PATTERNS = ("find_all", "matches")
FOLDING = ("fold", "lower")
WHOLE_WORD, FOLD_CASE = 2, 3
"""Which arguments of `occurrences` these flags are."""
MOST_NEEDLES = 1000

Items = Mapping[int, Sequence[tuple[Value, ...]]]
"""What the variables of the quantifiers around a node go through, by depth."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text, and why it is marked, if it is."""

    text: str
    why: tuple[Why, ...] = ()


def quoted(evidence: str, text: str) -> Span | None:
    """Where a quotation stands in the text: as it is, or its words one after the other, as `evidence_found` means it.

    >>> quoted("so be it", "Well, so - be it."), quoted("never", "Well."), quoted("", "Well.")
    ((6, 16), None, None)
    """
    evidence = evidence.replace(BREAK, "").strip()
    words = re.findall(r"\w+", evidence)
    if (start := text.find(evidence)) >= 0:
        return (start, start + len(evidence)) if evidence else None
    found = re.search(r"\b" + r"\W+".join(words) + r"\b", text) if words else None
    return found.span() if found else None


def sought(check: Node, arguments: Mapping[str, Value], text: str) -> list[Span]:
    """Where the text has something that a check looks for by its words or by a pattern.

    That is told from the check alone, so a place may be marked that did not count. Left out are texts to look for that
    are themselves taken from the response or from what came before, patterns of a part of the response, and patterns
    that fit more than half of it.
    """
    row = Row(text, arguments)
    found: set[Span] = set()
    for call, items in _calls(check, row, {}):
        if call.builtin in NEEDLES:
            whole = call.builtin == "in list" or _flag(call, WHOLE_WORD)
            flags = re.IGNORECASE if _flag(call, FOLD_CASE) or _folds(call) else 0
            for needle in _values(call.arguments[NEEDLES[call.builtin]], row, items):
                found.update(_places(needle, text, whole, flags))
        elif call.builtin in PATTERNS and (searched := _in_place(call.arguments[0], row)) is not None:
            (pattern,) = _values(call.arguments[1], row, items)
            spans = list(_matches(pattern, searched))
            if 2 * sum(end - start for start, end in spans) <= len(text):
                found.update(spans)
    return sorted(found)


def pieces(text: str, marks: Iterable[tuple[Span, Why]]) -> list[Piece]:
    """The text cut where a mark begins or ends; marks may overlap.

    >>> pieces("a list.", [((2, 6), "sought"), ((0, 6), "quoted")])  # doctest: +NORMALIZE_WHITESPACE
    [Piece(text='a ', why=('quoted',)), Piece(text='list', why=('quoted', 'sought')), Piece(text='.', why=())]
    """
    marks = sorted(marks)
    edges = sorted({0, len(text), *(edge for span, _ in marks for edge in span)})
    found = []
    for start, end in pairwise(edges):
        why = {reason for span, reason in marks if span[0] <= start and end <= span[1]}
        found.append(Piece(text[start:end], tuple(sorted(why))))
    return found


def _calls(node: Node, row: Row, items: Items) -> Iterator[tuple[Call, Items]]:
    """Every call in a check, with what the variables around it go through, where that is known without the response."""
    if isinstance(node, Call):
        yield node, items
    if not isinstance(node, Quantifier):
        for child in children(node):
            yield from _calls(child, row, items)
        return
    yield from _calls(node.source, row, items)
    inner = {depth: known for depth, known in items.items() if depth != node.depth}
    if not any(isinstance(one, Input | Local) for one in walk(node.source)):
        values = evaluate(node.source, row)
        assert isinstance(values, tuple)
        inner[node.depth] = [one if node.arity > 1 and isinstance(one, tuple) else (one,) for one in values]
    for part in (node.condition, node.body):
        if part is not None:
            yield from _calls(part, row, inner)


def _values(node: Node, row: Row, items: Items) -> Iterator[str]:
    """The texts that an expression stands for; none where it reads the response or what came before."""
    parts = list(walk(node))
    depths = sorted({one.depth for one in parts if isinstance(one, Local)})
    if any(isinstance(one, Input) for one in parts) or not items.keys() >= set(depths):
        return
    for choice in islice(product(*(items[depth] for depth in depths)), MOST_NEEDLES):
        variables = {
            (depth, index): value
            for depth, chosen in zip(depths, choice, strict=True)
            for index, value in enumerate(chosen)
        }
        value = evaluate(node, row, variables)
        if isinstance(value, str):
            yield value


def _places(needle: str, text: str, whole: bool, flags: int) -> Iterator[Span]:
    if needle.strip():
        before, after = (r"(?<!\w)" * needle[0].isalnum(), r"(?!\w)" * needle[-1].isalnum()) if whole else ("", "")
        yield from (one.span() for one in re.finditer(before + re.escape(needle) + after, text, flags))


def _matches(pattern: str, text: str) -> Iterator[Span]:
    position = 0
    while (found := find(pattern, text, position)) and found[1] > found[0]:
        yield found
        position = found[1]


def _flag(call: Call, index: int) -> bool:
    return call.builtin == "occurrences" and call.arguments[index] == Constant(True, call.arguments[index].kind)


def _folds(call: Call) -> bool:
    return any(isinstance(one, Call) and one.builtin in FOLDING for one in walk(call))


def _in_place(node: Node, row: Row) -> str | None:
    """The response, also in another case, if every character keeps its place; None for any other expression."""
    inner = node
    while isinstance(inner, Call) and inner.builtin in FOLDING:
        inner = inner.arguments[0]
    if inner != Input("response"):
        return None
    value = evaluate(node, row)
    return value if isinstance(value, str) and len(value) == len(row.response) else None
