"""Strength of examples: mistakes that are put into checks, and which of them examples notice.

The standard library is measured as well: its examples notice nine of ten mistakes that any response can tell.
"""

import os
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.strategies import ARGUMENTS, conditions, rows
from verif_dsl.compiler import Source, compile_source, read_source
from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.installed_data import lacking
from verif_dsl.compiler.ir import Call, Constant, Input, Node, Quantifier, walk
from verif_dsl.compiler.kinds import BOOL, INT, TEXT, list_of
from verif_dsl.compiler.program import Program
from verif_dsl.compiler.specs import build
from verif_dsl.testing.edits import edits
from verif_dsl.testing.mutations import OPERATORS, mutants
from verif_dsl.testing.same_meaning import normal
from verif_dsl.testing.strength import Strength, kills, strengths

MODULES = sorted((Path(__file__).resolve().parents[2] / "stdlib").glob("*.vif"))
STANDARD = [path for path in MODULES if path.stem not in ("ifbench", "ifeval", "iftrain")]
FLOOR = Fraction(17, 20)
"""The score that each constraint of the library has at least."""

FEW = 60
"""Responses tried for each constraint of the library: enough to tell most mutants, in less than half a minute."""


generated = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def program_of(check: str, examples: str, clauses: str = "") -> Program:
    text = f'constraint c {{ {clauses} instruct "Do it." check {check} {examples} }}'
    return compile_source(Source("<text>", text))


def descriptions(check: str, clauses: str = "", bound: str = "") -> list[str]:
    """The mutants of a check, in words; no example is run."""
    examples = f'accept "a" {bound} reject "b" {bound}'
    source = Source("<text>", f'constraint c {{ {clauses} instruct "Do it." check {check} {examples} }}')
    constraint = build(source)[0].constraints["c"]
    assert constraint.check is not None
    kinds = {one.name: one.domain.kind for one in constraint.parameters}
    return [one.description for one in mutants(constraint.check, kinds)]


@lru_cache
def program_at(path: Path) -> Program:
    return compile_source(read_source(path))


def strength_of(check: str, examples: str, clauses: str = "") -> Strength:
    (found,) = strengths(program_of(check, examples, clauses))
    return found


# ------------------------------------------------------------------------------------------------------------- mutants


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        ("len(words(response)) < 2", "`<=` instead of `<` in `len(words(response)) < 2`"),
        ("len(words(response)) <= 2", "3 instead of 2 in `len(words(response)) <= 2`"),
        ("len(words(response)) <= 2", "`sentences` instead of `words` in `words(response)`"),
        ("len(words(response)) <= 2", '`""` instead of `response` in `words(response)`'),
        (
            'starts_with(response, "a") and ends_with(response, "b")',
            '`or` instead of `and` before `ends_with(response, "b")`',
        ),
        ('starts_with(response, "a") and ends_with(response, "b")', 'without `starts_with(response, "a")`'),
        ('not ("," in response)', 'without `not` in `"," not in response`'),
        ('starts_with(lower(response), "a")', "without `lower` in `lower(response)`"),
        ('starts_with(lower(response), "a")', 'the opposite of `starts_with(lower(response), "a")`'),
        ("all(is_upper(w) for w in words(response))", "`every` instead of `all`"),
        ("any(is_upper(w) for w in words(response) if is_lower(w))", "without `if is_lower(x)`"),
        ('occurrences(response, "a", whole_word=true) == 1', "`whole_word=false`"),
        ("ratio(1, len(words(response)), if_zero=0.5) <= 0.5", "0.6 instead of 0.5"),
        ('ends_with(response, "The end")', '"The en" instead of "The end"'),
        ('ends_with(response, "The end")', '"tHE END" instead of "The end"'),
        (r'matches(response, re"^[^$]\\$$")', "without `^` in `re"),
        (r'matches(response, re"^[^$]\\$$")', "without `$` in `re"),
        ("len(words(response)) + 1 <= 5", "`-` instead of `+` in `len(words(response)) + 1`"),
    ],
)
def test_a_mistake_is_told_in_words_with_its_place(check: str, expected: str) -> None:
    found = descriptions(check)
    assert any(one.startswith(expected) for one in found), found


def test_a_parameter_is_mistaken_for_another_of_its_type_only() -> None:
    clauses = "param low: int in 1 to 5 param high: int in 1 to 9 param word: text"
    check = "low <= len(words(response)) and len(words(response)) <= high and word in response"
    found = [
        one for one in descriptions(check, clauses, 'with low = 1, high = 3, word = "x"') if "instead of `low`" in one
    ]
    assert found == ["`high` instead of `low` in `low <= len(words(response))`"]


def test_a_let_is_mistaken_in_all_its_places_at_once() -> None:
    clauses = "let total = len(words(response))"
    found = descriptions("2 <= total and total <= 3", clauses)
    assert found.count("`sentences` instead of `words` in `words(response)`") == 1


def test_only_what_anchors_a_pattern_is_taken_out_of_it() -> None:
    found = descriptions(r'matches(response, re"^[^$]\$a")')
    assert len([one for one in found if one.startswith("without `")]) == 1
    assert not [one for one in descriptions('matches(response, re"^")') if one.startswith("without `^`")]


def test_no_mutant_is_there_twice_or_means_the_same_as_the_check() -> None:
    # > 0, >= 1 and != 0 are the same about a length, and so are < 1, <= 0 and == 0.
    found = descriptions("len(words(response)) > 0")
    relations = [one for one in found if one.endswith("in `len(words(response)) > 0`")]
    assert relations == [
        "`>=` instead of `>` in `len(words(response)) > 0`",
        "1 instead of 0 in `len(words(response)) > 0`",
    ]


@given(conditions(), st.lists(rows(), min_size=1, max_size=6))
@generated
def test_the_normal_form_of_a_check_has_its_verdicts(check: Node, batch: list[Row]) -> None:
    assert [evaluate(normal(check, {}), row) for row in batch] == [evaluate(check, row) for row in batch]


@given(st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), st.integers(-2, 12), st.text("a ", max_size=9))
def test_limits_on_a_count_keep_their_verdicts_in_the_normal_form(relation: str, limit: int, text: str) -> None:
    length = Call("len", (Call("chars", (Input("response"),), list_of(TEXT)),), INT)
    wide = Call("min", (length, Constant(10, INT)), INT)
    check = Call(relation, (wide, Constant(limit, INT)), BOOL)
    negated = Call("not", (Call("or", (check, Constant(False, BOOL)), BOOL),), BOOL)
    for one in (check, negated):
        assert evaluate(normal(one, {}), Row(text)) == evaluate(one, Row(text))


@given(conditions(3), rows())
@generated
def test_every_mutant_of_a_generated_check_decides(check: Node, row: Row) -> None:
    for one in mutants(check, ARGUMENTS):
        assert _agree(one.check)
        assert evaluate(one.check, row) in (True, False)


def test_every_operator_has_something_to_do_in_the_standard_library() -> None:
    used: Counter[str] = Counter()
    for path in STANDARD:
        for constraint in program_at(path).constraints.values():
            for node in walk(constraint.check) if constraint.check is not None else ():
                used.update(one.__name__ for one in OPERATORS if next(iter(one(node)), None) is not None)
    assert set(used) == {one.__name__ for one in OPERATORS}


@pytest.mark.parametrize("path", STANDARD, ids=lambda path: path.stem)
def test_a_mutant_is_well_typed_and_decides_every_example(path: Path) -> None:
    for constraint in program_at(path).constraints.values():
        kinds = {one.name: one.domain.kind for one in constraint.parameters}
        if constraint.check is None or lacking(constraint.check) is not None:
            continue
        example = constraint.examples[0]
        for one in mutants(constraint.check, kinds):
            assert one.check.kind == BOOL
            assert _agree(one.check)
            assert evaluate(one.check, Row(example.response, example.arguments, example.given)) in (True, False)


def _agree(check: Node) -> bool:
    """Whether the conditions of quantifiers, and what logic joins, are conditions."""
    joined = [
        part
        for node in walk(check)
        if isinstance(node, Call) and node.builtin in ("and", "or", "not")
        for part in node.arguments
    ]
    tested = [node.body for node in walk(check) if isinstance(node, Quantifier)]
    return all(one.kind == BOOL for one in (*joined, *tested))


# ------------------------------------------------------------------------------------------------ strength of examples


def test_examples_on_both_sides_of_a_limit_notice_every_mistake_about_it() -> None:
    weak = strength_of("len(words(response)) <= 3", 'accept "a" reject "a b c d e f"')
    strong = strength_of(
        "len(words(response)) <= 3", 'accept "a" accept "a b - c!" reject "A b. C d." accept "A b.\\n\\nC."'
    )
    assert weak.score < strong.score == 1
    assert not strong.survivors


def test_what_is_missing_is_a_line_to_paste_that_compiles_and_notices_the_mistake() -> None:
    clauses = 'param n: int in 1 to 9 param word: text = "tea" param share: decimal in 0 to 1'
    check = "occurrences(response, word, whole_word=true, fold_case=true) >= n and ratio(1, n, if_zero=0) >= share"
    examples = 'accept "tea \\"x\\"" with n = 1, share = 0.5 reject "no" with n = 1, share = 0.25'
    found = strength_of(check, examples, clauses)
    assert found.survivors
    for one in found.survivors:
        constraint = program_of(check, f"{examples} {one.line}", clauses).constraints["c"]
        assert kills(constraint, one.mutant.check), one


def test_lines_make_the_examples_whole_when_they_are_all_pasted() -> None:
    check, examples = "1 < len(words(response)) and len(sentences(response)) == 1", 'accept "a b" reject "a"'
    found = strength_of(check, examples)
    assert found.score < 1
    again = strength_of(check, f"{examples} {' '.join(found.lines)}")
    assert again.score == 1
    assert len(found.lines) < len(found.survivors)


def test_what_came_before_and_columns_stand_in_the_line() -> None:
    clauses = 'given source from field "source"'
    check = "len(words(response)) <= len(words(prompt)) and source in response"
    examples = (
        'accept "tea" with source = "tea" after user "Why is it?" reject "no" with source = "tea" after user "So?"'
    )
    found = strength_of(check, examples, clauses)
    assert found.survivors
    for one in found.survivors:
        assert 'source = "tea"' in one.line
        assert "after user" in one.line
        program_of(check, f"{examples} {one.line}", clauses)


@pytest.mark.parametrize(
    ("check", "examples", "line"),
    [
        ("2 <= len(words(response)) <= 3", 'accept "one two three" reject "one"', 'accept "one two"'),
        ("len(lines(response)) <= 2", 'accept "one" reject "one\\ntwo\\nthree\\nfour"', 'accept "one\\ntwo"'),
        ('starts_with(lower(response), "tea")', 'accept "tea is hot" reject "hot"', 'accept "Tea is hot"'),
    ],
)
def test_a_plain_response_is_preferred_to_an_odd_one(check: str, examples: str, line: str) -> None:
    assert line in strength_of(check, examples).lines


def test_what_nothing_tells_apart_does_not_count_and_is_listed_with_how_much_was_tried() -> None:
    # A text with a word has a character: the second condition says nothing.
    found = strength_of("len(words(response)) == 1 and len(chars(response)) > 0", 'accept "a" reject "a b" reject "!"')
    assert any("without `len(chars(response)) > 0`" in one.description for one in found.not_told_apart)
    assert found.tries > 50
    assert found.score == Fraction(len(found.killed), len(found.killed) + len(found.survivors))


def test_an_example_that_its_check_contradicts_notices_nothing() -> None:
    right = 'accept "a" reject "a b c d e f"'
    source = Source(
        "<text>", f'constraint c {{ instruct "Do it." check len(words(response)) <= 3 {right} accept "a b c d" }}'
    )
    (found,) = strengths(build(source)[0])
    assert found.killed == strength_of("len(words(response)) <= 3", right).killed


def test_strength_is_the_same_every_time() -> None:
    check, examples = "len(words(response)) == 3", 'accept "a b c" reject "a b"'
    assert strength_of(check, examples) == strength_of(check, examples)


def test_edits_come_in_the_same_order_in_every_process() -> None:
    code = "from verif_dsl.testing.edits import edits; print(list(edits('One, two. Three\\n\\nfour.', ['six'])))"
    done = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed})
        for seed in "1234"
    ]
    assert len({one.stdout for one in done}) == 1
    assert done[0].stdout


def test_edits_reach_the_texts_that_checks_are_about() -> None:
    found = list(edits("The river.\n\nIt is wide.", ["river"]))
    for wanted in ("The river. It is wide.", "the river.\n\nit is wide.", "The .\n\nIt is wide.", "The river."):
        assert wanted in found
    assert len(found) == len(set(found))
    assert "The river.\n\nIt is wide." not in found


# ------------------------------------------------------------------------------------------------- the standard library


def test_the_examples_of_the_standard_library_notice_nine_mistakes_of_ten() -> None:
    found = [one for path in STANDARD for one in strengths(program_at(path), FEW) if one.left_out is None]
    killed, survived = sum(len(one.killed) for one in found), sum(len(one.survivors) for one in found)
    assert killed / (killed + survived) >= 0.9
    assert {one.constraint: float(one.score) for one in found if one.score < FLOOR} == {}
