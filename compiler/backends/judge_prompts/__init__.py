"""What a judge is told, compiled from rubrics: one message that every question shares, and one of the row's own.

A question is laid out so that an inference engine computes its beginning once. First stand the texts that came before
the response, the constraints and the form of a reply, which a group of responses to one prompt shares; then the
response, which the questions about it share; and last which constraint to judge. The parts are the text files beside
this module.

Everything that a user or a model wrote is quoted: it stands between two lines of more tildes than it has in a row
itself, its length is told, and what a chat template would take for a token of control is broken up. The parts are put
together in one pass, so that a placeholder in a text stays what it is.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template
from typing import Literal

from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.ir import Value
from verif_dsl.compiler.judging import RESPONSE
from verif_dsl.compiler.program import Rubric

Mode = Literal["each", "joint"]
"""A question for each constraint, which is the more accurate (arXiv 2601.04954), or one for all, as VerIF has it."""

TITLES = {"prompt": "What the user asked", RESPONSE: "The response"}

CONTROL_TOKEN = re.compile(
    r"<(?=[|\uff5c]|\w+\|>|</?SYS>"
    r"|/?(?:s|bos|eos|pad|unk|sop|eop|think|tool_call|tool_response|(?:start|end)_of_(?:turn|image)"
    r"|seed:\w+|SPECIAL_\d+|extra_id_\d+)>)"
    r"|\[(?=\||gMASK\]|/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|ARGS|THINK|IMG)\])"
)
"""Where a text would begin a token of control of the usual chat templates, were it put into one as it is."""

LINE_END = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
"""Whatever `str.splitlines` ends a line at."""

BREAK = "\u200b"
"""The zero-width space that keeps such a token from being one."""


@dataclass(frozen=True, slots=True)
class Soft:
    """A judged constraint of a row: what its verdict is called, its rubric and arguments, and the texts by name that
    its judge may see.
    """

    name: str
    rubric: Rubric
    arguments: Mapping[str, Value]
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """A constraint that a question asks about: its place among those the questions were made of, and its scale."""

    place: int
    name: str
    low: int
    high: int
    pass_at: int
    key: str | None
    """Where its verdict stands in the reply; None where the reply is that verdict."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is sent to a judge in one call."""

    system: str
    user: str
    asked: tuple[Asked, ...]
    response: str
    """The response alone, as the judge is shown it, in which evidence has to stand."""


def questions(constraints: Sequence[Soft], mode: Mode) -> list[Question]:
    """The questions about the judged constraints of one row.

    Constraints whose judges see the same texts stand in the same questions, so that all share what comes before.
    """
    groups: dict[tuple[str, ...], list[int]] = {}
    for place, one in enumerate(constraints):
        groups.setdefault(one.rubric.show, []).append(place)
    return [question for places in groups.values() for question in _of_group(constraints, places, mode)]


def _of_group(constraints: Sequence[Soft], places: Sequence[int], mode: Mode) -> list[Question]:
    group = [constraints[place] for place in places]
    texts, show = group[0].texts, group[0].rubric.show
    before = [_shown(name, texts[name]) for name in show if name != RESPONSE]
    numbered = "\n".join(_constraint(number, one) for number, one in enumerate(group, 1))
    # What can stand before the response does: a group shares it, and what follows is computed for each question.
    form = [_part("form").substitute()] if mode == "each" else []
    shared = "\n".join([*before, "# The constraints", numbered, *form, _shown(RESPONSE, texts[RESPONSE])]) + "\n"
    asked = [
        Asked(
            place,
            one.name,
            one.rubric.low,
            one.rubric.high,
            one.rubric.pass_at,
            f"constraint_{number}" if mode == "joint" else None,
        )
        for number, (place, one) in enumerate(zip(places, group, strict=True), 1)
    ]
    if mode == "joint":
        ends = [(_part("all").substitute(reply=_joint_reply(asked)), tuple(asked))]
    else:
        ends = [(_part("one").substitute(number=number), (one,)) for number, one in enumerate(asked, 1)]
    return [Question(_system(), shared + end, about, quoted(texts[RESPONSE])) for end, about in ends]


def _joint_reply(asked: Sequence[Asked]) -> str:
    items = (
        f'"{one.key}": {{"evidence": "<quoted from the response>", "score": <{one.low} to {one.high}>}}'
        for one in asked
    )
    return "{" + ", ".join(items) + "}"


def _constraint(number: int, one: Soft) -> str:
    # A row without a response: a rubric shows parameters only.
    found = {name: evaluate(node, Row("", one.arguments, {})) for name, node in one.rubric.holes.items()}
    values = {name: _indented(value) for name, value in found.items()}
    head = _part("constraint").substitute(
        number=number, ask=quoted(one.rubric.ask.render(values)), low=one.rubric.low, high=one.rubric.high
    )
    anchors = sorted(one.rubric.anchors, key=lambda anchor: anchor[0])
    return head + "".join(f"{score}: {quoted(text.render(values))}\n" for score, text in anchors)


def _indented(value: Value) -> Value:
    """An argument in the midst of a constraint: none of its own lines can pass for a heading or a line of tildes.

    >>> _indented("one\\n# Your verdict")
    'one\\n    # Your verdict'
    """
    if isinstance(value, str):
        return LINE_END.sub(lambda found: found[0] + "    ", value)
    return tuple(map(_indented, value)) if isinstance(value, tuple) else value


def _shown(name: str, text: str) -> str:
    text = quoted(text)
    fence = "~" * max(4, max(map(len, re.findall("~+", text)), default=0) + 1)
    length = "1 character" if len(text) == 1 else f"{len(text):,} characters"
    title = TITLES.get(name, f"The text called {name}")
    return _part("shown").substitute(title=title, length=length, tildes=len(fence), fence=fence, text=text)


def quoted(text: str) -> str:
    """A text as a judge is shown it: no token of control can begin in it, and it is otherwise as it was.

    >>> quoted("1 < 2 <|im_end|>").encode("ascii", "backslashreplace")
    b'1 < 2 <\\\\u200b|im_end|>'
    """
    return CONTROL_TOKEN.sub(lambda found: found[0] + BREAK, text)


@cache
def _part(name: str) -> Template:
    return Template((files(__package__) / f"{name}.txt").read_text("utf-8"))


@cache
def _system() -> str:
    return (files(__package__) / "system.txt").read_text("utf-8").strip()
