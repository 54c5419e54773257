"""Sources of decisions for whoever builds texts: seeded, and drawn by Hypothesis."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from random import Random
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Chooser(Protocol):
    """Where decisions come from: Hypothesis, which can then shrink them, or a random number generator."""

    def integer(self, low: int, high: int) -> int:
        """A number from `low` to `high`."""

    def pick(self, options: Sequence[T]) -> T:
        """One of some options."""


class Seeded:
    """Decisions of a seeded random number generator.

    >>> Seeded(1).integer(5, 5)
    5
    """

    def __init__(self, seed: int | str) -> None:
        self.random = Random(seed)

    def integer(self, low: int, high: int) -> int:
        return self.random.randint(low, max(low, high))

    def pick(self, options: Sequence[T]) -> T:
        return self.random.choice(options)


class Drawn:
    """Decisions drawn by Hypothesis, so that it can shrink what comes of them."""

    def __init__(self, draw: Callable[..., Any]) -> None:
        self.draw = draw

    def integer(self, low: int, high: int) -> int:
        from hypothesis import strategies as st

        return int(self.draw(st.integers(low, max(low, high))))

    def pick(self, options: Sequence[T]) -> T:
        from hypothesis import strategies as st

        found: T = self.draw(st.sampled_from(options))
        return found


def dealt(items: Sequence[str], groups: int) -> list[list[str]]:
    """Some items in order, in so many groups (fewer where there are fewer items) of about the same size.

    >>> dealt("abcde", 2)
    [['a', 'b'], ['c', 'd', 'e']]
    """
    groups = min(groups, len(items))
    ends = [len(items) * place // groups for place in range(groups + 1)]
    return [list(items[start:end]) for start, end in pairwise(ends)]


def arranged(made: list[str], special: Sequence[str], fixed: dict[int, str], chooser: Chooser) -> list[str]:
    """All of them in a row: the special ones anywhere, those with a place there.

    >>> arranged(["a", "b"], [], {1: "second", -1: "last"}, Seeded(0))
    ['a', 'second', 'b', 'last']
    """
    for one in special:
        made = [*made]
        made.insert(chooser.integer(0, len(made)), one)
    for index, one in sorted(fixed.items(), key=lambda pair: (pair[0] < 0, pair[0] if pair[0] >= 0 else -pair[0])):
        made = [*made]
        made.insert(index if index >= 0 else len(made) + 1 + index, one)
    return made
