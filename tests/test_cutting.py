"""What cuts a text into more than the text costs as much more; patterns that cannot be found in order are refused."""

import pytest

import verif_dsl
from verif_dsl.compiler.builtins import BUILTINS
from verif_dsl.compiler.cost import cost_of, size_of
from verif_dsl.compiler.ir import Call, Constant, Input
from verif_dsl.compiler.kinds import INT, TEXT, list_of

GROWING = {"ngrams": ("a" * 1000, 16), "without_accents": ("\ufdfa" * 1000,)}
"""Arguments of which the result is as large as it can be."""


def test_every_builtin_that_grows_is_listed() -> None:
    assert set(GROWING) == {one.name for one in BUILTINS.values() if one.growth > 1}


@pytest.mark.parametrize("name", GROWING)
def test_nothing_grows_more_than_is_said(name: str) -> None:
    builtin, (x, *_) = BUILTINS[name], GROWING[name]
    size = size_of(builtin.reference(*GROWING[name]))
    assert 0.9 * builtin.growth < size / len(str(x)) <= builtin.growth


def test_what_goes_through_ngrams_costs_as_much_more() -> None:
    response = Input("response")
    runs = Call("ngrams", (response, Constant(3, INT)), list_of(TEXT))
    words = Call("words", (response,), list_of(TEXT))
    least, most = (cost_of(Call("unique", (items,), list_of(TEXT))) for items in (words, runs))
    assert 8 * least < most < 16 * least


def test_a_mark_joins_the_letter_before_what_is_taken_out() -> None:
    check = 'constraint c { instruct "-" check without(response, re"-") == "\\u{e9}" accept "e-\\u{301}" reject "e-" }'
    assert verif_dsl.compile(check).check(["e-\u0301"]).column("c") == ["pass"]


@pytest.mark.parametrize("call", ['without(response, re"a*") == ""', 'split_at(response, re"a*b|a") == []'])
def test_a_pattern_whose_matches_cannot_all_be_found_is_refused(call: str) -> None:
    with pytest.raises(verif_dsl.VerifError, match="V0208"):
        verif_dsl.compile(f'constraint c {{ instruct "-" check {call} accept "a" reject "b" }}')
