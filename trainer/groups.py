"""Groups: the completions of one prompt, whose rewards GRPO compares with each other (arXiv 2402.03300)."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean
from typing import Any

Rewards = Sequence[float | None]


def groups_of(prompts: Sequence[Any], constraints: Sequence[str]) -> list[range]:
    """The rows of each group: neighbours with the same prompt and the same constraints.

    TRL deals the completions of a prompt out one after the other. Where it splits a group among processes, each sees
    its own part.

    >>> groups_of(["a", "a", "b", "a"], ["[]"] * 4)
    [range(0, 2), range(2, 3), range(3, 4)]
    """
    found: list[range] = []
    for row, one in enumerate(zip(prompts, constraints, strict=True)):
        if row and one == (prompts[row - 1], constraints[row - 1]):
            found[-1] = range(found[-1].start, row + 1)
        else:
            found.append(range(row, row + 1))
    return found


@dataclass(frozen=True, slots=True)
class Settled:
    """Rewards as they go to the trainer, and what they say of the groups.

    `dropped` is the share of groups with too few decided rewards, `without_gradient` of those whose rewards are all the
    same or dropped, which teach nothing; `spread` is the mean standard deviation within the others.
    """

    rewards: list[float | None]
    dropped: float
    without_gradient: float
    spread: float


def settle(rewards: Rewards, groups: Sequence[range], least_decided: int) -> Settled:
    """Leave out every group with fewer decided rewards than that: its baseline would say more of chance than of it.

    A group that is smaller in itself stays.

    >>> settle([1.0, None, None, 0.0, 1.0, None], [range(3), range(3, 6)], least_decided=2)
    Settled(rewards=[None, None, None, 0.0, 1.0, None], dropped=0.5, without_gradient=0.5, spread=0.5)
    """
    kept, spreads, dropped = list(rewards), [], 0
    for group in groups:
        decided = [one for row in group if (one := rewards[row]) is not None]
        if len(decided) < min(least_decided, len(group)):
            dropped += 1
            for row in group:
                kept[row] = None
        elif decided:
            spreads.append(_deviation(decided))
    count = max(len(groups), 1)
    flat = len(groups) - sum(spread > 1e-9 for spread in spreads)
    return Settled(kept, dropped / count, flat / count, fmean(spreads) if spreads else 0.0)


def _deviation(values: Sequence[float]) -> float:
    """Their standard deviation. That of `statistics` computes with fractions, and takes ten times as long."""
    mean = fmean(values)
    return sqrt(fmean((value - mean) ** 2 for value in values))
