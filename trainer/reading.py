"""What of a completion is judged, and what becomes of one that thinks without end or was cut off."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from verif_dsl.compiler.conversation import turns_of
from verif_dsl.trainer.answers import (
    DEFAULT_MARKS,
    Marks,
    Thinking,
    completion_text,
    is_cut_off,
    opens_thinking,
    without_thinking,
)

Truncated = Literal["keep", "zero", "soft", "leave_out"]
Unclosed = Literal["blank", "leave_out"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What is judged of a completion. `share` is how much of its reward it keeps; None leaves it out of training."""

    text: str
    thinking: Thinking
    cut_off: bool
    share: float | None


@dataclass(frozen=True, slots=True)
class Reading:
    """How completions are read.

    Attributes:
        strip: whether thoughts are taken out before anything is judged.
        marks: what opens thoughts and what closes them.
        prefilled: whether the chat template opens them at the end of every prompt.
        unclosed: thoughts without an end make a `blank` answer, which fails everything, or are left out.
        truncated: a completion that was cut off for want of room is judged as it is (`keep`), is worth nothing
            (`zero`), is left out (`leave_out`); or rewards fall evenly to nothing over the last `buffer` tokens before
            the limit (`soft`, after the overlong shaping of DAPO, arXiv 2503.14476, which subtracts where this
            multiplies).
        limit: the most tokens that a completion may have; `soft` needs it.
        ends: the ids that end a completion, padding among them. Without any, nothing counts as cut off.
        end_texts: the same as texts, which are taken off the end of an answer.
    """

    strip: bool = True
    marks: Marks = DEFAULT_MARKS
    prefilled: bool = False
    unclosed: Unclosed = "blank"
    truncated: Truncated = "keep"
    buffer: int = 512
    limit: int | None = None
    ends: frozenset[int] = frozenset()
    end_texts: tuple[str, ...] = ()

    def read(self, prompt: Any, completion: Any, ids: Sequence[int] | None = None) -> Seen:
        """What is judged of a completion, its ids being there where the trainer tells them.

        Raises `VerifError` for a completion that is neither a text nor a list of messages.

        >>> reading = Reading(truncated="soft", buffer=4, limit=8, ends=frozenset({0}))
        >>> [reading.read("?", "Yes.", [1] * length + [0]).share for length in (2, 5, 7)]
        [1.0, 0.5, 0.0]
        """
        text = self._without_end(completion_text(completion))
        answer = without_thinking(text, self.marks, prefilled=self.prefilled or self._opened_by(prompt))
        cut_off = bool(self.ends) and ids is not None and is_cut_off(ids, self.ends)
        share: float | None = 1.0
        if self.strip and answer.thinking is Thinking.UNCLOSED and self.unclosed == "leave_out":
            share = None
        elif self.truncated == "soft" and self.limit is not None and ids is not None:
            share = 0.0 if cut_off else min(1.0, max(0.0, (self.limit - len(ids)) / self.buffer))
        elif cut_off and self.truncated == "zero":
            share = 0.0
        elif cut_off and self.truncated == "leave_out":
            share = None
        return Seen(answer.text if self.strip else text, answer.thinking, cut_off, share)

    def _without_end(self, text: str) -> str:
        kept = text.rstrip()
        while ended := next((one for one in self.end_texts if kept.endswith(one)), None):
            text = kept = kept.removesuffix(ended).rstrip()
        return text

    def _opened_by(self, prompt: Any) -> bool:
        """Whether the prompt's own last words open thoughts, as where the user wrote the template out."""
        if isinstance(prompt, str):
            return opens_thinking(prompt, self.marks)
        turns = turns_of(prompt)
        return bool(turns) and turns[-1][0] == "assistant" and opens_thinking(turns[-1][1], self.marks)
