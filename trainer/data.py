"""Rows to train and to measure on, made or read: a prompt, and the constraints its answer must meet."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verif_dsl import Use, VerifError, Verifier
from verif_dsl.requirements import write_requirements
from verif_dsl.rows import read_rows

MOST_CONSTRAINTS = 3


@dataclass(frozen=True, slots=True)
class Row:
    """A prompt, and what its answer must be: the name of a spec, or a JSON list of constraints with arguments.

    The constraints are one text, not nested columns, because Arrow would merge the arguments of all rows into one
    struct and fill the gaps with nulls.
    """

    prompt: str
    constraints: str


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
    """The rows of a .jsonl or .parquet file with the text columns `prompt` and `constraints`.

    Raises `VerifError` as `verif_dsl.rows.read_rows` does, and for a row that asks what the .vif file does not have.
    """
    columns = read_rows(path, needed=("prompt", "constraints")).columns
    for number, text in enumerate(columns["constraints"]):
        try:
            verifier.requirements(text)
        except VerifError as error:
            raise VerifError(f"{path}, row {number}: {error}") from None
    return [Row(prompt, text) for prompt, text in zip(columns["prompt"], columns["constraints"], strict=True)]


def hold_out(rows: Sequence[Row], count: int, rng: random.Random) -> tuple[list[Row], list[Row]]:
    """The rows to train on and `count` others, drawn at random, to measure on.

    Rows with the same prompt stay on one side, so the second list may be a little longer. Raises `VerifError` when
    nothing would be left to train on.
    """
    by_prompt: dict[str, list[Row]] = {}
    for row in rows:
        by_prompt.setdefault(row.prompt, []).append(row)
    prompts = rng.sample(sorted(by_prompt), len(by_prompt))
    held_out: list[Row] = []
    while prompts and len(held_out) < count:
        held_out += by_prompt[prompts.pop()]
    kept = {row.prompt for row in held_out}
    train = [row for row in rows if row.prompt not in kept]
    if not train:
        raise VerifError(f"`held_out: {count}` leaves none of the {len(rows)} rows to train on; lower it or add rows")
    return train, held_out
