"""Files of rows: what is read, what is refused and how, and that a file is written whole or not at all."""

import json
import os
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars
import pytest

from verif_dsl import VerifError
from verif_dsl.files import written_whole
from verif_dsl.rows import check_output, read_rows, write_rows


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
        pytest.param('{"response": "b"', "line 2: this is not JSON (Expecting ',' delimiter", id="cut short"),
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


ROWS = [
    {"row": 0, "key": "ä", "reward": None, "verdicts": []},
    {"row": 1, "key": "b", "reward": 0.5, "verdicts": [{"constraint": "c", "reason": None}]},
]


def test_rows_come_back_from_jsonl_as_they_were_written(tmp_path: Path) -> None:
    write_rows(tmp_path / "out.jsonl", ROWS)
    assert [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()] == ROWS


def test_rows_come_back_from_parquet_as_they_were_written(tmp_path: Path) -> None:
    write_rows(tmp_path / "out.parquet", ROWS)
    assert polars.read_parquet(tmp_path / "out.parquet").to_dicts() == ROWS


def test_given_types_hold_whatever_the_values_are(tmp_path: Path) -> None:
    write_rows(tmp_path / "out.parquet", [{"reward": None}], types={"reward": polars.Float64})
    assert polars.read_parquet_schema(tmp_path / "out.parquet") == {"reward": polars.Float64}


def test_identifying_values_of_different_types_are_written_as_text_to_parquet(tmp_path: Path) -> None:
    write_rows(tmp_path / "out.parquet", [{"key": 1}, {"key": "a"}, {"key": None}])
    assert polars.read_parquet(tmp_path / "out.parquet")["key"].to_list() == ["1", "a", None]


def test_a_date_is_written_as_text_to_jsonl(tmp_path: Path) -> None:
    write_rows(tmp_path / "out.jsonl", [{"key": date(2026, 1, 2)}])
    assert (tmp_path / "out.jsonl").read_text() == '{"key": "2026-01-02"}\n'


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


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("out.jsonl", float("nan"), id="not a number in JSON"),
        pytest.param("out.parquet", [1], id="a number and a list in one column"),
        pytest.param("out.parquet", 10**40, id="a number of 41 digits"),
        pytest.param("out.parquet", "\ud800", id="half a character"),
    ],
)
def test_a_value_the_format_cannot_hold_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, name: str, value: object
) -> None:
    path = tmp_path / name
    path.write_text("old")
    with pytest.raises(VerifError, match="cannot be written as"):
        write_rows(path, [{"key": 1}, {"key": value}])
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_half_a_character_is_written_to_jsonl_as_the_escape_it_was_read_from(tmp_path: Path) -> None:
    write_rows(tmp_path / "out.jsonl", [{"key": "\ud800"}])
    assert (tmp_path / "out.jsonl").read_text() == '{"key": "\\ud800"}\n'


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(VerifError, match=r"out\.jsonl: cannot be written \(No space left on device\)"):
        write_rows(tmp_path / "out.jsonl", ROWS)
    assert list(tmp_path.iterdir()) == []


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
