"""`vif conflicts`: what it tells of specs and of rows, and its page."""

import json
import re
from pathlib import Path

import pytest

from verif_dsl.cli import main

RULES = """
import "std/length" as length
import "std/punctuation" as punctuation

spec impossible {
  use length.words_at_most(n = 4)
  use length.words_at_least(n = 5)
}
spec possible {
  use length.words_at_least(n = 2)
  use length.word_range(min = 2, max = 9)
}
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.vif"
    path.write_text(RULES.replace('import "std/punctuation" as punctuation\n', ""), encoding="utf-8")
    return path


def test_the_command_tells_of_each_spec(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conflicts", str(rules)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "impossible: contradiction, no response keeps all of these",
        "  `words_at_most`: len(words(response)) <= 4",
        "  `words_at_least`: len(words(response)) >= 5",
        "possible: satisfiable, for example by",
        "  a a",
        "  `words_at_least` says nothing that `word_range` does not say",
    ]


def test_the_command_tells_of_one_spec_as_json(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conflicts", str(rules), "--spec", "possible", "--json"]) == 0
    (spec,) = json.loads(capsys.readouterr().out)["specs"]
    assert spec == {
        "spec": "possible",
        "outcome": "satisfiable",
        "witness": "a a",
        "kept": False,
        "left_out": [],
        "implied": [{"stronger": "word_range", "weaker": "words_at_least"}],
    }


def test_the_command_tells_which_rows_are_impossible(
    rules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "rows.jsonl"
    lines = [{"prompt": "Go.", "constraints": one} for one in ("possible", "impossible", "possible", "impossible")]
    data.write_text("".join(f"{json.dumps(one)}\n" for one in lines), encoding="utf-8")
    assert main(["conflicts", str(rules), "--rows", str(data)]) == 1
    out = capsys.readouterr().out.splitlines()
    assert [one for one in out if one.startswith("row")] == [
        "row 1: contradiction, no response keeps all of these",
        "row 3: contradiction, no response keeps all of these",
    ]
    assert out[-1] == "4 rows, 2 with constraints that contradict each other"


SUGGESTED = """\
possible: satisfiable, for example by
  a a
  `words_at_least` says nothing that `word_range` does not say
  to keep it, write in the spec
    accept "a a"
"""
KEPT = """\
possible: satisfiable, as its `accept` shows
  a a
  `words_at_least` says nothing that `word_range` does not say
"""


def test_a_response_that_was_found_is_kept_as_an_example(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["conflicts", str(rules), "--spec", "possible", "--suggest"]
    assert main(asked) == 0
    assert capsys.readouterr().out == SUGGESTED
    line = SUGGESTED.splitlines()[-1]
    kept = rules.read_text(encoding="utf-8").rstrip().removesuffix("}") + f"{line}\n}}\n"
    rules.write_text(kept, encoding="utf-8")
    assert main(asked) == 0
    assert capsys.readouterr().out == KEPT
    rules.write_text(kept.replace("min = 2, max = 9", "min = 3, max = 9"), encoding="utf-8")
    assert main(["check", str(rules)]) == 1
    assert "this `accept` is contradicted: `word_range` fails on it" in capsys.readouterr().out
    assert main([*asked, "--json"]) == 0
    (spec,) = json.loads(capsys.readouterr().out)["specs"]
    assert (spec["witness"], spec["kept"], spec["suggestion"]) == ("a a a", False, 'accept "a a a"')


def test_what_contradicts_itself_gets_no_suggestion(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conflicts", str(rules), "--spec", "impossible", "--suggest"]) == 1
    assert "accept" not in capsys.readouterr().out


def test_the_page_shows_what_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "conflicts.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    Path("reply.vif").write_text(page.partition("```vif\n")[2].partition("```")[0], encoding="utf-8")
    shown = re.findall(r"^```console\n\$ vif (.*)\n((?:.*\n)*?)```$", page, re.MULTILINE)
    assert len(shown) == 2
    for command, out in shown:
        main(command.split())
        assert capsys.readouterr().out == out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--spec", "posible"], "there is no spec `posible` (did you mean"),
        (["--rows", "nowhere.jsonl"], "there is no such file"),
    ],
)
def test_the_command_refuses_what_is_not_there(
    rules: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["conflicts", str(rules), *arguments]) == 1
    assert said in capsys.readouterr().err
