"""What a text has to be, read off an alternative of a check: sizes, pieces, shapes of its parts; the plan of a text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.builtins import BUILTINS
from verif_dsl.compiler.ir import Call, Constant, Local, Node, Quantifier, Value
from verif_dsl.compiler.kinds import BOOL, TEXT
from verif_dsl.compiler.printed_ir import shown
from verif_dsl.testing.normal import MANY, Alternative, Holds, alternatives, computed, narrowed, substitute

UNITS = {
    **{name: name for name in ("words", "sentences", "paragraphs", "lines", "chars")},
    "tokens_ws": "words",
    "sentences_ifeval": "sentences",
    "sentences_punkt": "sentences",
    "words_treebank": "words",
}
"""The lists of parts that texts are built of, by the builtins that make them."""

TRANSPARENT = {
    *("trim", "fold", "lower", "without_code", "strip_markup", "prose", "unfence", "without_accents"),
    *("replace_codepoints", "unique"),
}
"""Builtins that leave a plain text as it is."""

JOINTS = (" ", "", "\n", "\n\n", ", ")
"""What stands between the parts of a text of which a check lists all."""


@dataclass(slots=True)
class Piece:
    """A text, a match of a pattern, or a block, with how often it has to be there."""

    source: str
    kind: Literal["text", "pattern", "block"]
    low: int
    high: int
    whole_word: bool = False
    fold_case: bool = False
    trait: "Trait | None" = None
    """What a match or a block has to be to count."""


@dataclass(frozen=True, slots=True)
class Trait:
    """A condition on one part of a text."""

    node: Node
    depth: int
    source: str
    """The builtin that makes the list of the parts."""

    def holds(self, part: Value) -> bool:
        """Whether a part has it."""
        return bool(evaluate(self.node, Row(), {(self.depth, 0): part}))

    def of_text(self, text: str) -> bool:
        """Whether a text is a single part, and has it."""
        read = BUILTINS[self.source].reference
        # One that would run into the next sentence of a line is none.
        ends = UNITS.get(self.source) != "sentences" or read(f"{text} Next.") == (text, "Next.")
        return read(text) == (text,) and ends and self.holds(text)

    def negated(self) -> "Trait":
        return Trait(Call("not", (self.node,), BOOL), self.depth, self.source)

    def plans(self) -> "list[Facts]":
        """The plans of a part that has it."""
        return plans(self.node, True, Local(self.depth, 0, TEXT))


@dataclass(slots=True)
class Facts:
    """The plan of a text, or of a part of one."""

    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)
    pieces: list[Piece] = field(default_factory=list)
    each: dict[str, list[Trait]] = field(default_factory=dict)
    """What every part has to be."""
    some: dict[str, list[tuple[Trait, int, int]]] = field(default_factory=dict)
    """How many parts have to be such."""
    at: dict[tuple[str, int], "Facts"] = field(default_factory=dict)
    starts: str = ""
    ends: str = ""
    equals: str | None = None
    case: Literal["", "upper", "lower"] = ""
    distinct: bool = False
    unknown: list[str] = field(default_factory=list)
    """What is not understood, and left to luck."""
    possible: bool = True

    def limit(self, unit: str, low: int, high: int = MANY) -> None:
        """Narrow how many parts there are."""
        before = self.sizes.get(unit, (0, MANY))
        self.sizes[unit] = (max(before[0], low), min(before[1], high))
        self.possible &= self.sizes[unit][0] <= self.sizes[unit][1]


def plans(check: Node, want: bool, subject: Node) -> list[Facts]:
    """Plans of texts for which a condition comes out as wanted; `subject` is the text in it."""
    found = [facts_of(one, subject) for one in alternatives(check, want)]
    return [one for one in found if one.possible]


def facts_of(alternative: Alternative, subject: Node) -> Facts:
    """The plan that an alternative asks for."""
    facts = Facts()
    for fact in alternative:
        if isinstance(fact, Holds) and not _holds(facts, subject, fact.node, fact.want):
            facts.unknown.append(shown(fact.node))
    for measure, (low, high) in narrowed(alternative).items():
        facts.possible &= low <= high
        if not _within(facts, subject, measure, low, high):
            facts.unknown.append(shown(measure))
    return facts


def _place(facts: Facts, subject: Node, node: Node) -> Facts | None:
    """The plan of the text that an expression names: the whole one, or the n-th part of it."""
    if node == subject:
        return facts
    match node:
        case Call(builtin, (inner, *_)) if builtin in TRANSPARENT:
            return _place(facts, subject, inner)
        case Call("first", (Call(unit, (inner,)), _)) if unit in UNITS:
            index = 0
        case Call("last", (Call(unit, (inner,)), _)) if unit in UNITS:
            index = -1
        case Call("at", (Call(unit, (inner,)), Constant(int(index)), _)) if unit in UNITS:
            pass
        case _:
            return None
    outer = _place(facts, subject, inner)
    if outer is None:
        return None
    outer.limit(UNITS[unit], index + 1 if index >= 0 else -index)
    return outer.at.setdefault((UNITS[unit], index), Facts())


def _within(facts: Facts, subject: Node, measure: Node, low: int, high: int) -> bool:
    match measure:
        case Call("len", (Call("unique", (Call(unit, (text,)),)),)) if unit in UNITS:
            if place := _place(facts, subject, text):
                place.distinct = True
                place.limit(UNITS[unit], low, high)
                return True
        case Call("len", (Call(unit, (text,)),)) if unit in UNITS:
            if place := _place(facts, subject, text):
                place.limit(UNITS[unit], low, high)
                return True
        case Call("codepoints", (text,)):
            if place := _place(facts, subject, text):
                place.limit("chars", low, high)
                return True
        case Call("len", (Call("split", (text, Constant(str(separator)))),)):
            return _piece(facts, subject, text, Piece(separator, "text", low - 1, high - 1))
        case Call("len", (source,)) if found := _counted(source):
            text, name, kind = found
            return _piece(facts, subject, text, Piece(name, kind, low, high))
        case Call("occurrences", (text, Constant(str(part)), Constant(whole), Constant(fold))):
            return _piece(facts, subject, text, Piece(part, "text", low, high, bool(whole), bool(fold)))
        case Quantifier("count", depth, 1, Call(unit, (text,)), condition, body) if unit in UNITS:
            if place := _place(facts, subject, text):
                kept = body if condition is None else Call("and", (condition, body), BOOL)
                place.some.setdefault(UNITS[unit], []).append((Trait(kept, depth, unit), low, high))
                return True
        case Quantifier("count", source=source) if found := _counted(source):
            text, name, kind = found
            return _piece(facts, subject, text, Piece(name, kind, low, high, trait=_kept(measure, name)))
    return False


def _counted(source: Node) -> tuple[Node, str, Literal["pattern", "block"]] | None:
    """The text in which a list finds matches of a pattern, or blocks; with the pattern, or the name of the blocks."""
    match source:
        case Call("unique", (inner,)):
            return _counted(inner)
        case Call("find_all", (text, Constant(str(pattern)))):
            return text, pattern, "pattern"
        case Call("code_blocks" | "tables" | "spans" as name, (text, *_)):
            return text, name, "block"
    return None


def _kept(node: Quantifier, source: str, want: bool = True) -> Trait:
    """What an item is that meets the condition and the body, or (`want` is false) the condition and not the body."""
    body: Node = node.body if want else Call("not", (node.body,), BOOL)
    kept = body if node.condition is None else Call("and", (node.condition, body), BOOL)
    return Trait(kept, node.depth, source)


def _piece(facts: Facts, subject: Node, text: Node, piece: Piece) -> bool:
    place = _place(facts, subject, text)
    if place is None:
        return False
    place.pieces.append(piece)
    facts.possible &= piece.high >= 0 and piece.low <= piece.high
    return True


def _holds(facts: Facts, subject: Node, node: Node, want: bool) -> bool:
    match node:
        case Call("in text", (Constant(str(part)), text)):
            return _piece(facts, subject, text, Piece(part, "text", *((1, MANY) if want else (0, 0))))
        case Call("matches", (text, Constant(str(pattern)))):
            return _piece(facts, subject, text, Piece(pattern, "pattern", *((1, MANY) if want else (0, 0))))
        case Call("starts_with" | "ends_with" as name, (text, Constant(str(part)))):
            place = _place(facts, subject, text)
            if place and want:
                setattr(place, name.partition("_")[0], part)
            return place is not None
        case Call("==", (left, Constant(tuple() as items))) if want:
            whole = _whole(subject, left, items)
            facts.equals = facts.equals if whole is None else whole
            return whole is not None
        case Call("==" | "!=" as name, (left, right)):
            if isinstance(left, Constant):
                left, right = right, left
            place = _place(facts, subject, left)
            if place is None or not isinstance(right, Constant) or not isinstance(right.value, str):
                return False
            if (name == "==") == want:
                place.equals = right.value
            elif right.value:
                place.pieces.append(Piece(right.value, "text", 0, 0))
            return True
        case Call("is_upper" | "is_lower" as name, (text,)):
            place = _place(facts, subject, text)
            if place and want:
                place.case = "upper" if name == "is_upper" else "lower"
            elif place and name == "is_lower":
                small = Trait(Call(name, (Local(1, 0, TEXT),), BOOL), 1, "words")
                place.some.setdefault("words", []).append((small.negated(), 1, MANY))
            return place is not None
        case Quantifier("any" | "all" | "every", arity=1, source=Call(unit, (text,))) if unit in UNITS:
            place = _place(facts, subject, text)
            if place is not None:
                _quantified(place, unit, node, want)
            return place is not None
        case Quantifier("any" | "all" | "every", source=source) if found := _counted(source):
            text, listed, kind = found
            return all(_piece(facts, subject, text, one) for one in _quantified_pieces(node, listed, kind, want))
    return False


def _whole(subject: Node, listed: Node, items: Sequence[Value]) -> str | None:
    """The text of which an expression lists just these parts; None where none of the usual joints gives it."""
    for joint in JOINTS:
        text = joint.join(one for one in items if isinstance(one, str))
        found = computed(substitute(listed, subject, Constant(text, TEXT)))
        if isinstance(found, Constant) and found.value == items:
            return text
    return None


def _quantified_pieces(node: Quantifier, listed: str, kind: Literal["pattern", "block"], want: bool) -> Iterator[Piece]:
    """The matches or blocks that a quantifier over them asks for, and those that it forbids."""
    fit, failing = _kept(node, listed), _kept(node, listed, False)
    if node.quantity == "any":
        yield Piece(listed, kind, *((1, MANY) if want else (0, 0)), trait=fit)
    elif want:
        yield Piece(listed, kind, 0, 0, trait=failing)
        yield Piece(listed, kind, 1 if node.quantity == "every" else 0, MANY, trait=fit)
    else:
        yield Piece(listed, kind, 1, MANY, trait=failing)


def _quantified(facts: Facts, unit: str, node: Quantifier, want: bool) -> None:
    fit, failing = _kept(node, unit), _kept(node, unit, False)
    some, each = facts.some.setdefault(UNITS[unit], []), facts.each.setdefault(UNITS[unit], [])
    if node.quantity == "any":
        if want:
            some.append((fit, 1, MANY))
        else:
            each.append(fit.negated())
    elif want:
        each.append(failing.negated())
        if node.quantity == "every" and node.condition is not None:
            some.append((fit, 1, MANY))
    else:
        some.append((failing, 1, MANY))
