"""The reference engine: a Pike machine (Thompson simulation with leftmost-first priority), linear in the text.

After Rob Pike's `sam` and Russ Cox, "Regular Expression Matching: the Virtual Machine Approach" (2009). It is the
meaning of a pattern; the columnar back end runs Rust's `regex` crate, which gives the same leftmost-first matches.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache

from verif_dsl.compiler.patterns.charset import Ranges, contains, normalise
from verif_dsl.compiler.patterns.pattern import Choice, Edge, Node, Repeat, Sequence, Set, parse_pattern

Threads = dict[int, int]
"""Instructions to try next, best first, each with where its match began."""


@dataclass(slots=True)
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


def _reach(built: Program, index: int, start: int, at: int, length: int, threads: Threads) -> None:
    """Adds what can be reached from an instruction without consuming, in order of preference."""
    stack = [index]
    while stack:
        index = stack.pop()
        if index in threads:
            continue
        edge = built.edges[index]
        if edge is not None and at != (0 if edge else length):
            continue
        threads[index] = start
        if built.sets[index] is None:
            stack.extend(reversed(built.targets[index]))


@cache
def _first(pattern: str) -> Ranges | None:
    """What every match begins with, or None when one may be empty or depends on an edge of the text.

    >>> _first("a+|[0-9]"), _first("^a"), _first("a?")
    (((48, 57), (97, 97)), None, None)
    """
    built = program(pattern)
    stack, seen = [0], {0}
    found: list[tuple[int, int]] = []
    while stack:
        index = stack.pop()
        ranges = built.sets[index]
        if built.edges[index] is not None or index == len(built.sets) - 1:
            return None
        if ranges is not None:
            found.extend(ranges)
            continue
        following = set(built.targets[index]) - seen
        seen |= following
        stack.extend(following)
    return normalise(found)


def find(pattern: str, text: str, position: int = 0) -> tuple[int, int] | None:
    """The leftmost match from `position` on (of several there, the one preferred first), as start and end.

    >>> find("b+", "abbc")
    (1, 3)
    """
    built = program(pattern)
    match, length, first = len(built.sets) - 1, len(text), _first(pattern)
    found: tuple[int, int] | None = None
    threads: Threads = {}
    for at in range(position, length + 1):
        if found is None:
            if not threads and first is not None and (at == length or not contains(first, text[at])):
                continue  # nothing is under way and nothing can begin here, which is most of most texts
            _reach(built, 0, at, at, length, threads)
        elif not threads:
            break
        following: Threads = {}
        for index, start in threads.items():
            if index == match:
                found = (start, at)
                break  # whatever comes later in the list is less preferred
            ranges = built.sets[index]
            if ranges is not None and at < length and contains(ranges, text[at]):
                for target in built.targets[index]:
                    _reach(built, target, start, at + 1, length, following)
        threads = following
    return found


@lru_cache(maxsize=256)
def find_all(pattern: str, text: str) -> tuple[str, ...]:
    """The matches, left to right, not overlapping. The pattern must not match the empty text.

    Remembers its last answers: the reference evaluator asks again for every item of a quantifier.

    >>> find_all("[0-9]+", "a1b22")
    ('1', '22')
    """
    return tuple(_matches(pattern, text))


def _matches(pattern: str, text: str) -> Iterator[str]:
    position = 0
    while match := find(pattern, text, position):
        yield text[slice(*match)]
        position = match[1]
