"""Regular expressions: the reference engine, Rust's and Python's agree; what is outside the subset is refused."""

import random
import re
import sys
import tomllib
import unicodedata

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from verif_dsl.compiler.patterns import matcher
from verif_dsl.compiler.patterns.charset import contains, fold_case, of_property, property_names, unicode_version
from verif_dsl.compiler.patterns.matcher import find, find_all, replace_all
from verif_dsl.compiler.patterns.pattern import PatternError, nullable, parse_pattern, to_rust
from verif_dsl.compiler.patterns.unicode_tables import tables

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
        st.tuples(inner, inner).map("(?:{0[0]}$|^{0[1]})".format),
        inner.map("({})".format),
    ),
    max_leaves=8,
)


texts = st.text("abc\n. ", max_size=14)


def engines_agree(pattern: str, text: str, position: int) -> None:
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
    later = python.search(text, position)
    assert find(pattern, text, min(position, len(text))) == (later.span() if later else None)
    if not nullable(parse_pattern(pattern)):
        pieces = [match.group() for match in python.finditer(text)]
        assert list(find_all(pattern, text)) == pieces
        assert column.str.extract_all(to_rust(pattern)).to_list() == [pieces]
        assert replace_all(pattern, text, r"\1") == python.sub(lambda _: r"\1", text)


@given(patterns, texts, st.integers(0, 14))
@settings(max_examples=1500)
def test_three_engines_find_the_same_matches(pattern: str, text: str, position: int) -> None:
    engines_agree(pattern, text, position)


@given(patterns, texts, st.integers(0, 14), st.integers(0, 500))
@settings(max_examples=500)
def test_a_machine_that_forgets_its_steps_finds_the_same_matches(
    pattern: str, text: str, position: int, words: int
) -> None:
    find_all.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matcher, "MOST_REMEMBERED", words)
        engines_agree(pattern, text, position)


def test_what_a_machine_remembers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matcher, "MOST_REMEMBERED", 20_000)
    letters = "".join(random.Random(1).choices("ab", k=4000))
    assert find("a[ab]{20}c", letters) is None  # a million states, were they all kept
    memory = matcher._memory
    assert memory.words <= 20_000
    assert len(memory.states) + len(memory.steps) <= 20_000 / 40


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
    assert find("(?i)ß", "ẞ") == (0, 1)


def test_classes_are_spelled_out_for_the_other_engine() -> None:
    assert r"\p" not in to_rust(r"\p{L}+")
    letters = of_property("L")
    assert letters is not None
    assert contains(letters, "Ж") and not contains(letters, "1")


def test_the_categories_are_those_of_unicode_18() -> None:
    """They agree with this Python's about every code point that it knows."""
    assert unicode_version() == "18.0.0"
    # The only characters whose category changed after Unicode 14, which is that of Python 3.11.
    changed = {
        0x295,  # LATIN LETTER PHARYNGEAL VOICED FRICATIVE: Ll, since 17.0 Lo
        0x1171E,  # AHOM CONSONANT SIGN MEDIAL RA: Mn, since 16.0 Mc
    }
    pinned = {
        point: name
        for name in property_names()
        if len(name) == 2
        for low, high in of_property(name) or ()
        for point in range(low, high + 1)
    }
    for point in range(sys.maxunicode + 1):
        category = unicodedata.category(chr(point))
        if category not in ("Cn", "Cs") and point not in changed:
            assert pinned[point] == category, hex(point)
    assert len(pinned) == sys.maxunicode + 1 - 2048  # all but the surrogates


def test_case_folding_is_that_of_this_python_or_newer() -> None:
    for point in range(sys.maxunicode + 1):
        folded = chr(point).casefold()
        if len(folded) == 1 and folded != chr(point):
            assert contains(fold_case(((point, point),)), folded), hex(point)


def test_tables_are_written_from_the_files_of_unicode() -> None:
    categories = "# DerivedGeneralCategory-1.2.3.txt\n\n0378..0379 ; Cn # x\n0041..0043 ; Lu # x\n00C0 ; Lu # x\n"
    folding = "# CaseFolding-1.2.3.txt\n004B; C; 006B; # x\n00DF; F; 0073 0073; # x\n1E9E; S; 00DF; # x\n"
    assert tomllib.loads(tables(categories, folding)) == {
        "version": "1.2.3",
        "categories": {"Lu": "41-43 C0\n"},
        "case": {"orbits": "4B/6B DF/1E9E\n"},
    }
    with pytest.raises(ValueError, match="too many values"):
        tables(categories, folding.replace("1.2.3", "1.2.4"))
