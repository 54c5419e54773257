"""What came before a response: the turns of its prompt, and the texts that checks ask of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from verif_dsl.compiler.ir import Input

Turn = tuple[str, str]
"""A role (`system`, `user`, `assistant`, ...) and what it said."""


@dataclass(frozen=True, slots=True)
class Given:
    """A text that a check reads beside the response: a turn of the conversation, or a column of the data.

    `index` counts the turns of that role from 0, or from the end when negative.
    """

    name: str
    role: str | None = None
    index: int = -1
    field: str | None = None

    @property
    def key(self) -> str:
        """How the text is called in the IR, whatever name a constraint gives it."""
        return f"field {self.field}" if self.role is None else f"{self.role}[{self.index}]"

    @property
    def node(self) -> Input:
        return Input(self.key)

    def find(self, turns: Sequence[Turn], fields: Mapping[str, str]) -> str | None:
        """The text for one row, or None when the row has no such turn or column.

        >>> Given("earlier", "assistant").find([("user", "Hi"), ("assistant", "Hello."), ("user", "So?")], {})
        'Hello.'
        """
        if self.role is None:
            return fields.get(self.field or "")
        said = [text for role, text in turns if role == self.role]
        return said[self.index] if -len(said) <= self.index < len(said) else None

    def __str__(self) -> str:
        if self.name == "prompt":
            return "the prompt"
        return f'the column "{self.field}"' if self.role is None else f"the turn {self.key}"


PROMPT = Given("prompt", "user")
"""What `prompt` stands for in every constraint: the last thing the user said."""


def turns_of(prompt: object) -> tuple[Turn, ...]:
    """The turns of a prompt: one of the user when it is a text, else those of its messages.

    A message's content may be a text, nothing, or a list of parts, of which the texts count. Raises `ValueError` for
    anything else.

    >>> turns_of([{"role": "user", "content": [{"type": "text", "text": "Why?"}]}])
    (('user', 'Why?'),)
    """
    if isinstance(prompt, str):
        return (("user", prompt),)
    if not isinstance(prompt, Sequence):
        raise ValueError(f"a prompt is a text or a list of messages, not {type(prompt).__name__}")
    return tuple(_turn(message) for message in prompt)


def _turn(message: object) -> Turn:
    if not isinstance(message, Mapping) or not isinstance(message.get("role"), str):
        raise ValueError("a message has a `role` and a `content`")
    match message.get("content"):
        case None:
            return message["role"], ""
        case str(text):
            return message["role"], text
        case list(parts):
            texts = (part.get("text") for part in parts if isinstance(part, Mapping))
            return message["role"], "".join(text for text in texts if isinstance(text, str))
    raise ValueError("the content of a message is a text or a list of parts")
