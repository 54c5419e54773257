"""What the documentation shows is what happens: its .vif blocks compile, its Python runs, its links lead somewhere."""

import doctest
import json
import re
from fractions import Fraction
from pathlib import Path

import pytest

import verif_dsl
from verif_dsl.cli import main
from verif_dsl.compiler.builtins import BUILTINS, OPERATOR_NAMES

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_vif_block_compiles_and_its_examples_hold(page: Path) -> None:
    for text in blocks(page, "vif"):
        verif_dsl.compile(text, name=page.name)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith("https://"):
            assert (page.parent / target).exists(), target


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


def test_the_list_of_builtins_is_the_code(update_expected: bool) -> None:
    """`pytest --update-expected` writes docs/builtins.md anew."""
    page = ROOT / "docs" / "builtins.md"
    rendered = builtins_page()
    if update_expected:
        page.write_text(rendered, encoding="utf-8")
    assert page.read_text(encoding="utf-8") == rendered


def builtins_page() -> str:
    lines = [
        "# Builtins",
        "",
        "Every function and operator with its exact rule. This page is written by `pytest --update-expected` from the",
        "rows in `compiler/builtins/`, and the examples on it are tests of every back end. Lists are shown as `[...]`.",
        "",
    ]
    for builtin in BUILTINS.values():
        operator = builtin.name in OPERATOR_NAMES
        lines += [f"## `{builtin.name}`", "", builtin.meaning, ""]
        if not operator:
            lines += [f"    {builtin}", ""]
        for arguments, result in builtin.examples:
            shown = ", ".join(map(literal, arguments))
            lines.append(f"- `{shown}` gives `{literal(result)}`")
        lines.append("")
    return "\n".join(lines)


def literal(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(literal, value))}]"
    return str(value) if isinstance(value, Fraction) else json.dumps(value, ensure_ascii=False)
