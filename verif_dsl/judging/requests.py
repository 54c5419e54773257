"""What goes to a judge's engine and what comes back, whichever engine it is."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Protocol

Alternatives = Mapping[str, float]
"""The likeliest tokens at one place, with the logarithm of the probability of each."""


@dataclass(frozen=True)
class Request:
    """One question as it is sent: two messages, the JSON schema of the reply, and everything the reply depends on."""

    model: str
    system: str
    user: str
    schema: Mapping[str, Any]
    temperature: float
    max_tokens: int
    seed: int
    probabilities: bool
    options: Mapping[str, Any]

    @cached_property
    def key(self) -> bytes:
        """A digest of the whole: equal requests, and only these, share a reply."""
        parts = {one.name: getattr(self, one.name) for one in fields(self)}
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).digest()


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model said: the text, why it ended (`stop`, `length`, ...), tokens in, of these cached, and out, and how
    long it took.

    `tokens` has the pieces of the text in their order, each with its likeliest alternatives, where they were asked for.
    """

    text: str
    ended: str
    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    tokens: tuple[tuple[str, Alternatives], ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no reply that can be used, and how long it took to know."""

    reason: str
    seconds: float = 0.0
    final: bool = False
    """Whether it is no use to ask anew: the engine tried as long as it may, or would fail each time."""


def one_line(text: str, longest: int = 200) -> str:
    """A text from elsewhere as it may stand in a reason: in one line, not too long, of characters that can be shown.

    >>> one_line("no\\n  more\\x1b[2J", 8)
    'no more\ufffd...'
    """
    line = "".join(one if one.isprintable() else "\ufffd" for one in " ".join(text.split()))
    return line if len(line) <= longest else line[:longest] + "..."


Done = Callable[[int, Completion | Failure], None]
"""Is told the place of a request and what became of it, as soon as that is known; never twice at the same time."""


class Engine(Protocol):
    """Runs a language model."""

    def complete(self, requests: Sequence[Request], done: Done) -> None:
        """Answer all requests, in any order, telling `done` of each. Raises `JudgeError` where none can be answered."""
