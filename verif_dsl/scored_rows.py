"""Scored rows as JSONL or as Parquet: a part of them at a time, and the parts as one file.

An output row has the row's number, the identifying columns that any row of the input has, its reward and its verdicts.
Which columns those are, and which type of Parquet holds their values, is known only when all rows have been read.
Until then a part of JSONL has the columns its own rows have, and a part of Parquet holds the values as text.
"""

import io
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from verif_dsl.compiler.diagnostics import VerifError
from verif_dsl.parts import Part

IDENTIFYING = ("key", "id")
"""Columns of the input that are copied to the output, so that its lines can be told apart."""

ROW_GROUP = 32 * 1024
"""Rows that Parquet keeps together; every thread that writes holds so many in memory."""


@dataclass(frozen=True, slots=True)
class ScoredRows:
    """Rows that follow one another, with what was found out about them.

    `identifying` has those of the identifying columns that there are, and `types` the polars types of columns whose
    types the input says.
    """

    first: int
    identifying: Mapping[str, Sequence[Any]]
    types: Mapping[str, Any]
    rewards: Sequence[float | None]
    verdicts: Sequence[Sequence[Mapping[str, object]]]

    def kinds(self) -> dict[str, list[str]]:
        """For each identifying column the kinds of its values; none where the input says the type."""
        return {
            name: [] if name in self.types else sorted({_kind(value) for value in values if value is not None})
            for name, values in self.identifying.items()
        }


# ------------------------------------------------------------------------------------------------------------ a part


def encode(scored: ScoredRows, suffix: str) -> bytes:
    """A part of the output in the format of a suffix. Raises VerifError when the format cannot hold a value."""
    return _as_jsonl(scored) if suffix == ".jsonl" else _as_parquet(scored)


def _as_jsonl(scored: ScoredRows) -> bytes:
    lines = []
    for index, (reward, verdicts) in enumerate(zip(scored.rewards, scored.verdicts, strict=True)):
        identifying = {name: values[index] for name, values in scored.identifying.items()}
        try:
            lines.append(_line({"row": scored.first + index, **identifying, "reward": reward, "verdicts": verdicts}))
        except ValueError as error:  # infinity, or not a number
            raise VerifError(f"row {scored.first + index}: it cannot be written as JSON ({error})") from None
    return b"".join(lines)


def _line(row: Mapping[str, object]) -> bytes:
    # `default`: identifying columns of Parquet may be dates, which JSON writes as text.
    try:
        return json.dumps(row, ensure_ascii=False, allow_nan=False, default=str).encode() + b"\n"
    except UnicodeEncodeError:  # half a character, which JSON can only say as an escape
        return json.dumps(row, allow_nan=False, default=str).encode() + b"\n"


def _as_parquet(scored: ScoredRows) -> bytes:
    import polars

    size = len(scored.rewards)
    texts_of_verdict = ("constraint", "kind", "verdict", "reason", "evidence")
    verdict = polars.Struct(
        {**dict.fromkeys(texts_of_verdict, polars.String), "score": polars.Float64, "evidence_found": polars.Boolean}
    )
    columns = [polars.int_range(scored.first, scored.first + size, eager=True).alias("row")]
    for name in IDENTIFYING:
        values = scored.identifying.get(name, [None] * size)
        if name in scored.types:
            columns.append(polars.Series(name, values, dtype=scored.types[name]))
            continue
        texts = [_as_text(value) for value in values]
        try:
            columns.append(polars.Series(name, texts, dtype=polars.String))
        except UnicodeEncodeError as error:
            row = scored.first + texts.index(error.object)
            half = f"row {row}: the column `{name}` holds half a character"
            raise VerifError(f"{half}, which cannot be written as Parquet; write .jsonl instead") from None
    columns.append(polars.Series("reward", scored.rewards, dtype=polars.Float64))
    columns.append(polars.Series("verdicts", scored.verdicts, dtype=polars.List(verdict)))
    file = io.BytesIO()
    polars.DataFrame(columns).write_parquet(file)
    return file.getvalue()


def _as_text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _kind(value: object) -> str:
    match value:
        case str():
            return "text"
        case bool():
            return "bool"
        case int() if -(2**63) <= value < 2**63:
            return "int"
        case float():
            return "float"
        case _:  # a list, an object, a longer number: in Parquet they stay the text that JSON writes
            return "other"


# ---------------------------------------------------------------------------------------------------- parts as one file


def join(parts: Sequence[Part], suffix: str, file: BinaryIO) -> None:
    """Write the parts, in the order given, as one file in the format of a suffix.

    The `about` of each part has what `ScoredRows.kinds` said of its rows, as "kinds". Raises OSError when the file
    cannot be written.
    """
    kinds: dict[str, set[str]] = {}
    for part in parts:
        for name, of_part in part.about["kinds"].items():
            kinds.setdefault(name, set()).update(of_part)
    ordered = {name: kinds[name] for name in IDENTIFYING if name in kinds}
    if suffix == ".jsonl":
        _join_jsonl(parts, ordered, file)
    else:
        _join_parquet(parts, ordered, file)


def _join_jsonl(parts: Iterable[Part], names: Iterable[str], file: BinaryIO) -> None:
    for part in parts:
        with part.path.open("rb") as lines:
            if set(part.about["kinds"]) == set(names):
                shutil.copyfileobj(lines, file)
                continue
            for line in lines:
                row = json.loads(line)
                identifying = {name: row.get(name) for name in names}
                file.write(_line({"row": row["row"], **identifying, **row}))


def _join_parquet(parts: Iterable[Part], kinds: Mapping[str, set[str]], file: BinaryIO) -> None:
    import polars

    table = polars.scan_parquet([part.path for part in parts], glob=False, hive_partitioning=False)
    identifying = []
    for name, of_column in kinds.items():
        column = polars.col(name)
        if of_column == {"int"}:
            column = column.cast(polars.Int64)
        elif of_column in ({"float"}, {"int", "float"}):
            column = column.cast(polars.Float64)
        elif of_column == {"bool"}:
            column = column == "true"
        identifying.append(column)
    try:
        table.select("row", *identifying, "reward", "verdicts").sink_parquet(file, row_group_size=ROW_GROUP)
    except polars.exceptions.PolarsError as error:  # which polars makes of a full disk, too
        raise OSError(str(error).partition("\n")[0]) from None
