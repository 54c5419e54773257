"""Files of any size are scored in chunks: no trace of them in the output, and nothing computed twice after a stop."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import polars
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import verif_dsl
from verif_dsl import VerifError, Verifier
from verif_dsl import rows as rows_module
from verif_dsl.parts import Part
from verif_dsl.scored_rows import ScoredRows, encode, join
from verif_dsl.scoring import Scoring, Summary, score_file

CONSTRAINTS = """
constraint no_comma {
  instruct "Use no commas."
  check not ("," in response)
  accept "a b"
  reject "a, b"
}

constraint most_words {
  param most: int in 0 to 100 = 1
  instruct "Write at most {most} words."
  check len(words(response)) <= most
  accept "one"
  reject "one two three four"
}

spec brief { use no_comma() use most_words() }
spec plain { use no_comma() }
"""
VERIFIER = verif_dsl.compile(CONSTRAINTS)
CHUNK_ROWS = 2


@pytest.fixture
def pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of two rows."""
    monkeypatch.setattr(rows_module, "CHUNK_ROWS", CHUNK_ROWS)


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The responses that are really checked, in order."""
    responses: list[str] = []
    check = Verifier.check

    def noting(self: Verifier, given: Sequence[str], **options: object) -> object:
        responses.extend(given)
        return check(self, given, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Verifier, "check", noting)
    return responses


def row(response: str, **columns: object) -> dict[str, object]:
    return {"response": response, "constraints": "brief", **columns}


ROWS = [row(f"{name},"[: 1 + index % 2]) for index, name in enumerate("abcdefg")]
"""Seven rows, hence four chunks; every second response has a comma."""


def write_jsonl(path: Path, rows: Sequence[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    return path


def read_jsonl(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def run(data: Path, out: Path, verifier: Verifier = VERIFIER, **options: str) -> Summary:
    """All of a scoring; what its summary says at the end."""
    *_, (summary, share) = score_file(Scoring(verifier, data, out, **options))
    assert share == 1
    return summary


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "in.jsonl", ROWS)


@pytest.fixture
def expected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output for ROWS of one chunk and one run, in both formats, without its suffix."""
    folder = tmp_path_factory.mktemp("expected")
    for suffix in (".jsonl", ".parquet"):
        run(write_jsonl(folder / "in.jsonl", ROWS), folder / f"out{suffix}")
    return folder / "out"


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
            content = out.read_bytes() if suffix == ".jsonl" else _table(out)
            summary.total_reward = round(summary.total_reward, 9)
            outcomes.append((content, summary))
    assert outcomes[0] == outcomes[1]


def _table(path: Path) -> tuple[object, object]:
    table = polars.read_parquet(path)
    return table.schema, table.to_dicts()


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
    verdict = polars.Struct(dict.fromkeys(("constraint", "kind", "verdict", "reason"), polars.String))
    types = {"row": polars.Int64, "reward": polars.Float64, "verdicts": polars.List(verdict)}
    assert polars.read_parquet_schema(tmp_path / "out.parquet") == types


# ------------------------------------------------------------------------------------------------------ stopped runs


class Stop(BaseException):
    """Stands for whatever ends a process."""


@pytest.fixture
def stop_before(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Arms a stop for when so many files have taken their places; -1 disarms it."""
    replace = Path.replace

    def arm(renames: int) -> None:
        left = [renames]

        def stopping(self: Path, target: Path) -> Path:
            left[0] -= 1
            if left[0] == -1:
                raise Stop
            return replace(self, target)

        monkeypatch.setattr(Path, "replace", stopping)

    return arm


@pytest.mark.usefixtures("pairs")
@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_a_run_stopped_anywhere_goes_on_where_it_ended(
    tmp_path: Path, data: Path, expected: Path, checked: list[str], stop_before: Callable[[int], None], suffix: str
) -> None:
    """Four parts with their records, and then the output: nine files that a stop can come before."""
    whole = expected.with_suffix(suffix)
    for renames in range(9):
        out = tmp_path / f"out{renames}{suffix}"
        stop_before(renames)
        with pytest.raises(Stop):
            run(data, out)
        assert not out.exists()
        stop_before(-1)
        checked.clear()
        summary = run(data, out)
        assert checked == [one["response"] for one in ROWS[renames // 2 * CHUNK_ROWS :]], renames
        assert summary.rows == len(ROWS)
        if suffix == ".jsonl":
            assert out.read_bytes() == whole.read_bytes()
        else:
            assert _table(out) == _table(whole)
        assert not list(tmp_path.glob("*.parts"))


STOPPING = """
import sys
from pathlib import Path
import verif_dsl.rows
from verif_dsl.__main__ import main
from verif_dsl.verifier import Verifier

renames = int(sys.argv[1])
check, replace = Verifier.check, Path.replace
verif_dsl.rows.CHUNK_ROWS = 2

def noting(self, responses, **options):
    with open(sys.argv[2], "a") as file:
        file.write("".join(responses))
    return check(self, responses, **options)

def waiting(self, target):
    global renames
    renames -= 1
    if renames == -1:
        print("waiting", flush=True)
        sys.stdin.read()
    return replace(self, target)

Verifier.check, Path.replace = noting, waiting
sys.exit(main(sys.argv[3:]))
"""


@pytest.mark.parametrize("renames", [0, 3, 4, 8])
def test_a_killed_process_loses_only_the_chunk_it_was_at(tmp_path: Path, expected: Path, renames: int) -> None:
    (tmp_path / "rules.vif").write_text(CONSTRAINTS)
    write_jsonl(tmp_path / "in.jsonl", ROWS)
    command = [sys.executable, "-c", STOPPING]
    options = ["score", "rules.vif", "in.jsonl", "--out", "out.jsonl"]
    with subprocess.Popen(
        [*command, str(renames), "killed.txt", *options], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"waiting\n"
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "out.jsonl").exists()
    done = subprocess.run([*command, "-1", "resumed.txt", *options], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "out.jsonl").read_bytes() == expected.with_suffix(".jsonl").read_bytes()
    again = "".join(str(one["response"]) for one in ROWS[renames // 2 * CHUNK_ROWS :])
    # Where only the joining is left, nothing is checked, and nothing noted.
    assert ((tmp_path / "resumed.txt").read_text() if again else "") == again
    assert (tmp_path / "resumed.txt").exists() == bool(again)
    names = {"rules.vif", "in.jsonl", "out.jsonl", "killed.txt", *(["resumed.txt"] if again else [])}
    assert {one.name for one in tmp_path.iterdir()} == names


@pytest.fixture
def stopped(tmp_path: Path, data: Path, checked: list[str], stop_before: Callable[[int], None]) -> Path:
    """The folder of a run that has all four parts, and no output yet: that of `out.jsonl`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows_module, "CHUNK_ROWS", CHUNK_ROWS)
        stop_before(8)
        with pytest.raises(Stop):
            run(data, tmp_path / "out.jsonl")
        stop_before(-1)
    checked.clear()
    folder = tmp_path / "out.jsonl.parts"
    assert len(list(folder.iterdir())) == 8
    return folder


@pytest.mark.usefixtures("pairs")
@pytest.mark.parametrize("name", ["000001.jsonl", "000001.json"])
@pytest.mark.parametrize("content", [None, b"", b'{"row": 2', b"[]"], ids=["gone", "empty", "cut short", "other"])
def test_a_broken_part_is_computed_again(
    data: Path, expected: Path, checked: list[str], stopped: Path, name: str, content: bytes | None
) -> None:
    if content is None:
        (stopped / name).unlink()
    else:
        (stopped / name).write_bytes(content)
    out = stopped.with_suffix("")
    run(data, out)
    assert checked == [one["response"] for one in ROWS[2:4]]
    assert out.read_bytes() == expected.with_suffix(".jsonl").read_bytes()


@pytest.mark.usefixtures("pairs")
def test_rows_that_have_changed_since_are_computed_again(data: Path, checked: list[str], stopped: Path) -> None:
    write_jsonl(data, [*ROWS[:2], row("x,"), *ROWS[3:6]])  # one row is another, and the last one is gone
    run(data, stopped.with_suffix(""))
    assert checked == ["x,", ROWS[3]["response"]]
    rows = read_jsonl(stopped.with_suffix(""))
    assert [one["row"] for one in rows] == list(range(6))
    assert [one["reward"] for one in rows] == [1.0, 0.5, 0.5, 0.5, 1.0, 0.5]


@pytest.mark.usefixtures("pairs")
def test_after_a_bad_row_is_mended_the_run_goes_on_there(tmp_path: Path, checked: list[str]) -> None:
    bad = [*ROWS[:5], row("f", constraints="breif"), *ROWS[6:]]
    data, out = write_jsonl(tmp_path / "in.jsonl", bad), tmp_path / "out.jsonl"
    with pytest.raises(VerifError, match=r"^row 5: there is no spec `breif`"):
        run(data, out)
    with data.open("a") as file:
        file.write("{oops}\n")
    with pytest.raises(VerifError, match=r"^row 5: there is no spec `breif`"):
        run(data, out)
    checked.clear()
    assert run(write_jsonl(data, ROWS), out).rows == 7
    assert checked == [one["response"] for one in ROWS[4:]]
    assert len(read_jsonl(out)) == 7


def test_a_reward_without_its_constraint_names_the_row_of_the_file(tmp_path: Path, pairs: None) -> None:
    data = write_jsonl(tmp_path / "in.jsonl", [*ROWS[:3], row("a", constraints="plain")])
    with pytest.raises(VerifError, match="the reward reads `most_words`, and row 3 has no constraint of that name"):
        run(data, tmp_path / "out.jsonl", reward="all(most_words)")


@pytest.mark.usefixtures("pairs")
@pytest.mark.parametrize(
    ("options", "differing"),
    [
        pytest.param({"spec": "plain"}, "other --spec", id="spec"),
        pytest.param({"reward": "all(hard)"}, "other --reward", id="reward"),
        pytest.param({"response_column": "constraints"}, "other --response-column", id="response column"),
        pytest.param({"constraints_column": "response"}, "other --constraints-column", id="constraints column"),
        pytest.param({"verifier": verif_dsl.compile(CONSTRAINTS + "\n# more\n")}, "other constraints", id="rules"),
        pytest.param({"data": "other.jsonl", "spec": "plain"}, "other input, --spec", id="input and spec"),
    ],
)
def test_the_parts_of_another_command_are_not_mixed_in(
    data: Path, checked: list[str], stopped: Path, options: dict[str, object], differing: str
) -> None:
    write_jsonl(data.with_name("other.jsonl"), ROWS)
    given = {"verifier": VERIFIER, **options, "data": data.with_name(str(options.get("data", data.name)))}
    before = {one: one.read_bytes() for one in stopped.iterdir()}
    with pytest.raises(VerifError) as raised:
        run(out=stopped.with_suffix(""), **given)  # type: ignore[arg-type]
    assert f"{stopped}: a stopped run of another command left its results there ({differing})" in str(raised.value)
    assert "finish that command, or delete the folder to start anew" in str(raised.value)
    assert {one: one.read_bytes() for one in stopped.iterdir()} == before
    assert checked == []


def test_an_import_that_has_changed_is_another_command(
    tmp_path: Path, data: Path, stop_before: Callable[[int], None]
) -> None:
    (tmp_path / "rules.vif").write_text('import "tone" as tone\nspec brief { use tone.no_comma() }\n')
    module, out = tmp_path / "tone.vif", tmp_path / "out.jsonl"
    module.write_text(CONSTRAINTS.partition("constraint most_words")[0])
    stop_before(2)
    with pytest.raises(Stop):
        run(data, out, verif_dsl.load(tmp_path / "rules.vif"))
    stop_before(-1)
    module.write_text(module.read_text().replace('not (","', 'not (";"').replace("a, b", "a; b"))
    with pytest.raises(VerifError, match="other constraints"):
        run(data, out, verif_dsl.load(tmp_path / "rules.vif"))


@pytest.mark.usefixtures("pairs")
def test_a_file_of_somebody_else_in_the_folder_stays(data: Path, stopped: Path) -> None:
    (stopped / "notes.txt").write_text("mine")
    run(data, stopped.with_suffix(""))
    assert [one.name for one in stopped.iterdir()] == ["notes.txt"]


@pytest.mark.usefixtures("pairs")
def test_the_parts_of_an_output_behind_a_link_are_on_its_disk(
    tmp_path: Path, data: Path, stop_before: Callable[[int], None]
) -> None:
    (tmp_path / "real").mkdir()
    out = tmp_path / "out.jsonl"
    out.symlink_to("real/out.jsonl")
    stop_before(2)
    with pytest.raises(Stop):
        run(data, out)
    assert (tmp_path / "real" / "out.jsonl.parts").is_dir()
    stop_before(-1)
    run(data, out)
    assert out.is_symlink()
    assert [one.name for one in (tmp_path / "real").iterdir()] == ["out.jsonl"]


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
