"""What a verdict rests on: the conditions that decide it, with what their sides come to."""

from collections.abc import Mapping

import pytest

from verif_dsl.compiler import Source, typed_source
from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.evidence import LONGEST_CONDITION, LONGEST_VALUE, MOST_CONDITIONS, evidence
from verif_dsl.compiler.installed_data import lacking
from verif_dsl.compiler.ir import Value
from verif_dsl.compiler.modules import find_module, standard_modules


def found(check: str, response: str, arguments: Mapping[str, Value] | None = None) -> tuple[str, ...]:
    parameters = " ".join(f"param {name}: int in 0 to 99 = 1" for name in arguments or {})
    examples = 'accept "a" reject "b"'
    text = f'constraint c {{ {parameters} instruct "Do it." check {check} {examples} }}'
    (constraint,) = typed_source(Source("<test>", text)).constraints.values()
    assert constraint.check is not None
    return evidence(constraint.check, Row(response, arguments or {}))


def test_of_several_conditions_the_failing_ones_are_told() -> None:
    check = 'len(words(response)) <= n and not ("," in response)'
    assert found(check, "a b c", {"n": 2}) == ("`len(words(response)) <= n` does not hold, with 3 <= 2",)
    assert found(check, "a, b", {"n": 2}) == ('`"," in response` holds',)


def test_all_that_makes_it_pass_is_told() -> None:
    assert found('len(words(response)) <= n and not ("," in response)', "a b", {"n": 2}) == (
        "`len(words(response)) <= n` holds, with 2 <= 2",
        '`"," in response` does not hold',
    )


def test_of_alternatives_those_that_hold_or_all_that_fail_are_told() -> None:
    check = '"a" in response or "b" in response'
    assert found(check, "a c") == ('`"a" in response` holds',)
    assert found(check, "c") == ('`"a" in response` does not hold', '`"b" in response` does not hold')


def test_the_item_that_decides_a_quantifier_is_shown() -> None:
    check = 'every(ends_with(s, "?") for s in sentences(response) if "x" not in s)'
    condition = f"`{check.replace(' s ', ' x ').replace('(s,', '(x,').replace('in s)', 'in x)')}`"
    assert found(check, "Why? Ax. No.") == (f'{condition} does not hold, as "No." shows',)
    assert found(check, "Ax.") == (f"{condition} does not hold, with nothing to look at",)


def test_a_quantifier_that_has_no_items_says_so_whatever_comes_of_it() -> None:
    assert found('all(ends_with(s, "?") for s in sentences(response) if "x" in s)', "Why.") == (
        '`all(ends_with(x, "?") for x in sentences(response) if "x" in x)` holds, with nothing to look at',
    )
    assert found('any("a" in w for w in words(response))', "!") == (
        '`any("a" in x for x in words(response))` does not hold, with nothing to look at',
    )


def test_decimals_are_shown_like_whole_numbers() -> None:
    assert found("ratio(len(words(response)), 4, if_zero=0) <= 0.4", "a b c") == (
        "`ratio(len(words(response)), 4, 0) <= 0.4` does not hold, with 0.75 <= 0.4",
    )
    assert found("ratio(len(words(response)), 3, if_zero=0) >= 0.7", "a b") == (
        "`ratio(len(words(response)), 3, 0) >= 0.7` does not hold, with 2/3 >= 0.7",
    )


def test_what_cannot_be_told_of_a_response_is_said_to_be_undecided() -> None:
    check = 'decide(language(response) == "fr", if_unknown=false)'
    condition = '`decide(language(response) == "fr", false)` does not hold'
    assert found(check, "Oui.") == (f"{condition}, being undecided",)
    assert found(check, "The committee will publish its report in the spring.") == (condition,)


def test_what_the_arguments_alone_decide_is_left_out() -> None:
    assert found("n > 5 or len(words(response)) > 1", "one two", {"n": 9}) == (
        "`len(words(response)) > 1` holds, with 2 > 1",
    )


@pytest.mark.parametrize("module", standard_modules())
def test_every_example_of_the_library_has_short_evidence(module: str) -> None:
    for constraint in typed_source(find_module(module, None)).constraints.values():
        if constraint.check is None or lacking(constraint.check) is not None:
            continue
        for example in constraint.examples:
            row = Row(example.response, example.arguments, example.given)
            told = evidence(constraint.check, row)
            assert bool(evaluate(constraint.check, row)) == example.accepts or not example.response.strip()
            assert 1 <= len(told) <= MOST_CONDITIONS
            assert all(len(one) <= LONGEST_CONDITION + 2 * LONGEST_VALUE + 40 for one in told)
