"""`sentences_ifeval` gives what IFEval's own splitter gives, on real texts and on awkward ones.

Most of this needs the package lm_eval, which has the splitter, and the tables of Punkt, which it would download.
"""

from collections.abc import Callable
from random import Random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import PIECES
from tests.test_agreement import CASES
from tests.test_nltk_rules import needs_tables, real_texts
from verif_dsl.compiler.builtins import BUILTINS
from verif_dsl.compiler.texts import prepare

SENTENCES = BUILTINS["sentences_ifeval"]

AWKWARD = [
    *("Mr", "Mrs.", "Ms", "Dr.", "St.", "Inc", "Inc.", "Ltd. ", "Jr.", "Sr", "Co. ", "Ph.D.", "Ph.D", "U.S.", "e.g."),
    *("A.", "b.", "A.B.C.", "A.B.C.D.", "He", "He ", "She\t", "They\n", "However ", "Wherever", "Prof", "Lt", "This"),
    *(".com", ".org", "x.me", ".io", "3", "3.1", ".5", ".", ".", ". ", "..", "...", "?", "!", "? ", "?!"),
    *(
        '"',
        "”",
        "“",
        " ",
        " ",
        " ",
        "  ",
        "\n",
        "\t",
        "\x1c",
        "\u3000",
        "<prd>",
        "<stop>",
        "<",
        "prd>",
        "stop>",
        "word",
        "。",
    ),
]
"""Beside `PIECES`: what the substitutions look at."""

awkward = st.lists(st.sampled_from([*PIECES, *AWKWARD, *AWKWARD]), max_size=30).map("".join).map(prepare)


@pytest.fixture(scope="module")
def splitter() -> Callable[[str], list[str]]:
    util = pytest.importorskip(
        "lm_eval.tasks.ifeval.instructions_util", reason="lm_eval, whose it is, is not installed"
    )
    found: Callable[[str], list[str]] = util.split_into_sentences
    return found


@needs_tables
def test_real_texts_are_cut_as_the_code_cuts_them(splitter: Callable[[str], list[str]]) -> None:
    for text in real_texts():
        assert SENTENCES.reference(text) == tuple(splitter(text)), text


@needs_tables
@given(text=awkward)
@settings(max_examples=10 * CASES)
def test_awkward_texts_are_cut_as_the_code_cuts_them(splitter: Callable[[str], list[str]], text: str) -> None:
    assert SENTENCES.reference(text) == tuple(splitter(text))


@needs_tables
@pytest.mark.parametrize("seed", range(5))
def test_texts_of_a_few_pieces_over_and_over_are_cut_as_the_code_cuts_them(
    splitter: Callable[[str], list[str]], seed: int
) -> None:
    """Few pieces meet one another in more ways than many do."""
    random = Random(seed)
    for _ in range(5 * CASES):
        pieces = random.sample([*AWKWARD, *AWKWARD, *PIECES], 5)
        text = prepare("".join(random.choices(pieces, k=random.randint(1, 14))))
        assert SENTENCES.reference(text) == tuple(splitter(text)), text


CUT = {
    "Wow!!! Yes.": ("Wow!", "!", "!", "Yes."),
    "1. a 2. b": ("1.", "a 2.", "b"),
    "v1.2.3 ok.": ("v1.2.", "3 ok."),
    "(The end.) Yes": ("(The end.", ") Yes"),
    "Go.<stop>Now": ("Go.", "", "Now"),
    "A<prd>B": ("A.B",),
    "He of Acme Inc. They left": ("He of Acme Inc", "They left"),
    "He of Acme Inc. said so": ("He of Acme Inc. said so",),
    "In the U.S. They left": ("In the U.S.", "They left"),
    "In the U.S. and out": ("In the U.S. and out",),
    "Well... yes": ("Well...", "yes"),
    "“Go.” “Go?”": ("“Go”.", "“Go?", "”"),
    "One\n\ntwo": ("One  two",),
    "?": ("?",),
}
"""What the code gives for texts that show its ways."""


@pytest.mark.parametrize("text", CUT)
def test_the_ways_of_the_code_are_kept(text: str) -> None:
    assert SENTENCES.reference(text) == CUT[text]


@needs_tables
@pytest.mark.parametrize("text", CUT)
def test_they_are_the_ways_of_the_code(splitter: Callable[[str], list[str]], text: str) -> None:
    assert tuple(splitter(text)) == CUT[text]


@given(st.lists(awkward, min_size=1, max_size=20))
@settings(max_examples=CASES // 4)
def test_columns_give_what_the_reference_gives(texts: list[str]) -> None:
    lists = pl.DataFrame({"x": texts}).select(SENTENCES.columns(pl.col("x"))).to_series()
    assert list(map(tuple, lists.to_list())) == [SENTENCES.reference(text) for text in texts]


@given(awkward)
def test_nothing_is_longer_than_the_text(text: str) -> None:
    assert sum(map(len, SENTENCES.reference(text))) <= len(text)
