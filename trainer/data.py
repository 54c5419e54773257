"""Rows to train and to measure on, made or read: a prompt, and the constraints its answer must meet."""

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from verif_dsl import Use, VerifError, Verifier
from verif_dsl.compiler.conversation import turns_of
from verif_dsl.requirements import write_requirements
from verif_dsl.rows import read_rows

MOST_CONSTRAINTS = 3

Prompt = str | list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Row:
    """A prompt, and what its answer must be: the name of a spec, or a JSON list of constraints with arguments.

    The constraints are one text, not nested columns, because Arrow would merge the arguments of all rows into one
    struct and fill the gaps with nulls. A prompt is a text, or a list of messages. `fields` are the columns of the data
    that checks read.
    """

    prompt: Prompt
    constraints: str
    fields: Mapping[str, str] = field(default_factory=dict)


def write_prompt(topic: str, instructions: str) -> str:
    """The prompt as the embedded model knows it; its answer is the line that follows.

    >>> write_prompt("files", "Use no capital letters.")
    'Write about files. Use no capital letters.\\n'
    """
    return f"Write about {topic}. {instructions}\n"


def drawable(verifier: Verifier) -> list[str]:
    """The constraints that made rows may ask for: those with a check, which needs no judge.

    Raises `VerifError` when there is none.
    """
    names = [name for name, one in verifier.constraints.items() if one.kind == "hard" and one.deprecated is None]
    if not names:
        raise VerifError("made data needs a constraint with a `check`, and the .vif file has none")
    return names


def as_column(uses: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """The `constraints` of a row, from the names of constraints and their arguments.

    >>> as_column([("word_range", {"min": 2, "max": 5})])
    '[{"use": "word_range", "with": {"min": 2, "max": 5}}]'
    """
    return write_requirements([Use(name, dict(arguments), 1.0, name) for name, arguments in uses])


def made_rows(verifier: Verifier, topics: Sequence[str], count: int, rng: random.Random) -> list[Row]:
    """`count` rows about the topics in turn, with one to three constraints each, whose arguments are drawn."""
    names = drawable(verifier)
    order = rng.sample(topics, len(topics))
    rows = []
    for number in range(count):
        chosen = rng.sample(names, rng.randint(1, min(MOST_CONSTRAINTS, len(names))))
        constraints = as_column((name, verifier.draw(name, rng)) for name in chosen)
        instructions = verifier.instruct(constraints, seed=rng.getrandbits(32))
        rows.append(Row(write_prompt(order[number % len(order)], instructions), constraints))
    return rows


def rows_from(path: Path, verifier: Verifier) -> list[Row]:
    """The rows of a .jsonl or .parquet file with the columns `prompt`, `constraints`, and those that checks read.

    Raises `VerifError` as `verif_dsl.rows.read_rows` does, for a prompt that is empty or neither a text nor messages,
    and for a row that asks what the .vif file does not have.
    """
    names = fields_of(verifier)
    columns = read_rows(path, needed=("constraints",), texts=names, extras=("prompt",)).columns
    if "prompt" not in columns:
        raise VerifError(f"{path}, row 0: the column `prompt` is missing")
    rows = []
    for number, (prompt, text) in enumerate(zip(columns["prompt"], columns["constraints"], strict=True)):
        try:
            if not turns_of(prompt) or not prompt:
                raise ValueError("its prompt is empty")
            verifier.requirements(text)
        except (VerifError, ValueError) as error:
            raise VerifError(f"{path}, row {number}: {error}") from None
        rows.append(Row(prompt, text, {name: columns[name][number] for name in names if name in columns}))
    return rows


def fields_of(verifier: Verifier) -> tuple[str, ...]:
    """The columns of the data that some constraint reads (`given ... from field`)."""
    every = (given for constraint in verifier.program.known().values() for given in constraint.givens)
    return tuple(sorted({given.field for given in every if given.field is not None}))


def as_chat(rows: Iterable[Row]) -> list[Row]:
    """The same rows with every prompt that is a text as the message of a user, so that it gets the chat template.

    >>> as_chat([Row("Hello.", "[]")])[0].prompt
    [{'role': 'user', 'content': 'Hello.'}]
    """
    return [
        replace(row, prompt=[{"role": "user", "content": row.prompt}]) if isinstance(row.prompt, str) else row
        for row in rows
    ]


def check_prompts(rows: Sequence[Row], *, chat: bool | None, has_template: bool) -> None:
    """Raise `VerifError` for prompts that cannot be put to a model with a chat template, or to one without.

    >>> check_prompts(as_chat([Row("Hello.", "[]")]), chat=None, has_template=False)
    Traceback (most recent call last):
    ...
    verif_dsl.compiler.diagnostics.VerifError: prompts are lists of messages, and the model has no chat template
    """
    prompts = [row.prompt for row in rows]
    lists = [one for one in prompts if not isinstance(one, str)]
    if chat and not has_template:
        raise VerifError("`chat: true` gives prompts the chat template of the model, and this one has none")
    if lists and not has_template:
        raise VerifError("prompts are lists of messages, and the model has no chat template")
    # TRL takes the first prompt of a batch to say what all of it are, and Arrow keeps one type in a column.
    if chat is False and 0 < len(lists) < len(prompts):
        raise VerifError("some prompts are texts and others lists of messages, which `chat: false` leaves as they are")
    contents = [
        message.get("content") for one in as_chat(rows) if isinstance(one.prompt, list) for message in one.prompt
    ]
    if len({type(content) for content in contents if content is not None}) > 1:
        raise VerifError("some messages have a text as `content` and others a list of parts; make all of them texts")


def columns_of(rows: Sequence[Row]) -> dict[str, list[str]]:
    """The columns of the data that checks read, as `Verifier.check` takes them."""
    names = {name for row in rows for name in row.fields}
    return {name: [row.fields.get(name, "") for row in rows] for name in sorted(names)}


def hold_out(rows: Sequence[Row], count: int, rng: random.Random) -> tuple[list[Row], list[Row]]:
    """The rows to train on and `count` others, drawn at random, to measure on.

    Rows with the same prompt stay on one side, so the second list may be a little longer. Raises `VerifError` when
    nothing would be left to train on.
    """
    by_prompt: dict[str, list[Row]] = {}
    for row in rows:
        by_prompt.setdefault(_key(row), []).append(row)
    prompts = rng.sample(sorted(by_prompt), len(by_prompt))
    held_out: list[Row] = []
    while prompts and len(held_out) < count:
        held_out += by_prompt[prompts.pop()]
    kept = {_key(row) for row in held_out}
    train = [row for row in rows if _key(row) not in kept]
    if not train:
        raise VerifError(f"`held_out: {count}` leaves none of the {len(rows)} rows to train on; lower it or add rows")
    return train, held_out


def _key(row: Row) -> str:
    return row.prompt if isinstance(row.prompt, str) else json.dumps(row.prompt, sort_keys=True)
