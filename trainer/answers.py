"""The answer in a completion: without what was only thought, and whether it was cut off.

Training shows a checker the whole of what a model wrote; a user sees less. A model that thinks writes its thoughts
between two marks, and chat templates of such models often write the first mark themselves, at the end of the prompt.
Hence four cases, which are told apart as an inference server's reasoning parser tells them (vLLM's `deepseek_r1`: the
answer begins after the first closing mark).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from verif_dsl import VerifError
from verif_dsl.compiler.conversation import Given, turns_of

Marks = tuple[str, str]

DEFAULT_MARKS: Marks = ("<think>", "</think>")


class Thinking(StrEnum):
    """Where the thoughts of a completion are."""

    CLOSED = "closed"
    """Between two marks."""
    PREFILLED = "prefilled"
    """Before a closing mark, the opening one being the prompt's last."""
    UNCLOSED = "unclosed"
    """All of it: a mark opens, here or in the prompt, and none closes."""
    ABSENT = "absent"
    """There are none."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a user would see of a completion, and what was found before it."""

    text: str
    thinking: Thinking


def without_thinking(text: str, marks: Marks = DEFAULT_MARKS, *, prefilled: bool = False) -> Answer:
    """The answer in a text; blank where the thoughts never end. `prefilled` says that the prompt opened them.

    >>> without_thinking("<think>Hm. </think> Yes.")
    Answer(text='Yes.', thinking=<Thinking.CLOSED: 'closed'>)
    >>> without_thinking("Hm.</think>Yes.", prefilled=True)
    Answer(text='Yes.', thinking=<Thinking.PREFILLED: 'prefilled'>)
    >>> without_thinking("<think>Hm.").thinking, without_thinking("Hm.", prefilled=True).thinking
    (<Thinking.UNCLOSED: 'unclosed'>, <Thinking.UNCLOSED: 'unclosed'>)
    >>> without_thinking("Yes. <think>No.</think>")
    Answer(text='Yes. <think>No.</think>', thinking=<Thinking.ABSENT: 'absent'>)
    """
    opening, closing = marks
    opens = text.lstrip().startswith(opening)
    if not opens and not prefilled:
        # A closing mark alone also ends thoughts: a template may open them where nobody says so.
        before, mark, after = text.partition(closing)
        if mark and opening not in before:
            return Answer(after.lstrip(), Thinking.PREFILLED)
        return Answer(text, Thinking.ABSENT)
    _, mark, after = text.partition(closing)
    if not mark:
        return Answer("", Thinking.UNCLOSED)
    return Answer(after.lstrip(), Thinking.CLOSED if opens else Thinking.PREFILLED)


def opens_thinking(prompt: str, marks: Marks = DEFAULT_MARKS) -> bool:
    """Whether a prompt, as the model reads it, ends by opening thoughts.

    >>> opens_thinking("<|assistant|><think>\\n"), opens_thinking("What does <think> mean?")
    (True, False)
    """
    return prompt.rstrip().endswith(marks[0])


def is_cut_off(ids: Sequence[int], ends: Collection[int]) -> bool:
    """Whether a completion ended for want of room: its last id is neither an end nor padding.

    TRL tells no finish reason, and finds this out in the same way.

    >>> is_cut_off([5, 6, 2], ends={0, 2}), is_cut_off([5, 6], ends={0, 2}), is_cut_off([], ends={0, 2})
    (False, True, False)
    """
    return len(ids) > 0 and ids[-1] not in ends


def completion_text(completion: Any) -> str:
    """The text of a completion: the text itself, or what the last message of the assistant says.

    Raises `VerifError` for what is neither a text nor a list of messages.

    >>> completion_text([{"role": "assistant", "content": None}])
    ''
    >>> completion_text([{"role": "assistant", "content": [{"type": "text", "text": "Hello."}]}])
    'Hello.'
    """
    if isinstance(completion, str):
        return completion
    try:
        return Given("answer", "assistant").find(turns_of(completion), {}) or ""
    except ValueError as error:
        raise VerifError(f"a completion cannot be read: {error}") from None
