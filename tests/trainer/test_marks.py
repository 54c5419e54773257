"""What a verdict rests on, as places in a completion: quotations, and what checks look for."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import verif_dsl
from verif_dsl.trainer.marks import pieces, quoted, sought

TEXTS = st.text("ab ,.", max_size=12)


@given(TEXTS, st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.sampled_from(["quoted", "sought"]))))
def test_pieces_are_the_text(text: str, marks: list[tuple[int, int, Any]]) -> None:
    inside = [((start, end), why) for start, end, why in marks if start < end <= len(text)]
    found = pieces(text, inside)
    assert "".join(piece.text for piece in found) == text
    assert sum(len(piece.text) * len(piece.why) for piece in found) == sum(
        len({place for (start, end), other in inside if other == why for place in range(start, end)})
        for why in ("quoted", "sought")
    )


@pytest.mark.parametrize(
    ("check", "text", "marked"),
    [
        ('occurrences(response, "ab") >= 1', "ab AB cab", ["ab", "ab"]),
        ('occurrences(response, "ab", whole_word=true, fold_case=true) >= 1', "ab AB cab", ["ab", "AB"]),
        ('"A.B" in response', "A.B AxB", ["A.B"]),
        ('ends_with(lower(response), "end")', "The END", ["END"]),
        ('"ab" in words(response)', "ab cab", ["ab"]),
        ('any(occurrences(response, w) > 0 for w in ["a", "b"])', "abc", ["a", "b"]),
        ('all(starts_with(s, "a") for s in sentences(response))', "ab. cab.", ["a", "a"]),
        ('len(find_all(response, re"[0-9]+")) > 0', "a1bcd22", ["1", "22"]),
        ('matches(fold(response), re"a+$")', "abAA", ["AA"]),
        ('len(find_all(response, re"[a-z]+")) > 0', "many words", []),
        ('any(s in "abc" for s in words(response))', "ab", []),
        ('any(all(occurrences(s, t) > 0 for t in ["b", s]) for s in lines(response))', "ab", []),
        ('any(all(occurrences(s, t) > 0 for t in ["b"]) for s in lines(response))', "ab", ["b"]),
        ("len(words(response)) < 9", "ab", []),
        ('occurrences(response, "") == 0', "ab", []),
    ],
)
def test_what_a_check_looks_for_is_found_in_the_text(check: str, text: str, marked: list[str]) -> None:
    example = 'accept "x" reject "y"'
    source = f'constraint one {{ instruct "." check response == "x" or response != "y" and ({check}) {example} }}'
    compiled = verif_dsl.compile(source).constraints["one"].check
    assert compiled is not None
    assert [text[start:end] for start, end in sought(compiled, {}, text)] == marked


@pytest.mark.parametrize(
    ("evidence", "text", "found"),
    [
        ("so be it", "Well, so be it.", "so be it"),
        ("so be it", "Well, so - be\nit.", "so - be\nit"),
        (" so\u200b be it ", "Well, so be it.", "so be it"),
        ("be", "Well, maybe.", "be"),
        ("...", "Well", None),
        ("", "Well", None),
    ],
)
def test_a_quotation_is_found_as_it_is_or_by_its_words(evidence: str, text: str, found: str | None) -> None:
    span = quoted(evidence, text)
    assert (span and text[slice(*span)]) == found
