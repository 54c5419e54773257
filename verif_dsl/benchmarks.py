"""The files of IFEval: its prompts with their instructions, responses to them, and the four accuracies of its paper.

Strict and loose are those of Zhou et al. 2023 (arXiv 2311.07911), section 2.2: loosely, a response follows an
instruction when it does as it is, without its first line, its last or both, or any of these without asterisks.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verif_dsl.compiler.diagnostics import VerifError, suggestion
from verif_dsl.rows import read_chunks
from verif_dsl.verdicts import PASS, UNKNOWN
from verif_dsl.verifier import Verifier

BATCH = 1024
"""Prompts whose responses are checked at a time, each in its eight readings."""

LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Asked:
    """A prompt of a benchmark, with the ids of its instructions and the arguments of each."""

    place: str
    """Where it stands, for messages."""
    key: object
    prompt: str
    ids: tuple[str, ...]
    arguments: tuple[Mapping[str, Any], ...]

    @property
    def constraints(self) -> str:
        """What the response has to keep, in the order of the ids, as `Verifier.check` reads it."""
        uses = enumerate(zip(self.ids, self.arguments, strict=True))
        return json.dumps([{"use": port(id), "with": given, "as": str(index)} for index, (id, given) in uses])


@dataclass(frozen=True, slots=True)
class Graded:
    """The verdicts on a response, in the order of the prompt's ids: True, False, or None for what is unknown."""

    asked: Asked
    strict: tuple[bool | None, ...]
    loose: tuple[bool | None, ...]
    reasons: tuple[str | None, ...]
    """Why a verdict is unknown."""

    def to_dict(self) -> dict[str, object]:
        """The row for `--out`."""
        reasons = {"reasons": self.reasons} if any(self.reasons) else {}
        return {"key": self.asked.key, "strict": self.strict, "loose": self.loose, **reasons}


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


def port(instruction: str) -> str:
    """The constraint of `std/ifeval` that ports an instruction.

    >>> port("keywords:existence")
    'keywords_existence'
    """
    return instruction.replace(":", "_")


def read_prompts(path: Path, verifier: Verifier) -> list[Asked]:
    """The prompts of a file (JSONL or Parquet): `key`, `prompt`, `instruction_id_list`, and `kwargs`, one an id.

    Raises `VerifError`, naming the row, for an id that is not known or arguments that its constraint does not accept.
    """
    found: list[Asked] = []
    for rows in read_chunks(path, needed=("prompt",), extras=("key", "instruction_id_list", "kwargs")):
        columns = [rows.columns.get(one, [None] * rows.count) for one in ("key", "instruction_id_list", "kwargs")]
        for index, (prompt, key, ids, kwargs) in enumerate(zip(rows.columns["prompt"], *columns, strict=True)):
            place = f"{path}, row {rows.first + index}"
            found.append(
                _asked(place, key if _key(place, key) is not None else rows.first + index, prompt, ids, kwargs)
            )
            _admit(found[-1], verifier)
    places: dict[object, str] = {}
    for one in found:
        if one.key in places:
            raise VerifError(f"{one.place}: its key {json.dumps(one.key)} is also that of {places[one.key]}")
        places[one.key] = one.place
    return found


def _key(place: str, key: object) -> object:
    if key is not None and not isinstance(key, str | int):
        raise VerifError(f"{place}: `key` is a text or a whole number, not {json.dumps(key, default=str)[:60]}")
    return key


def _asked(place: str, key: object, prompt: str, ids: object, kwargs: object) -> Asked:
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids) or not ids:
        raise VerifError(f"{place}: `instruction_id_list` is a list of ids, not {json.dumps(ids, default=str)[:60]}")
    if not isinstance(kwargs, list) or not all(isinstance(one, dict) for one in kwargs) or len(kwargs) != len(ids):
        raise VerifError(f"{place}: `kwargs` is a list of {len(ids)} objects, one for each id")
    given = tuple({name: value for name, value in one.items() if value is not None} for one in kwargs)
    return Asked(place, key, prompt, tuple(ids), given)


def _admit(asked: Asked, verifier: Verifier) -> None:
    for id in asked.ids:
        if port(id) not in verifier.constraints or ":" not in id:
            hint = suggestion(port(id), verifier.constraints)
            ported = f" (of the constraints of the ports, {hint})" if hint else ""
            raise VerifError(f"{asked.place}: there is no instruction `{id}`{ported}")
    try:
        verifier.requirements(asked.constraints)
    except VerifError as error:
        raise VerifError(f"{asked.place}: {error}") from None


def read_responses(path: Path, prompts: Sequence[Asked]) -> list[str]:
    """The response to each prompt, matched by `key` where the file has one, else by `prompt`.

    Raises `VerifError` for a prompt without a response, two responses to one, or a response to none.
    """
    found: dict[object, str] = {}
    by = "prompt"
    asked: set[object] = set()
    for rows in read_chunks(path, needed=("response",), extras=("key", "prompt")):
        if not asked:  # as the first rows do it, so do all
            by = "key" if "key" in rows.columns else "prompt"
            asked = {getattr(one, by) for one in prompts}
        for index, (response, name) in enumerate(
            zip(rows.columns["response"], rows.columns.get(by, [None] * rows.count), strict=True)
        ):
            place = f"{path}, row {rows.first + index}"
            if _key(place, name) is None:
                raise VerifError(f"{place}: it has neither `key` nor `prompt`, and could answer any prompt")
            if name not in asked:
                raise VerifError(f"{place}: no prompt has this {by}, {json.dumps(name)[:60]}")
            if name in found and by == "key":
                raise VerifError(f"{place}: a second response to {by} {json.dumps(name)[:60]}")
            found[name] = response
    for one in prompts:
        if getattr(one, by) not in found:
            raise VerifError(f"{one.place}: there is no response to it in {path}")
    return [found[getattr(one, by)] for one in prompts]


def readings(response: str) -> list[str]:
    """A response as it is, and the seven ways to read it that loose accuracy allows.

    >>> readings("Sure!\\n*Yes.*")[1:4]
    ['*Yes.*', 'Sure!', '']
    """
    lines = response.split("\n")
    cut = [response, *("\n".join(one).strip() for one in (lines[1:], lines[:-1], lines[1:-1]))]
    return [*cut, *(one.replace("*", "") for one in cut)]


def grade(prompts: Sequence[Asked], responses: Sequence[str], verifier: Verifier) -> Iterator[Graded]:
    """The strict and the loose verdicts on each response."""
    for start in range(0, len(prompts), BATCH):
        batch = prompts[start : start + BATCH]
        read = [readings(one) for one in responses[start : start + BATCH]]
        lines = [(asked.constraints, text) for asked, texts in zip(batch, read, strict=True) for text in texts]
        checked = verifier.check([text for _, text in lines], constraints=[required for required, _ in lines])
        verdicts = iter(checked.by_row())
        for asked, texts in zip(batch, read, strict=True):
            yield _graded(asked, [next(verdicts) for _ in texts])


def _graded(asked: Asked, rows: Sequence[Sequence[Mapping[str, object]]]) -> Graded:
    strict, loose, reasons = [], [], []
    for index in range(len(asked.ids)):
        verdicts = [row[index]["verdict"] for row in rows]
        strict.append(_decided(verdicts[:1]))
        loose.append(_decided(verdicts))
        why = (str(row[index]["reason"]) for row in rows if row[index]["verdict"] == UNKNOWN)
        reasons.append(next(why) if None in (strict[-1], loose[-1]) else None)
    return Graded(asked, tuple(strict), tuple(loose), tuple(reasons))


def _decided(verdicts: Sequence[object]) -> bool | None:
    """Whether any passes; unknown where none does and one could."""
    if PASS in verdicts:
        return True
    return None if UNKNOWN in verdicts else False


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
        for id, given in zip(asked.ids, asked.arguments, strict=True)
        if id == "keywords:letter_frequency" and str(given.get("letter", "")).lower() not in LETTERS
    ]
