"""`syllables_syllapy` goes by the word list of the package syllapy, where that is installed, and by its rule."""

import sys
from collections.abc import Iterator
from importlib import invalidate_caches
from pathlib import Path

import pytest

import verif_dsl
from tests.test_emit_python import compiled
from verif_dsl.compiler.builtins import BUILTINS
from verif_dsl.compiler.builtins.base import absence_of
from verif_dsl.compiler.builtins.syllables import SYLLAPY_ABSENT, syllables_by_rule, syllapy_words

SYLLABLES = BUILTINS["syllables_syllapy"]
CHECK = 'constraint c { instruct "-" check syllables_syllapy(response) == 3 accept "area" reject "cat" }'


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """The folder of a package syllapy that hides an installed one, and has no list in it."""
    folder = tmp_path / "syllapy"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise RuntimeError('imported')", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "syllapy", raising=False)
    invalidate_caches()
    syllapy_words.cache_clear()
    yield folder
    syllapy_words.cache_clear()


@pytest.fixture
def words(package: Path) -> None:
    (package / "data.csv").write_text('area,3\ncat,1\n"and/or",2\nevery,2\nx-ray,2\n', encoding="utf-8")


@pytest.mark.usefixtures("words")
@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("area", 3),
        (" AREA!\n", 3),
        ("'every'", 2),
        ("and/or", 2),
        ("cats", 1),
        ("area51", 0),
        ("٣", 0),
        ("", 0),
        ("?!", 0),
        ("every-area", 5),
        ("x-ray", 2),
        ("x-ray-area.", 5),
        ("every - area", 5),
        ("every---area", 5),
        ("every-!-", 2),
        ("every-!?-area", 5),
        ("! -area", 0),
        ("area- !", 0),
        ("every-area\ncat", 5),
        ("every-\narea", 5),
        ("every-area51", 0),
    ],
)
def test_known_words_have_what_the_list_says(word: str, count: int) -> None:
    assert SYLLABLES.reference(word) == count


@pytest.mark.parametrize(
    ("word", "count"),
    [
        *(("river", 2), ("queue", 1), ("the", 1), ("rhythm", 1), ("psst", 1), ("little", 2), ("whale", 1), ("le", 1)),
        *(("idea", 2), ("e", 1), ("free", 1), ("éclair", 1), ("ostentatious", 4), ("strategy", 3), ("ale", 1)),
    ],
)
def test_other_words_have_a_syllable_for_each_run_of_vowels(word: str, count: int) -> None:
    assert syllables_by_rule(word) == count


@pytest.mark.usefixtures("words")
def test_odd_and_even_take_turns() -> None:
    verifier = verif_dsl.compile('import "std/ifbench" as ifbench\n' + CHECK)
    responses = ["Every cat, every area.", "Every river", "A 4 cat", "cat", "re-do a do"]
    checked = verifier.check(responses, constraints='[{"use": "ifbench.words_odd_even_syllables", "as": "c"}]')
    assert checked.column("c") == ["pass", "fail", "pass", "pass", "fail"]


@pytest.mark.usefixtures("words")
def test_an_emitted_module_counts_alike() -> None:
    assert compiled(CHECK).CONSTRAINTS["c"](["area", "cat", "river"]) == ["pass", "fail", "fail"]


@pytest.mark.usefixtures("package")
def test_without_the_list_a_verdict_is_unknown() -> None:
    assert absence_of(syllapy_words) == SYLLAPY_ABSENT
    with pytest.raises(FileNotFoundError, match="syllapy is not installed"):
        SYLLABLES.reference("cat")
    assert verif_dsl.compile(CHECK).check(["area"]).column("c") == ["unknown"]


@pytest.mark.parametrize("text", ["area\n", "area,many\n", "area,3,4\n"])
def test_what_is_no_list_of_words_is_none(package: Path, text: str) -> None:
    (package / "data.csv").write_text(text, encoding="utf-8")
    assert absence_of(syllapy_words) == SYLLAPY_ABSENT
