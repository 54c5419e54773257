"""Measures of a response: what a count says of the text, and what holds between counts of any text.

The axioms are data: each has one sentence and a function that gives it for the measures at hand. A property test holds
each to the reference evaluator; what failed there is not here. So `river <= words` is no axiom: `river-river` is one
word and holds two whole-word occurrences.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from verif_dsl.compiler.builtins.texts import fold
from verif_dsl.compiler.conflicts.automata import ALL, ANY, Linear
from verif_dsl.compiler.conflicts.views import (
    MARKS,
    NOT_MARK,
    NOT_SPACE,
    NOT_WORD,
    PLAIN,
    SPACE,
    View,
    over_literal,
    sure_literal,
    view_of,
)
from verif_dsl.compiler.ir import Call, Constant, Input, Local, Node, Quantifier
from verif_dsl.compiler.kinds import BOOL, INT, TEXT, list_of
from verif_dsl.compiler.patterns.charset import Ranges, complement, contains, normalise, of_property
from verif_dsl.compiler.patterns.pattern import Choice, Edge, Repeat, Set, parse_pattern
from verif_dsl.compiler.patterns.pattern import Node as Pattern
from verif_dsl.compiler.patterns.pattern import Sequence as Chain

LINE_ENDS: Ranges = ((0x0A, 0x0D), (0x85, 0x85), (0x2028, 0x2029))
LETTER_OR_DIGIT = Set(normalise([*(of_property("L") or ()), *(of_property("N") or ()), (0x5F, 0x5F)]))
NOTHING = Chain(())


@dataclass(frozen=True, slots=True)
class Run:
    """Pieces that begin with one of `first`, go on with `inner`, and end before one of `between`."""

    first: Ranges
    inner: Ranges
    between: Ranges
    sure_between: Ranges
    """Of these, those that always end a piece."""


def run_of(cut: str, rest: Sequence[Node]) -> Run | None:
    r"""The pieces that a builtin cuts a text into, where they are such runs.

    >>> run_of("tokens_ws", ()).first == NOT_SPACE.ranges
    True
    """
    match cut, rest:
        case "tokens_ws", ():
            return Run(NOT_SPACE.ranges, NOT_SPACE.ranges, SPACE.ranges, SPACE.ranges)
        case "lines", ():
            return Run(NOT_SPACE.ranges, complement(LINE_ENDS), LINE_ENDS, LINE_ENDS)
        case "words", ():
            return Run(LETTER_OR_DIGIT.ranges, LETTER_OR_DIGIT.ranges, NOT_WORD.ranges, SPACE.ranges)
        case "find_all", (Constant(str(pattern)),):
            match parse_pattern(pattern):
                case Repeat(Choice((Chain((Set(), Set(((0x307, 0x307),)))), Set(inner))), 1, None):
                    outside = complement(inner)  # a small dotted I of two code points counts as a letter
                    return Run(inner, inner, outside, minus(outside, MARKS))
                case Repeat(Set(inner), 1, None):
                    outside = complement(inner)
                    return Run(inner, inner, outside, outside)
                case Chain((Set(first), Repeat(Set(inner), 0, None))):
                    if not minus(first, inner):
                        outside = complement(inner)
                        return Run(first, inner, outside, outside)
    return None


def minus(one: Ranges, other: Ranges) -> Ranges:
    """The characters of the one set that are not in the other."""
    return complement(normalise([*complement(one), *other]))


def at_least(measure: Node, least: int, *, exact: bool) -> Pattern | None:
    """A pattern for responses of which the measure is at least so much, `least` being 1 or more: one that all of these
    match, or with `exact` one that only these match. None where none is known.
    """
    match measure:
        case Call("occurrences", (text, Constant(str(part)), Constant(bool(whole)), Constant(bool(folded)))):
            view = view_of(Call("fold", (text,), TEXT) if folded else text, {})
            return _occurring(view, fold(part) if folded else part, whole, least, exact=exact)
        case Call("len", (Call("split", (text, Constant(str(part)))),)) if part:
            if least == 1:
                return ALL
            return _occurring(view_of(text, {}), part, False, least - 1, exact=exact)
        case Call("len", (Call("find_all", (text, Constant(str(pattern)))),)) if isinstance(
            tree := parse_pattern(pattern), Set
        ):
            view = view_of(text, {})
            if view is None or view.case != "raw" or view.token or (exact and view.strips):
                return None
            return _times((ALL, tree), least)
        case Call("len", (Call(cut, (text, *rest)),)) if (run := run_of(cut, rest)) is not None:
            view = view_of(text, {})
            return _running(run, view, least, exact=exact) if view else None
        case Call("len", (Call("find_all", (Input("response"), Constant(str(pattern)))),)) if not exact:
            return _times((ALL, parse_pattern(pattern)), least)
        case Call("codepoints", (text,)) if view_of(text, {}) == View():
            return Chain((Repeat(ANY, least, least), ALL))
        case Quantifier("count", depth, 1, Call("split", (text, Constant(str(part)))), None, body) if part:
            if body == _filled(depth, body) and view_of(text, {}) == View():
                return _filled_pieces(part, least, exact=exact)
    return None


def _times(parts: tuple[Pattern, ...], times: int) -> Pattern:
    return Chain((*parts * times, ALL))


def _filled(depth: int, body: Node) -> Node | None:
    """The body itself, where it says that a piece is not blank."""
    match body:
        case Call("matches", (Local(place, 0), Constant("\\S"))) if place == depth:
            return body
    return None


def _occurring(view: View | None, part: str, whole: bool, least: int, *, exact: bool) -> Pattern | None:
    if view is None or view.token or view.piece or not part:
        return None
    if not exact:
        inside = whole and view.case == "raw" and all(contains(LETTER_OR_DIGIT.ranges, one) for one in part)
        if inside:
            return _apart(over_literal(part, view.case), NOT_WORD.ranges, least)
        return _times((ALL, over_literal(part, view.case)), least)
    core = sure_literal(part, view.case)
    if core is None or view.strips:
        return None
    if whole:
        beside = NOT_WORD.ranges if view.case == "raw" else minus(PLAIN.ranges, ((0x5F, 0x5F),))
        return _apart(core, beside, least)
    if view.case == "raw":
        return _times((ALL, core), least)
    go_on = Choice((Chain((NOT_MARK, ALL)), NOTHING))
    return Chain((ALL, core, *([go_on, core] * (least - 1)), go_on))


def _apart(core: Pattern, beside: Ranges, least: int) -> Pattern:
    """So many of these, each between two characters of a set or at an end of the text."""
    edge = Set(beside)
    first = Choice((Chain((ALL, edge)), NOTHING))
    last = Choice((Chain((edge, ALL)), NOTHING))
    gap = Choice((edge, Chain((edge, ALL, edge))))
    again: tuple[Pattern, ...] = (gap, core)
    return Chain((first, core, *again * (least - 1), last))


def _running(run: Run, view: View, least: int, *, exact: bool) -> Pattern | None:
    if view.token or view.piece or (view.strips and exact):
        return None
    if view.case != "raw" and run.between != SPACE.ranges:  # a letter may have become a letter and a mark
        return None
    between = Set(run.sure_between if exact else run.between)
    again: tuple[Pattern, ...] = (between, ALL, Set(run.first), ALL)
    return Chain((*again[1:], *again * (least - 1)))


def _filled_pieces(separator: str, least: int, *, exact: bool) -> Pattern | None:
    """So many pieces between separators that are not blank."""
    filled: Pattern = NOT_SPACE
    if exact:
        if len(set(separator)) > 1:
            return None
        own = (ord(separator[0]), ord(separator[0]))
        filled = Set(minus(NOT_SPACE.ranges, (own,)))
    between = over_literal(separator, "raw")
    return Chain((ALL, filled, ALL, *([between, ALL, filled, ALL] * (least - 1))))


def inner_blank(separator: str) -> Pattern | None:
    """The responses that have a blank piece between two separators, where those are one character several times."""
    if len(set(separator)) != 1:
        return None
    own = (ord(separator[0]), ord(separator[0]))
    one, other = Set((own,)), Set(complement((own,)))
    mark = Repeat(one, len(separator), len(separator))
    few = Repeat(one, 0, len(separator) - 1)
    piece = Repeat(Chain((few, other)), 0, None)
    space = Set(minus(SPACE.ranges, (own,)))
    is_space = contains(SPACE.ranges, separator[0])
    blank = Repeat(Chain((few, space)) if is_space else space, 0, None)
    return Chain((piece, mark, Repeat(Chain((piece, mark)), 0, None), blank, mark, ALL))


# ------------------------------------------------------------------------------------------------------------- axioms


def size(items: Node) -> Node:
    """How many items a list has."""
    return Call("len", (items,), INT)


def below(less: Node, more: Node, least: int = 0, times: int = 1) -> Linear:
    """`times * less <= more - least`."""
    return Linear(((less, times), (more, -1)), -least)


def _no_less_than(measure: Node, least: int) -> Linear:
    return Linear(((measure, -1),), -least)


Found = Iterator[Linear]


def _natural(measure: Node, _: Sequence[Node]) -> Found:
    match measure:
        case Call("len" | "codepoints" | "occurrences" | "shared" | "longest_run") | Quantifier("count"):
            yield _no_less_than(measure, 0)


def _something(measure: Node, _: Sequence[Node]) -> Found:
    match measure:
        case Call("len", (Call("tokens_ws" | "lines" | "paragraphs" | "chars", (Input("response"),)),)):
            yield _no_less_than(measure, 1)
        case Call("codepoints", (Input("response"),)):
            yield _no_less_than(measure, 1)


def _counted(measure: Node, _: Sequence[Node]) -> Found:
    match measure:
        case Quantifier("count", source=source):
            yield below(measure, size(source))


def _fewer(measure: Node, _: Sequence[Node]) -> Found:
    match measure:
        case Call("len", (Call("unique" | "take" | "drop", (items, *_)),)):
            yield below(measure, size(items))


def _dropped(measure: Node, _: Sequence[Node]) -> Found:
    match measure:
        case Call("len", (Call("drop", (Call("split", (text, Constant(str(part)))), Constant(1))),)) if part:
            yield below(measure, occurrences_of(text, part))
        case Call("len", (Call("take", (_items, Constant(int(most)))),)) if most >= 0:
            yield Linear(((measure, 1),), most)
        case Call("len", (Call("indexed", (items,)),)):
            yield from (below(measure, size(items)), below(size(items), measure))


def occurrences_of(text: Node, part: str) -> Node:
    """How often a part occurs in a text, exactly as it is written."""
    no = Constant(False, BOOL)
    return Call("occurrences", (text, Constant(part, TEXT), no, no), INT)


def _split(measure: Node, _: Sequence[Node]) -> Found:
    match measure:
        case Call("len", (Call("split", (text, Constant(str(part)))),)) if part:
            times = occurrences_of(text, part)
            yield from (below(measure, times, -1), below(times, measure, 1))


def _parts(measure: Node) -> tuple[Node, str, bool, bool] | None:
    match measure:
        case Call("occurrences", (text, Constant(str(part)), Constant(bool(whole)), Constant(bool(folded)))):
            return text, fold(part) if folded else part, whole, folded
    return None


def _inside(measure: Node, others: Sequence[Node]) -> Found:
    if not (own := _parts(measure)):
        return
    text, part, whole, folded = own
    for other in others:
        if other != measure and (found := _parts(other)) and (found[0], found[3]) == (text, folded):
            times = found[1].count(part) if part else 0
            if not whole and times:
                yield below(other, measure, times=times)


def _whole_words(measure: Node, _: Sequence[Node]) -> Found:
    match measure:
        case Call("occurrences", (text, Constant() as part, Constant(True), folded)):
            yield below(measure, Call("occurrences", (text, part, Constant(False, BOOL), folded), INT))


def _word_runs(measure: Node, others: Sequence[Node]) -> Found:
    own = _parts(measure)
    if own and own[2] and not own[3] and own[1] and all(contains(LETTER_OR_DIGIT.ranges, one) for one in own[1]):
        for other in others:
            match other:
                case Call("len", (Call("find_all", (text, rest)),)) if text == own[0]:
                    run = run_of("find_all", (rest,))
                    if run and run.first == run.inner == LETTER_OR_DIGIT.ranges:
                        yield below(measure, other)


def _long(measure: Node, others: Sequence[Node]) -> Found:
    own = _parts(measure)
    if own and own[1] and not own[3]:
        for other in others:
            if other == Call("codepoints", (own[0],), INT):
                yield below(measure, other, times=len(own[1]))


def _cut_within(measure: Node, others: Sequence[Node]) -> Found:
    """What holds between the cuts of one text, where a cut of each of the other's pieces lies in it."""
    finer = {
        ("words", "chars"), ("tokens_ws", "chars"), ("lines", "chars"), ("sentences", "chars"),
        ("sentences", "words"), ("paragraphs", "lines"), ("lines", "tokens_ws"), ("paragraphs", "tokens_ws"),
    }  # fmt: skip
    match measure:
        case Call("len", (Call(cut, (text,)),)):
            for other in others:
                match other:
                    case Call("len", (Call(fine, (same,)),)) if same == text and (cut, fine) in finer:
                        yield below(measure, other)


def _points(measure: Node, others: Sequence[Node]) -> Found:
    match measure:
        case Call("len", (Call("chars" | "words" | "tokens_ws" | "lines" | "sentences" | "find_all", (text, *_)),)):
            other = Call("codepoints", (text,), INT)
            if other in others:
                yield below(measure, other)


def _tokens(measure: Node, others: Sequence[Node]) -> Found:
    r"""`find_all(x, re"A(?:\S*A)?")` has at most one match in each token, and none in a token without an `A`."""
    match measure:
        case Call("len", (Call("find_all", (text, Constant(str(pattern)))),)):
            plain = text.arguments[0] if isinstance(text, Call) and text.builtin in ("lower", "fold") else text
            tokens = Call("tokens_ws", (plain,), list_of(TEXT))
            match parse_pattern(pattern):
                case Chain((Set(a), Repeat(Set(b), 0, None))) if b == NOT_SPACE.ranges and not minus(a, b):
                    yield below(measure, size(tokens))
                case Chain((Set(a), Repeat(Chain((Repeat(Set(b), 0, None), Set(c))), 0, 1))) if (
                    a == c and b == NOT_SPACE.ranges and not minus(a, b)
                ):
                    yield below(measure, size(tokens))
                    for other in others:
                        match other:
                            case Quantifier("count", _, 1, source, None, Call("matches", (Local(), Constant(str(p))))):
                                if source == tokens and _only(p, a):
                                    yield Linear(((measure, 1), (other, 1), (size(tokens), -1)), 0)


def _only(pattern: str, other: Ranges) -> bool:
    """Whether a pattern matches whole texts none of whose characters is in a set, nor becomes one in lower case."""
    match parse_pattern(pattern):
        case Chain((Edge(True), Repeat(Set(ranges), 1, None), Edge(False))):
            return all(low >= 0 and any(a <= low and high <= b for a, b in PLAIN.ranges) for low, high in ranges) and (
                not minus(ranges, complement(other))
            )
    return False


def _cut_ends(measure: Node, _: Sequence[Node]) -> Found:
    own = _parts(measure)
    if own and own[1] and not own[2] and not own[3]:
        view = view_of(own[0], {})
        if view and view.case == "raw" and view.strips and not view.token:
            yield below(measure, occurrences_of(Input("response"), own[1]))


@dataclass(frozen=True, slots=True)
class Axiom:
    """Something that holds between measures of every text."""

    says: str
    of: Callable[[Node, Sequence[Node]], Iterator[Linear]]


AXIOMS = (
    Axiom("a count is never below 0", _natural),
    Axiom("a response that can pass is not blank, so it has a character, a token, a line and a paragraph", _something),
    Axiom("no more items meet a condition than there are", _counted),
    Axiom("a part of a list, or the list without repeats, is no longer than the list", _fewer),
    Axiom("what is taken or dropped from a list has a known length", _dropped),
    Axiom("a text has one part more than it has separators", _split),
    Axiom("a text that holds another one occurs no more often than that one", _inside),
    Axiom("what stands there as a whole word stands there", _whole_words),
    Axiom("each whole word of letters and digits is a run of letters and digits of its own", _word_runs),
    Axiom("occurrences that do not overlap need as many code points as they have together", _long),
    Axiom("each piece of a coarse cut has a piece of a fine one in it", _cut_within),
    Axiom("each piece of a text has a code point of its own", _points),
    Axiom("a run without white space lies within one token", _tokens),
    Axiom("what is cut from the ends of a text takes occurrences away and adds none", _cut_ends),
)
