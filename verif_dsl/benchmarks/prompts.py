"""The prompts of a benchmark, from its own file: each with its instructions, bound to the constraints that port them.

IFEval and IFBench have `key`, `prompt`, `instruction_id_list` and `kwargs`. IFTrain and the training sets made with it
have the conversation, `messages` or `prompt`, and a `ground_truth` that holds `instruction_id` and `kwargs`.
"""

import ast
import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from verif_dsl.benchmarks.ids import MODULE_OF, imports, port, port_name
from verif_dsl.compiler import compile_source
from verif_dsl.compiler.binding import BindError, bind
from verif_dsl.compiler.conversation import turns_of
from verif_dsl.compiler.diagnostics import VerifError
from verif_dsl.compiler.ir import Value
from verif_dsl.compiler.program import Constraint, Use
from verif_dsl.compiler.source import Source
from verif_dsl.requirements import write_requirements
from verif_dsl.rows import Rows, read_chunks
from verif_dsl.verifier import Verifier

LONGEST_LITERAL = 64 * 1024
"""Characters of a `ground_truth` that is written as Python writes it: its parser has no bounds of its own."""

DEEPEST_GROUND_TRUTH = 4
"""A list of a text of a list of objects is as deep as any data is known to go."""

ROLE = "user: "
"""What Dolci's prompts begin with: the role, as in a written conversation."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A prompt of a benchmark, with the ids of its instructions and, for each, the constraint with its arguments."""

    place: str
    """Where it stands, for messages."""
    key: str | int
    prompt: str
    ids: tuple[str, ...]
    uses: tuple[Use, ...]

    @property
    def constraints(self) -> str:
        """What the response has to keep, in the order of the ids, as `Verifier.check` reads it."""
        return write_requirements(self.uses)


@cache
def verifier() -> Verifier:
    """The ports of all benchmarks in one program, called as `ids.port` calls them."""
    return Verifier(compile_source(Source("<benchmarks>", imports())))


@cache
def ports() -> Mapping[str, Constraint]:
    """The constraints of `verifier` by name."""
    return verifier().program.known()


def read_prompts(path: Path, benchmark: str) -> list[Asked]:
    """The prompts of a benchmark's file (JSONL or Parquet), in order; one without a `key` has its row's number.

    Raises `VerifError`, naming the row, for an id that is not known, an argument that is missing or that the constraint
    does not accept, and two prompts with one key.
    """
    read = _read_ground_truth if benchmark == "iftrain" else _read_instruction_list
    found = list(read(path))
    places: dict[object, str] = {}
    for one in found:
        if one.key in places:
            raise VerifError(f"{one.place}: its key {json.dumps(one.key)} is also that of {places[one.key]}")
        places[one.key] = one.place
    return found


def admitted_key(place: str, key: object) -> str | int | None:
    """A row's key, or None where it has none. Raises `VerifError` for what is neither a text nor a whole number."""
    if key is None or (isinstance(key, str | int) and not isinstance(key, bool)):
        return key
    raise VerifError(f"{place}: `key` is a text or a whole number, not {_shown(key)}")


# ------------------------------------------------------------------------------------------------ IFEval and IFBench


def _read_instruction_list(path: Path) -> Iterator[Asked]:
    for rows in read_chunks(path, needed=("prompt",), extras=("key", "instruction_id_list", "kwargs")):
        for row, prompt, key, ids, kwargs in _by_row(rows, "prompt", "key", "instruction_id_list", "kwargs"):
            place = f"{path}, row {row}"
            yield _asked(place, row, key, prompt, _instructions(place, ids, kwargs, "instruction_id_list"))


# ----------------------------------------------------------------------------------------------------------- IFTrain


def _read_ground_truth(path: Path) -> Iterator[Asked]:
    for rows in read_chunks(path, extras=("key", "prompt", "messages", "ground_truth")):
        if "ground_truth" not in rows.columns:
            raise VerifError(
                f"{path}: there is no column `ground_truth` in it, where IFTrain's data has the instructions"
            )
        for row, key, prompt, messages, truth in _by_row(rows, "key", "prompt", "messages", "ground_truth"):
            place = f"{path}, row {row}"
            instructions = [
                pair
                for table in _tables(place, truth)
                for pair in _instructions(place, table.get("instruction_id"), table.get("kwargs"), "instruction_id")
            ]
            yield _asked(place, row, key, _prompt(place, prompt, messages), instructions)


def _prompt(place: str, prompt: object, messages: object) -> str:
    if messages is None and isinstance(prompt, str):
        return prompt.removeprefix(ROLE)
    try:
        turns = turns_of(prompt if messages is None else messages)
    except ValueError as error:
        raise VerifError(f"{place}: its conversation cannot be read: {error}") from None
    if [role for role, _ in turns] != ["user"]:
        roles = ", ".join(role for role, _ in turns) or "no one"
        raise VerifError(f"{place}: a prompt is one message of the user, and here speak: {roles}")
    return turns[0][1]


def _tables(place: str, truth: object, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """The objects with ids and arguments in a `ground_truth`: one, several, or the text of such as JSON or Python."""
    match truth:
        case dict() if "instruction_id" in truth:
            yield truth
        case {"func_name": name}:
            raise VerifError(
                f"{place}: `ground_truth` names a function, {_shown(name)}, as RLVR-IFeval does, and no id"
            )
        case str() if depth < DEEPEST_GROUND_TRUTH:
            yield from _tables(place, _literal(place, truth), depth + 1)
        case [_, *_] if depth < DEEPEST_GROUND_TRUTH:
            for one in truth:
                yield from _tables(place, one, depth + 1)
        case _:
            raise VerifError(f"{place}: `ground_truth` has no `instruction_id` in it: {_shown(truth)}")


def _literal(place: str, text: str) -> object:
    """What a text says in JSON or, as most of these data have it, in Python's own notation: None, single quotes."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if len(text) > LONGEST_LITERAL:
        raise VerifError(
            f"{place}: `ground_truth` has {len(text):,} characters, more than the {LONGEST_LITERAL:,} allowed"
        )
    try:
        with warnings.catch_warnings(action="ignore"):  # about escapes such as "\d", which Python leaves as they are
            value = ast.literal_eval(text)  # values only: no names, no calls
        return json.loads(json.dumps(value))  # and of these, what JSON has too
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise VerifError(f"{place}: `ground_truth` is neither JSON nor a value of Python's: {_shown(text)}") from None


# ------------------------------------------------------------------------------------------------------- what all share


def _by_row(rows: Rows, *names: str) -> Iterator[tuple[Any, ...]]:
    """The number of each row, and its values in these columns; None where it has none."""
    columns = [rows.columns.get(name) or [None] * rows.count for name in names]
    return zip(range(rows.first, rows.first + rows.count), *columns, strict=True)


def _instructions(place: str, ids: object, kwargs: object, column: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Each id with its arguments; `kwargs` has an object for each, or null for one that takes none."""
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids) or not ids:
        raise VerifError(f"{place}: `{column}` is a list of ids, not {_shown(ids)}")
    if not isinstance(kwargs, list) or len(kwargs) != len(ids):
        raise VerifError(f"{place}: `kwargs` is a list of {len(ids)}, one for each id, not {_shown(kwargs)}")
    for one in kwargs:
        if not isinstance(one, dict | None):
            raise VerifError(f"{place}: the `kwargs` of an id are an object, not {_shown(one)}")
    return [(id, given or {}) for id, given in zip(ids, kwargs, strict=True)]


def _asked(place: str, row: int, key: object, prompt: str, instructions: list[tuple[str, Mapping[str, Any]]]) -> Asked:
    try:
        json.dumps([key, prompt, instructions], ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError as error:
        # JSON can say "\ud800", which no file and no column of texts can hold.
        raise VerifError(f"{place}: it holds half a character (U+{ord(error.object[error.start]):04X})") from None
    uses: list[Use] = []
    for id, given in instructions:
        use = _use(place, id, given)
        before = sum(one.constraint == use.constraint for one in uses)
        uses.append(replace(use, name=f"{port_name(id)}_{before + 1}") if before else use)
    known = admitted_key(place, key)
    return Asked(place, row if known is None else known, prompt, tuple(id for id, _ in instructions), tuple(uses))


def _use(place: str, instruction: str, given: Mapping[str, Any]) -> Use:
    """The port of an id, with those of its arguments that are given."""
    try:
        name = port(instruction)
    except VerifError as error:
        raise VerifError(f"{place}: {error}") from None
    constraint = ports().get(name)
    if constraint is None:
        raise VerifError(f"{place}: std/{MODULE_OF[instruction]} has no port of `{instruction}`")
    arguments = _arguments(place, instruction, given)
    for parameter in constraint.parameters:
        if parameter.name not in arguments and parameter.default is None:
            raise VerifError(f"{place}: `{instruction}` needs the argument `{parameter.name}`, and has none")
    try:
        bound = bind(replace(constraint, name=instruction), arguments)
    except BindError as error:
        raise VerifError(f"{place}: {error}") from None
    return Use(name, {each: value for each, value in bound.items() if each in arguments}, 1.0, "")


def _arguments(place: str, instruction: str, given: Mapping[str, Any]) -> dict[str, Value]:
    """Arguments as the ports have them: without nulls, their names in small letters, 15.0 as 15."""
    found: dict[str, Value] = {}
    for name, value in given.items():
        if value is None:
            continue
        if name.lower() in found:
            raise VerifError(f"{place}: `{instruction}` has the argument `{name.lower()}` twice")
        found[name.lower()] = int(value) if isinstance(value, float) and value.is_integer() else value
    return found


def _shown(value: object) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else text[:57] + "..."
