"""`sentences_punkt` and `words_treebank` give what NLTK gives, on real texts, awkward ones and long ones.

Most of this needs NLTK and the tables of Punkt, where NLTK looks for them (`python -m nltk.downloader punkt_tab`).
"""

import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import verif_dsl
from tests.recorded import existing, read_jsonl
from tests.strategies import PIECES
from tests.test_agreement import CASES
from verif_dsl import VerifError
from verif_dsl.compiler import check_source
from verif_dsl.compiler.builtins import BUILTINS
from verif_dsl.compiler.builtins.base import absence_of
from verif_dsl.compiler.builtins.nltk_rules import (
    LONGEST_REMEMBERED,
    PUNKT_ABSENT,
    nltk_folders,
    punkt_tables,
    word_character,
)
from verif_dsl.compiler.builtins.treebank import LONGEST_KEPT
from verif_dsl.compiler.source import Source
from verif_dsl.compiler.texts import LARGEST_RESPONSE, prepare

SENTENCES, WORDS = BUILTINS["sentences_punkt"], BUILTINS["words_treebank"]
ENGLISH = Path("tokenizers") / "punkt_tab" / "english"
TABLES = {
    "abbrev_types.txt": "dr",
    "collocations.tab": "##number##\tabreast",
    "sent_starters.txt": "he",
    "ortho_context.tab": "the\t126",
}
SECONDS = 2
"""For one text as long as they may be, twice what it may take."""

AWKWARD = [
    *("Mr", "Mr.", "Dr.", "e.g.", "U.S.", "J.", "J", "etc.", "Inc", "mid-Jan.", "The", "the", "Smith", "he", "However"),
    *("1.", "12", "3.14", "-2.", "1,000", "\u0663.", "\u00b2", "\u2167.", "\u24d0.", "b", "Edelman", "##number##"),
    *("cannot", "Gimme", "gonna", "gotta", "lemme", "wanna", "d'ye", "more'n", "'tis", "'Twas", "don't", "N'T", "'s"),
    *("'ll", "'re", "'VE", "'d", "'m", "'n", "re", "ve", "s", "t", "\u017f", "\u0131", "can", "not"),
    *(".", ".", "..", "...", "....", "?", "!", "!!!", "?!", ",", ":", "::", ";", "'", "''", "'", '"', '"', "`", "``"),
    *("[", "]", "{", "}", "<", ">", "-", "--", "\u2014", "\u2013", "#", "@", "&", "$", "%", "/", "\\", "|", "x.com"),
    *("\u201c", "\u201d", "\u2018", "\u2019", "\u00ab", "\u00bb", "\u201e"),
    *("\v", "\f", "\x1d", "\x1e", "\u3000", "\u200b", " ", " ", " ", " ", "\n", "\n", "\ufffd"),
]
"""Beside `PIECES`: what Punkt and the substitutions of Treebank look at."""

awkward = st.lists(st.sampled_from([*PIECES, *AWKWARD]), max_size=30).map("".join).map(prepare)

absent = absence_of(punkt_tables)
needs_tables = pytest.mark.skipif(absent is not None, reason=f"sentences_punkt, words_treebank: {absent}")


@pytest.fixture(scope="module")
def nltk() -> Any:
    return pytest.importorskip("nltk")


@pytest.fixture
def no_tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A folder that alone is searched, and has nothing in it."""
    monkeypatch.setattr("verif_dsl.compiler.builtins.nltk_rules.nltk_folders", lambda: [tmp_path])
    punkt_tables.cache_clear()
    yield tmp_path
    punkt_tables.cache_clear()


def assert_same(nltk: ModuleType, text: str) -> None:
    assert SENTENCES.reference(text) == tuple(nltk.sent_tokenize(text)), text
    assert WORDS.reference(text) == tuple(nltk.word_tokenize(text)), text


# -------------------------------------------------------------------------------------------------- what NLTK gives


def real_texts() -> list[str]:
    rows = [row for path in sorted(existing("ifeval").parent.glob("*/*.jsonl")) for row in read_jsonl(path)]
    found = [text for row in rows for name, text in row.items() if name in ("prompt", "response")]
    assert len(found) > 1000
    return [prepare(text) for text in found]


@needs_tables
def test_real_texts_are_cut_as_nltk_cuts_them(nltk: Any) -> None:
    for text in real_texts():
        assert_same(nltk, text)


@needs_tables
@given(awkward)
@settings(max_examples=10 * CASES)
def test_awkward_texts_are_cut_as_nltk_cuts_them(text: str) -> None:
    assert_same(pytest.importorskip("nltk"), text)


@needs_tables
@pytest.mark.parametrize("seed", range(5))
def test_texts_of_a_few_pieces_over_and_over_are_cut_as_nltk_cuts_them(nltk: Any, seed: int) -> None:
    """Few pieces meet one another in more ways than many do."""
    random = Random(seed)
    for _ in range(2 * CASES):
        pieces = random.sample([*PIECES, *AWKWARD], 4)
        assert_same(nltk, prepare("".join(random.choices(pieces, k=random.randint(1, 12)))))


@needs_tables
def test_what_is_too_long_to_be_kept_in_memory_is_cut_alike(nltk: Any) -> None:
    word = "a" * LONGEST_REMEMBERED
    sentence = f"''It's \"{word}:\" " + "he said,\n(I don't) -- " * (LONGEST_KEPT // 20)
    for text in (f"{word}. {word} Mr. {word}", f"{sentence}. ) \n) {sentence}", f"x.{word}?{word}. 1.{word}. B"):
        assert_same(nltk, text)


def test_the_letters_are_those_of_the_package_regex() -> None:
    """But for what is newer than Python's version of Unicode."""
    regex = pytest.importorskip("regex")
    letter = regex.compile(r"\w")
    for point in range(0x110000):
        if unicodedata.category(chr(point)) not in ("Cn", "Cs"):
            assert word_character(chr(point)) is (letter.match(chr(point)) is not None), hex(point)


# ------------------------------------------------------------------------------------------------------ both engines


@needs_tables
@given(st.lists(awkward, min_size=1, max_size=20))
@settings(max_examples=CASES // 4)
@pytest.mark.parametrize("builtin", [SENTENCES, WORDS], ids=lambda one: one.name)
def test_columns_give_what_the_reference_gives(builtin: Any, texts: list[str]) -> None:
    column, expected = pl.DataFrame({"x": texts}), [builtin.reference(text) for text in texts]
    lists, lengths = column.select(a=builtin.columns(pl.col("x")), b=builtin.counted(pl.col("x")))
    assert list(map(tuple, lists.to_list())) == expected
    assert lengths.to_list() == list(map(len, expected))


HOSTILE = [
    *(
        ".",
        "?",
        "!",
        "a.",
        "a. ",
        ". ",
        "a ",
        "a",
        " ",
        "\n",
        "'",
        '"',
        "' ",
        '" ',
        "`",
        ",",
        ", ",
        "-",
        "--",
        "*",
        "(",
    ),
    *(
        ". )",
        ".\n)",
        "a.\u00a0",
        "\u00a0",
        "\x1c",
        ".\x1c",
        "n't ",
        "cannot ",
        "Mr. J. ",
        "1.",
        "\u2019",
        "\r\n",
        "'\n",
    ),
]


@needs_tables
@pytest.mark.parametrize("again", HOSTILE, ids=repr)
def test_a_long_text_takes_no_longer_than_its_length(again: str) -> None:
    for start, end in (("", ""), ("x. ", "b"), ('"', ". b")):
        text = start + again * (LARGEST_RESPONSE // len(again)) + end
        before = time.perf_counter()
        SENTENCES.reference(text)
        WORDS.reference(text)
        assert time.perf_counter() - before < SECONDS


# -------------------------------------------------------------------------------------------------- without the tables

CHECK = """constraint c { instruct "-" check len(sentences_punkt(response)) == 2 accept "a. b" reject "a b" }"""


def test_without_the_tables_nothing_is_cut(no_tables: Path) -> None:
    assert SENTENCES.lacking is not None
    assert WORDS.lacking is not None
    assert SENTENCES.lacking() == WORDS.lacking() == PUNKT_ABSENT
    with pytest.raises(FileNotFoundError, match="the punkt tables are not installed"):
        WORDS.reference("a. b")
    _, report = check_source(Source("<text>", CHECK))
    assert (report.errors, report.untried) == (0, {PUNKT_ABSENT: 2})
    verdicts = verif_dsl.compile(CHECK).check(["a. b", " "])
    assert verdicts.column("c") == ["unknown", "fail"]


@pytest.mark.parametrize("left_out", TABLES)
def test_a_part_of_the_tables_is_none(no_tables: Path, left_out: str) -> None:
    (no_tables / ENGLISH).mkdir(parents=True)
    for name, text in TABLES.items():
        if name != left_out:
            (no_tables / ENGLISH / name).write_text(text, encoding="utf-8")
    assert absence_of(punkt_tables) == PUNKT_ABSENT
    (no_tables / ENGLISH / left_out).write_text(TABLES[left_out], encoding="utf-8")
    assert absence_of(punkt_tables) is None
    (no_tables / ENGLISH / "ortho_context.tab").write_text("the\tmany", encoding="utf-8")
    punkt_tables.cache_clear()
    assert absence_of(punkt_tables) == PUNKT_ABSENT


def test_the_tables_are_looked_for_where_nltk_looks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    nltk = pytest.importorskip("nltk")
    own = [Path(one) for one in nltk.data.path]
    assert [one for one in nltk_folders() if one in own] == own
    monkeypatch.setenv("NLTK_DATA", str(tmp_path))
    assert nltk_folders()[0] == tmp_path


@pytest.mark.usefixtures("no_tables")
def test_feedback_that_needs_the_tables_is_a_sentence_without_them() -> None:
    source = """
    constraint brief {
      let written = len(sentences_punkt(response))
      instruct "Write one sentence."
      check written == 1
      feedback "You wrote {written} {written:sentence|sentences}."
      accept "One."
      reject "One. Two."
    }
    """
    with pytest.raises(VerifError, match=r"a text of `brief` cannot be shown: .*punkt"):
        verif_dsl.compile(source).feedback("brief", "One. Two.")
