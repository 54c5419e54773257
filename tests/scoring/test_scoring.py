"""Files of any size are scored in chunks: no trace of them in the output, and nothing computed twice after a stop."""

import os
import tempfile
from datetime import date
from pathlib import Path

import polars
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scoring.runs import CHUNK_ROWS, ROWS, read_jsonl, row, run, table_of, write_jsonl
from verif_dsl import VerifError
from verif_dsl import rows as rows_module
from verif_dsl.parts import Part
from verif_dsl.scored_rows import ScoredRows, encode, join

# -------------------------------------------------------------------------------------------------- chunks do not show

IDENTIFIERS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text('a1\ud800é"')
)
DATASET_ROWS = st.builds(
    lambda response, constraints, identifying: {"response": response, "constraints": constraints, **identifying},
    st.text("ab ,.\né", max_size=12),
    st.sampled_from(
        ["brief", "plain", "[]", '[{"use": "most_words", "with": {"most": 2}, "as": "short", "weight": 3}]']
    ),
    st.dictionaries(st.sampled_from(["key", "id"]), IDENTIFIERS),
)


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
@settings(max_examples=40)
@given(rows=st.lists(DATASET_ROWS, min_size=1, max_size=8), count=st.integers(1, 4))
def test_the_output_does_not_depend_on_the_chunks(suffix: str, rows: list[dict[str, object]], count: int) -> None:
    outcomes: list[object] = []
    for chunk_rows in (count, 100):
        with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
            patch.setattr(rows_module, "CHUNK_ROWS", chunk_rows)
            out = Path(name) / f"out{suffix}"
            try:
                summary = run(write_jsonl(Path(name) / "in.jsonl", rows), out)
            except VerifError as error:  # half a character, which Parquet cannot hold
                outcomes.append(error.message)
                continue
            content = out.read_bytes() if suffix == ".jsonl" else table_of(out)
            summary.total_reward = round(summary.total_reward, 9)
            outcomes.append((content, summary))
    assert outcomes[0] == outcomes[1]


@pytest.mark.usefixtures("pairs")
def test_rows_are_numbered_through_and_the_summary_counts_them_all(tmp_path: Path, data: Path) -> None:
    summary = run(data, tmp_path / "out.jsonl")
    assert [one["row"] for one in read_jsonl(tmp_path / "out.jsonl")] == list(range(7))
    assert summary.counts == {
        "no_comma": {"pass": 4, "fail": 3, "unknown": 0},
        "most_words": {"pass": 7, "fail": 0, "unknown": 0},
    }
    assert (summary.rows, summary.undecided, summary.mean_reward) == (7, 0, pytest.approx(5.5 / 7))
    assert sorted(one.name for one in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


@pytest.mark.usefixtures("pairs")
@pytest.mark.parametrize(
    ("identifiers", "dtype", "values"),
    [
        pytest.param([1, 2, None, -(2**63)], polars.Int64, [1, 2, None, -(2**63)], id="whole numbers"),
        pytest.param([1, 2, 0.5, 1e300], polars.Float64, [1.0, 2.0, 0.5, 1e300], id="numbers"),
        pytest.param([True, None, None, False], polars.Boolean, [True, None, None, False], id="true and false"),
        pytest.param([None, None, "1", "é"], polars.String, [None, None, "1", "é"], id="texts after none"),
        pytest.param([1, 2, "a", 0.5], polars.String, ["1", "2", "a", "0.5"], id="a text among numbers"),
        pytest.param([1, 1, 2**63, 10**40], polars.String, ["1", "1", str(2**63), str(10**40)], id="long numbers"),
        pytest.param(
            [[1, "é"], None, {"a": None}, 1], polars.String, ['[1, "é"]', None, '{"a": null}', "1"], id="lists"
        ),
        pytest.param([None] * 4, polars.String, [None] * 4, id="nothing"),
    ],
)
def test_the_type_of_an_identifying_column_is_that_of_all_its_values(
    tmp_path: Path, identifiers: list[object], dtype: polars.DataType, values: list[object]
) -> None:
    data = write_jsonl(tmp_path / "in.jsonl", [row("a", key=one) for one in identifiers])
    run(data, tmp_path / "out.parquet")
    table = polars.read_parquet(tmp_path / "out.parquet")
    assert table.columns == ["row", "key", "reward", "verdicts"]
    assert (table["key"].dtype, table["key"].to_list()) == (dtype, values)


@pytest.mark.usefixtures("pairs")
def test_the_types_of_parquet_are_kept(tmp_path: Path) -> None:
    when = polars.Series("id", [date(2026, 1, 2), None, None, None, date(2026, 1, 3)])
    small = polars.Series("key", [None, None, 1, 2, 3], dtype=polars.Int8)
    table = polars.DataFrame([when, small]).with_columns(response=polars.lit("a"), constraints=polars.lit("brief"))
    table.write_parquet(tmp_path / "in.parquet")
    run(tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert polars.read_parquet(tmp_path / "out.parquet").select("id", "key").equals(table.select("id", "key"))
    run(tmp_path / "in.parquet", tmp_path / "out.jsonl")
    assert [one["id"] for one in read_jsonl(tmp_path / "out.jsonl")] == ["2026-01-02", None, None, None, "2026-01-03"]


@pytest.mark.usefixtures("pairs")
def test_an_identifier_that_only_a_later_row_has_is_null_before(tmp_path: Path) -> None:
    data = write_jsonl(tmp_path / "in.jsonl", [*ROWS[:4], row("z", id="\ud800"), row("z", key=0.1)])
    run(data, tmp_path / "out.jsonl")
    rows = read_jsonl(tmp_path / "out.jsonl")
    assert [list(one) for one in rows] == [["row", "key", "id", "reward", "verdicts"]] * 6
    assert [one["id"] for one in rows] == [None, None, None, None, "\ud800", None]
    assert [one["key"] for one in rows] == [None, None, None, None, None, 0.1]


def test_verdicts_have_their_types_where_there_are_none(tmp_path: Path) -> None:
    run(write_jsonl(tmp_path / "in.jsonl", [row("a", constraints="[]")]), tmp_path / "out.parquet")
    texts = dict.fromkeys(("constraint", "kind", "verdict", "reason", "evidence"), polars.String)
    verdict = polars.Struct({**texts, "score": polars.Float64, "evidence_found": polars.Boolean})
    types = {"row": polars.Int64, "reward": polars.Float64, "verdicts": polars.List(verdict)}
    assert polars.read_parquet_schema(tmp_path / "out.parquet") == types


# --------------------------------------------------------------------------------------------------- what cannot be


@pytest.mark.usefixtures("pairs")
@pytest.mark.parametrize(("fitting", "which"), [(4, "000002.jsonl"), (8, "out.jsonl")], ids=["a part", "the output"])
def test_a_full_disk_is_one_sentence_and_loses_nothing(
    tmp_path: Path, data: Path, expected: Path, checked: list[str], fitting: int, which: str
) -> None:
    out, sync, left = tmp_path / "out.jsonl", os.fsync, [fitting]

    def full(descriptor: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        sync(descriptor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(VerifError, match=rf"{which}: cannot be written \(No space left on device\)"):
            run(data, out)
    assert not list(tmp_path.rglob(".*"))
    checked.clear()
    run(data, out)
    assert checked == [one["response"] for one in ROWS[fitting // 2 * CHUNK_ROWS :]]
    assert out.read_bytes() == expected.with_suffix(".jsonl").read_bytes()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a file that is always full")
def test_a_disk_that_is_full_while_polars_writes_is_no_other_error(tmp_path: Path) -> None:
    part = Part(tmp_path / "000000.parquet", {"kinds": {}})
    part.path.write_bytes(encode(ScoredRows(0, {}, {}, [1.0], [[]]), ".parquet"))
    with pytest.raises(OSError, match="No space left on device"), Path("/dev/full").open("wb") as file:
        join([part], ".parquet", file)


@pytest.mark.parametrize(
    ("source", "target", "value", "message"),
    [
        pytest.param("in.parquet", "out.jsonl", float("nan"), "row 1: it cannot be written as JSON", id="not a number"),
        pytest.param(
            "in.jsonl", "out.parquet", "\ud800", "row 1: the column `key` holds half a character", id="half a character"
        ),
    ],
)
def test_a_value_the_format_cannot_hold_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, source: str, target: str, value: object, message: str
) -> None:
    rows = [row("a", key=None), row("b", key=value)]
    data, out = tmp_path / source, tmp_path / target
    if data.suffix == ".jsonl":
        write_jsonl(data, rows)
    else:
        polars.DataFrame(rows, infer_schema_length=None).write_parquet(data)
    out.write_text("old")
    with pytest.raises(VerifError, match=message):
        run(data, out)
    assert out.read_text() == "old"
    assert sorted(tmp_path.iterdir()) == sorted([data, out])


def test_half_a_character_is_written_to_jsonl_as_the_escape_it_was_read_from(tmp_path: Path) -> None:
    run(write_jsonl(tmp_path / "in.jsonl", [row("a", key="\ud800")]), tmp_path / "out.jsonl")
    assert '"key": "\\ud800"' in (tmp_path / "out.jsonl").read_text()
