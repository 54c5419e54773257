"""The reference engine: a Pike machine (Thompson simulation with leftmost-first priority), linear in the text.

After Rob Pike's `sam` and Russ Cox, "Regular Expression Matching: the Virtual Machine Approach" (2009). It is the
meaning of a pattern; the columnar back end runs Rust's `regex` crate, which gives the same leftmost-first matches.

The machine remembers its steps: what its threads become at a character depends only on what they were, on the
character, and on whether it is the last of the text. So most characters of most texts cost one look-up.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache

from verif_dsl.compiler.patterns.charset import Ranges, contains
from verif_dsl.compiler.patterns.pattern import Choice, Edge, Node, Repeat, Sequence, Set, parse_pattern

Threads = dict[int, int]
"""Instructions to try next, best first, each with its lane: the threads of one lane began at the same place."""

MOST_REMEMBERED = 1 << 22
"""Words of memory (of 8 bytes, roughly) that the remembered steps of all patterns may take."""


@dataclass(slots=True, eq=False)
class Program:
    """Instructions by index: a set to consume, targets to fork to (best first), an edge to stand on, or the end."""

    sets: list[Ranges | None] = field(default_factory=list)
    targets: list[tuple[int, ...]] = field(default_factory=list)
    edges: list[bool | None] = field(default_factory=list)

    def add(self, ranges: Ranges | None = None, edge: bool | None = None) -> int:
        self.sets.append(ranges)
        self.targets.append(())
        self.edges.append(edge)
        return len(self.sets) - 1


@cache
def program(pattern: str) -> Program:
    """The compiled form of a pattern; its last instruction is the match."""
    built = Program()
    entry = built.add()
    exits = _emit(built, parse_pattern(pattern), entry)
    match = built.add()
    built.targets[exits] = (*built.targets[exits], match)
    return built


def _emit(built: Program, node: Node, entry: int) -> int:
    """Adds the code for `node` after the instruction `entry`, and returns the instruction it leaves by."""

    def follow(source: int, target: int) -> None:
        built.targets[source] = (*built.targets[source], target)

    match node:
        case Set(ranges):
            at = built.add(ranges=ranges)
            follow(entry, at)
            return at
        case Edge(is_start):
            at = built.add(edge=is_start)
            follow(entry, at)
            return at
        case Sequence(parts):
            for part in parts:
                entry = _emit(built, part, entry)
            return entry
        case Choice(options):
            ends = []
            for option in options:
                start = built.add()
                follow(entry, start)
                ends.append(_emit(built, option, start))
            join = built.add()
            for end in ends:
                follow(end, join)
            return join
        case Repeat(part, low, high):
            for _ in range(low):
                entry = _emit(built, part, entry)
            if high is None:
                loop = built.add()
                follow(entry, loop)
                body = built.add()
                follow(loop, body)
                follow(_emit(built, part, body), loop)
                leave = built.add()
                follow(loop, leave)
                return leave
            leave = built.add()
            for _ in range(high - low):
                fork = built.add()
                follow(entry, fork)
                body = built.add()
                follow(fork, body)
                follow(fork, leave)
                entry = _emit(built, part, body)
            follow(entry, leave)
            return leave


def _reach(built: Program, index: int, lane: int, first: bool, last: bool, threads: Threads) -> None:
    """Adds what can be reached from an instruction without consuming, in order of preference.

    `first` and `last` say whether this is the start and the end of the text.
    """
    stack = [index]
    while stack:
        index = stack.pop()
        if index in threads:
            continue
        edge = built.edges[index]
        if edge is not None and not (first if edge else last):
            continue
        threads[index] = lane
        if built.sets[index] is None:
            stack.extend(reversed(built.targets[index]))


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What a search is about at one place of a text. Equal states are one object, compared by identity.

    `threads` has the instructions that consume or end the match, best first, each with its lane; lanes count from 0 in
    this order. `match` is the lane of a match that ends here, and in a state that is `searching` no match has ended
    yet, so that the next place begins another lane.
    """

    built: Program
    threads: tuple[tuple[int, int], ...]
    match: int | None
    searching: bool


Step = tuple[State, tuple[int, ...] | None]
"""The next state, and which lanes live on in it (one that begins there counts as the last), or None: just the same."""


class _Memory:
    """What searches have found out. When it is full everything is forgotten, to be found out again when needed."""

    def __init__(self) -> None:
        self.words = 0
        self.states: dict[tuple[Program, tuple[tuple[int, int], ...], bool], State] = {}
        self.openings: dict[tuple[Program, bool, bool], State] = {}
        self.steps: dict[tuple[State, str, bool], Step] = {}

    def grow(self, words: int) -> None:
        if self.words + words > MOST_REMEMBERED:
            self.words = 0
            self.states.clear()
            self.openings.clear()
            self.steps.clear()
        self.words += words


_memory = _Memory()


def _settle(built: Program, threads: Threads, searching: bool) -> tuple[State, tuple[int, ...]]:
    """The state that these threads make, with its lanes numbered anew, and their numbers before that."""
    end, match = len(built.sets) - 1, None
    settled: list[tuple[int, int]] = []
    lanes: list[int] = []
    for index, lane in threads.items():
        if index != end and built.sets[index] is None:
            continue
        if not lanes or lane != lanes[-1]:
            lanes.append(lane)
        settled.append((index, len(lanes) - 1))
        if index == end:
            match, searching = len(lanes) - 1, False
            break  # whatever comes later in the list is less preferred
    key = built, tuple(settled), searching
    state = _memory.states.get(key)
    if state is None:
        state = State(built, key[1], match, searching)
        _memory.grow(40 + 10 * len(settled))
        _memory.states[key] = state
    return state, tuple(lanes)


def opening(built: Program, first: bool, last: bool) -> State:
    """The state that a search begins in."""
    key = built, first, last
    if key not in _memory.openings:
        threads: Threads = {}
        _reach(built, 0, 0, first, last, threads)
        state, _ = _settle(built, threads, searching=True)
        _memory.openings[key] = state
    return _memory.openings[key]


def step_of(state: State, character: str, last: bool) -> Step:
    """What a character makes of a state; `last` says that the text ends after it."""
    built = state.built
    threads: Threads = {}
    for index, lane in state.threads:
        ranges = built.sets[index]
        if ranges is not None and contains(ranges, character):
            for target in built.targets[index]:
                _reach(built, target, lane, False, last, threads)
    count = state.threads[-1][1] + 1 if state.threads else 0
    if state.searching:
        _reach(built, 0, count, False, last, threads)
    following, lanes = _settle(built, threads, state.searching)
    step = following, None if lanes == tuple(range(count)) else lanes
    _memory.grow(40 + len(lanes))
    _memory.steps[state, character, last] = step
    return step


def _matches(pattern: str, text: str, position: int = 0) -> Iterator[tuple[int, int]]:
    """The matches from `position` on, as start and end, left to right and not overlapping.

    After an empty one there is no telling where to go on, so it must be the last that is asked for.
    """
    built, length, steps = program(pattern), len(text), _memory.steps
    while True:
        state = opening(built, position == 0, position == length)
        begun = [position] if state.threads else []  # by lane
        found = None if state.match is None else (position, position)
        for at in range(position, length):
            key = state, text[at], at + 1 == length
            state, lanes = steps.get(key) or step_of(*key)
            if lanes is not None:
                begun.append(at + 1)
                begun = [begun[lane] for lane in lanes]
            if state.match is not None:
                found = begun[state.match], at + 1
            if not state.threads and not state.searching:
                break
        if found is None:
            return
        yield found
        assert found[1] > position, "a pattern that matches the empty text"
        position = found[1]


def find(pattern: str, text: str, position: int = 0) -> tuple[int, int] | None:
    """The leftmost match from `position` on (of several there, the one preferred first), as start and end.

    >>> find("b+", "abbc")
    (1, 3)
    """
    return next(_matches(pattern, text, position), None)


@lru_cache(maxsize=1024)
def matches_whole(pattern: str, text: str) -> bool:
    """Whether a match can be the whole text.

    >>> matches_whole("(?i)a|ab", "AB"), matches_whole("a", "ab")
    (True, False)
    """
    flag = "(?i)" if pattern.startswith("(?i)") else ""
    return find(f"{flag}^(?:{pattern.removeprefix(flag)})$", text) is not None


@lru_cache(maxsize=256)
def find_all(pattern: str, text: str) -> tuple[str, ...]:
    """The matches, left to right, not overlapping. The pattern must not match the empty text.

    Remembers its last answers: the reference evaluator asks again for every item of a quantifier.

    >>> find_all("[0-9]+", "a1b22")
    ('1', '22')
    """
    return tuple(text[start:end] for start, end in _matches(pattern, text))


def replace_all(pattern: str, text: str, replacement: str) -> str:
    """The text with each match replaced, literally. The pattern must not match the empty text.

    >>> replace_all("[0-9]+", "a1b22", "#")
    'a#b#'
    """
    pieces: list[str] = []
    position = 0
    for start, end in _matches(pattern, text):
        pieces += text[position:start], replacement
        position = end
    return "".join([*pieces, text[position:]])
