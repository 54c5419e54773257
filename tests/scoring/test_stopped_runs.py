"""A run of `vif score` that stops, however it does, goes on where it ended and writes what one run would have."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import verif_dsl
from tests.scoring.runs import CHUNK_ROWS, CONSTRAINTS, ROWS, VERIFIER, read_jsonl, row, run, table_of, write_jsonl
from verif_dsl import VerifError
from verif_dsl import rows as rows_module


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
            assert table_of(out) == table_of(whole)
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
