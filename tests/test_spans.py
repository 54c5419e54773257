"""`spans` gives the matches of a lazy pattern, which the language's own patterns cannot be."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.test_agreement import CASES
from verif_dsl.compiler.builtins import BUILTINS

SPANS = BUILTINS["spans"].reference

texts = st.text("ab \n", max_size=20)
ends = st.text("ab \n", min_size=1, max_size=3)


@given(texts, ends, ends)
@settings(max_examples=10 * CASES)
def test_they_are_the_matches_of_a_lazy_pattern(x: str, start: str, end: str) -> None:
    assert SPANS(x, start, end) == tuple(re.findall(f"{re.escape(start)}[^\n]*?{re.escape(end)}", x))


@given(texts, ends)
def test_there_are_none_without_a_start_or_an_end(x: str, other: str) -> None:
    assert SPANS(x, "", other) == SPANS(x, other, "") == ()
