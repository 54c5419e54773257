"""Texts made from the response (in one case, cut at the ends, a first or last token), and what a response has to look
like for one of them to contain, begin with, end with or be a literal.

Each question is answered twice: `over` gives a pattern that every such response matches, `sure` one that only such
responses match. A condition is replaced by the first where it has to hold, and by the second where it must not.
"""

import sys
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Literal

from verif_dsl.compiler.builtins.segments import LETTERS
from verif_dsl.compiler.conflicts.automata import ALL
from verif_dsl.compiler.ir import Call, Constant, Input, Local, Node
from verif_dsl.compiler.patterns.charset import WHITE_SPACE, Ranges, complement, contains, normalise, of_property
from verif_dsl.compiler.patterns.pattern import Choice, Edge, Repeat, Sequence, Set, parse_pattern
from verif_dsl.compiler.patterns.pattern import Node as Pattern

Case = Literal["raw", "lower", "fold"]
Relation = Literal["contains", "starts", "ends", "equals"]

EMPTY = Sequence(())
END = Edge(False)
SPACE = Set(WHITE_SPACE)
NOT_SPACE = Set(complement(WHITE_SPACE))
MARKS: Ranges = of_property("M") or ()
NOT_MARK = Set(complement(MARKS))
WORD_SET = parse_pattern(LETTERS)
assert isinstance(WORD_SET, Set)
NOT_WORD = Set(complement(WORD_SET.ranges))
ASCII_PUNCTUATION: Ranges = ((0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E))
PLAIN = Set(normalise([*WHITE_SPACE, *((low, high) for low, high in ASCII_PUNCTUATION)]))
"""Characters that no change of case touches; what may be cut from the ends of a text here."""
QUOTES = "`'\""
QUOTED: Ranges = ((0x22, 0x22), (0x27, 0x27), (0x60, 0x60))
LAST_CASED = 0x20000
"""Beyond this code point no character has another case."""


@dataclass(frozen=True, slots=True)
class View:
    """A text made from the response.

    `strips` are the sets that were cut from its ends, the first one first; a `token` is what stands before the first
    white space of that, or after the last, without the characters `removed`. A `piece` is any part of the text of
    which no place is known.
    """

    case: Case = "raw"
    strips: tuple[Ranges, ...] = ()
    token: Literal["first", "last"] | None = None
    removed: Ranges = ()
    piece: Literal["some", "each", "letters"] | None = None
    """A part that is known to exist, or each of the parts of a text without its white space; of one whose quotation
    marks may have been replaced, only single other characters are known (`letters`).
    """


Views = dict[tuple[int, int], View]
"""What the variables of a quantifier are known to be, by depth and index."""


def view_of(node: Node, variables: Views) -> View | None:
    """The view that a text is, or None.

    >>> from verif_dsl.compiler.kinds import TEXT
    >>> view_of(Call("lower", (Call("trim", (Input("response"),), TEXT),), TEXT), {}).case
    'lower'
    """
    match node:
        case Input("response"):
            return View()
        case Local(depth, index):
            return variables.get((depth, index))
        case Call("lower" | "fold" as case, (inner,)):
            view = view_of(inner, variables)
            return replace(view, case=case) if view and view.case in ("raw", case) else None
        case Call("trim", (inner,)):
            return _stripped(view_of(inner, variables), WHITE_SPACE)
        case Call("first", (Call("find_all", (inner, Constant(str(pattern)))), Constant(""))):
            stripped = _strips(parse_pattern(pattern))
            return _stripped(view_of(inner, variables), stripped) if stripped else None
        case Call("first" | "last" as end, (Call("tokens_ws", (inner,)), Constant(""))):
            view = view_of(inner, variables)
            usable = view and view.token is None and view.piece is None and set(view.strips) <= {WHITE_SPACE}
            return replace(view, token=end) if view and usable else None
        case Call("without", (inner, Constant(str(pattern)))):
            view, tree = view_of(inner, variables), parse_pattern(pattern)
            if view and view.token and not view.removed and view.case == "raw" and isinstance(tree, Set):
                return replace(view, removed=tree.ranges)
    return None


def _stripped(view: View | None, ranges: Ranges) -> View | None:
    if view is None or (view.token and ranges != WHITE_SPACE):
        return None
    return view if view.token or view.piece else replace(view, strips=(*view.strips, ranges))


def _strips(tree: Pattern) -> Ranges | None:
    """The characters that `first(find_all(x, tree), "")` cuts from the ends, where that is what it does."""
    match tree:
        case Sequence((Set(kept), Repeat(Sequence((Repeat(Set(every), 0, None), Set(again))), 0, 1))):
            cut = complement(kept)
            plain = all(_within(one, PLAIN.ranges) for one in cut)
            if kept == again and complement(every) == () and plain:
                return cut
    return None


def _within(one: tuple[int, int], ranges: Ranges) -> bool:
    return any(low <= one[0] and one[1] <= high for low, high in ranges)


# --------------------------------------------------------------------------------------------------------- literals


@cache
def _sources(case: Case) -> tuple[dict[str, Set], frozenset[str]]:
    """For each character of ASCII, those in whose lower case or case folding it is; and the pairs within one of these.

    >>> contains(_sources("fold")[0]["s"].ranges, "ß"), "ss" in _sources("fold")[1]
    (True, True)
    """
    points: dict[str, list[tuple[int, int]]] = {chr(point): [] for point in range(128)}
    pairs: set[str] = set()
    for point in range(min(LAST_CASED, sys.maxunicode)):
        if 0xD800 <= point <= 0xDFFF:
            continue
        character = chr(point)
        changed = character.lower() if case == "lower" else character.casefold()
        for one in changed if point >= 128 else changed[:1]:
            if one in points:
                points[one].append((point, point))
        pairs.update(a + b for a, b in pairwise(changed))
    return {one: Set(normalise(found)) for one, found in points.items()}, frozenset(pairs)


def over_literal(literal: str, case: Case) -> Pattern:
    """Matches every part of a response that becomes the literal when it is changed to the case."""
    if case == "raw":
        return Sequence(tuple(Set(((ord(one), ord(one)),)) for one in literal))
    sources, pairs = _sources(case)
    parts: list[Pattern] = []
    for index, one in enumerate(literal):
        if not one.isascii():  # one character may come from several, and several from one
            if parts[-1:] != [ALL]:
                parts.append(ALL)
            continue
        joined = index > 0 and literal[index - 1] + one in pairs
        parts.append(Repeat(sources[one], 0, 1) if joined else sources[one])
    return Sequence(tuple(parts))


def sure_literal(literal: str, case: Case) -> Pattern | None:
    """Matches only parts that become the literal, where no mark follows them; None where that is not known."""
    if case == "raw":
        return over_literal(literal, case)
    if not literal.isascii():
        return None
    return Sequence(
        tuple(Set(normalise((ord(x), ord(x)) for x in {one, one.upper()} if x.lower() == one)) for one in literal)
    )


def sequence(*parts: Pattern | None) -> Pattern | None:
    """The parts one after another; None where one of them is not known."""
    known = [one for one in parts if one is not None]
    return Sequence(tuple(known)) if len(known) == len(parts) else None


def _spaced(literal: str, removed: Ranges) -> Pattern:
    """The literal with any of the characters that are left out between its own."""
    gap = Repeat(Set(removed), 0, None)
    parts: list[Pattern] = [gap]
    for one in literal:
        parts += [Set(((ord(one), ord(one)),)), gap]
    return Sequence(tuple(parts))


def over(view: View, relation: Relation, literal: str) -> Pattern:
    """A pattern that matches every response of which the relation holds."""
    core = over_literal(literal, view.case)
    if view.removed and not literal.isascii():  # what is left out may have stood between a letter and its mark
        return ALL
    if view.piece == "letters" and (len(literal) != 1 or literal in QUOTES):
        return ALL
    if view.removed and view.case == "raw":
        core = _spaced(literal, view.removed)
    elif view.removed:
        gap = Repeat(Set(view.removed), 0, None)
        inner = core.parts if isinstance(core, Sequence) else (core,)
        core = Sequence((*(part for one in inner for part in (gap, one)), gap))
    lead = tuple(Repeat(Set(one), 0, None) for one in view.strips)
    tail = lead[::-1]
    if view.token:
        around: Pattern = Repeat(SPACE, 0, None)
        before: Pattern
        if view.token == "first":
            after: Pattern = Choice((Sequence((SPACE, ALL)), EMPTY)) if relation in ("equals", "ends") else ALL
            before = around if relation in ("equals", "starts") else ALL
        else:
            before = Choice((Sequence((ALL, SPACE)), EMPTY)) if relation in ("equals", "starts") else ALL
            after = around if relation in ("equals", "ends") else ALL
        if view.removed and relation != "equals":
            before = after = ALL
        return Sequence((before, core, after))
    if view.piece or relation == "contains":
        return Sequence((ALL, core, ALL))
    before_all = lead if relation in ("starts", "equals") else (ALL,)
    after_all = tail if relation in ("ends", "equals") else (ALL,)
    return Sequence((*before_all, core, *after_all))


def sure(view: View, relation: Relation, literal: str) -> Pattern | None:
    """A pattern that matches only responses of which the relation holds, or None where none is known."""
    core = sure_literal(literal, view.case)
    if core is None or view.token or view.removed or not literal:
        return None
    go_on: Pattern = ALL if view.case == "raw" else Choice((Sequence((NOT_MARK, ALL)), EMPTY))
    if view.piece:
        whole = view.piece == "each" and not any(contains(WHITE_SPACE, one) for one in literal)
        return Sequence((ALL, core, go_on)) if whole and relation == "contains" else None
    if not view.strips:
        before = (ALL,) if relation in ("contains", "ends") else ()
        after = (go_on,) if relation in ("contains", "starts") else ()
        return Sequence((*before, core, *after))
    cut = normalise(pair for one in view.strips for pair in one)
    opens, closes = contains(cut, literal[0]), contains(cut, literal[-1])
    if relation == "contains":
        kept = Set(complement(cut))
        left = (ALL, kept, ALL) if opens else (ALL,)
        right = (ALL, kept, ALL) if closes else (go_on,)
        return Sequence((*left, core, *right))
    if opens or closes or len(view.strips) > 1:
        return None
    edge = Repeat(Set(cut), 0, None)
    first: Pattern = edge if relation in ("starts", "equals") else ALL
    last: Pattern = edge if relation in ("ends", "equals") else go_on
    return Sequence((first, core, last))


# --------------------------------------------------------------------------------------------------------- patterns


def over_pattern(view: View, tree: Pattern) -> Pattern:
    """A pattern that matches every response in whose view the tree matches somewhere."""
    if view.case != "raw":
        tree = _in_case(tree, view.case)
    if view.removed or (view.piece == "letters" and not (isinstance(tree, Set) and not _meets(tree.ranges, QUOTED))):
        return ALL
    if view.token or view.piece:
        tree = _without_edges(tree)
    elif view.strips:
        return Sequence((_loose(view, tree, True), _without_edges(tree), _loose(view, tree, False)))
    return Sequence((ALL, tree, ALL))


def _loose(view: View, tree: Pattern, start: bool) -> Pattern:
    """What stands before or after a match: only what was cut off, where the tree holds on to that end."""
    parts = tree.parts if isinstance(tree, Sequence) else (tree,)
    held = bool(parts) and parts[0 if start else -1] == Edge(start)
    cut = [Repeat(Set(one), 0, None) for one in view.strips]
    return Sequence(tuple(cut if start else cut[::-1])) if held else ALL


def sure_pattern(view: View, tree: Pattern) -> Pattern | None:
    """A pattern that matches only responses in whose view the tree matches, or None where none is known."""
    if view == View():
        return Sequence((ALL, tree, ALL))
    match tree:
        case Set(ranges) if view.case == "raw" and not view.token and not view.removed:
            inside = normalise(complement(normalise([*complement(ranges), *(p for s in view.strips for p in s)])))
            if view.piece is None or (view.piece == "each" and not _meets(ranges, WHITE_SPACE)):
                return Sequence((ALL, Set(inside), ALL))
    return None


def _meets(one: Ranges, other: Ranges) -> bool:
    return any(low <= last and first <= high for low, high in one for first, last in other)


def _in_case(tree: Pattern, case: Case) -> Pattern:
    """A pattern that matches whatever becomes a match when it is changed to the case."""
    match tree:
        case Set(ranges):
            spaces = [one for one in ranges if _within(one, WHITE_SPACE)]
            others = [one for one in ranges if not _within(one, WHITE_SPACE)]
            if any(high >= 128 for _, high in others):
                return ALL
            sources, pairs = _sources(case)
            found = [*spaces]
            doubled = False
            for low, high in others:
                for point in range(low, high + 1):
                    found += sources[chr(point)].ranges
                    doubled = doubled or any(pair[1] == chr(point) for pair in pairs)
            made = Set(normalise(found))
            return Repeat(made, 0, 1) if doubled else made
        case Sequence(parts):
            return Sequence(tuple(_in_case(one, case) for one in parts))
        case Choice(parts):
            return Choice(tuple(_in_case(one, case) for one in parts))
        case Repeat(part, low, high):
            return Repeat(_in_case(part, case), low, high)
    return tree


def _without_edges(tree: Pattern) -> Pattern:
    match tree:
        case Edge():
            return EMPTY
        case Sequence(parts):
            return Sequence(tuple(map(_without_edges, parts)))
        case Choice(parts):
            return Choice(tuple(map(_without_edges, parts)))
        case Repeat(part, low, high):
            return Repeat(_without_edges(part), low, high)
    return tree
