"""The pages of the diagnostic codes: every code has one, and what a page shows is what happens."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from verif_dsl import VerifError
from verif_dsl.compiler import (
    CheckReport,
    Source,
    check_source,
    cost,
    declarations,
    expressions,
    intervals,
    modules,
    parser,
    specs,
)
from verif_dsl.compiler.diagnostics import CODES, SourceError
from verif_dsl.compiler.explanations import explanation
from verif_dsl.compiler.formats import FORMATS
from verif_dsl.compiler.patterns import pattern
from verif_dsl.compiler.printer import format_source

ROOT = Path(__file__).parent.parent
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in sorted((ROOT / "compiler" / "codes").iterdir())}
LONGEST_LINE = 100
FENCE = re.compile(r"(?<=:\n)```vif (wrong|right|file (?P<name>\S+))\n(?P<text>.*?)^```\n", re.DOTALL | re.MULTILINE)
"""A block, under a line that introduces it: where Markdown is rendered, the words after `vif` are not seen."""


@dataclass(frozen=True)
class Block:
    """A whole file on a page, and the files that the page has shown above it, as they were shown last."""

    code: str
    kind: str
    text: str
    beside: dict[str, str]

    def check(self, folder: Path) -> CheckReport:
        for name, text in self.beside.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        old = self.beside.get("old.vif")  # what the page compares the file with
        against = None if old is None else Source("old.vif", old)
        return check_source(Source("main.vif", self.text, folder=folder), against)[1]


def blocks(code: str) -> list[Block]:
    found: list[Block] = []
    shown: dict[str, str] = {}
    for fence in FENCE.finditer(PAGES[code]):
        if fence["name"]:
            shown[fence["name"]] = fence["text"]
        found.append(Block(code, fence[1].partition(" ")[0], fence["text"], dict(shown)))
    return found


BLOCKS = [block for code in PAGES for block in blocks(code)]


def of_kind(*kinds: str) -> pytest.MarkDecorator:
    chosen = [block for block in BLOCKS if block.kind in kinds]
    return pytest.mark.parametrize("block", chosen, ids=[block.code for block in chosen])


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    assert set(PAGES) == set(CODES)


@pytest.mark.parametrize("code", PAGES)
def test_a_page_says_something_first_and_then_shows_wrong_and_right(code: str) -> None:
    page = PAGES[code]
    assert not page.startswith(("#", "`", "\n"))
    assert page.endswith("\n")
    assert not page.endswith("\n\n")
    assert max(map(len, page.splitlines())) <= LONGEST_LINE
    kinds = [block.kind for block in blocks(code)]
    assert {"wrong", "right"} <= set(kinds)
    assert page.count("```") == 2 * len(kinds)


@of_kind("wrong")
def test_what_is_wrong_gets_the_code_of_its_page_and_no_other_error(block: Block, tmp_path: Path) -> None:
    found = block.check(tmp_path).diagnostics
    assert block.code in {one.code for one in found}
    assert {one.code for one in found if one.severity == "error"} <= {block.code}


@of_kind("right")
def test_what_is_right_compiles_without_a_word(block: Block, tmp_path: Path) -> None:
    assert block.check(tmp_path).render() == ""


@of_kind("wrong", "right", "file")
def test_what_parses_is_in_the_one_style(block: Block) -> None:
    try:
        formatted = format_source(Source("main.vif", block.text))
    except SourceError:
        assert block.kind == "wrong"
    else:
        assert block.text == formatted


@pytest.mark.parametrize(
    ("code", "limit"),
    [
        ("V0104", f"{parser.LARGEST_SOURCE:,}"),
        ("V0104", f"{parser.DEEPEST_NESTING:,}"),
        ("V0104", f"{parser.LONGEST_CHAIN:,}"),
        ("V0104", f"{expressions.LARGEST_EXPRESSION:,}"),
        ("V0104", f"{expressions.DEEPEST_EXPRESSION:,}"),
        ("V0104", f"{expressions.MOST_WORK:,}"),
        ("V0104", f"{modules.MOST_MODULES:,}"),
        ("V0104", f"{specs.DEEPEST_IMPORTS:,}"),
        ("V0207", f"2^{intervals.LARGEST.bit_length() - 1}"),
        ("V0207", f"10^{len(str(intervals.WIDEST)) - 1}"),
        ("V0208", f"{pattern.MOST_REPEATS:,}"),
        ("V0211", f"10^{len(str(cost.LARGEST_COST)) - 1}"),
        ("V0302", f"{declarations.COVERAGE_DRAWS:,}"),
    ],
)
def test_the_limits_on_a_page_are_those_of_the_code(code: str, limit: str) -> None:
    assert re.search(rf"(?<![\w,^]){re.escape(limit)}(?!\d|,\d)", PAGES[code])


def test_the_page_about_holes_knows_every_format() -> None:
    assert {name for name in FORMATS if f":{name}}}" not in PAGES["V0301"]} <= {""}


@pytest.mark.parametrize("written", ["V0203", "v0203", " v0203\n"])
def test_an_explanation_is_the_title_and_the_page(written: str) -> None:
    assert explanation(written) == f"V0203: {CODES['V0203']}\n\n{PAGES['V0203']}"


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("0203", "there is no diagnostic code `0203` (did you mean `V0203`?)"),
        ("v02033", "there is no diagnostic code `v02033` (did you mean `V0203`?)"),
        ("types", "there is no diagnostic code `types` (a code is a V and four digits, such as `V0203`)"),
        ("", "there is no diagnostic code `` (a code is a V and four digits, such as `V0203`)"),
    ],
)
def test_what_is_no_code_is_told_with_what_it_may_stand_for(written: str, message: str) -> None:
    with pytest.raises(VerifError, match=f"^{re.escape(message)}$"):
        explanation(written)


def test_the_list_of_errors_is_the_pages(update_expected: bool) -> None:
    """`pytest --update-expected` writes docs/reference/errors.md anew."""
    page = ROOT / "docs" / "reference" / "errors.md"
    rendered = errors_page()
    if update_expected:
        page.parent.mkdir(exist_ok=True)
        page.write_text(rendered, encoding="utf-8")
    assert page.read_text(encoding="utf-8") == rendered


def errors_page() -> str:
    lines = [
        "# Errors and warnings",
        "",
        "Every diagnostic code: what was found, why the language refuses it, and how to mend it. `vif explain V0203`",
        "prints one of these. This page is written by `pytest --update-expected` from `compiler/codes/`; all that it",
        "shows is tested.",
    ]
    return "\n".join(lines) + "\n" + "".join(f"\n## {section(code)}" for code in PAGES)


def section(code: str) -> str:
    """The explanation as the documentation shows it: only what compiles on its own is marked as .vif."""
    alone = not any(block.kind == "file" for block in blocks(code))

    def plain(fence: re.Match[str]) -> str:
        language = "vif" if alone and fence[1] == "right" else "text"
        return f"```{language}\n{fence['text']}```\n"

    return FENCE.sub(plain, explanation(code))
