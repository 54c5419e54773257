"""Patterns whose matches cannot all be found in linear time, although each single one can.

After a match the engine reads on as long as a preferred alternative may still match: of `a*b|a` on a text of a's, to
the end, in vain, for each of the matches. That is quadratic in every leftmost-first engine, Rust's and ours. It takes a
search that has a match and can still go on without end and without another, over a text in which further matches lie.
"""

from collections.abc import Mapping
from functools import cache

from verif_dsl.compiler.patterns.charset import contains
from verif_dsl.compiler.patterns.matcher import Program, State, opening, program, step_of
from verif_dsl.compiler.patterns.pattern import longest, parse_pattern

LONGEST_REREAD = 1000
"""Matches of at most so many code points may be read again, which is a constant factor."""

MOST_STATES = 500
MOST_PAIRS = 20_000
"""Beyond these a pattern is taken to be one of those: it cannot be told in reasonable time."""

Pair = tuple[State, State]


@cache
def rescans(pattern: str) -> bool:
    """Whether finding all matches can read parts of a text once for each of them.

    >>> rescans("a*b|a"), rescans("<[^>]*>|<"), rescans("<[^>]*>"), rescans("[a-z]+(?:-[a-z]+)*")
    (True, True, False, False)
    """
    if longest(parse_pattern(pattern)) <= LONGEST_REREAD:
        return False
    built = program(pattern)
    start = opening(built, False, False)
    steps: dict[State, dict[str, State]] = {}
    todo = [start, opening(built, True, False)]
    alphabet = _alphabet(built)
    while todo:
        state = todo.pop()
        if state not in steps:
            steps[state] = {character: step_of(state, character, False)[0] for character in alphabet}
            todo.extend(steps[state].values())
        if len(steps) > MOST_STATES:
            return True
    # Searches that have a match, and go on without another.
    in_vain = {one for one in steps if not one.searching and one.match is None and one.threads}
    circle = {one for one in in_vain if one in _reachable(_followers(one, steps, in_vain), steps, in_vain)}
    return bool(circle) and _matches_inside(circle, start, steps)


def _matches_inside(circle: set[State], start: State, steps: Mapping[State, Mapping[str, State]]) -> bool:
    """Whether, over a text that keeps one search in the circle, another can find match after match."""
    edges: dict[Pair, set[Pair]] = {}
    todo: list[Pair] = [(one, start) for one in circle]
    restarts: list[tuple[Pair, Pair]] = []
    while todo:
        pair = going_on, search = todo.pop()
        if pair in edges:
            continue
        if len(edges) > MOST_PAIRS:
            return True
        edges[pair] = {
            (following, steps[search][character])
            for character, following in steps[going_on].items()
            if following in circle
        }
        if not search.searching:  # it has a match, and the next search may begin
            edges[pair].add((going_on, start))
            restarts.append((pair, (going_on, start)))
        todo.extend(edges[pair])
    return any(_leads_to(there, here, edges) for here, there in restarts)


def _leads_to(start: Pair, goal: Pair, edges: Mapping[Pair, set[Pair]]) -> bool:
    """Whether there is a way that takes a character: a search that only restarts goes nowhere."""
    stack, seen = list(edges[start]), set[Pair]()
    while stack:
        one = stack.pop()
        if one == goal:
            return True
        if one not in seen:
            seen.add(one)
            stack.extend(edges[one])
    return False


def _followers(state: State, steps: Mapping[State, Mapping[str, State]], within: set[State]) -> list[State]:
    return [one for one in steps[state].values() if one in within]


def _reachable(start: list[State], steps: Mapping[State, Mapping[str, State]], within: set[State]) -> set[State]:
    stack, seen = list(start), set[State]()
    while stack:
        one = stack.pop()
        if one not in seen:
            seen.add(one)
            stack.extend(_followers(one, steps, within))
    return seen


def _alphabet(built: Program) -> list[str]:
    """One character for each way of being, or not, in the classes of a pattern."""
    classes = list({ranges for ranges in built.sets if ranges is not None})
    edges = {0} | {edge for ranges in classes for low, high in ranges for edge in (low, high + 1)}
    found: dict[tuple[bool, ...], str] = {}
    for point in sorted(edges):
        if point <= 0x10FFFF:
            found.setdefault(tuple(contains(ranges, chr(point)) for ranges in classes), chr(point))
    return list(found.values())
