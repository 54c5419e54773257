"""`vif test --strength`, `--suggest` and `--least`: how strong examples are, and the lines that make them stronger."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.commands import vif
from verif_dsl.cli import main

PAGE = Path(__file__).resolve().parents[2] / "docs" / "strength.md"

WEAK = """
constraint short {
  instruct "At most three words."
  check len(words(response)) <= 3
  accept "a"
  reject "a b c d e"
}

constraint no_comma {
  instruct "No commas."
  check not ("," in response)
  accept "a"
  reject "a, b"
}

constraint tone {
  instruct "Be formal."
  judge {
    ask "Is it formal?"
    scale 1 to 5
    pass >= 4
  }
  accept "We regret to say no." score 5
  reject "Nope." score 1
}
"""
ONE_LAW = ["--law", "blank-fails"]
"""Laws are tried as well; one is enough here."""


@pytest.fixture
def weak(tmp_path: Path) -> Path:
    path = tmp_path / "weak.vif"
    path.write_text(WEAK)
    return path


def test_the_table_says_how_strong_the_examples_of_each_constraint_are(
    weak: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["test", str(weak), *ONE_LAW, "--strength"]) == 0
    table, summary = capsys.readouterr().out.strip().split("\n\n")
    rows = {line.split()[0]: line.split()[1:] for line in table.splitlines()}
    assert rows["constraint"] == ["passed", "failed", "not", "tried", "noticed", "survived", "score"]
    assert rows["no_comma"][-3:] == ["0", "100", "%"]
    passed, failed, untried, noticed, survived, score, _ = rows["short"]
    assert (passed, failed, untried) == ("1", "0", "0")
    assert int(score) == 100 * int(noticed) // (int(noticed) + int(survived))
    assert rows["tone"] == ["0", "0", "1", "-", "-", "-"]
    total = int(noticed) + int(survived) + int(rows["no_comma"][3])
    assert f"2 tried, 0 failed, 1 not tried, {total - int(survived)} of {total} mistakes noticed" in summary


def test_without_it_only_laws_are_tried(weak: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", str(weak), *ONE_LAW]) == 0
    shown = capsys.readouterr().out
    assert "score" not in shown and "mistakes" not in shown


def test_suggestions_are_lines_to_paste(weak: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", str(weak), *ONE_LAW, "--suggest"]) == 0
    shown = capsys.readouterr().out
    assert (
        f"{weak}::short: no example notices\n  `<` instead of `<=` in `len(words(response)) <= 3`\n    accept" in shown
    )
    lines = [line.strip() for line in shown.splitlines()]
    lines = [line for line in lines if line.startswith(("accept ", "reject "))]
    assert lines
    pasted = "".join(f"  {one}\n" for one in ['accept "a"', *dict.fromkeys(lines)])
    weak.write_text(WEAK.replace('  accept "a"\n', pasted, 1))
    assert main(["test", str(weak), *ONE_LAW, "--least", "1"]) == 0


def test_a_score_below_the_least_is_a_failure(weak: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", str(weak), *ONE_LAW, "--least", "0.95"]) == 1
    shown = capsys.readouterr().out
    assert re.search(
        r"::short breaks strength: its examples notice \d+ % of the mistakes .*, and 95 % are asked", shown
    )
    assert "no_comma breaks" not in shown
    assert main(["test", str(weak), *ONE_LAW, "--least", "0.1"]) == 0


@pytest.mark.parametrize("share", ["nan", "2", "-0.1", "most", "1/0"])
def test_a_share_is_a_number_from_0_to_1(weak: Path, share: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", str(weak), f"--least={share}"]) == 2
    assert f"Invalid value for '--least': {share} is no number from 0 to 1" in capsys.readouterr().err


def test_mistakes_that_one_line_makes_noticed_stand_together(weak: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", str(weak), *ONE_LAW, "--suggest"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith(("    accept", "    reject"))]
    assert len(lines) == len(set(lines)) > 0


def test_one_constraint_is_measured_alone(weak: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", f"{weak}::no_comma", *ONE_LAW, "--least", "0.95"]) == 0
    assert "short" not in capsys.readouterr().out


def test_programs_get_json(weak: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", str(weak), *ONE_LAW, "--strength", "--json"]) == 0
    short, no_comma, tone = json.loads(capsys.readouterr().out)["strengths"]
    assert (short["file"], short["constraint"], no_comma["score"]) == (str(weak), "short", 1)
    assert short["mutants"] == short["killed"] + len(short["survivors"]) + len(short["not_told_apart"])
    assert all(one["line"].startswith(("accept ", "reject ")) for one in short["survivors"])
    assert (tone["score"], tone["left_out"]) == (None, "it is judged, and has no check to mutate")


def test_junit_has_a_case_for_the_score_of_each_constraint_that_is_asked_for(weak: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    assert main(["test", str(weak), *ONE_LAW, "--least", "0.95", "--junit", str(report)]) == 1
    suite = ElementTree.parse(report).getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("6", "1", "2")
    (failed,) = (one for one in suite if one.find("failure") is not None)
    assert (failed.get("name"), str(failed.get("classname")).endswith("::short")) == ("strength", True)
    assert "    accept " in str(failed.findtext("failure"))
    assert main(["test", str(weak), *ONE_LAW, "--strength", "--junit", str(report)]) == 0
    assert ElementTree.parse(report).getroot()[0].get("tests") == "3"


def test_standard_input_is_a_file_too() -> None:
    done = vif("test", "-", *ONE_LAW, "--suggest", given=WEAK)
    assert "<stdin>::short: no example notices" in done.stdout
    assert done.returncode == 0


def test_the_page_shows_what_the_command_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = PAGE.read_text("utf-8")
    rules, shown = (
        re.findall(rf"^```{kind}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)[0] for kind in ("vif", "console")
    )
    monkeypatch.chdir(tmp_path)
    Path("note.vif").write_text(rules)
    command, _, expected = shown.partition("\n")
    assert main(command.split()[2:]) == 0
    assert capsys.readouterr().out == expected
