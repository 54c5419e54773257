"""`vif score` as its users meet it: what it writes and shows, and what it says to bad input."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars
import pytest

from tests.cli.commands import CONSTRAINTS, ONE_SPEC, assert_refused, jsonl, read_jsonl, vif
from verif_dsl import Verdicts, Verifier
from verif_dsl.cli import main

ROWS: list[dict[str, object]] = [
    {"key": 11, "response": "one two", "constraints": "brief"},
    {"key": 12, "response": "one, two", "constraints": "brief"},
    {"key": 13, "response": "a b c", "constraints": '[{"use": "word_range", "with": {"min": 3}, "as": "long"}]'},
    {"key": 14, "response": "a b c", "constraints": "[]"},
]


def test_score_writes_one_line_for_each_row_and_shows_pass_rates(tmp_path: Path, constraints: Path) -> None:
    out = tmp_path / "out.jsonl"
    done = vif("score", constraints, jsonl(tmp_path / "in.jsonl", ROWS), "--out", out)
    assert done.returncode == 0, done.stderr
    written = read_jsonl(out)
    assert [row["row"] for row in written] == [0, 1, 2, 3]
    assert [row["key"] for row in written] == [11, 12, 13, 14]
    assert [row["reward"] for row in written] == [1.0, 0.5, 1.0, 1.0]
    assert written[1]["verdicts"] == [
        {"constraint": "no_comma", "kind": "hard", "verdict": "fail", "reason": None},
        {"constraint": "word_range", "kind": "hard", "verdict": "pass", "reason": None},
    ]
    assert written[3]["verdicts"] == []
    assert done.stderr == ""
    assert "50.0%" in done.stdout
    assert "4 rows, 0 undecided, mean reward 0.8750" in done.stdout


def test_score_gives_the_same_from_parquet_to_parquet(tmp_path: Path, constraints: Path) -> None:
    polars.DataFrame(ROWS).write_parquet(tmp_path / "in.parquet")
    jsonl(tmp_path / "in.jsonl", ROWS)
    for suffix in ("jsonl", "parquet"):
        done = vif("score", constraints, tmp_path / f"in.{suffix}", "--out", tmp_path / f"out.{suffix}")
        assert done.returncode == 0, done.stderr
    rows = polars.read_parquet(tmp_path / "out.parquet").to_dicts()
    for line in (line for row in rows for line in row["verdicts"]):  # columns of a judge, which JSON leaves out
        assert [line.pop(name) for name in ("score", "evidence", "evidence_found")] == [None, None, None]
    assert rows == read_jsonl(tmp_path / "out.jsonl")


def test_score_takes_names_of_columns_and_a_reward(tmp_path: Path, constraints: Path) -> None:
    rows: list[dict[str, object]] = [
        {
            "answer": "Because, of course.",
            "question": "Why is it so?",
            "rules": '[{"use": "no_longer"}, {"use": "no_comma"}]',
        }
    ]
    columns = ("--response-column", "answer", "--prompt-column", "question", "--constraints-column", "rules")
    out = tmp_path / "out.jsonl"
    given = jsonl(tmp_path / "in.jsonl", rows)
    for reward, expected in (("mean(hard, if_empty=1)", 0.5), ("all(hard)", 0.0), ("no_longer", 1.0)):
        done = vif("score", constraints, given, "--out", out, *columns, "--reward", reward)
        assert done.returncode == 0, done.stderr
        assert read_jsonl(out)[0]["reward"] == expected, reward


def test_score_holds_every_row_to_a_spec_that_is_named_or_the_only_one(tmp_path: Path, constraints: Path) -> None:
    given = jsonl(tmp_path / "in.jsonl", [{"response": "a, b", "constraints": "brief"}])
    out = tmp_path / "out.jsonl"
    assert vif("score", constraints, given, "--out", out, "--spec", "plain").returncode == 0
    assert read_jsonl(out)[0]["reward"] == 0.0
    constraints.write_text(ONE_SPEC)
    given = jsonl(tmp_path / "in.jsonl", [{"response": "a, b"}])
    assert vif("score", constraints, given, "--out", out).returncode == 0
    assert read_jsonl(out)[0]["reward"] == 0.5


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(
            '{"response": "a", "constraints": "brief"}\n{oops}\n', "line 2: this is not JSON", id="broken line"
        ),
        pytest.param("", "there are no rows in it", id="empty"),
        pytest.param('{"constraints": "brief"}', "there is no column `response`", id="no responses"),
        pytest.param('{"response": "a"}', "there is no column `constraints`", id="no constraints"),
        pytest.param('{"response": ["a"], "constraints": "brief"}', "`response` must be text, not a list", id="list"),
        pytest.param('{"response": "a", "constraints": 3}', "`constraints` must be text, not a number", id="number"),
        pytest.param('{"response": "a", "constraints": "breif"}', "row 0: there is no spec `breif`", id="unknown spec"),
        pytest.param('{"response": "a", "constraints": "[{"}', "row 0: the constraints are not JSON", id="bad JSON"),
        pytest.param(
            '{"response": "a", "constraints": "[{\\"use\\": \\"no_coma\\"}]"}',
            "row 0: there is no constraint `no_coma`",
            id="unknown constraint",
        ),
        pytest.param(
            '{"response": "a", "constraints": "[{\\"use\\": \\"word_range\\", \\"with\\": {\\"min\\": 101}}]"}',
            "row 0: ",
            id="argument out of range",
        ),
        pytest.param(
            '{"response": "a", "constraints": "[{\\"use\\": \\"no_longer\\"}]"}',
            "`no_longer` reads the prompt, and the row has none",
            id="no prompt",
        ),
    ],
)
def test_a_bad_input_is_one_sentence_and_writes_nothing(
    tmp_path: Path, constraints: Path, content: str, message: str
) -> None:
    given = tmp_path / "in.jsonl"
    given.write_text(content)
    before = sorted(tmp_path.iterdir())
    done = vif("score", constraints, given, "--out", tmp_path / "out.jsonl")
    assert_refused(done, message)
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        pytest.param(("rules.vif", "missing.jsonl", "out.jsonl"), (), "there is no such file", id="no input"),
        pytest.param(("missing.vif", "in.jsonl", "out.jsonl"), (), "missing.vif", id="no constraints"),
        pytest.param(("rules.vif", "in.csv", "out.jsonl"), (), "ends in .jsonl or .parquet", id="input suffix"),
        pytest.param(("rules.vif", "in.jsonl", "out.json"), (), "ends in .jsonl or .parquet", id="output suffix"),
        pytest.param(("rules.vif", "in.jsonl", "no/out.jsonl"), (), "does not exist; make it first", id="no folder"),
        pytest.param(("rules.vif", "in.jsonl", "in.jsonl"), (), "is also an input", id="output is input"),
        pytest.param(("rules.vif", "in.jsonl", "out.jsonl"), ("--reward", "mean("), "error", id="reward"),
        pytest.param(("rules.vif", "in.jsonl", "out.jsonl"), ("--spec", "plane"), "no spec `plane`", id="spec"),
        pytest.param(
            ("rules.vif", "in.jsonl", "out.jsonl"), ("--prompt-column", "q"), "no column `q`", id="named column"
        ),
    ],
)
def test_a_bad_argument_is_one_sentence_and_writes_nothing(
    tmp_path: Path, constraints: Path, names: tuple[str, ...], options: tuple[str, ...], message: str
) -> None:
    jsonl(tmp_path / "in.jsonl", ROWS)
    (tmp_path / "in.csv").write_text("response\na\n")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    rules, given, out = (tmp_path / name for name in names)
    assert_refused(vif("score", rules, given, "--out", out, *options), message)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_source_that_does_not_compile_is_shown_with_its_places(tmp_path: Path, constraints: Path) -> None:
    constraints.write_text(CONSTRAINTS.replace("words(response)", "wrds(response)"))
    done = vif("score", constraints, jsonl(tmp_path / "in.jsonl", ROWS), "--out", tmp_path / "out.jsonl")
    assert_refused(done, f"--> {constraints}:")


def test_a_spec_and_a_column_of_constraints_exclude_each_other(tmp_path: Path, constraints: Path) -> None:
    given = jsonl(tmp_path / "in.jsonl", ROWS)
    options = ("--out", tmp_path / "out.jsonl", "--spec", "brief", "--constraints-column", "constraints")
    assert_refused(vif("score", constraints, given, *options), "either --spec or --constraints-column", status=2)


def test_a_response_that_nothing_can_decide_has_no_reward(tmp_path: Path, constraints: Path) -> None:
    rows: list[dict[str, object]] = [{"response": "a " * 40_000, "constraints": "plain"}]
    out = tmp_path / "out.parquet"
    done = vif("score", constraints, jsonl(tmp_path / "in.jsonl", rows), "--out", out)
    assert done.returncode == 0, done.stderr
    assert "1 row, 1 undecided, no reward is decided" in done.stdout
    (row,) = polars.read_parquet(out).to_dicts()
    assert row["reward"] is None
    assert row["verdicts"][0]["verdict"] == "unknown"
    assert "64 KiB" in row["verdicts"][0]["reason"]


@pytest.fixture
def row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of one row."""
    monkeypatch.setattr("verif_dsl.rows.CHUNK_ROWS", 1)


@pytest.mark.usefixtures("row_by_row")
def test_a_bad_row_is_named_by_its_number_in_the_file_and_what_came_before_is_kept(
    tmp_path: Path, constraints: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    jsonl(given, [*ROWS[:2], {**ROWS[2], "constraints": "breif"}, ROWS[3]])
    assert main(["score", str(constraints), str(given), "--out", str(out)]) == 1
    folder = f"{out}.parts"
    kept = f"2 rows are scored and kept in {folder}; the same command goes on from there"
    said = "there is no spec `breif` (did you mean `brief`?)"
    assert capsys.readouterr() == ("", f"error: row 2: {said}; {kept}\n")
    jsonl(given, ROWS)
    assert main(["score", str(constraints), str(given), "--out", str(out)]) == 0
    assert "4 rows, 0 undecided, mean reward 0.8750" in capsys.readouterr().out
    assert [row["key"] for row in read_jsonl(out)] == [11, 12, 13, 14]
    assert not Path(folder).exists()


@pytest.mark.usefixtures("row_by_row")
def test_score_says_where_it_goes_on_after_an_interruption(
    tmp_path: Path, constraints: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given, out = jsonl(tmp_path / "in.jsonl", ROWS), tmp_path / "out.jsonl"
    check = Verifier.check

    def interrupted(self: Verifier, responses: Sequence[str], **options: Any) -> Verdicts:
        if responses == ["a b c"]:
            raise KeyboardInterrupt
        return check(self, responses, **options)

    monkeypatch.setattr(Verifier, "check", interrupted)
    assert main(["score", str(constraints), str(given), "--out", str(out)]) == 130
    assert f"stopped; 2 rows are scored and kept in {out}.parts" in capsys.readouterr().err
    assert not out.exists()


def test_score_shows_on_a_terminal_how_far_it_is(tmp_path: Path, constraints: Path) -> None:
    given, out = jsonl(tmp_path / "in.jsonl", ROWS), tmp_path / "out.jsonl"
    terminal, end_of_process = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "verif_dsl", "score", str(constraints), str(given), "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=end_of_process,
        text=True,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    ) as process:
        os.close(end_of_process)
        shown = b""
        with contextlib.suppress(OSError):  # Linux says so that the other end is closed
            while some := os.read(terminal, 1024):
                shown += some
        os.close(terminal)
        summary, _ = process.communicate()
    assert process.returncode == 0
    assert b"4 rows" in shown
    assert b"100%" in shown
    assert "4 rows, 0 undecided" in summary
