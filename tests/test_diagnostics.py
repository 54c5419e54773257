"""Golden diagnostics: each file in data/diagnostics says at its end what `vif check` reports about it.

`pytest --update-expected` writes what is reported now; read the difference before committing it.
"""

import re
from pathlib import Path

import pytest

from verif_dsl.compiler import check_source
from verif_dsl.compiler.diagnostics import CODES, Diagnostic
from verif_dsl.compiler.source import Source, Span

FOLDER = Path(__file__).parent / "data" / "diagnostics"
FIXTURES = sorted(FOLDER.glob("*.vif"))
MARK = "\n# --- expected ---\n"


def reported(path: Path) -> str:
    text = path.read_text(encoding="utf-8").partition(MARK)[0]
    earlier = FOLDER / "against" / path.name  # where there is one, what the fixture is compared with
    old = Source("old.vif", earlier.read_text(encoding="utf-8")) if earlier.exists() else None
    rendered = check_source(Source(path.name, text, folder=FOLDER), old)[1].render()
    return "".join(f"# {line}".rstrip() + "\n" for line in rendered.splitlines())


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_a_fixture_reports_what_it_says(path: Path, update_expected: bool) -> None:
    text, _, expected = path.read_text(encoding="utf-8").partition(MARK)
    found = reported(path)
    if update_expected:
        path.write_text(text + MARK + found, encoding="utf-8")
    else:
        assert found == expected


def test_every_code_is_provoked_by_a_fixture() -> None:
    expected = "".join(path.read_text(encoding="utf-8").partition(MARK)[2] for path in FIXTURES)
    assert set(re.findall(r"\[(V\d{4})\]", expected)) == set(CODES)


def test_a_caret_stands_under_its_character_after_wide_ones_and_tabs() -> None:
    source = Source("a.vif", "\t你e\u0301x")
    lines = Diagnostic("V0201", "m", Span(4, 5)).render(source).splitlines()
    assert lines[2] == "  1 | \t你e\u0301x"
    assert lines[3] == "    | \t   ^"


def test_the_excerpt_of_a_very_long_line_shows_the_place() -> None:
    source = Source("a.vif", "x" * 5000 + "HERE" + "y" * 5000)
    lines = Diagnostic("V0201", "m", Span(5000, 5004)).render(source).splitlines()
    assert max(map(len, lines)) < 160
    start = lines[3].index("^^^^")
    assert lines[2][start : start + 4] == "HERE"
