"""The strategies: arguments are legal, responses do what they are for, and no filter does the work."""

from fractions import Fraction

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

import verif_dsl
from verif_dsl.compiler import Source
from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.binding import bind
from verif_dsl.compiler.ir import Value
from verif_dsl.compiler.specs import build as build_program
from verif_dsl.compiler.texts import is_blank, prepare
from verif_dsl.testing import arguments, how, programs, responses, satisfying, violating
from verif_dsl.testing.building import build
from verif_dsl.testing.choosing import Seeded
from verif_dsl.testing.goals import goal_of, recipe
from verif_dsl.testing.normal import impossible
from verif_dsl.verifier import Verifier

FEW = settings(max_examples=6)

FAMILIES = {
    "words from 3 to 5": "3 <= len(words(response)) <= 5",
    "exactly 40 words": "len(words(response)) == 40",
    "sentences": "len(sentences(response)) == 4",
    "paragraphs": "len(paragraphs(response)) == 3",
    "lines": "len(lines(response)) == 7",
    "characters": "30 <= len(chars(trim(response))) <= 34",
    "words and sentences together": "len(words(response)) == 20 and len(sentences(response)) == 5",
    "different words": "len(unique(words(fold(response)))) >= 90",
    "a word some times": 'occurrences(response, "river", whole_word=true, fold_case=true) == 3',
    "a sign some times": 'occurrences(response, ",") >= 4',
    "a word and not another": '"river" in response and not ("sea" in response)',
    "a start and an end": 'starts_with(response, "Well,") and ends_with(response, "That is all.")',
    "small letters": 'is_lower(response) and "river" in response',
    "capital letters": "is_upper(response) and len(words(response)) >= 5",
    "forbidden letters": 'occurrences(fold(response), "e") == 0',
    "one of some texts": 'trim(response) in ["yes", "no"]',
    "bullets": 'count(starts_with(line, "- ") for line in lines(response)) == 3',
    "headings": r'len(find_all(response, re"(?:^|\n)# [^\n]+")) >= 2',
    "matches of a pattern": r'len(find_all(response, re"\[[a-z]+\]")) == 2',
    "no match of a pattern": r'not matches(response, re"[0-9]")',
    "every word is short": "every(len(chars(word)) <= 5 for word in words(response))",
    "some sentence is a question": 'any(ends_with(one, "?") for one in sentences(response))',
    "all lines have two words": "all(len(words(line)) == 2 for line in lines(response))",
    "words in capitals": "count(is_upper(word) for word in words(response)) == 2",
    "the second paragraph's first word": 'fold(first(words(at(paragraphs(response), 1, "")), "")) == "however"',
    "all of some keywords": 'all(one in response for one in ["river", "sea"])',
    "one of some keywords": 'count(one in response for one in ["river", "sea", "lake"]) == 1',
    "either of two things": 'len(words(response)) > 30 or "short" in response',
    "a code block": "len(code_blocks(response)) == 1",
    "all words": 'words(response) == ["so", "it", "is"]',
    "all characters": 'chars(trim(response)) == ["s", "o", " ", "i"]',
    "emoji": "count(is_emoji(one) for one in chars(response)) >= 2",
}
"""Checks whose responses have to be constructed."""


def verifier_of(check: str, parameters: str = "") -> Verifier:
    """A verifier for a check. Its examples are of no help, and may be wrong, for they are not run."""
    text = f'constraint c {{ {parameters} instruct "Do so." check {check} accept "?!" reject "?!" }}'
    return Verifier(build_program(Source("<text>", text))[0])


@pytest.mark.parametrize("check", FAMILIES.values(), ids=FAMILIES)
@pytest.mark.parametrize("want", [True, False], ids=["satisfying", "violating"])
def test_responses_are_constructed_and_not_filtered(check: str, want: bool) -> None:
    goal = goal_of(verifier_of(check).constraints["c"], want=want)
    plans = recipe(goal).plans
    assert plans, recipe(goal).unknown
    texts = [prepare(build(plan, Seeded(seed))) for plan in plans for seed in range(100, 125)]
    missed = [text for text in texts if not goal.met(text)]
    assert len(missed) <= len(texts) // 10, missed[:3]


@pytest.mark.parametrize("check", FAMILIES.values(), ids=FAMILIES)
def test_satisfying_responses_pass_and_violating_ones_fail(check: str) -> None:
    verifier = verifier_of(check)
    constraint = verifier.constraints["c"]

    @FEW
    @given(satisfying(constraint), violating(constraint))
    def holds(good: str, bad: str) -> None:
        assert verifier.check([good, bad]).column("c") == ["pass", "fail"]

    holds()


def test_arguments_given_are_those_the_response_is_for() -> None:
    constraint = verifier_of("len(words(response)) == n", "param n: int in 1 to 100 = 2").constraints["c"]
    assert len(find(satisfying(constraint, {"n": 17}), lambda text: True).split()) == 17


def test_a_response_satisfies_all_of_a_spec() -> None:
    verifier = verif_dsl.compile("""
    constraint long { instruct "Long." check len(words(response)) >= 3 accept "a b c" reject "a" }
    constraint no_commas { instruct "No commas." check not ("," in response) accept "a" reject "a, b" }
    constraint rivers { instruct "Rivers." check occurrences(response, "river") >= 3
      accept "river river river" reject "river" }
    constraint closing { instruct "Close." check ends_with(trim(response), "The end.")
      accept "So. The end." reject "a" }
    spec all { use long() use no_commas() use rivers() use closing() }
    """)

    @FEW
    @given(satisfying(verifier, "all"), satisfying(verifier, "use closing() use rivers()"))
    def holds(every: str, two: str) -> None:
        assert verifier.check([every], constraints="all").rewards() == [1.0]
        assert verifier.check([two], constraints="use closing() use rivers()").rewards() == [1.0]

    holds()


def test_responses_shrink() -> None:
    constraint = verifier_of('"river" in response').constraints["c"]
    assert len(find(satisfying(constraint), lambda text: len(text) > 20)) < 40


def test_what_is_too_involved_comes_from_the_examples() -> None:
    verifier = verif_dsl.compile("""
    constraint c {
      instruct "Each word begins with the letter after that of the word before."
      check all(len(chars(a)) + 1 == len(chars(b)) for a, b in adjacent(words(response))) and len(words(response)) > 2
      accept "a bb ccc"
      reject "a a a"
    }
    """)
    constraint = verifier.constraints["c"]
    assert how(constraint) == "from examples"
    assert find(satisfying(constraint), lambda text: True) == "a bb ccc"


def test_what_cannot_be_satisfied_is_refused_with_what_is_not_understood() -> None:
    constraint = verifier_of("len(words(response)) == len(lines(response)) + 4000").constraints["c"]
    assert how(constraint) is None
    with pytest.raises(verif_dsl.VerifError, match=r"no response is known that satisfies this: .*words"):
        satisfying(constraint)
    with pytest.raises(verif_dsl.VerifError, match="exclude each other"):
        satisfying(verifier_of("len(words(response)) > 3 and len(words(response)) < 3").constraints["c"])


PARAMETERS = r"""
param low: int in 2 to 9 = 2
param high: int in low to 9 = 8
param share: decimal in 0 to 1 = 0.5
param word: text matching re"[a-z]{2,4}" = "so"
param tone: one_of("warm", "cold") = "warm"
param loud: bool = true
param keys: list of text matching re"[a-c]+" size 2 to 3 = ["a", "b"]
require high < 9 or loud
"""


def test_arguments_are_legal_and_reach_the_ends_of_their_ranges() -> None:
    # A check reads each of them, or the compiler warns.
    constraint = verifier_of(
        "len(words(response)) <= low + high and word in response and ratio(1, 2, if_zero=0) >= share"
        ' and tone == "warm" and loud and count(key in response for key in keys) > 0',
        PARAMETERS,
    ).constraints["c"]

    @settings(max_examples=60)
    @given(arguments(constraint))
    def legal(drawn: dict[str, Value]) -> None:
        assert bind(constraint, drawn) == drawn

    legal()
    for wanted in ({"low": 2}, {"low": 9, "high": 9}, {"share": Fraction(1)}, {"tone": "cold"}, {"loud": False}):
        find(arguments(constraint), lambda drawn, wanted=wanted: wanted.items() <= drawn.items())  # type: ignore[misc]


def test_usual_arguments_come_from_the_samples() -> None:
    constraint = verifier_of("len(words(response)) >= n", "param n: int in 1 to 5000 = 7 sample 20 to 30").constraints[
        "c"
    ]

    @FEW
    @given(arguments(constraint, usual=True))
    def usual(drawn: dict[str, object]) -> None:
        assert 20 <= drawn["n"] <= 30  # type: ignore[operator]

    usual()


def test_responses_are_of_many_sorts() -> None:
    for sort in ("```", "\n- ", "| ", "。", "👍", '{"'):
        find(responses(), lambda text, sort=sort: sort in text, settings=settings(max_examples=2000))  # type: ignore[misc]


@settings(max_examples=40)
@given(st.data())
def test_a_check_may_read_what_came_before(data: st.DataObject) -> None:
    verifier = verif_dsl.compile("""
    constraint c { instruct "As long." check len(words(response)) == len(words(prompt))
      accept "a b" after user "c d" reject "a" after user "c d" }
    """)
    constraint = verifier.constraints["c"]
    (key,) = (one.key for one in constraint.givens)
    text = data.draw(satisfying(constraint, given={key: "one two three four"}))
    assert constraint.check is not None and not is_blank(text)
    assert evaluate(constraint.check, Row(text, {}, {key: "one two three four"}))


@settings(max_examples=25)
@given(programs())
def test_programs_compile_and_their_examples_hold(text: str) -> None:
    verifier = verif_dsl.compile(text)
    assert verifier.specs["all"].uses
    for constraint in verifier.constraints.values():
        assert {one.accepts for one in constraint.examples} == {True, False}


@settings(max_examples=25)
@given(programs())
def test_what_has_an_example_is_never_called_impossible(text: str) -> None:
    for constraint in verif_dsl.compile(text).constraints.values():
        for want in (True, False):
            assert not impossible(goal_of(constraint, want=want).check, want)


@pytest.mark.parametrize(
    ("check", "want", "found"),
    [
        ("len(words(response)) >= 0", False, True),
        ("len(words(response)) > 5 and len(words(response)) < 5", True, True),
        ('first(words(response), "") == "so" and len(words(response)) == 0', True, True),
        ('last(words(at(paragraphs(response), -4, "")), "") == "so" and len(paragraphs(response)) < 4', True, True),
        ("len(words(response)) > 5 or len(words(response)) < 5", True, False),
        ("count(len(words(response)) > n for n in [9, 8, 7, 6, 5, 4, 3, 2]) == 5", True, False),
        ("every(len(words(response)) > n for n in [2, 3] if len(lines(response)) > n)", True, False),
        ('len(words(response)) >= 4 and len(find_all(response, re"[a-z]+")) <= 2', True, False),
    ],
)
def test_only_what_is_certain_is_called_impossible(check: str, want: bool, found: bool) -> None:
    assert impossible(goal_of(verifier_of(check).constraints["c"]).check, want) == found


@pytest.mark.parametrize("check", ["len(words(response)) >= 4000", r'len(find_all(response, re"[a-z]")) >= 20000'])
def test_long_responses_are_built_without_many_draws(check: str) -> None:
    verifier = verifier_of(check)

    @settings(max_examples=2)
    @given(satisfying(verifier.constraints["c"]))
    def holds(text: str) -> None:
        assert verifier.check([text]).column("c") == ["pass"]

    holds()
