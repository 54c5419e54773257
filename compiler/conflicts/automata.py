"""Texts that meet several conditions at once: a search through the product of finite automata.

A condition on a text is a pattern that matches it as a whole, and conditions are joined by `And` and `Or`. The search
walks through all texts, shortest first, as sequences of classes of characters that no pattern tells apart; so it ends
with a text, or with the certainty that there is none, or it runs out of budget.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from verif_dsl.compiler.ir import Node as Expression
from verif_dsl.compiler.patterns import pattern as patterns
from verif_dsl.compiler.patterns.charset import WHITE_SPACE, Ranges, complement, contains
from verif_dsl.compiler.patterns.pattern import Choice, Edge, Repeat, Set

ANY = Set(complement(()))
ALL = Repeat(ANY, 0, None)
NOT_BLANK = patterns.Sequence((ALL, Set(complement(WHITE_SPACE)), ALL))
"""The texts that can pass at all: a blank response fails every constraint."""

MOST_STEPS = 40_000
"""Steps of a search; a step is one class of characters from one state, or an instruction of a new state."""

MOST_INSTRUCTIONS = 20_000
"""Instructions of all automata of a product, repeats unrolled."""


@dataclass(frozen=True, slots=True)
class And:
    """All of the parts hold; without parts it says nothing."""

    parts: tuple["Formula", ...] = ()


@dataclass(frozen=True, slots=True)
class Or:
    """One of the parts holds; without parts it never holds."""

    parts: tuple["Formula", ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """The response matches the pattern as a whole, or, when `holds` is false, does not."""

    pattern: patterns.Node
    holds: bool = True


@dataclass(frozen=True, slots=True)
class Linear:
    """The sum of some measures of the response, each a whole number times a factor, is at most `bound`."""

    terms: tuple[tuple[Expression, int], ...]
    bound: int


Formula = And | Or | Text | Linear
TRUE, FALSE = And(), Or()


def both(*parts: Formula) -> Formula:
    """All of these hold.

    >>> both(TRUE, FALSE) == FALSE, both(TRUE, Text(ALL)) == Text(ALL)
    (True, True)
    """
    flat = [inner for one in parts for inner in (one.parts if isinstance(one, And) else (one,))]
    if FALSE in flat:
        return FALSE
    return flat[0] if len(flat) == 1 else And(tuple(dict.fromkeys(flat)))


def either(*parts: Formula) -> Formula:
    """One of these holds.

    >>> either(TRUE, FALSE) == TRUE, either() == FALSE
    (True, True)
    """
    flat = [inner for one in parts for inner in (one.parts if isinstance(one, Or) else (one,))]
    if TRUE in flat:
        return TRUE
    return flat[0] if len(flat) == 1 else Or(tuple(dict.fromkeys(flat)))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a search found: a text (`text`), that there is none (`empty`), or neither within its budget."""

    text: str | None = None
    empty: bool = False


@dataclass(slots=True)
class Budget:
    """The steps that one search, or several that belong together, may still take."""

    left: int = MOST_STEPS

    def spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise _TooLarge


def search(formula: Formula, budget: Budget | None = None) -> Outcome:
    """A shortest text that is not blank and of which the formula can hold, as far as it speaks of the text.

    >>> comma, letter = Set(((44, 44),)), Set(((97, 97),))
    >>> has_comma = Text(patterns.Sequence((ALL, comma, ALL)))
    >>> search(And((has_comma, Text(patterns.Sequence((letter, ALL)))))).text
    'a,'
    >>> search(And((has_comma, Text(Repeat(letter, 0, None))))).empty
    True
    """
    try:
        return _search(both(formula, Text(NOT_BLANK)), budget or Budget())
    except _TooLarge:
        return Outcome()


def _search(formula: Formula, budget: Budget) -> Outcome:
    wanted = list(dict.fromkeys(one.pattern for one in _texts(formula)))
    automata = [_Automaton(one, budget) for one in wanted]
    letters = _alphabet({ranges for one in automata for ranges in one.sets})
    for one in automata:
        one.learn(letters)
    order = sorted(range(len(letters)), key=lambda index: _rank(letters[index][0]))
    places = {one: index for index, one in enumerate(wanted)}
    start = tuple(one.start for one in automata)
    before: dict[tuple[int, ...], tuple[tuple[int, ...], str] | None] = {start: None}
    known: dict[tuple[bool | None, ...], bool | None] = {}

    def holds(found: tuple[bool | None, ...]) -> bool | None:
        if found not in known:
            known[found] = _ever(formula, places, found)
        return known[found]

    level = [start]
    while level:
        following: list[tuple[int, ...]] = []
        for state in level:
            if holds(tuple([one.accepts[at] for one, at in zip(automata, state, strict=True)])):
                return Outcome(_written(before, state))
            budget.spend(len(order))
            for index in order:
                after = tuple([one.step(at, index) for one, at in zip(automata, state, strict=True)])
                if after in before:
                    continue
                if holds(tuple([one.decided[at] for one, at in zip(automata, after, strict=True)])) is not False:
                    before[after] = state, letters[index][0]
                    following.append(after)
        level = following
    return Outcome(empty=True)


def _written(before: Mapping[tuple[int, ...], tuple[tuple[int, ...], str] | None], state: tuple[int, ...]) -> str:
    found: list[str] = []
    while (step := before[state]) is not None:
        state, letter = step
        found.append(letter)
    return "".join(reversed(found))


def _texts(formula: Formula) -> Iterator[Text]:
    match formula:
        case Text():
            yield formula
        case And(parts) | Or(parts):
            for one in parts:
                yield from _texts(one)


def _ever(formula: Formula, places: Mapping[patterns.Node, int], found: Sequence[bool | None]) -> bool | None:
    """Whether the formula holds where patterns match or do not, as far as that is found; None where it depends."""
    match formula:
        case Text(pattern, holds):
            matched = found[places[pattern]]
            return None if matched is None else matched == holds
        case And(parts):
            inner = [_ever(one, places, found) for one in parts]
            return False if False in inner else None if None in inner else True
        case Or(parts):
            inner = [_ever(one, places, found) for one in parts]
            return True if True in inner else None if None in inner else False
    return True


class _TooLarge(Exception):
    """A product that is not worth a search."""


class _Automaton:
    """A pattern as a deterministic automaton, built as far as it is asked."""

    def __init__(self, pattern: patterns.Node, budget: Budget) -> None:
        self.budget = budget
        self.reads: list[Ranges | None] = []
        self.targets: list[list[int]] = []
        self.edges: list[bool | None] = []
        entry = self._add()
        self.match = self._add()
        self.targets[self._emit(pattern, entry)].append(self.match)
        self.sets = {ranges for ranges in self.reads if ranges is not None}
        self.absorbing = {one for one in range(len(self.reads)) if self._absorbs(one)}
        self.states: dict[tuple[frozenset[int], bool], int] = {}
        self.closures: list[tuple[int, ...]] = []
        self.accepts: list[bool] = []
        self.decided: list[bool | None] = []
        self.steps: list[dict[int, int]] = []
        self.classes: list[frozenset[int]] = []
        self.kind: list[int] = []
        self.numbers: dict[Ranges, int] = {}
        self.start = self._state(frozenset([entry]), first=True)

    def learn(self, letters: Sequence[tuple[str, int]]) -> None:
        """Takes the alphabet that it shares with others: for each letter, what it reads of its own sets."""
        self.numbers = {ranges: index for index, ranges in enumerate(sorted(self.sets))}
        own = [Set(ranges) for ranges in sorted(self.sets)]
        self.classes = [
            frozenset(i for i, one in enumerate(own) if contains(one.ranges, letter)) for letter, _ in letters
        ]
        kinds: dict[frozenset[int], int] = {}
        self.kind = [kinds.setdefault(one, len(kinds)) for one in self.classes]

    def step(self, state: int, letter: int) -> int:
        known, kind = self.steps[state], self.kind[letter]
        if (after := known.get(kind)) is not None:
            return after
        if kind not in known:
            numbers, seen = self.numbers, self.classes[letter]
            moved = (
                target
                for one in self.closures[state]
                if (ranges := self.reads[one]) is not None and numbers[ranges] in seen
                for target in self.targets[one]
            )
            known[kind] = self._state(frozenset(moved), first=False)
        return known[kind]

    def _state(self, kernel: frozenset[int], *, first: bool) -> int:
        closure = self._closure(kernel, first=first, last=False)
        if closure & self.absorbing:  # whatever follows, it matches: one state for all of these
            kernel, first = frozenset([min(closure & self.absorbing)]), False
            closure = self._closure(kernel, first=False, last=False)
        key = kernel, first
        if key not in self.states:
            self.budget.spend(len(closure))
            self.states[key] = len(self.closures)
            self.closures.append(tuple(sorted(closure)))
            accepted = self.match in self._closure(kernel, first=first, last=True)
            sure = bool(closure & self.absorbing)
            self.accepts.append(accepted or sure)
            stuck = not any(self.reads[one] is not None for one in closure)
            self.decided.append(True if sure else False if stuck and not accepted else None)
            self.steps.append({})
        return self.states[key]

    def _closure(self, kernel: Iterable[int], *, first: bool, last: bool) -> set[int]:
        found: set[int] = set()
        stack = list(kernel)
        while stack:
            one = stack.pop()
            edge = self.edges[one]
            if one in found or (edge is not None and not (first if edge else last)):
                continue
            found.add(one)
            if self.reads[one] is None:
                stack.extend(self.targets[one])
        return found

    def _absorbs(self, one: int) -> bool:
        if self.reads[one] != ANY.ranges:
            return False
        after = self._closure(self.targets[one], first=False, last=False)
        return one in after and self.match in after

    def _add(self, reads: Ranges | None = None, edge: bool | None = None) -> int:
        if len(self.reads) > MOST_INSTRUCTIONS:
            raise _TooLarge
        self.reads.append(reads)
        self.targets.append([])
        self.edges.append(edge)
        return len(self.reads) - 1

    def _emit(self, node: patterns.Node, entry: int) -> int:
        """Adds the instructions for `node` after `entry`, and returns the one that it leaves by."""
        match node:
            case Set(ranges):
                at = self._add(reads=ranges)
                self.targets[entry].append(at)
                leave = self._add()
                self.targets[at].append(leave)
                return leave
            case Edge(start):
                at = self._add(edge=start)
                self.targets[entry].append(at)
                return at
            case patterns.Sequence(parts):
                for part in parts:
                    entry = self._emit(part, entry)
                return entry
            case Choice(options):
                leave = self._add()
                for option in options:
                    begin = self._add()
                    self.targets[entry].append(begin)
                    self.targets[self._emit(option, begin)].append(leave)
                return leave
            case Repeat(part, low, high):
                for _ in range(low):
                    entry = self._emit(part, entry)
                leave = self._add()
                if high is None:
                    loop = self._add()
                    self.targets[entry].append(loop)
                    self.targets[self._emit(part, loop)].append(loop)
                    self.targets[loop].append(leave)
                    return leave
                for _ in range(high - low):
                    self.targets[entry].append(leave)
                    entry = self._emit(part, entry)
                self.targets[entry].append(leave)
                return leave


READABLE = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789\n.,!?-'\"():;*#"


def _rank(letter: str) -> tuple[int, int]:
    place = READABLE.find(letter)
    return (place if place >= 0 else len(READABLE), ord(letter))


def _alphabet(sets: set[Ranges]) -> list[tuple[str, int]]:
    """The classes of characters that the sets tell apart, each as one character of it with the sets it is in."""
    events: dict[int, int] = {}
    for index, ranges in enumerate([ANY.ranges, *sorted(sets)]):
        for low, high in ranges:
            events[low] = events.get(low, 0) ^ (1 << index)
            events[high + 1] = events.get(high + 1, 0) ^ (1 << index)
    best: dict[int, str] = {}
    points = sorted(events)
    inside = 0
    for low, after in zip(points, [*points[1:], points[-1] + 1], strict=True):
        inside ^= events[low]
        if inside & 1:
            ascii_ones = (chr(point) for point in range(low, min(after, 128)))
            letter = min((*ascii_ones, chr(low)), key=_rank)
            if inside not in best or _rank(letter) < _rank(best[inside]):
                best[inside] = letter
    return [(letter, inside) for inside, letter in best.items()]


def matches(pattern: patterns.Node, text: str) -> bool:
    """Whether a pattern matches a text as a whole, as a search sees it.

    >>> matches(Repeat(ANY, 0, 2), "ab"), matches(Repeat(ANY, 0, 2), "abc")
    (True, False)
    """
    automaton = _Automaton(pattern, Budget(sys.maxsize))
    letters = sorted(set(text))
    automaton.learn([(one, 0) for one in letters])
    state = automaton.start
    for one in text:
        state = automaton.step(state, letters.index(one))
    return automaton.accepts[state]
