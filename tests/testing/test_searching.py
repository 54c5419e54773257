"""Responses near the examples: adapted to other arguments, and changed step by step until they are right."""

import pytest
from hypothesis import HealthCheck, given, settings

import verif_dsl
from tests.strategies import conditions, rows
from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.ir import Node, Value
from verif_dsl.testing import how
from verif_dsl.testing.adapting import adapted
from verif_dsl.testing.distance import distance
from verif_dsl.testing.goals import goal_of, recipe


@given(conditions(), rows())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_is_far_from_what_it_is(check: Node, row: Row) -> None:
    verdict = bool(evaluate(check, row))
    assert distance(check, verdict, row) == 0
    assert distance(check, not verdict, row) > 0


@pytest.mark.parametrize(
    ("text", "own", "others", "wanted"),
    [
        ("Tea is hot. TEA!", {"word": "tea"}, {"word": "rain"}, "Rain is hot. RAIN!"),
        ("Teapots of tea", {"word": "tea"}, {"word": "rain"}, "Teapots of rain"),
        ('[{"a": 1, "b": 2}, {"a": 3, "b": 4}]', {"keys": ("a", "b")}, {"keys": ("x",)}, '[{"x": 2}, {"x": 4}]'),
        ("name,age\nAda,36", {"columns": ("name", "age")}, {"columns": ("a", "b", "c")}, "a,b,c\nAda,36"),
        ('{"a": []}', {"keys": ("a",)}, {"keys": ("x", "y")}, '{"x": [], "y": []}'),
        ("# One\nText.", {"names": ("One",)}, {"names": ("A", "B")}, "# A\n# B\nText."),
        ("Question 3 of 13", {"n": 3}, {"n": 5}, "Question 5 of 13"),
    ],
)
def test_what_goes_with_some_arguments_is_made_fit_for_others(
    text: str, own: dict[str, Value], others: dict[str, Value], wanted: str
) -> None:
    assert wanted in list(adapted(text, own, others))


INVOLVED = {
    "keys of JSON": (
        'param keys: list of text size 1 to 9 = ["a"] check json_keys(response) == keys',
        r'accept "{\"a\": 1}" reject "a"',
        {"keys": ("x", "y", "z")},
    ),
    "columns of CSV": (
        "param n: int in 1 to 9 = 2 check csv(response) != [] and all(len(row) == n for row in csv(response))",
        r'accept "a,b\n1,2" reject "a"',
        {"n": 5},
    ),
    "lines in order": (
        "param n: int in 1 to 9 = 2 check len(lines(response)) == n"
        " and all(not comes_before(b, a) for a, b in adjacent(lines(response)))",
        r'accept "a\nb" reject "b\na"',
        {"n": 5},
    ),
    "a list that is numbered": (
        r'param n: int in 1 to 9 = 2 check len(lines(response)) == n and all(starts_with(line, at(["1.", "2.", "3.",'
        r' "4.", "5."], place, "-")) for place, line in indexed(lines(response)))',
        r'accept "1. a\n2. b" reject "b"',
        {"n": 5},
    ),
    "a table with its heads": (
        'param heads: list of text size 1 to 9 = ["A"] check any(first(one, []) == heads for one in tables(response))',
        r'accept "| A |\n|---|\n| 1 |" reject "A"',
        {"heads": ("Name", "Year", "City")},
    ),
    "nothing but marks": (
        "param banned: list of text size 0 to 9 = [] check not any(one in response for one in banned)"
        " and len(words(response)) > 0",
        'accept "b" reject "a" with banned = ["a"]',
        {"banned": ()},
    ),
    "words backwards": (
        'param told: text = "so it is" check all(word == at(words(told), -1 - place, "") for place, word in'
        " indexed(words(response))) and len(words(response)) == len(words(told))",
        'accept "is it so" reject "so"',
        {"told": "we go home now"},
    ),
}
"""Checks that no plan understands, with examples for other arguments than those asked for."""


@pytest.mark.parametrize(("clauses", "examples", "arguments"), INVOLVED.values(), ids=INVOLVED)
@pytest.mark.parametrize("want", [True, False], ids=["satisfying", "violating"])
def test_responses_for_other_arguments_than_the_examples_have_are_found(
    clauses: str, examples: str, arguments: dict[str, Value], want: bool
) -> None:
    head, check = clauses.split(" check ")
    verifier = verif_dsl.compile(f'constraint c {{ {head} instruct "So." check {check} {examples} }}')
    goal = goal_of(verifier.constraints["c"], arguments, want=want)
    found = recipe(goal).texts
    assert found
    assert all(goal.met(one) for one in found)


def test_what_is_found_by_a_search_is_not_called_constructed() -> None:
    head, check = INVOLVED["lines in order"][0].split(" check ")
    examples = INVOLVED["lines in order"][1]
    verifier = verif_dsl.compile(f'constraint c {{ {head} instruct "So." check {check} {examples} }}')
    assert how(verifier.constraints["c"], {"n": 5}) == "from examples"
