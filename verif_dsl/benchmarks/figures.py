"""The figures of a benchmark: accuracies of prompts and of instructions, and where its own code is left to chance."""

from collections.abc import Sequence
from dataclasses import dataclass

from verif_dsl.benchmarks.grading import Graded
from verif_dsl.benchmarks.prompts import Asked

LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Share:
    """How many of some things hold, of those that are decided; and how many are not."""

    held: int
    decided: int
    unknown: int

    @property
    def rate(self) -> float | None:
        """The share, from 0 to 1; None where nothing is decided."""
        return self.held / self.decided if self.decided else None


def accuracies(graded: Sequence[Graded]) -> dict[str, dict[str, Share]]:
    """For `strict` and `loose`: the shares of instructions followed, and of prompts all of whose instructions are."""
    found = {}
    for name in ("strict", "loose"):
        each = [getattr(one, name) for one in graded]
        prompts = [False if False in one else None if None in one else True for one in each]
        found[name] = {"prompts": _share(prompts), "instructions": _share([verdict for one in each for verdict in one])}
    return found


def by_id(graded: Sequence[Graded]) -> dict[str, dict[str, Share]]:
    """For each id, the shares of `strict` and `loose`."""
    found: dict[str, dict[str, list[bool | None]]] = {}
    for one in graded:
        for id, strict, loose in zip(one.asked.ids, one.strict, one.loose, strict=True):
            columns = found.setdefault(id, {"strict": [], "loose": []})
            columns["strict"].append(strict)
            columns["loose"].append(loose)
    return {id: {name: _share(column) for name, column in columns.items()} for id, columns in sorted(found.items())}


def _share(verdicts: Sequence[bool | None]) -> Share:
    held, unknown = sum(one is True for one in verdicts), sum(one is None for one in verdicts)
    return Share(held, len(verdicts) - unknown, unknown)


def random_in_the_reference(prompts: Sequence[Asked]) -> list[Asked]:
    """The prompts that ask for a sign where the benchmark's own code, which wants a letter, draws one at random."""
    return [
        asked
        for asked in prompts
        if any(
            id == "keywords:letter_frequency" and str(use.arguments["letter"]).lower() not in LETTERS
            for id, use in zip(asked.ids, asked.uses, strict=True)
        )
    ]
