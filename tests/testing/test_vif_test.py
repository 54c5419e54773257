"""`vif test`: a table, the smallest response of each failure, JUnit XML and JSON, and exit statuses that mean it."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.testing.rules import BREAKING, KEPT, NTH_PARAGRAPH
from verif_dsl.cli import main


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.vif"
    path.write_text(KEPT + NTH_PARAGRAPH, encoding="utf-8")
    return path


def test_the_command_does_without_hypothesis(rules: Path) -> None:
    code = f"import sys; from verif_dsl.cli import main; main(['test', {str(rules)!r}]); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"hypothesis", "pytest"} & set(done.stdout.splitlines()[-1].split()) == set()


def test_a_sound_file_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rules.vif"
    path.write_text(KEPT, encoding="utf-8")
    assert main(["test", str(path)]) == 0
    table, summary = capsys.readouterr().out.strip().split("\n\n")
    assert table.splitlines()[1].split() == ["no_commas", "7", "0", "3"]
    assert summary == "7 tried, 0 failed, 3 not tried"


def test_a_failure_shows_what_breaks_the_law(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", str(rules)]) == 1
    shown = capsys.readouterr().out
    assert "nth_paragraph breaks not-vacuous: every response fails with these arguments\n" in shown
    assert '  instruction: Write 1 paragraphs. Paragraph 2 must start with the word "however".\n' in shown
    assert '  arguments:   total = 1, nth = 2, word = "however"\n' in shown


def test_a_contradicted_example_is_a_failure_and_not_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rules.vif"
    path.write_text(BREAKING["examples-agree"][0], encoding="utf-8")
    assert main(["test", str(path), "--law", "examples-agree"]) == 1
    assert "c breaks examples-agree: this `accept` is contradicted" in capsys.readouterr().out


SPECS = """
import "std/length" as length
spec impossible { use length.words_at_most(n = 4) use length.sentences_at_least(n = 5) }
spec possible { use length.words_at_least(n = 2) accept "One two." reject "One." accept "One" }
"""


def test_specs_are_held_to_their_examples_and_to_being_possible(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "specs.vif"
    path.write_text(SPECS + KEPT, encoding="utf-8")
    assert main(["test", str(path), "--strength"]) == 1
    shown = capsys.readouterr().out
    assert [line.split() for line in shown.splitlines()[2:4]] == [
        ["impossible", "0", "1", "1", "-", "-", "-"],
        ["possible", "1", "1", "0", "-", "-", "-"],
    ]
    assert "impossible breaks not-vacuous: no response keeps all of these\n  `words_at_most`: " in shown
    assert "possible breaks examples-agree: this `accept` is contradicted: `words_at_least` fails on it\n" in shown
    assert '  response:    "One"\n  evidence:    `len(words(response)) >= n` does not hold, with 1 >= 2\n' in shown


def test_one_spec_can_be_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "specs.vif"
    path.write_text(SPECS, encoding="utf-8")
    assert main(["test", f"{path}::possible", "--without", "examples-agree:pos*=they are wrong on purpose"]) == 0
    assert "1 tried, 0 failed, 1 not tried" in capsys.readouterr().out


def test_one_constraint_and_one_law_can_be_chosen(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", f"{rules}::no_commas", "--law", "blank-fails"]) == 0
    assert "1 tried, 0 failed, 0 not tried" in capsys.readouterr().out


def test_a_law_is_switched_off_with_a_reason(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", str(rules), "-v", "--without", "not-vacuous:nth_*=some prompts ask for what cannot be"]) == 0
    shown = capsys.readouterr().out
    assert "nth_paragraph not-vacuous not tried: switched off: some prompts ask for what cannot be" in shown
    assert main(["test", str(rules), "--without", "not-vacuous:nth_*"]) == 1
    assert "gives no reason: write not-vacuous:nth_*=why it does not apply" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--law", "monotonous"], "there is no law `monotonous` (did you mean `monotone`?)"),
        (["--without", "blank-fail=so"], "there is no law `blank-fail` (did you mean `blank-fails`?)"),
    ],
)
def test_an_unknown_law_is_an_error(
    rules: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["test", str(rules), *arguments]) == 1
    assert message in capsys.readouterr().err


def test_an_unknown_constraint_is_an_error(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", f"{rules}::no_comas"]) == 1
    assert "has no constraint and no spec `no_comas` (did you mean `no_commas`?)" in capsys.readouterr().out


BROKEN = (
    'constraint c { instruct "a" check len(wrods(response)) > 1 and lnies(response) == [] accept "a b" reject "a" }'
)


def test_a_file_that_does_not_compile_is_a_failure_and_the_others_go_on(
    rules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken, missing, report = tmp_path / "broken.vif", tmp_path / "missing.vif", tmp_path / "report.xml"
    broken.write_text(BROKEN, "utf-8")
    assert main(["check", str(broken)]) == 1
    diagnostics, _, _ = capsys.readouterr().out.rpartition("\n\n")
    assert "wrods" in diagnostics
    assert main(["test", str(broken), str(missing), f"{rules}::no_commas", "--junit", str(report)]) == 1
    shown = capsys.readouterr().out
    assert diagnostics in shown
    assert f"error: there is no file {missing}" in shown
    assert shown.endswith("7 tried, 0 failed, 3 not tried, 2 files with errors\n")
    first, second, third = ElementTree.parse(report).getroot()
    for suite, path in ((first, broken), (second, missing)):
        assert (suite.get("name"), suite.get("tests"), suite.get("errors")) == (str(path), "1", "1")
        (case,) = suite
        assert (case.get("classname"), case.get("name")) == (str(path), "compiles")
    assert diagnostics in str(first.findtext("testcase/error"))
    assert (third.get("tests"), third.get("errors")) == ("10", "0")


def test_json_has_files_that_do_not_compile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken.vif"
    broken.write_text(BROKEN, "utf-8")
    assert main(["test", str(broken), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    (error,) = found["errors"]
    assert (error["file"], found["tried"], found["outcomes"]) == (str(broken), 0, [])
    assert "error[V0201]" in error["message"]


def test_nothing_tested_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "empty.vif"
    path.write_text("vif 1\n", encoding="utf-8")
    assert main(["test", str(path)]) == 1
    assert "Nothing was tested" in capsys.readouterr().out


def test_junit_has_a_case_for_each_law_of_each_constraint(rules: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    assert main(["test", str(rules), "--junit", str(report)]) == 1
    suite = ElementTree.parse(report).getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("20", "1")
    (failure,) = suite.iter("failure")
    assert failure.get("message") == "every response fails with these arguments"
    assert "total = 1, nth = 2" in str(failure.text)


def test_junit_holds_what_xml_cannot(tmp_path: Path) -> None:
    path, report = tmp_path / "rules.vif", tmp_path / "report.xml"
    path.write_text('constraint c { instruct "\\u{1f}" check "b" in response accept "a\\u{1}" reject "a" }', "utf-8")
    assert main(["test", str(path), "--junit", str(report), "--law", "examples-agree"]) == 1
    assert ElementTree.parse(report).getroot().find(".//failure") is not None


def test_json_is_one_document(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", str(rules), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    (failed,) = (one for one in found["outcomes"] if one["status"] == "failed")
    assert (failed["constraint"], failed["law"], found["failed"]) == ("nth_paragraph", "not-vacuous", 1)
    assert failed["finding"]["arguments"] == {"total": "1", "nth": "2", "word": '"however"'}


def test_real_responses_come_from_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules, real = tmp_path / "rules.vif", tmp_path / "real.jsonl"
    rules.write_text('constraint c { instruct "Write." check "e" in response accept "e" reject "a" }', "utf-8")
    real.write_text("".join(json.dumps({"response": text}) + "\n" for text in ("the end", "be", "no")), "utf-8")
    assert main(["test", str(rules), "--responses", str(real)]) == 1
    assert "c breaks unrelated-fail: more than half of 3 unrelated responses pass" in capsys.readouterr().out
    real.write_text('{"response": "no\u2028e"}\n{"response": "no"}\n', "utf-8")  # U+2028 ends no line
    assert main(["test", str(rules), "--responses", str(real)]) == 0
    assert "9 tried, 0 failed, 1 not tried" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[]\n", "line 1: a row is a JSON object, not a list"),
        (b'{"text": "a"}\n', "there is no column `response` in it"),
        (b"\xff\xfe", "line 1: byte 1 is not UTF-8"),
        (b"", "there are no rows in it"),
        (None, "there is no such file"),
    ],
)
def test_responses_that_cannot_be_read_are_an_error(
    rules: Path, tmp_path: Path, content: bytes | None, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    real = tmp_path / "real.jsonl"
    if content is not None:
        real.write_bytes(content)
    assert main(["test", str(rules), "--responses", str(real)]) == 1
    assert message in capsys.readouterr().err


def test_a_report_that_cannot_be_written_is_an_error_before_anything_is_tried(
    rules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for report, message in ((tmp_path / "none" / "report.xml", "does not exist"), (rules, "ends in .xml")):
        assert main(["test", str(rules), "--junit", str(report)]) == 1
        shown = capsys.readouterr()
        assert (shown.out, message in shown.err) == ("", True)
    assert rules.read_text("utf-8") == KEPT + NTH_PARAGRAPH


def test_a_failure_shows_what_came_before_the_response(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rules.vif"
    constraint = """
    constraint shorter {
      given previous from assistant[-1]
      instruct "Be shorter."
      check len(words(response)) < len(words(previous))
      accept "a b" after user "Hi" assistant "c d"
      reject "a b" after user "Hi" assistant "c d"
    }
    spec brief { use shorter() accept "a b" after user "Hi" assistant "e f" }
    """
    path.write_text(constraint, "utf-8")
    assert main(["test", str(path), "--law", "examples-agree"]) == 1
    shown = capsys.readouterr().out
    assert '  given:       assistant[-1] = "c d"\n  response:    "a b"\n' in shown
    assert '  given:       assistant[-1] = "e f"\n  response:    "a b"\n' in shown
    assert main(["test", str(path), "--law", "examples-agree", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)["outcomes"]
    assert [one["finding"]["given"] for one in found] == [{"assistant[-1]": "c d"}, {"assistant[-1]": "e f"}]
