"""What the documentation shows is what happens: its .vif blocks compile, its Python runs, its links lead somewhere."""

import doctest
import re
from pathlib import Path

import pytest

import verif_dsl
from verif_dsl.cli import main

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
CODE = re.compile(r"^```.*?^```$|(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL | re.MULTILINE)
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@each_page
def test_every_vif_block_compiles_and_its_examples_hold(page: Path) -> None:
    for text in blocks(page, "vif"):
        verif_dsl.compile(text, name=page.name)


@each_page
def test_every_link_leads_to_a_file(page: Path) -> None:
    for target, place in re.findall(r"\]\(([^)#]*)(#[^)]+)?\)", CODE.sub("", page.read_text(encoding="utf-8"))):
        if not target.startswith("https://"):
            assert (page.parent / target).exists(), target
            assert not place or place in places((page.parent / target) if target else page), place


def places(page: Path) -> set[str]:
    """The places of a page that a link can lead to: its headings, in small letters and with hyphens."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {"#" + re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


def test_the_readme_does_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (rules, *_), (check, typo, *_) = blocks(ROOT / "README.md", "vif"), blocks(ROOT / "README.md", "console")
    monkeypatch.chdir(tmp_path)
    Path("reply.vif").write_text(rules, encoding="utf-8")
    assert main(["check", "reply.vif"]) == 0
    assert capsys.readouterr().out.strip() == check.partition("\n")[2].strip()
    assert doctest.testfile(str(ROOT / "README.md"), module_relative=False).failed == 0
    capsys.readouterr()
    Path("typo.vif").write_text(rules.replace("(words(response))", "(wrods(response))"), encoding="utf-8")
    assert main(["check", "typo.vif"]) == 1
    shown = capsys.readouterr().out

    assert typo.partition("\n")[2].strip() in shown
