"""Rows of a data set in a file, JSONL or Parquet by its suffix: read with every mistake named, written whole."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from verif_dsl.compiler.diagnostics import VerifError, suggestion
from verif_dsl.files import written_whole

SUFFIXES = (".jsonl", ".parquet")
"""The suffixes of files of rows, each naming its format."""

_ABSENT = object()
"""Stands where a row has no value for a column that other rows have."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The columns that were asked for and that the file has; every list is as long as the file has rows."""

    count: int
    columns: Mapping[str, list[Any]]


@dataclass(frozen=True, slots=True)
class _Table:
    """What a reader found: the columns asked for, the names of all columns, and where a row stands, for messages."""

    count: int
    columns: dict[str, list[Any]]
    names: frozenset[str]
    place: Callable[[int], str]


def read_rows(path: Path, *, needed: Sequence[str] = (), texts: Sequence[str] = (), extras: Sequence[str] = ()) -> Rows:
    """The rows of a JSONL or Parquet file, as columns.

    Args:
        path: a file whose name ends in .jsonl (one JSON object a line, UTF-8, blank lines skipped) or .parquet.
        needed: columns of text that every row must have.
        texts: columns of text that the file may lack; if one row has such a column, every row must.
        extras: columns of any type, passed on as they are, None in the rows that lack them.

    Raises VerifError for a file that is missing, unreadable, of another suffix or without rows, for a line that is not
    a JSON object, and for a row whose text is missing or is not text. Lines count from 1, as editors do; rows from 0,
    as verdicts do.
    """
    read = _read_jsonl if _suffix(path) == ".jsonl" else _read_parquet
    if not path.is_file():
        raise VerifError(f"{path}: there is no such file")
    try:
        table = read(path, (*needed, *texts, *extras))
    except OSError as error:
        raise VerifError(f"{path}: cannot be read ({error.strerror or error})") from None
    if table.count == 0:
        raise VerifError(f"{path}: there are no rows in it")
    for name in needed:
        if name not in table.names:
            known = suggestion(name, table.names)
            raise VerifError(f"{path}: there is no column `{name}` in it" + (f"; {known}" if known else ""))
    for name in (*needed, *texts):
        _check_texts(table, name)
    columns = {
        name: [None if value is _ABSENT else value for value in values]
        for name, values in table.columns.items()
        if name in table.names
    }
    return Rows(table.count, columns)


def check_output(path: Path, *, inputs: Iterable[Path] = ()) -> None:
    """Raise VerifError unless rows can be written to `path`: asked before long work, so that none of it is lost.

    `inputs` are files that must survive.
    """
    _suffix(path)
    if not path.parent.is_dir():
        raise VerifError(f"{path}: the folder {path.parent} does not exist; make it first")
    if path.is_dir():
        raise VerifError(f"{path}: is a folder; name a file in it")
    if path.resolve() in {one.resolve() for one in inputs}:
        raise VerifError(f"{path}: is also an input, which the output would replace; name another file")


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]], *, types: Mapping[str, Any] | None = None) -> None:
    """Write rows to a JSONL or Parquet file by its suffix; the file appears whole, or not at all.

    `types` gives the polars types of columns, for Parquet; those of other columns are inferred from all the rows.
    Raises VerifError when the suffix is another, the format cannot hold a value, or the file cannot be written.
    """
    check_output(path)
    try:
        with written_whole(path) as file:
            if _suffix(path) == ".jsonl":
                _write_jsonl(file, rows)
            else:
                _write_parquet(file, rows, types or {})
    except OSError as error:
        raise VerifError(f"{path}: cannot be written ({error.strerror or error})") from None


def _suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise VerifError(f"{path}: the name of a file of rows ends in {' or '.join(SUFFIXES)}")
    return suffix


def _check_texts(table: _Table, name: str) -> None:
    for row, value in enumerate(table.columns[name] if name in table.names else ()):
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


def _read_jsonl(path: Path, wanted: Sequence[str]) -> _Table:
    columns: dict[str, list[Any]] = {name: [] for name in wanted}
    lines: list[int] = []
    names: set[str] = set()
    for line, record in _records(path):
        lines.append(line)
        names.update(record)
        for name, values in columns.items():
            values.append(record.get(name, _ABSENT))
    return _Table(len(lines), columns, frozenset(names), lambda row: f"{path}, line {lines[row]} (row {row})")


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every JSON object of the file, after the number of its line."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                # utf-8-sig: some editors begin a file with a byte order mark.
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                if not text.strip():
                    continue
                record = json.loads(text, parse_constant=_refuse_constant)
            except UnicodeDecodeError as error:
                raise VerifError(f"{path}, line {number}: byte {error.start + 1} is not UTF-8") from None
            except json.JSONDecodeError as error:
                detail = f"{error.msg}, column {error.colno}"
                raise VerifError(f"{path}, line {number}: this is not JSON ({detail})") from None
            except (ValueError, RecursionError) as error:  # a constant, a number of 4,301 digits, 10,000 brackets
                raise VerifError(f"{path}, line {number}: this is not JSON we can read ({error})") from None
            if not isinstance(record, dict):
                raise VerifError(f"{path}, line {number}: a row is a JSON object, not {_kind(record)}")
            yield number, record


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is Python's, not JSON's")


def _read_parquet(path: Path, wanted: Sequence[str]) -> _Table:
    import polars

    try:
        names = frozenset(polars.read_parquet_schema(path))
        frame = polars.read_parquet(path, columns=[name for name in dict.fromkeys(wanted) if name in names])
        count = polars.scan_parquet(path).select(polars.len()).collect().item()
    except polars.exceptions.PolarsError as error:
        detail = str(error).partition("\n")[0]
        raise VerifError(f"{path}: cannot be read as Parquet ({detail})") from None
    return _Table(count, frame.to_dict(as_series=False), names, lambda row: f"{path}, row {row}")


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


def _write_jsonl(file: BinaryIO, rows: Iterable[Mapping[str, Any]]) -> None:
    for number, row in enumerate(rows):
        try:
            # `default`: identifying columns of Parquet may be dates, which JSON writes as text.
            line = json.dumps(row, ensure_ascii=False, allow_nan=False, default=str)
        except ValueError as error:  # infinity, or not a number
            raise VerifError(f"row {number} cannot be written as JSON ({error})") from None
        try:
            file.write(line.encode() + b"\n")
        except UnicodeEncodeError:  # half a character, which JSON can only say as an escape
            file.write(json.dumps(row, default=str).encode() + b"\n")


def _write_parquet(file: BinaryIO, rows: Sequence[Mapping[str, Any]], types: Mapping[str, Any]) -> None:
    import polars

    try:
        # Inference reads every row: the first hundred, the default, may all be null.
        frame = polars.DataFrame(rows, schema_overrides=dict(types), infer_schema_length=None)
        frame.write_parquet(file)
    except (polars.exceptions.PolarsError, ValueError, OverflowError) as error:  # no one type holds a column's values
        raise VerifError(f"the rows cannot be written as Parquet ({error}); write .jsonl instead") from None
