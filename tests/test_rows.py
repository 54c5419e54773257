"""Files of rows: what is read and in which chunks, what is refused and how; files that appear whole or not."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import polars
import pytest

from verif_dsl import VerifError
from verif_dsl import rows as rows_module
from verif_dsl.files import written_whole
from verif_dsl.rows import Rows, check_output, read_chunks, read_rows


def jsonl(folder: Path, *lines: str | bytes) -> Path:
    path = folder / "data.jsonl"
    path.write_bytes(b"".join((one if isinstance(one, bytes) else one.encode()) + b"\n" for one in lines))
    return path


def test_columns_are_read_from_jsonl(tmp_path: Path) -> None:
    path = jsonl(tmp_path, '{"key": 1, "response": "one", "other": [1]}', '{"key": "b", "response": "zwei – 二"}')
    rows = read_rows(path, needed=["response"], texts=["prompt"], extras=["key", "id"])
    assert rows.count == 2
    assert rows.columns == {"response": ["one", "zwei – 二"], "key": [1, "b"]}


def test_columns_are_read_from_parquet(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    polars.DataFrame({"key": [1, None], "response": ["one", "zwei – 二"], "other": [0.5, 1.0]}).write_parquet(path)
    rows = read_rows(path, needed=["response"], texts=["prompt"], extras=["key", "id"])
    assert rows.count == 2
    assert rows.columns == {"response": ["one", "zwei – 二"], "key": [1, None]}


def test_a_byte_order_mark_blank_lines_and_a_missing_last_line_end_are_forgiven(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"response": "a"}\r\n\r\n  \n{"response": "b"}')
    assert read_rows(path, needed=["response"]).columns["response"] == ["a", "b"]


def test_a_line_separator_inside_a_text_does_not_end_its_line(tmp_path: Path) -> None:
    """U+2028 ends a line for str.splitlines, and JSON writers leave it as it is."""
    path = jsonl(tmp_path, '{"response": "a\u2028b"}')
    assert read_rows(path, needed=["response"]).columns["response"] == ["a\u2028b"]


def test_an_extra_column_is_none_where_a_row_lacks_it(tmp_path: Path) -> None:
    path = jsonl(tmp_path, '{"response": "a"}', '{"response": "b", "id": 7}')
    assert read_rows(path, needed=["response"], extras=["id"]).columns["id"] == [None, 7]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param("{not json}", "line 2: this is not JSON (Expecting property name", id="broken"),
        pytest.param('{"response": "b"', "line 2: this is not JSON (Expecting ',' delimiter, column 17)", id="cut"),
        pytest.param('["b"]', "line 2: a row is a JSON object, not a list", id="list"),
        pytest.param("null", "line 2: a row is a JSON object, not null", id="null"),
        pytest.param(b'{"response": "\xff"}', "line 2: byte 15 is not UTF-8", id="not UTF-8"),
        pytest.param('{"response": "b", "key": NaN}', "line 2: this is not JSON we can read (NaN", id="NaN"),
        pytest.param("[" * 200_000, "line 2: this is not JSON", id="deep"),
        pytest.param('{"response": "b", "key": ' + "1" * 5000 + "}", "line 2: this is not JSON", id="huge number"),
        pytest.param('{"text": "b"}', "line 2 (row 1): the column `response` is missing", id="lacks the column"),
        pytest.param(
            '{"response": null}', "line 2 (row 1): the column `response` must be text, not null", id="null text"
        ),
        pytest.param(
            '{"response": 3}', "line 2 (row 1): the column `response` must be text, not a number", id="number"
        ),
        pytest.param('{"response": ["b"]}', "the column `response` must be text, not a list", id="list text"),
        pytest.param(
            '{"response": "\\ud800"}', "the column `response` holds half a character (U+D800)", id="surrogate"
        ),
    ],
)
def test_a_bad_line_is_named_with_what_is_wrong(tmp_path: Path, line: str | bytes, message: str) -> None:
    path = jsonl(tmp_path, '{"response": "a"}', line)
    with pytest.raises(VerifError, match=re.escape(message)) as raised:
        read_rows(path, needed=["response"])
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_column_that_some_rows_have_is_needed_in_all(tmp_path: Path) -> None:
    path = jsonl(tmp_path, '{"response": "a", "prompt": "p"}', '{"response": "b"}')
    with pytest.raises(VerifError, match=re.escape("line 2 (row 1): the column `prompt` is missing")):
        read_rows(path, needed=["response"], texts=["prompt"])


def test_a_column_that_no_row_has_is_named_with_the_nearest_one(tmp_path: Path) -> None:
    path = jsonl(tmp_path, '{"respones": "a"}')
    with pytest.raises(VerifError, match=r"no column `response` in it; did you mean `respones`\?"):
        read_rows(path, needed=["response"])


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        pytest.param(polars.DataFrame({"text": ["a"]}), "there is no column `response` in it", id="lacks the column"),
        pytest.param(polars.DataFrame({"response": [1]}), "row 0: the column `response` must be text", id="numbers"),
        pytest.param(
            polars.DataFrame({"response": ["a", None]}), "row 1: the column `response` must be text", id="null"
        ),
        pytest.param(polars.DataFrame({"response": [b"a"]}), "must be text, not a value of type bytes", id="bytes"),
        pytest.param(polars.DataFrame({"response": []}, {"response": polars.String}), "there are no rows", id="empty"),
    ],
)
def test_a_parquet_file_that_cannot_serve_is_refused(tmp_path: Path, frame: polars.DataFrame, message: str) -> None:
    path = tmp_path / "data.parquet"
    frame.write_parquet(path)
    with pytest.raises(VerifError, match=re.escape(message)):
        read_rows(path, needed=["response"])


def test_a_file_that_is_not_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    path.write_text('{"response": "a"}\n')
    with pytest.raises(VerifError, match="cannot be read as Parquet"):
        read_rows(path, needed=["response"])


@pytest.mark.parametrize("content", [b"", b"\n\n"], ids=["empty", "blank lines"])
def test_a_file_without_rows_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(content)
    with pytest.raises(VerifError, match="there are no rows in it"):
        read_rows(path, needed=["response"])


def test_a_missing_file_a_folder_and_another_suffix_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    for name, message in (
        ("missing.jsonl", "there is no such file"),
        ("folder.jsonl", "there is no such file"),
        ("data.csv", r"ends in \.jsonl or \.parquet"),
        ("data", r"ends in \.jsonl or \.parquet"),
    ):
        with pytest.raises(VerifError, match=message):
            read_rows(tmp_path / name)


# ---------------------------------------------------------------------------------------------------------- in chunks

LINES = ['{"response": "a"}', "", '{"response": "b", "id": 1}', '{"response": "c"}', "", '{"response": "d"}']
"""Four rows, of which one has an `id`, on lines 1, 3, 4 and 6."""


@pytest.fixture
def pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of two rows."""
    monkeypatch.setattr(rows_module, "CHUNK_ROWS", 2)


def written(path: Path, rows: list[dict[str, object]]) -> Path:
    """The rows in a file of the format that its name says."""
    if path.suffix == ".parquet":
        polars.DataFrame(rows, infer_schema_length=None).write_parquet(path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.usefixtures("pairs")
def test_a_file_of_lines_is_read_in_chunks(tmp_path: Path) -> None:
    path = jsonl(tmp_path, *LINES, '{"response": "e"}')
    chunks = list(read_chunks(path, needed=["response"], extras=["id"]))
    assert [(one.first, one.count) for one in chunks] == [(0, 2), (2, 2), (4, 1)]
    first, second, last = (one.columns for one in chunks)
    assert first == {"response": ["a", "b"], "id": [None, 1]}
    assert (second, last) == ({"response": ["c", "d"]}, {"response": ["e"]})
    assert 0 < chunks[0].share < chunks[1].share < chunks[2].share == 1


@pytest.mark.usefixtures("pairs")
def test_a_file_of_parquet_is_read_in_chunks_that_know_their_types(tmp_path: Path) -> None:
    path = written(tmp_path / "data.parquet", [{"response": one, "id": 7} for one in "abcde"])
    chunks = list(read_chunks(path, needed=["response"], texts=["prompt"], extras=["id"]))
    assert [one.columns["response"] for one in chunks] == [["a", "b"], ["c", "d"], ["e"]]
    assert [(one.first, one.share) for one in chunks] == [(0, 0.4), (2, 0.8), (4, 1.0)]
    assert all(one.types["id"] == polars.Int64 for one in chunks)


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 100])
def test_all_rows_at_once_are_the_same_whatever_the_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, count: int
) -> None:
    path = written(tmp_path / f"data.{suffix}", [{"response": "a"}, {"response": "b", "id": 1}, {"response": "c"}])
    monkeypatch.setattr(rows_module, "CHUNK_ROWS", count)
    rows = read_rows(path, needed=["response"], extras=["key", "id"])
    assert rows.columns == {"response": ["a", "b", "c"], "id": [None, 1, None]}
    assert (rows.first, rows.count, rows.share) == (0, 3, 1.0)


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_a_chunk_is_bounded_in_bytes_and_has_a_row_however_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    """In Parquet the size of rows is found out by reading: short ones first, and then long ones."""
    responses = ["a"] * 100 + ["b" * 300] * 10 + ["c" * 2000] * 3 + ["d"] * 50
    path = written(tmp_path / f"data.{suffix}", [{"response": one} for one in responses])
    monkeypatch.setattr(rows_module, "CHUNK_BYTES", 1000)
    chunks = list(read_chunks(path, needed=["response"]))
    assert [one for chunk in chunks for one in chunk.columns["response"]] == responses
    assert [chunk.first for chunk in chunks] == [
        sum(one.count for one in chunks[:index]) for index in range(len(chunks))
    ]
    for chunk in chunks:
        # A line ends a chunk that it makes too long, but nothing is read beyond it.
        assert chunk.count == 1 or len("".join(chunk.columns["response"][:-1])) <= 1000
    assert max(chunk.count for chunk in chunks) >= 10


@pytest.mark.usefixtures("pairs")
@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param("{oops}", "line 9: this is not JSON", id="broken"),
        pytest.param('{"text": "e"}', "line 9 (row 5): the column `response` is missing", id="lacks the column"),
        pytest.param('{"response": 3}', "line 9 (row 5): the column `response` must be text", id="number"),
        pytest.param(
            '{"response": "e", "prompt": "p"}', "line 1 (row 0): the column `prompt` is missing", id="first to have it"
        ),
    ],
)
def test_a_bad_line_is_named_after_the_chunks_before_it(tmp_path: Path, line: str, message: str) -> None:
    chunks = read_chunks(jsonl(tmp_path, *LINES, '{"response": "e"}', "", line), needed=["response"], texts=["prompt"])
    assert [next(chunks).first, next(chunks).first] == [0, 2]
    with pytest.raises(VerifError, match=re.escape(message)):
        next(chunks)


@pytest.mark.usefixtures("pairs")
def test_a_column_that_the_first_chunk_has_is_needed_in_all(tmp_path: Path) -> None:
    path = jsonl(tmp_path, *['{"response": "a", "prompt": "p"}'] * 2, *LINES)
    chunks = read_chunks(path, needed=["response"], texts=["prompt"])
    assert next(chunks).columns["prompt"] == ["p", "p"]
    with pytest.raises(VerifError, match=re.escape("line 3 (row 2): the column `prompt` is missing")):
        next(chunks)


@pytest.mark.usefixtures("pairs")
def test_a_bad_row_of_parquet_is_named_with_its_number_in_the_file(tmp_path: Path) -> None:
    path = written(tmp_path / "data.parquet", [{"response": one} for one in ("a", "b", "c", None)])
    with pytest.raises(VerifError, match="row 3: the column `response` must be text, not null"):
        list(read_chunks(path, needed=["response"]))


def test_a_name_with_the_signs_of_a_pattern_is_a_name(tmp_path: Path) -> None:
    path = written(tmp_path / "data[1]*.parquet", [{"response": "a"}])
    assert read_rows(path, needed=["response"]) == Rows(0, 1, {"response": ["a"]}, {"response": polars.String}, 1.0)


# ------------------------------------------------------------------------------------------------------------ outputs


def test_an_output_that_cannot_be_written_is_refused_beforehand(tmp_path: Path) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "input.jsonl").touch()
    (tmp_path / "link.jsonl").symlink_to("input.jsonl")
    for name, message in (
        ("missing/out.jsonl", "the folder .*missing does not exist; make it first"),
        ("folder.jsonl", "is a folder"),
        ("out.txt", r"ends in \.jsonl or \.parquet"),
        ("input.jsonl", "is also an input"),
        ("link.jsonl", "is also an input"),
    ):
        with pytest.raises(VerifError, match=message):
            check_output(tmp_path / name, inputs=[tmp_path / "input.jsonl"])


@pytest.fixture
def usual_mask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("usual_mask")
def test_a_written_file_has_the_permissions_of_any_new_file_or_of_the_one_it_replaces(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    for expected in (0o644, 0o640):
        with written_whole(path) as file:
            file.write(b"x")
        assert path.stat().st_mode & 0o777 == expected, oct(expected)
        path.chmod(0o640)


def test_writing_through_a_link_keeps_the_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out.txt").symlink_to("real/out.txt")
    with written_whole(tmp_path / "out.txt") as file:
        file.write(b"x")
    assert (tmp_path / "out.txt").is_symlink()
    assert (tmp_path / "real" / "out.txt").read_bytes() == b"x"
