"""`tags_perceptron` gives what NLTK's tagger gives with the same tables: small ones here, which NLTK learns first."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import verif_dsl
from tests.test_emit_python import compiled
from verif_dsl.compiler.builtins import BUILTINS
from verif_dsl.compiler.builtins.base import absence_of
from verif_dsl.compiler.builtins.nltk_rules import punkt_tables
from verif_dsl.compiler.builtins.tagger import TAGGER, TAGGER_ABSENT, tagger_tables

TAGS = BUILTINS["tags_perceptron"]
SENTENCES = [
    "The/DT red/JJ cat/NN sat/VBD on/IN the/DT mat/NN ./.",
    "Go/VB home/NN ,/, well-known/JJ cats/NNS !/.",
    "In/IN 1999/CD 3.5/CD dogs/NNS ran/VBD to/TO -/: run/VB ./.",
    "Run/VB 12/CD miles/NNS and/CC sit/VB on/IN re-runs/NNS ./.",
    "She/PRP sits/VBZ and/CC he/PRP runs/VBZ ./.",
]
WORDS = [pair.rpartition("/")[0] for sentence in SENTENCES for pair in sentence.split()]
OTHERS = ["", "-", "-a", "a-b", "2024", "123", "٣", "²x", "Zebra", "émigré", "x"]

CHECK = (
    'constraint c { instruct "-" check "VB" in first(tags_perceptron(words(response)), "") accept "go" reject "cat" }'
)


@pytest.fixture(scope="module")
def taught() -> Any:
    """A tagger of NLTK's that has learnt from `SENTENCES`."""
    tagger = pytest.importorskip("nltk.tag.perceptron").PerceptronTagger(load=False)
    random.seed(0)  # NLTK shuffles what it learns from
    # Twenty times, so that words with one tag alone get into its dictionary.
    tagger.train([[tuple(pair.rsplit("/", 1)) for pair in one.split()] for one in SENTENCES * 20])
    return tagger


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Where the tables belong, in a folder that alone is searched and has nothing in it."""
    monkeypatch.setattr("verif_dsl.compiler.builtins.tagger.nltk_folders", lambda: [tmp_path])
    tagger_tables.cache_clear()
    yield tmp_path / "taggers" / TAGGER
    tagger_tables.cache_clear()


def write(folder: Path, **tables: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        (folder / f"{TAGGER}.{name}.json").write_text(json.dumps(table), encoding="utf-8")


@pytest.fixture
def tables(taught: Any, folder: Path) -> None:
    weights, known, tags = taught.encode_json_obj()
    assert known
    write(folder, weights=weights, tagdict=known, classes=tags)


@pytest.mark.usefixtures("tables")
def test_words_are_tagged_as_nltk_tags_them(taught: Any) -> None:
    draw = random.Random(1)
    seen = set()
    for _ in range(500):
        words = draw.choices([*WORDS, *OTHERS], k=draw.randint(0, 9))
        expected = tuple(tag for _, tag in taught.tag(words))
        assert TAGS.reference(tuple(words)) == expected, words
        seen |= set(expected)
    assert len(seen) > 9


@pytest.mark.usefixtures("tables")
def test_columns_give_what_the_reference_gives() -> None:
    lists = [["The", "cat"], [], ["Go"], ["The", "cat"]]
    column = pl.DataFrame({"x": lists}).select(TAGS.columns(pl.col("x"))).to_series()
    assert list(map(tuple, column.to_list())) == [TAGS.reference(tuple(one)) for one in lists]


@pytest.mark.usefixtures("tables")
def test_a_response_that_starts_with_a_verb() -> None:
    if (reason := absence_of(punkt_tables)) is not None:
        pytest.skip(reason)
    uses = '[{"use": "words_start_verb", "as": "c"}]'
    verifier = verif_dsl.compile('import "std/ifbench" as ifbench\n' + CHECK)
    checked = verifier.check(
        ["Go home!", "The cat sat.", "Run 12 miles."], constraints=uses.replace("words", "ifbench.words")
    )
    assert checked.column("c") == ["pass", "fail", "pass"]


def test_an_emitted_module_tags_alike(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NLTK_DATA", str(folder.parents[1]))
    write(
        folder, weights={"bias": {"NN": 0.5}, "i suffix run": {"VB": 1.0}}, tagdict={"go": "VB"}, classes=["NN", "VB"]
    )
    assert compiled(CHECK).CONSTRAINTS["c"](["go", "cat", "outrun him"]) == ["pass", "fail", "pass"]


def test_without_the_tables_a_verdict_is_unknown(folder: Path) -> None:
    assert absence_of(tagger_tables) == TAGGER_ABSENT
    with pytest.raises(FileNotFoundError, match="tagger is not installed"):
        TAGS.reference(("a",))
    assert verif_dsl.compile(CHECK).check(["go"]).column("c") == ["unknown"]


@pytest.mark.parametrize("wrong", [{"classes": None}, {"weights": []}, {"classes": []}])
def test_a_part_of_the_tables_is_none(folder: Path, wrong: dict[str, object]) -> None:
    right: dict[str, object] = {"weights": {}, "tagdict": {"go": "VB"}, "classes": ["NN", "VB"]}
    write(folder, **{name: table for name, table in {**right, **wrong}.items() if table is not None})
    assert absence_of(tagger_tables) == TAGGER_ABSENT
    write(folder, **right)
    assert absence_of(tagger_tables) is None
    assert TAGS.reference(("go", "home")) == ("VB", "VB")
