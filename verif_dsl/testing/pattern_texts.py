"""Texts that a regular expression of the language matches, made from its syntax tree."""

from collections.abc import Sequence as SequenceOf

from verif_dsl.compiler.patterns import charset
from verif_dsl.compiler.patterns.pattern import Choice, Edge, Node, Repeat, Sequence, Set, parse_pattern
from verif_dsl.testing.choosing import Chooser

LIKED = "aeiotnrsAETbcdlmu12 -.,:;!?*#_()[]<>\"'/\\|=+`~\n"
"""Characters to take from a set where it has them, best first."""


def text_for(pattern: str, chooser: Chooser) -> str:
    """A text in which the pattern matches, short and plain where it leaves a choice.

    >>> from verif_dsl.testing.choosing import Seeded
    >>> text_for("[0-9]{2}:[x]", Seeded(0))[2:]
    ':x'
    """
    return _text(parse_pattern(pattern), chooser)


def anchored(pattern: str) -> tuple[bool, bool]:
    """Whether every match of the pattern is at the start of the text, and at its end.

    >>> anchored("^a|^b"), anchored("a$")
    ((True, False), (False, True))
    """
    node = parse_pattern(pattern)
    return _anchored(node, start=True), _anchored(node, start=False)


def _anchored(node: Node, start: bool) -> bool:
    match node:
        case Edge(at_start):
            return at_start == start
        case Sequence(parts) if parts:
            return _anchored(parts[0 if start else -1], start)
        case Choice(options):
            return all(_anchored(one, start) for one in options)
    return False


def _text(node: Node, chooser: Chooser) -> str:
    match node:
        case Set(ranges):
            return chooser.pick(_characters(ranges))
        case Sequence(parts):
            return "".join(_text(part, chooser) for part in parts)
        case Choice(options):
            return _text(chooser.pick(options), chooser)
        case Repeat(part, low, high):
            times = chooser.integer(low, low + 3 if high is None else min(high, low + 3))
            return "".join(_text(part, chooser) for _ in range(times))
        case Edge():
            return ""


def _characters(ranges: charset.Ranges) -> SequenceOf[str]:
    liked = [one for one in LIKED if charset.contains(ranges, one)]
    if len(liked) > 2:  # letters and digits first, so that nothing surprises
        plain = [one for one in liked if one.isalnum()]
        return plain or liked
    return liked or [chr(low) for low, _ in ranges[:8]]
