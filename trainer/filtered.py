"""The rows of a data set that are worth training on, in the form that the data have."""

import json
import random
from collections.abc import Sequence
from pathlib import Path

import verif_dsl
from verif_dsl import VerifError
from verif_dsl.trainer.config import MADE, Config
from verif_dsl.trainer.generate import lines_of, parquet_of, save, table_of
from verif_dsl.trainer.train import Made, rows_of


def suffix_of(config: Config) -> str:
    """What the name of filtered rows ends in: they are written as the data are, and made rows as JSONL."""
    return ".jsonl" if config.data == MADE else Path(config.data).suffix.lower()


def write_mixed(path: Path, config: Config, numbers: Sequence[int], stamp: tuple[int, int]) -> None:
    """Write the rows of these numbers, the mixed ones, as the data have them, with all their columns.

    `stamp` is what `stamp_of` gave when the data were profiled. The file appears whole. Raises `VerifError` when there
    are none, when it cannot be written, and when the data are not what they were.
    """
    if not numbers:
        raise VerifError(f"{path}: no row is mixed, so that there is nothing to write")
    if stamp_of(config) != stamp:
        raise VerifError(f"{config.data}: has changed since it was profiled, so that {path} is not written")
    save(path, _some_rows(config, numbers))


def stamp_of(config: Config) -> tuple[int, int]:
    """Changes when the file that the rows come from does."""
    found = Path(config.constraints if config.data == MADE else config.data).stat()
    return found.st_mtime_ns, found.st_size


def _some_rows(config: Config, numbers: Sequence[int]) -> bytes:
    if config.data == MADE:
        rng = random.Random(config.seed)
        rows, _ = rows_of(config, verif_dsl.load(config.constraints), Made.of(config, rng), rng)
        made = ({"prompt": rows[number].prompt, "constraints": rows[number].constraints} for number in numbers)
        return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in made).encode()
    data = Path(config.data)
    if data.suffix.lower() == ".parquet":
        return parquet_of(table_of(data)[list(numbers)])
    lines = lines_of(data)
    return "".join(f"{lines[number]}\n" for number in numbers).encode()
