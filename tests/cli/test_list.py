"""`vif list`: modules and constraints, a line each."""

import json
import re
import sys
from pathlib import Path

import pytest

from tests.cli.commands import CONSTRAINTS, assert_refused, vif
from verif_dsl.cli import main
from verif_dsl.compiler.modules import standard_modules

RULES = """# Rules [draft] of a
# bank.

constraint short {
  doc "At most [five] words,
    names included."
  tags "length"
  instruct "Write five words at most."
  check len(words(response)) <= 5
  accept "One."
  reject "One two three four five six."
}
constraint no_comma {
  tags "marks", "length"
  deprecated "others do it better"
  instruct "Use no commas."
  check not ("," in response)
  accept "a b"
  reject "a, b"
}
constraint tone {
  tags "marks"
  instruct "Be formal."
  judge { ask "Is it formal?" scale 1 to 5 pass >= 4 }
  accept "We regret." score 5
  reject "Nope." score 1
}
""".replace("words,\n    names", "words, names")


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.vif"
    path.write_text(RULES, encoding="utf-8")
    return path


def listed(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main(["list", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def test_the_whole_library_is_listed_where_nothing_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    lines = listed(capsys).splitlines()
    titles = [line for line in lines if not line.startswith("  ")]
    assert [title.split()[0] for title in titles] == standard_modules()
    assert any(title.startswith("std/length 1.") and ": How long an answer is" in title for title in titles)
    assert all(": " in title for title in titles)  # each says what it is about
    assert len(lines) > 100
    for line in lines:
        assert line in titles or line.split()[0].count(".") == 1


def test_one_module_is_listed_by_either_of_its_names(capsys: pytest.CaptureFixture[str]) -> None:
    text = listed(capsys, "length")
    assert listed(capsys, "std/length") == text
    first, *others = text.splitlines()
    assert first.startswith("std/length ")
    assert all(line.startswith("  length.") for line in others)
    assert any(line.split(maxsplit=1) == ["length.word_count", "An exact number of words."] for line in others)
    both = listed(capsys, "length", "language")
    assert both.startswith(text)
    assert "\nstd/language " in both


def test_a_file_is_listed_with_the_names_it_uses(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert listed(capsys, rules) == (
        f"{rules}: Rules [draft] of a bank.\n"
        "  short     At most [five] words, names included.\n"
        "  no_comma  (deprecated) Use no commas.\n"
        "  tone      Be formal.\n"
    )


def test_a_file_without_constraints_of_its_own_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "spec.vif"
    path.write_text('import "std/length" as length\nspec s { use length.words_at_most(n = 5) }\n')
    assert listed(capsys, path) == f"{path}: no constraints of its own\n"


def test_a_tag_leaves_the_others_out(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [line.split()[0] for line in listed(capsys, rules, "--tag", "length").splitlines()[1:]]
    assert names == ["short", "no_comma"]
    title, *lines = listed(capsys, "length", "language", "--tag", "words").splitlines()
    assert title.startswith("std/length ")
    assert any(line.startswith("  length.word_range ") for line in lines)
    assert not any(line.startswith(("  length.sentence_count ", "std/")) for line in lines)


def test_json_has_modules_with_their_constraints(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(listed(capsys, rules, "--json", "--tag", "marks")) == [
        {
            "module": str(rules),
            "version": None,
            "about": "Rules [draft] of a\nbank.",
            "constraints": [
                {
                    "name": "no_comma",
                    "doc": None,
                    "tags": ["marks", "length"],
                    "kind": "hard",
                    "deprecated": "others do it better",
                },
                {"name": "tone", "doc": None, "tags": ["marks"], "kind": "soft", "deprecated": None},
            ],
        }
    ]
    (module,) = json.loads(listed(capsys, "length", "--json"))
    assert module["module"] == "std/length"
    assert "length.word_range" in [one["name"] for one in module["constraints"]]


def test_a_terminal_shows_the_same_in_columns(
    rules: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    text = re.sub("\x1b\\[[0-9;]*m", "", listed(capsys, rules))
    assert max(map(len, text.splitlines())) <= 40
    words = " ".join(text.split())
    assert "Rules [draft] of a bank." in words
    assert "short At most [five] words," in words
    assert "no_comma (deprecated) Use no commas." in words


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lenght"], "there is no module `lenght` (did you mean `length`?)"),
        (["std/lenght"], "there is no module `std/lenght` (did you mean `length`?)"),
        (["qqqqqq"], "there is no module `qqqqqq` (`vif list` shows them all; a file's name ends in .vif)"),
        (["../length"], "there is no module `../length`"),
        (["missing.vif"], "there is no file missing.vif"),
        (["length", "--tag", "wrods"], "no constraint has the tag `wrods` (did you mean `words`?)"),
    ],
)
def test_what_is_misspelt_is_told_with_what_was_meant(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["list", *arguments]) == 1
    found = capsys.readouterr()
    assert found.out == ""
    assert found.err.startswith(f"error: {message}")


def test_a_file_with_a_mistake_is_refused_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "typo.vif"
    path.write_text(CONSTRAINTS.replace("words(response)", "wrods(response)"))
    assert_refused(vif("list", path), "error[V0201]")
