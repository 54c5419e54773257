"""Regular expressions: the reference engine, Rust's and Python's agree; what is outside the subset is refused."""

import re

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from verif_dsl.compiler.patterns.charset import contains, of_property
from verif_dsl.compiler.patterns.matcher import find, find_all
from verif_dsl.compiler.patterns.pattern import PatternError, nullable, parse_pattern, to_rust

atoms = st.sampled_from(["a", "b", "c", "[ab]", "[^a]", ".", r"\n", r"\s", r"\."])
patterns = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map("(?:{0[0]}|{0[1]})".format),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{0,3}", "{2,}"])).map(
            "(?:{0[0]}){0[1]}".format
        ),
        st.tuples(st.sampled_from(["^", "$"]), inner).map("(?:{0[0]}|{0[1]})".format),
        inner.map("({})".format),
    ),
    max_leaves=8,
)


@given(patterns, st.text("abc\n. ", max_size=14))
@settings(max_examples=1500)
def test_three_engines_find_the_same_matches(pattern: str, text: str) -> None:
    try:
        parse_pattern(pattern)
    except PatternError:
        assume(False)  # a repeat of what can be empty, about which engines disagree
    # `$` is the very end here, and only before a final line end in Python's own syntax.
    python = re.compile(pattern.replace("$", r"\Z"))
    expected = python.search(text)
    assert find(pattern, text) == (expected.span() if expected else None)
    column = pl.Series([text])
    assert column.str.contains(to_rust(pattern)).to_list() == [expected is not None]
    if not nullable(parse_pattern(pattern)):
        pieces = [match.group() for match in python.finditer(text)]
        assert list(find_all(pattern, text)) == pieces
        assert column.str.extract_all(to_rust(pattern)).to_list() == [pieces]


@pytest.mark.parametrize(
    ("pattern", "offset", "hint"),
    [
        (r"a\w", 1, r"[\p{L}\p{N}_]"),
        (r"\d+", 0, "[0-9]"),
        (r"\bword\b", 0, "words(x)"),
        ("a+?", 2, "[^x]*x"),
        ("(?=a)", 0, "(?i)"),
        ("(a", 0, "close it"),
        ("a)", 1, r"\)"),
        ("[a", 0, "close it"),
        ("[]", 0, "inside"),
        ("[z-a]", 1, None),
        ("*a", 0, r"\*"),
        ("a{2,1}", 1, None),
        ("a{9999}", 1, None),
        (r"\p{Letter}", 0, r"\p{L}"),
        (r"(\p{L}{900}){900}", 0, "smaller"),
        ("(a*)*", 4, "inner part"),
        ("(" * 60 + "a" + ")" * 60, 50, None),
        (r"\1", 0, "escapes"),
    ],
)
def test_what_is_outside_the_subset_is_refused_with_its_place(pattern: str, offset: int, hint: str | None) -> None:
    with pytest.raises(PatternError) as caught:
        parse_pattern(pattern)
    assert caught.value.offset == offset
    if hint:
        assert hint in (caught.value.hint or "")


def test_a_pattern_that_would_blow_up_a_backtracking_engine_ends() -> None:
    assert find("(a|a)*(a|a)*(a|a)*$b", "a" * 2000) is None


def test_case_is_ignored_by_simple_folding() -> None:
    assert find("(?i)straße", "STRASSE") is None
    assert find("(?i)k", "\u212a") == (0, 1)  # the Kelvin sign
    assert find("(?i)[^k]", "K") is None


def test_classes_are_spelled_out_for_the_other_engine() -> None:
    assert r"\p" not in to_rust(r"\p{L}+")
    letters = of_property("L")
    assert letters is not None
    assert contains(letters, "Ж") and not contains(letters, "1")
