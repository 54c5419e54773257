"""What a saved model answers: prompts in, responses out, for `vif generate`, `vif eval` and `vif profile`.

The model runs in this process, by transformers, on a GPU where there is one.
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verif_dsl import VerifError
from verif_dsl.compiler.conversation import turns_of
from verif_dsl.files import written_whole
from verif_dsl.rows import read_rows
from verif_dsl.trainer.answers import is_cut_off, opens_thinking
from verif_dsl.trainer.data import Prompt
from verif_dsl.trainer.progress import Stages
from verif_dsl.trainer.reading import Reading
from verif_dsl.trainer.sampling import BATCH, Ids, as_read, completions, encoded, ends_of, quiet

MOST_TOKENS = 1280
"""What lm-eval's IFEval lets a model write."""


@dataclass(frozen=True, slots=True)
class Answering:
    """How prompts are answered.

    Attributes:
        samples: answers to each prompt.
        temperature: 0 always takes the likeliest token; then `top_p` and `top_k` say nothing.
        max_tokens: the most tokens of an answer; None for `MOST_TOKENS`, or as many as the model has room for.
        seed: of what is drawn; on one machine, and with the same `batch`, it gives the same answers.
        batch: answers that are written at a time, fewer where the GPU has no room for as many.
        chat: whether prompts that are texts get the chat template where there is one, as what a user says.
        thoughts: whether answers keep what the model only thought.
    """

    samples: int = 1
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    max_tokens: int | None = None
    seed: int = 0
    batch: int = BATCH
    chat: bool = True
    thoughts: bool = False

    @property
    def arguments(self) -> dict[str, Any]:
        """The same as arguments of `generate`."""
        if self.temperature == 0:
            return {"do_sample": False}
        drawn = {"temperature": self.temperature, "top_p": self.top_p, "top_k": self.top_k}
        return {"do_sample": True, **drawn}


@dataclass(frozen=True, slots=True)
class Responses:
    """The answers to prompts, those to the first prompt first; how many were cut off, and at how many tokens."""

    texts: list[str]
    cut_off: int
    limit: int


def respond(
    folder: Path, prompts: Sequence[Prompt], how: Answering, stages: Stages, *, places: Sequence[str]
) -> Responses:
    """What the model in the folder answers to the prompts; messages call these by `places`.

    Raises `VerifError` where there is no model, a prompt cannot be put to it, or it has no room for the answers.
    """
    stages.start("Loading the model")
    with quiet():
        model, tokenizer = load_model(model_folder(folder))
        if how.chat and tokenizer.chat_template is not None:
            prompts = [_said_by_user(one) for one in prompts]
        read = [encoded(tokenizer, one, place) for one, place in zip(prompts, places, strict=True)]
        limit = _limit(model, read, how.max_tokens, places)
        ends = ends_of(model, tokenizer)
        marks = (tokenizer.eos_token, tokenizer.pad_token)
        reading = Reading(
            strip=not how.thoughts,
            prefilled=opens_thinking(as_read(tokenizer, prompts[0])),
            ends=ends,
            end_texts=tuple(mark for mark in marks if mark),
        )
        count = len(read) * how.samples
        stages.start("Writing 1 response" if count == 1 else f"Writing {count:,} responses")
        asked = [ids for ids in read for _ in range(how.samples)]
        asked_of = [prompt for prompt in prompts for _ in range(how.samples)]
        arguments = {**how.arguments, "max_new_tokens": limit}
        texts: list[str] = []
        cut_off = 0
        for batch in completions(model, tokenizer, asked, arguments, seed=how.seed, batch=how.batch):
            for ids in batch:
                text = tokenizer.decode(ids, skip_special_tokens=True)
                texts.append(reading.read(asked_of[len(texts)], text).text)
                cut_off += bool(ends) and is_cut_off(ids, ends)
            stages.step(len(texts), count)
    return Responses(texts, cut_off, limit)


def _said_by_user(prompt: Prompt) -> Prompt:
    return [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt


def _limit(model: Any, read: Sequence[Ids], wanted: int | None, places: Sequence[str]) -> int:
    """How many tokens an answer may have, so that the longest prompt leaves room for it."""
    room = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    if room is None:
        return wanted or MOST_TOKENS
    longest = max(range(len(read)), key=lambda row: len(read[row]))
    left = room - len(read[longest])
    if left < 1 or (wanted is not None and wanted > left):
        asked = "" if wanted is None else f" and its answer up to {wanted:,}"
        of_prompt = f"{places[longest]}: its prompt has {len(read[longest]):,} tokens"
        raise VerifError(f"{of_prompt}{asked}, and the model reads {room:,} in all")
    return wanted or min(MOST_TOKENS, left)


# ------------------------------------------------------------------------------------------------------ the model


def model_folder(folder: Path) -> Path:
    """The folder that holds the model: this one, or `model` in it, where `vif train` puts it.

    Raises `VerifError` when neither does.
    """
    if not folder.is_dir():
        raise VerifError(f"{folder}: there is no such folder")
    found = next((one for one in (folder, folder / "model") if (one / "config.json").is_file()), None)
    if found is None:
        raise VerifError(
            f"{folder}: there is no model in it (no config.json), and it is not the output of a training that has ended"
        )
    if not (found / "tokenizer_config.json").is_file():
        raise VerifError(f"{found}: the model is without its tokenizer (there is no tokenizer_config.json)")
    return found


def load_model(folder: Path) -> tuple[Any, Any]:
    """The model in a folder, on a GPU where there is one, and its tokenizer.

    Raises `VerifError` when transformers cannot load them.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        first_line = str(error).partition("\n")[0]
        raise VerifError(f"{folder}: transformers cannot load a model from it ({first_line})") from None
    return model.to("cuda" if torch.cuda.is_available() else "cpu").eval(), tokenizer


# ------------------------------------------------------------------------------------------------------------ files


@dataclass(frozen=True, slots=True)
class Prompts:
    """The rows of a file of prompts: JSON objects, or a polars table."""

    path: Path
    prompts: list[Prompt]
    rows: Any

    @property
    def places(self) -> list[str]:
        """What messages call the rows."""
        return [f"{self.path}, row {number}" for number in range(len(self.prompts))]


def read_prompts(path: Path) -> Prompts:
    """The rows of a .jsonl or .parquet file with the column `prompt`, a text or a list of messages.

    Raises `VerifError` as `verif_dsl.rows.read_rows` does, and for a prompt that is something else.
    """
    prompts = read_rows(path, extras=("prompt",)).columns.get("prompt")
    if prompts is None:
        raise VerifError(f"{path}: there is no column `prompt` in it")
    found = Prompts(path, prompts, table_of(path) if path.suffix.lower() == ".parquet" else lines_of(path))
    for place, prompt in zip(found.places, prompts, strict=True):
        try:
            turns_of(prompt)
            json.dumps(prompt, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise VerifError(f"{place}: its prompt holds half a character") from None
        except ValueError as error:
            raise VerifError(f"{place}: {error}") from None
    return found


def lines_of(path: Path) -> list[str]:
    """The rows of a .jsonl file that has been read once, as they are written."""
    # utf-8-sig: some editors begin a file with a byte order mark. Texts in JSON may hold other ends of lines.
    return [line.rstrip() for line in path.read_bytes().decode("utf-8-sig").split("\n") if line.strip()]


def table_of(path: Path) -> Any:
    """The rows of a .parquet file that has been read once, as a polars table."""
    import polars

    return polars.scan_parquet(path, glob=False, hive_partitioning=False).collect()


def write_responses(path: Path, prompts: Prompts, responses: Sequence[str]) -> None:
    """Write the rows, each with its `response`, and where there are several to a prompt with their number, `sample`.

    The file has the format of the prompts, so that all columns stay as they are, and appears whole. Raises `VerifError`
    when it cannot be written.
    """
    samples = len(responses) // len(prompts.prompts)
    row_of = [number // samples for number in range(len(responses))]
    more: dict[str, list[Any]] = {"response": list(responses)}
    if samples > 1:
        more["sample"] = [number % samples for number in range(len(responses))]
    if path.suffix.lower() == ".jsonl":
        added = (dict(zip(more, values, strict=True)) for values in zip(*more.values(), strict=True))
        rows = ({**json.loads(prompts.rows[row]), **one} for row, one in zip(row_of, added, strict=True))
        content = b"".join(map(_line, rows))
    else:
        import polars

        columns = [polars.Series(name, values) for name, values in more.items()]
        content = parquet_of(prompts.rows[row_of].with_columns(columns))
    save(path, content)


def _line(row: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(row, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:  # half a character, which JSON can only say as an escape
        return json.dumps(row).encode() + b"\n"


def parquet_of(table: Any) -> bytes:
    """A polars table as Parquet."""
    file = io.BytesIO()
    table.write_parquet(file)
    return file.getvalue()


def save(path: Path, content: bytes) -> None:
    """Write a file that appears whole or stays as it was. Raises `VerifError` when it cannot be written."""
    try:
        with written_whole(path) as file:
            file.write(content)
    except OSError as error:
        raise VerifError(f"{path}: cannot be written ({error.strerror or error})") from None
