"""Answers that must not score: what a model finds first when a reward can be had without an answer.

Some rules are met by saying nothing (`use no commas`), so a wire's score need not be 0; it is an alarm when a model
could live on it.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from statistics import fmean
from typing import Any

from verif_dsl import Verifier
from verif_dsl.compiler.conversation import PROMPT, turns_of
from verif_dsl.judging import Judge
from verif_dsl.trainer.data import Row, columns_of

NEITHER = re.compile(r"\W+")
"""What is neither a letter nor a digit."""

WIRES = ("empty", "hash", "prompt", "constraints", "character")


def wires(prompt: Any, instructions: str) -> dict[str, str]:
    """The degenerate answers to a prompt, by name.

    >>> [text[:14] for text in wires("Write a poem.", "Use no commas.").values()]
    ['', '#', 'Write a poem.', 'Use no commas.', 'aaaaaaaaaaaaaa']
    """
    return {
        "empty": "",
        "hash": "#",
        "prompt": asked_in(prompt),
        "constraints": instructions,
        "character": "a" * 200,
    }


def asked_in(prompt: Any) -> str:
    """What the user said last."""
    return PROMPT.find(turns_of(prompt), {}) or ""


def scores(
    verifier: Verifier, rows: Sequence[Row], reward: str | None, judge: Judge | None = None
) -> dict[str, float | None]:
    """The mean reward of each degenerate answer over the rows; None where none is decided."""
    found: dict[str, float | None] = {}
    told = [verifier.instruct(row.constraints, prompt=row.prompt, columns=row.fields) for row in rows]
    for name in WIRES:
        answers = [wires(row.prompt, instructions)[name] for row, instructions in zip(rows, told, strict=True)]
        verdicts = verifier.check(
            answers,
            prompts=[row.prompt for row in rows],
            constraints=[row.constraints for row in rows],
            columns=columns_of(rows),
            judge=judge,
            only_for_reward=True,
            reward=reward,
        )
        decided = [one for one in verdicts.rewards(reward) if one is not None]
        found[name] = fmean(decided) if decided else None
    return found


def tripped(asked: str, answer: str) -> bool:
    """Whether an answer to what the user asked is degenerate: it has no letter or digit, one character only, or is the
    question again.

    >>> [tripped("Write a poem.", one) for one in ("#", "aaaa aaaa", "Write a poem. Write a poem.", "A poem", "42")]
    [True, True, True, False, False]
    """
    plain = NEITHER.sub("", answer)
    if len(plain) < 1 or (len(plain) > 3 and len(set(plain)) == 1):
        return True
    asked = _question(asked)
    return bool(asked) and not plain.replace(asked, "")


@lru_cache(maxsize=1024)  # a group has many answers to one question
def _question(asked: str) -> str:
    """The letters and digits of a question."""
    return NEITHER.sub("", asked)


def alarms(found: Mapping[str, float | None], mean_reward: float | None) -> list[str]:
    """A sentence for each degenerate answer that scores as much as the model does."""
    told = {
        "empty": "an empty answer",
        "hash": "a bare #",
        "prompt": "the prompt repeated",
        "constraints": "the instructions repeated",
        "character": "one character repeated",
    }
    return [
        f"{told[name]} scores {score:.3f} on average, and the model {mean_reward:.3f}: a reward to be had for nothing"
        for name, score in found.items()
        if score is not None and score > 0 and mean_reward is not None and score >= mean_reward
    ]
