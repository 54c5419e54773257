"""Rows of a data set in a file, JSONL or Parquet by its suffix: read in chunks, with every mistake named."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verif_dsl.compiler.diagnostics import VerifError, suggestion

SUFFIXES = (".jsonl", ".parquet")
"""The suffixes of files of rows, each naming its format."""

CHUNK_ROWS = 8192
CHUNK_BYTES = 4 * 1024 * 1024
"""A chunk ends at so many rows, or at so many bytes (of JSONL, or of the texts in Parquet), but has at least a row."""

FIRST_ROWS = 64
"""Rows of Parquet to begin with, as long as nothing is known about their size."""

_ABSENT = object()
"""Stands where a row has no value for a column that other rows have."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that follow one another in a file, as columns: those that were asked for and that there are.

    `first` is the number of the first row, and every column has `count` values. `types` holds the polars types of the
    columns where the file has types (Parquet). `share` says how much of the file is read with these rows, 1 being all.
    """

    first: int
    count: int
    columns: Mapping[str, list[Any]]
    types: Mapping[str, Any]
    share: float


@dataclass(frozen=True, slots=True)
class _Table:
    """What a reader found: rows that are not checked yet, the names of all their columns, and the lines they stand on.

    Rows of JSONL have every column that was asked for, with _ABSENT where there is no value.
    """

    path: Path
    rows: Rows
    names: frozenset[str]
    lines: Sequence[int] | None = None

    def place(self, index: int) -> str:
        """Where one of the rows is, for messages."""
        row = f"row {self.rows.first + index}"
        return f"{self.path}, {row}" if self.lines is None else f"{self.path}, line {self.lines[index]} ({row})"


@dataclass(frozen=True, slots=True)
class _Record:
    """One JSON object, the number of its line, and the bytes of the file up to the end of that line."""

    line: int
    end: int
    values: dict[str, Any]


def read_chunks(
    path: Path, *, needed: Sequence[str] = (), texts: Sequence[str] = (), extras: Sequence[str] = ()
) -> Iterator[Rows]:
    """The rows of a JSONL or Parquet file in order, a bounded number of rows and bytes at a time.

    Args:
        path: a file whose name ends in .jsonl (one JSON object a line, UTF-8, blank lines skipped) or .parquet.
        needed: columns of text that every row must have.
        texts: columns of text that the file may lack; if one row has such a column, every row must.
        extras: columns of any type, passed on as they are, None in the rows that lack them; a chunk of JSONL none of
            whose rows has the column is without it.

    Raises VerifError for a file that is missing, unreadable, of another suffix or without rows, for a line that is not
    a JSON object, and for a row whose text is missing or is not text; all rows before its chunk have been given by
    then. Lines count from 1, as editors do; rows from 0, as verdicts do.
    """
    read = _read_jsonl if _suffix(path) == ".jsonl" else _read_parquet
    if not path.is_file():
        raise VerifError(f"{path}: there is no such file")
    start: str | None = None
    held: list[str] = []
    try:
        for table in read(path, list(dict.fromkeys((*needed, *texts, *extras)))):
            if start is None:
                start = table.place(0)
                _require(path, needed, table.names)
                held = [name for name in dict.fromkeys((*needed, *texts)) if name in table.names]
            for name in texts:
                if name in table.names and name not in held:  # every row so far has been without it
                    raise VerifError(f"{start}: the column `{name}` is missing")
            for name in held:
                _check_texts(table, name)
            yield _plain(table)
    except OSError as error:
        raise VerifError(f"{path}: cannot be read ({error.strerror or error})") from None
    if start is None:
        raise VerifError(f"{path}: there are no rows in it")


def read_rows(path: Path, *, needed: Sequence[str] = (), texts: Sequence[str] = (), extras: Sequence[str] = ()) -> Rows:
    """All rows of a file at once: the chunks of `read_chunks`, put together. Takes and raises what that does."""
    chunks = list(read_chunks(path, needed=needed, texts=texts, extras=extras))
    columns: dict[str, list[Any]] = {name: [] for chunk in chunks for name in chunk.columns}
    for chunk in chunks:
        for name, values in columns.items():
            values += chunk.columns.get(name, [None] * chunk.count)
    return Rows(0, sum(chunk.count for chunk in chunks), columns, chunks[0].types, 1.0)


def check_output(path: Path, *, inputs: Iterable[Path] = (), suffixes: Sequence[str] = SUFFIXES) -> None:
    """Raise VerifError unless a file can be written to `path`: asked before long work, so that none of it is lost.

    `inputs` are files that must survive, and `suffixes` those that the name may have.
    """
    _suffix(path, suffixes)
    if not path.parent.is_dir():
        raise VerifError(f"{path}: the folder {path.parent} does not exist; make it first")
    if path.is_dir():
        raise VerifError(f"{path}: is a folder; name a file in it")
    if path.resolve() in {one.resolve() for one in inputs}:
        raise VerifError(f"{path}: is also an input, which the output would replace; name another file")


def _suffix(path: Path, suffixes: Sequence[str] = SUFFIXES) -> str:
    suffix = path.suffix.lower()
    if suffix not in suffixes:
        raise VerifError(f"{path}: it needs a name that ends in {' or '.join(suffixes)}")
    return suffix


def _require(path: Path, needed: Iterable[str], names: frozenset[str]) -> None:
    for name in needed:
        if name not in names:
            known = suggestion(name, names)
            raise VerifError(f"{path}: there is no column `{name}` in it" + (f"; {known}" if known else ""))


def _check_texts(table: _Table, name: str) -> None:
    for row, value in enumerate(table.rows.columns[name]):
        if value is _ABSENT:
            raise VerifError(f"{table.place(row)}: the column `{name}` is missing")
        if not isinstance(value, str):
            raise VerifError(f"{table.place(row)}: the column `{name}` must be text, not {_kind(value)}")
        try:
            value.encode()
        except UnicodeEncodeError as error:
            # JSON can say "\ud800", which no encoding of Unicode can write, and no column of polars hold.
            half = f"U+{ord(value[error.start]):04X}"
            raise VerifError(f"{table.place(row)}: the column `{name}` holds half a character ({half})") from None


def _plain(table: _Table) -> Rows:
    rows = table.rows
    columns = {
        name: [None if value is _ABSENT else value for value in values]
        for name, values in rows.columns.items()
        if name in table.names
    }
    return Rows(rows.first, rows.count, columns, rows.types, rows.share)


def _read_jsonl(path: Path, wanted: Sequence[str]) -> Iterator[_Table]:
    size = path.stat().st_size
    first = 0
    for records in _grouped(_records(path)):
        columns = {name: [record.values.get(name, _ABSENT) for record in records] for name in wanted}
        rows = Rows(first, len(records), columns, {}, min(records[-1].end / size, 1.0))
        names = frozenset(name for record in records for name in record.values)
        yield _Table(path, rows, names, [record.line for record in records])
        first += len(records)


def _grouped(records: Iterable[_Record]) -> Iterator[list[_Record]]:
    group: list[_Record] = []
    start = 0
    for record in records:
        group.append(record)
        if len(group) >= CHUNK_ROWS or record.end - start >= CHUNK_BYTES:
            yield group
            group, start = [], record.end
    if group:
        yield group


def _records(path: Path) -> Iterator[_Record]:
    end = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            end += len(line)
            try:
                # utf-8-sig: some editors begin a file with a byte order mark.
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                if not text.strip():
                    continue
                values = json.loads(text, parse_constant=_refuse_constant)
            except UnicodeDecodeError as error:
                raise VerifError(f"{path}, line {number}: byte {error.start + 1} is not UTF-8") from None
            except json.JSONDecodeError as error:
                # At the end of a line that was cut short, the parser is at the first column of a next one.
                detail = f"{error.msg}, column {min(error.pos, len(text.rstrip())) + 1}"
                raise VerifError(f"{path}, line {number}: this is not JSON ({detail})") from None
            except (ValueError, RecursionError) as error:  # a constant, a number of 4,301 digits, 10,000 brackets
                raise VerifError(f"{path}, line {number}: this is not JSON we can read ({error})") from None
            if not isinstance(values, dict):
                raise VerifError(f"{path}, line {number}: a row is a JSON object, not {_kind(values)}")
            yield _Record(number, end, values)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is Python's, not JSON's")


def _read_parquet(path: Path, wanted: Sequence[str]) -> Iterator[_Table]:
    import polars

    try:
        table = polars.scan_parquet(path, glob=False, hive_partitioning=False)
        names = frozenset(table.collect_schema())
        total = table.select(polars.len()).collect().item()
        table = table.select(name for name in wanted if name in names)
        first, count = 0, min(FIRST_ROWS, CHUNK_ROWS)
        while first < total:
            frame = table.slice(first, count).collect()
            size = sum(column.str.len_bytes().sum() for column in frame if column.dtype == polars.String)
            if size > CHUNK_BYTES and count > 1:
                count //= 2  # and read again
                continue
            end = min(first + count, total)
            rows = Rows(first, end - first, frame.to_dict(as_series=False), frame.schema, end / total)
            yield _Table(path, rows, names)
            first = end
            if size <= CHUNK_BYTES // 2:
                count = min(2 * count, CHUNK_ROWS)
    except polars.exceptions.PolarsError as error:
        detail = str(error).partition("\n")[0]
        raise VerifError(f"{path}: cannot be read as Parquet ({detail})") from None


def _kind(value: object) -> str:
    """What a value of JSON is, in words; a value of Parquet by its Python type."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:
            return f"a value of type {type(value).__name__}"
