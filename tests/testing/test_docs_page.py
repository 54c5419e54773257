"""The page on testing shows what happens: its walk through a wrong constraint, and its table of laws."""

import re
from pathlib import Path

import pytest

from verif_dsl.cli import main
from verif_dsl.testing import LAWS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def test_the_walk_through_a_wrong_constraint_is_what_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    wrong, mended = blocks("vif")
    check, failing, passing, _ = (one.partition("\n")[2] for one in blocks("console"))
    Path("nth.vif").write_text(wrong, encoding="utf-8")
    for command, status, shown in ((["check"], 0, check), (["test"], 1, failing)):
        assert main([*command, "nth.vif"]) == status
        assert capsys.readouterr().out == shown
    assert main(["test", "nth.vif", "--without", "not-vacuous:nth_*=the benchmark asks for it"]) == 0
    capsys.readouterr()
    Path("nth.vif").write_text(mended, encoding="utf-8")
    assert main(["test", "nth.vif"]) == 0
    assert capsys.readouterr().out == passing


def test_the_table_has_every_law_with_its_sentence() -> None:
    assert re.findall(r"^\| `(.+)` \| (.+) \|$", PAGE, re.MULTILINE) == [(law.name, law.sentence) for law in LAWS]
