"""The command line as users meet it: what it prints, its exit status, and what it leaves on disk."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars
import pytest

from verif_dsl import Verdicts, Verifier
from verif_dsl.cli import main
from verif_dsl.compiler import check_file
from verif_dsl.compiler.diagnostics import VerifError

COMMANDS = ("check", "emit", "explain", "fmt", "lock", "score", "train")
CONSTRAINTS = """
constraint no_comma {
  instruct "Use no commas."
  check not ("," in response)
  accept "a b"
  reject "a, b"
}

constraint word_range {
  param min: int in 0 to 100 = 1
  param max: int in min to 100 = 3
  instruct "Write {min} to {max} words."
  check min <= len(words(response)) <= max
  accept "one two"
  reject "one two three four"
}

constraint no_longer {
  instruct "Use no more words than the question, or one."
  check len(words(response)) <= max(len(words(prompt)), 1)
  accept "Of course." after user "Is it so?"
  reject "Yes, it is so." after user "Is it so?"
}

spec brief { use no_comma() use word_range(max = 2) }
spec plain { use no_comma() }
"""
ONE_SPEC = CONSTRAINTS.replace("spec plain { use no_comma() }", "")


def vif(*arguments: object, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """`vif` in a process of its own, as a user runs it, with this text on standard input."""
    return subprocess.run(
        [sys.executable, "-m", "verif_dsl", *map(str, arguments)],
        input=given,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "120", **environment},
    )


def assert_refused(done: subprocess.CompletedProcess[str], message: str, status: int = 1) -> None:
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert done.returncode == status


@pytest.fixture
def constraints(tmp_path: Path) -> Path:
    path = tmp_path / "rules.vif"
    path.write_text(CONSTRAINTS)
    return path


def jsonl(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def read_jsonl(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


# ------------------------------------------------------------------------------------------------------------- vif


def test_the_version_is_shown() -> None:
    done = vif("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("vif ")


def test_help_lists_every_command_and_each_command_has_its_own() -> None:
    done = vif("-h")
    assert done.returncode == 0
    assert done.stdout == vif("--help").stdout
    assert vif().stderr == done.stdout  # wrong usage, told as such
    for command in COMMANDS:
        of_command = vif(command, "-h")
        assert of_command.returncode == 0
        sentence = " ".join(of_command.stdout.split("\n\n")[1].split())
        assert f"{command} {sentence}" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [(("chekc", "x"), "'check'"), (("check", "--fromat", "json"), "'--format'"), (("score", "--speck"), "'--spec'")],
)
def test_what_was_probably_meant_is_said(arguments: tuple[str, ...], meant: str) -> None:
    assert_refused(vif(*arguments), f"Did you mean {meant}?", status=2)


@pytest.mark.parametrize(
    ("arguments", "unneeded"),
    [
        pytest.param(["--version"], {"verif_dsl.compiler", "polars", "pydantic", "rich"}, id="version"),
        pytest.param(["--help"], {"verif_dsl.compiler", "polars", "pydantic", "rich"}, id="help"),
        pytest.param(["check", "-"], {"verif_dsl.verifier", "polars", "pydantic", "rich"}, id="check"),
    ],
)
def test_a_command_loads_only_what_it_needs(arguments: list[str], unneeded: set[str]) -> None:
    code = f"import sys; from verif_dsl.cli import main; main({arguments}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], input="", capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "click" in loaded
    assert loaded & unneeded == set()


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("chek",),
        ("check",),
        ("check", "--format", "yaml", "a.vif"),
        ("explain",),
        ("score", "a.vif", "b.jsonl"),
        ("train",),
        ("check", "--colour", "a.vif"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_status_2(arguments: tuple[str, ...]) -> None:
    done = vif(*arguments)
    assert done.returncode == 2
    assert "Usage" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_terminal_that_lacks_a_character_shows_its_escape(tmp_path: Path) -> None:
    done = vif("check", tmp_path / "二.vif", PYTHONIOENCODING="latin-1")
    assert "\\u4e8c.vif" in done.stdout
    assert done.returncode == 1
    assert done.stderr == ""


def test_an_interruption_from_the_keyboard_is_status_130(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.vif"
    os.mkfifo(pipe)
    command = [sys.executable, "-m", "verif_dsl", "check", str(pipe)]

    def heed_interruption() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell makes its background jobs ignore it

    with (
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=heed_interruption) as process,
        pipe.open("w"),  # open returns once the process has opened its end, and now waits for text
    ):
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in errors


# ------------------------------------------------------------------------------------------------------- vif check


def test_check_counts_the_examples_of_good_files(constraints: Path) -> None:
    done = vif("check", constraints, constraints)
    assert done.stdout.splitlines()[-1] == "2 files, 0 errors, 12 examples, 0 failed"
    assert done.returncode == 0


def test_check_shows_every_mistake_of_every_file_with_its_place(tmp_path: Path, constraints: Path) -> None:
    bad = tmp_path / "bad.vif"
    bad.write_text(CONSTRAINTS.replace("min <= len(words(response)) <= max", "min <= len(wrds(response)) <= maxx"))
    done = vif("check", bad, tmp_path / "missing.vif", constraints)
    assert f"{bad}:" in done.stdout
    assert "wrds" in done.stdout
    assert "maxx" in done.stdout
    assert "missing.vif" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("3 files, 3 errors, ")
    assert done.returncode == 1
    assert done.stderr == ""


def test_check_fails_for_an_example_that_its_check_contradicts(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.vif"
    wrong.write_text(CONSTRAINTS.replace('accept "a b"', 'accept "a, b"'))
    done = vif("check", wrong)
    assert "V0401" in done.stdout
    assert done.stdout.splitlines()[-1] == "1 file, 1 error, 6 examples, 1 failed"
    assert done.returncode == 1


def test_check_reads_standard_input(constraints: Path) -> None:
    done = vif("check", "-", constraints, given=CONSTRAINTS)
    assert (done.stdout, done.stderr) == ("2 files, 0 errors, 12 examples, 0 failed\n", "")
    assert done.returncode == 0
    done = vif("check", "-", given="constraint c {\n  check true\n}\n")
    assert "--> <stdin>:1:12" in done.stdout
    assert done.returncode == 1


def test_standard_input_imports_the_library_and_no_file(constraints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(constraints.parent)
    assert vif("check", "-", given='import "std/length" as length').returncode == 0
    done = vif("check", "-", given='import "rules" as rules')
    assert "error[V0212]" in done.stdout
    assert done.returncode == 1


def test_check_prints_json_with_every_diagnostic(tmp_path: Path, constraints: Path) -> None:
    bad = tmp_path / "二.vif"
    old = CONSTRAINTS.replace("constraint no_comma {", 'constraint no_comma {\n  deprecated "write no_commas"')
    bad.write_text(old.replace('accept "a b"', 'accept "a, b"'), encoding="utf-8")
    report = check_file(bad)
    assert {one.severity for one in report.diagnostics} == {"error", "warning"}
    done = vif("check", "--format", "json", bad, constraints, PYTHONIOENCODING="latin-1")
    assert json.loads(done.stdout) == {
        "files": 2,
        "errors": 1,
        "warnings": 2,
        "examples": 12,
        "failed": 1,
        "diagnostics": [one.to_dict(report.source) for one in report.diagnostics],
    }
    assert done.returncode == 1
    assert done.stderr == ""


def test_a_file_without_mistakes_is_json_too(constraints: Path) -> None:
    done = vif("check", constraints, "--format", "json")
    expected = {"files": 1, "errors": 0, "warnings": 0, "examples": 6, "failed": 0, "diagnostics": []}
    assert json.loads(done.stdout) == expected
    assert done.returncode == 0


def test_a_file_that_cannot_be_read_is_a_diagnostic_without_a_place(tmp_path: Path) -> None:
    missing = tmp_path / "missing.vif"
    done = vif("check", "--format", "json", missing, "-", given="constraint {")
    found = json.loads(done.stdout)
    assert done.returncode == 1
    assert [one["file"] for one in found["diagnostics"]] == [str(missing), "<stdin>"]
    unread, misread = found["diagnostics"]
    assert unread == {
        "code": None,
        "severity": "error",
        "message": f"there is no file {missing}",
        "file": str(missing),
        "start": None,
        "end": None,
        "help": None,
        "notes": [],
    }
    assert unread.keys() == misread.keys()
    assert (misread["code"], misread["start"]) == ("V0101", {"line": 1, "column": 12})


@pytest.mark.parametrize("output_format", ["text", "json"])
def test_standard_input_that_is_not_text_is_an_error(output_format: str) -> None:
    command = [sys.executable, "-m", "verif_dsl", "check", "--format", output_format, "-"]
    done = subprocess.run(command, input=b"\xff", capture_output=True)
    assert b"standard input is not UTF-8 text (byte 0)" in done.stdout
    assert (done.stderr, done.returncode) == (b"", 1)


def test_check_against_an_earlier_text_wants_a_new_version_for_other_verdicts(
    tmp_path: Path, constraints: Path
) -> None:
    changed = tmp_path / "changed.vif"
    changed.write_text(CONSTRAINTS.replace('not ("," in response)', 'not (", " in response)'))
    done = vif("check", changed, "--against", constraints)
    assert "error[V0402]" in done.stdout
    assert done.returncode == 1
    assert vif("check", constraints, "--against", constraints).returncode == 0
    assert_refused(vif("check", constraints, changed, "--against", constraints), "compares one file", 2)
    shown = vif("check", constraints, "--against", tmp_path / "missing.vif").stdout
    assert shown.startswith("error: there is no file")


# ------------------------------------------------------------------------------------------------------ vif explain

PAGES = {"V0201": "# V0201\n\nA name that is **not defined**.\n", "V0203": "# V0203\n\nA type that does not fit.\n"}


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two short pages in the place of the compiler's."""

    def explanation(code: str) -> str:
        if code not in PAGES:
            raise VerifError(f"there is no code {code}")
        return PAGES[code]

    monkeypatch.setitem(sys.modules, "verif_dsl.compiler.explanations", SimpleNamespace(explanation=explanation))


@pytest.mark.usefixtures("pages")
def test_explain_prints_pages_one_after_another(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "V0203"]) == 0
    assert capsys.readouterr().out == PAGES["V0203"]
    assert main(["explain", "V0201", "V0203"]) == 0
    assert capsys.readouterr().out == PAGES["V0201"] + "\n" + PAGES["V0203"]


@pytest.mark.usefixtures("pages")
def test_explain_renders_for_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["explain", "V0201"]) == 0
    shown = capsys.readouterr().out
    assert "not defined" in shown
    assert "**" not in shown


@pytest.mark.usefixtures("pages")
def test_explain_of_an_unknown_code_prints_no_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "V0201", "V9999"]) == 1
    assert capsys.readouterr() == ("", "error: there is no code V9999\n")


def test_explain_knows_the_codes_of_the_compiler() -> None:
    pytest.importorskip("verif_dsl.compiler.explanations")
    done = vif("explain", "V0201", "V0203")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.index("V0201") < done.stdout.index("V0203")
    assert_refused(vif("explain", "V9999"), "V9999")


# ------------------------------------------------------------------------------------------------------- vif score

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
    assert polars.read_parquet(tmp_path / "out.parquet").to_dicts() == read_jsonl(tmp_path / "out.jsonl")


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
    assert "1 rows, 1 undecided, no reward is decided" in done.stdout
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


# ------------------------------------------------------------------------------------------------------- vif train


def test_training_without_its_packages_names_the_extra(tmp_path: Path) -> None:
    code = "import sys; sys.modules['trl'] = None; from verif_dsl.__main__ import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "train", str(tmp_path / "config.yaml")], capture_output=True, text=True
    )
    assert_refused(done, "training needs packages that are not installed (")
    assert "trl" in done.stderr
    assert "pip install 'verif-dsl[train]'" in done.stderr


def test_training_with_a_missing_config_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("trl")
    assert_refused(vif("train", tmp_path / "config.yaml"), "config.yaml")


def test_explain_shows_what_is_in_a_file_and_what_it_can_cost(constraints: Path) -> None:
    done = vif("explain", constraints)
    assert (done.stderr, done.returncode) == ("", 0)
    first = done.stdout.split("\n\n")[0].splitlines()
    assert first[0].startswith("constraint ")
    assert any(line.startswith("  tells: ") for line in first)
    assert "steps" in first[-1]
    assert_refused(vif("explain", constraints, "V0203"), "either codes or files", 2)
    assert_refused(vif("explain", constraints.with_name("missing.vif")), "there is no file")
