"""Conflicts among constraints: every contradiction that is found is one, and those that are known are found."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import verif_dsl
from tests.strategies import PATTERNS, PIECES, TEXT_VALUES, conditions, responses, rows
from verif_dsl.benchmarks.prompts import ports, read_prompts
from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.binding import BindError, bind, draw
from verif_dsl.compiler.conflicts import (
    Contradiction,
    Implication,
    Satisfiable,
    Undecided,
    Used,
    conflicts,
    conflicts_in,
    implications,
    implied,
    used_by,
)
from verif_dsl.compiler.conflicts.automata import And, Formula, Linear, Or, Text, matches
from verif_dsl.compiler.conflicts.facts import bound, formula_of
from verif_dsl.compiler.conflicts.linear import refuted
from verif_dsl.compiler.conflicts.measures import AXIOMS
from verif_dsl.compiler.conflicts.verdict import facts_of, opposite
from verif_dsl.compiler.installed_data import lacking
from verif_dsl.compiler.ir import Call, Constant, Input, Local, Node, Quantifier
from verif_dsl.compiler.kinds import BOOL, INT, REGEX, TEXT, list_of
from verif_dsl.compiler.program import Constraint
from verif_dsl.compiler.texts import is_blank, prepare

HERE = Path(__file__).parent
COMBINATIONS = tomllib.loads((HERE / "data" / "conflicts.toml").read_text(encoding="utf-8"))["combination"]
CONFORMANCE = HERE.parents[1] / "shared" / "conformance"
MODULES = sorted(one.stem for one in (HERE.parent / "stdlib").glob("*.vif"))
IMPOSSIBLE = {("ifeval", 1627), ("ifeval", 3718), ("ifeval", 3371), ("ifeval", 374), ("ifbench", "105")}


@cache
def library() -> verif_dsl.Verifier:
    """A program that knows every constraint of the standard library, as `module_.name`."""
    return verif_dsl.compile("".join(f'import "std/{one}" as {one}_\n' for one in MODULES))


def uses(text: str) -> list[Used]:
    program = verif_dsl.compile("".join(f'import "std/{one}" as {one}\n' for one in MODULES if f" {one}." in text))
    return used_by(program.requirements(text).uses, program.program.known())


def passes(one: Used, text: str) -> bool:
    assert one.constraint.check is not None
    return evaluate(one.constraint.check, Row(text, one.arguments)) is True and not is_blank(text)


# --------------------------------------------------------------------------------------------- what is known to be true


@pytest.mark.parametrize("combination", COMBINATIONS, ids=lambda one: f"{one['number']}-{one['is']}")
def test_the_listed_combinations_are_told_right(combination: Mapping[str, str]) -> None:
    asked = uses(combination["uses"])
    missing = [reason for one in asked if one.constraint.check and (reason := lacking(one.constraint.check))]
    verdict = conflicts(asked, look_for_witness=not missing)
    assert isinstance(verdict, Contradiction) == (combination["is"] == "contradiction"), verdict
    if isinstance(verdict, Satisfiable):
        assert all(passes(one, verdict.witness) for one in asked)


def test_most_combinations_that_are_possible_get_a_witness() -> None:
    asked = [uses(one["uses"]) for one in COMBINATIONS if one["is"] == "possible"]
    usable = [one for one in asked if not any(use.constraint.check and lacking(use.constraint.check) for use in one)]
    witnessed = [one for one in usable if isinstance(conflicts(one), Satisfiable)]
    assert len(witnessed) >= 0.8 * len(usable)


@pytest.mark.skipif(not CONFORMANCE.is_dir(), reason="the conformance data is not on this machine")
def test_of_the_prompts_of_the_benchmarks_exactly_the_impossible_ones_are_found() -> None:
    found = set()
    for benchmark in ("ifeval", "ifbench"):
        for asked in read_prompts(CONFORMANCE / benchmark / "prompts.jsonl", benchmark):
            if len(asked.uses) > 1:
                constraints = [ports()[one.constraint] for one in asked.uses]
                bound_uses = [
                    Used(name, one, bind(one, use.arguments))
                    for name, one, use in zip(asked.ids, constraints, asked.uses, strict=True)
                ]
                if isinstance(conflicts(bound_uses, look_for_witness=False), Contradiction):
                    found.add((benchmark, asked.key))
    assert found == IMPOSSIBLE


def test_a_reason_has_only_what_it_needs() -> None:
    verdict = conflicts(
        uses(
            "use length.words_at_least(n = 3) use punctuation.no_commas() use length.words_at_most(n = 9)"
            ' use punctuation.sign_at_least(sign = ",", n = 2) use length.line_count(n = 2)'
        )
    )
    assert isinstance(verdict, Contradiction)
    assert verdict.because.constraints == ("no_commas", "sign_at_least")


def test_a_reason_names_what_holds_of_every_text() -> None:
    verdict = conflicts(uses("use length.words_at_most(n = 4) use length.sentences_at_least(n = 5)"))
    assert str(verdict).splitlines() == [
        "`words_at_most`: len(words(response)) <= 4",
        "`sentences_at_least`: len(sentences(response)) >= 5",
        "always: each piece of a coarse cut has a piece of a fine one in it",
    ]


def test_a_word_can_stand_more_often_than_there_are_words() -> None:
    """A hyphen joins words to one, and each of them still stands there as a whole word."""
    asked = uses('use length.words_at_most(n = 5) use keywords.keyword_at_least(keyword = "river", n = 6)')
    verdict = conflicts(asked)
    assert isinstance(verdict, Satisfiable)
    assert all(passes(one, verdict.witness) for one in asked)


def test_what_another_constraint_says_already_is_told() -> None:
    asked = uses(
        "use length.words_at_least(n = 9) use length.words_at_most(n = 20) use length.word_range(min = 9, max = 12)"
    )
    stronger = Implication("word_range", "words_at_least"), Implication("word_range", "words_at_most")
    assert implications(asked) == list(stronger)


def test_an_accept_of_a_spec_is_its_witness_though_it_reads_the_prompt_and_a_judge_decides_a_part() -> None:
    program = verif_dsl.compile("""
      constraint echo {
        instruct "Repeat the question." check prompt in response
        accept "Why? So." after user "Why?" reject "So." after user "Why?"
      }
      constraint kind {
        instruct "Be kind." judge { ask "Kind?" scale 1 to 5 pass >= 4 } accept "a" reject "b"
      }
      spec asked { use echo() use kind() reject "So." after user "Why?" }
      spec shown { use echo() use kind() accept "Why? So." after user "Why?" }
    """).program
    found = {name: conflicts_in(spec, program.constraints) for name, spec in program.specs.items()}
    assert found["asked"] == Undecided("`echo` reads more than the response")
    assert found["shown"] == Satisfiable("Why? So.", ("kind",), kept=True)


def test_responses_that_tell_constraints_apart_hide_no_implication(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = uses(
        "use length.words_at_least(n = 9) use length.words_at_most(n = 200) use length.word_range(min = 9, max = 12)"
        " use punctuation.no_commas() use length.sentences_at_least(n = 2) use length.words_at_least(n = 8) as fewer"
        ' use keywords.keyword_at_least(keyword = "river", n = 2) use length.words_at_most(n = 200) as again'
    )
    found = implications(asked)
    monkeypatch.setattr(implied, "_told_apart", lambda *_: set())
    assert implications(asked) == found
    assert Implication("word_range", "fewer") in found


def test_what_cannot_be_known_is_undecided_and_says_why() -> None:
    reading = next(
        Used(name, one, bind(one, {}))
        for name, one in library().program.known().items()
        if one.givens and one.check is not None and not any(param.default is None for param in one.parameters)
    )
    assert conflicts([reading]) == Undecided(f"`{reading.name}` reads more than the response")


# ----------------------------------------------------------------------------------------------- no false contradiction


def holds(formula: Formula, row: Row) -> bool:
    """What a formula says of one row, without any search."""
    match formula:
        case Text(pattern, wanted):
            return matches(pattern, row.response) == wanted
        case And(parts):
            return all(holds(one, row) for one in parts)
        case Or(parts):
            return any(holds(one, row) for one in parts)
        case Linear(terms, most):
            return sum(factor * int(evaluate(node, row)) for node, factor in terms) <= most  # type: ignore[arg-type]


def measures(formula: Formula) -> Iterator[Node]:
    match formula:
        case Linear(terms):
            yield from (node for node, _ in terms)
        case And(parts) | Or(parts):
            for one in parts:
                yield from measures(one)


def assert_said_right(condition: Node, row: Row) -> None:
    """A condition that holds of a row, or its opposite, becomes a formula that holds of it."""
    verdict = evaluate(condition, row)
    if verdict is not None:
        true = condition if verdict else Call("not", (condition,), BOOL)
        assert holds(formula_of(bound(true, row.arguments)), row)


@given(conditions(), rows())
@settings(max_examples=150, deadline=None)
def test_whatever_passes_a_check_meets_what_the_check_is_taken_to_say(condition: Node, row: Row) -> None:
    try:
        assert_said_right(condition, row)
    except FileNotFoundError as lacking_data:
        pytest.skip(str(lacking_data))


LITERALS = st.sampled_from([*TEXT_VALUES, *PIECES, "fi", "ss", "ff", "i\u0307", "h\u0331", "he", "ER"]).map(prepare)


def of(builtin: str, kind: object, *parts: st.SearchStrategy[object]) -> st.SearchStrategy[Node]:
    return st.builds(lambda *made: Call(builtin, made, kind), *parts)  # type: ignore[arg-type]


def constants(values: st.SearchStrategy[object], kind: object) -> st.SearchStrategy[Node]:
    return values.map(lambda one: Constant(one, kind))  # type: ignore[arg-type]


def changed(text: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.one_of(text, *(of(one, TEXT, text) for one in ("lower", "fold", "trim")))


LITERAL, PATTERN = (
    constants(LITERALS, TEXT),
    constants(st.sampled_from([*PATTERNS, r"\S", r"^\s", r"\s$", "[.,]"]), REGEX),
)
VIEWS = changed(changed(st.just(Input("response"))))
TOKENS = st.one_of(
    *(of(end, TEXT, of("tokens_ws", list_of(TEXT), VIEWS), st.just(Constant("", TEXT))) for end in ("first", "last"))
)
BARE = of("without", TEXT, TOKENS, st.just(Constant(r"[^\p{L}\p{N}_]", REGEX)))
CUTS = ("words", "sentences", "paragraphs", "lines", "tokens_ws", "chars")
LISTS = st.one_of(
    *(of(one, list_of(TEXT), VIEWS) for one in CUTS),
    of("find_all", list_of(TEXT), VIEWS, constants(st.sampled_from(PATTERNS), REGEX)),
    of("split", list_of(TEXT), VIEWS, LITERAL),
)
FLAGS = constants(st.booleans(), BOOL)


def told_of(text: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.one_of(
        of("in text", BOOL, LITERAL, text),
        *(of(one, BOOL, text, LITERAL) for one in ("starts_with", "ends_with", "==")),
        of("matches", BOOL, text, PATTERN),
        *(of(one, BOOL, text) for one in ("is_upper", "is_lower")),
    )


ITEM_TESTS = told_of(changed(st.just(Local(1, 0, TEXT))))
ITEM_TESTS = st.one_of(
    ITEM_TESTS, of("not", BOOL, ITEM_TESTS), *(of(one, BOOL, ITEM_TESTS, ITEM_TESTS) for one in ("and", "or"))
)
NUMBERS = st.one_of(
    of("len", INT, LISTS),
    of("occurrences", INT, VIEWS, LITERAL, FLAGS, FLAGS),
    of("codepoints", INT, VIEWS),
    st.builds(lambda items, body: Quantifier("count", 1, 1, items, None, body), LISTS, ITEM_TESTS),
)
RUNS = constants(st.sampled_from([r"[\p{L}\p{N}_]+", r"(?:i\u{307}|[\p{L}\p{N}_])+"]), REGEX)
CONDITIONS = st.one_of(
    told_of(st.one_of(VIEWS, TOKENS, BARE, changed(BARE), changed(TOKENS))),
    st.builds(
        lambda quantity, items, body: Quantifier(quantity, 1, 1, items, None, body),
        st.sampled_from(["any", "all", "every"]), LISTS, ITEM_TESTS,
    ),
    *(of(one, BOOL, NUMBERS, constants(st.integers(0, 4), INT)) for one in ("==", "!=", "<", "<=", ">", ">=")),
    of("<=", BOOL, NUMBERS, NUMBERS),
    of("in list", BOOL, LITERAL, of("find_all", list_of(TEXT), VIEWS, RUNS)),
    of("in list", BOOL, LITERAL, of("words", list_of(TEXT), VIEWS)),
)  # fmt: skip


@given(CONDITIONS, responses)
@settings(max_examples=400, deadline=None)
def test_conditions_of_the_understood_kinds_are_taken_right(condition: Node, response: str) -> None:
    assert_said_right(condition, Row(response))


@given(st.lists(NUMBERS, min_size=1, max_size=4), responses)
@example(
    [Call("len", (Call(one, (Input("response"),), list_of(TEXT)),), INT) for one in CUTS],
    "1. a-b 'c'. d。e!\r\n\u0301f",
)
@settings(max_examples=200, deadline=None)
def test_the_axioms_hold_of_every_response(found: list[Node], response: str) -> None:
    known = dict.fromkeys(found)
    for _ in range(2):
        for axiom in AXIOMS:
            for measure in tuple(known):
                for one in axiom.of(measure, tuple(known)):
                    assert holds(one, Row(response)), axiom.says
                    known.update(dict.fromkeys(measures(one)))


@given(st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_constraints_that_a_response_keeps_together_never_contradict_each_other(random: Random) -> None:
    text, kept = kept_by_one(random)
    verdict = conflicts(kept, look_for_witness=False)
    assert not isinstance(verdict, Contradiction), (text, str(verdict))


@given(st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_the_standard_library_is_taken_right(random: Random) -> None:
    """Of what a response keeps and of what it fails."""
    name, constraint = random.choice(usable())
    arguments = some_arguments(constraint, random)
    text = some_text(random, constraint)
    assert constraint.check is not None
    if evaluate(constraint.check, Row(text, arguments)) is True:
        found = facts_of(name, constraint, arguments)
    else:
        failed = opposite(name, constraint, arguments)
        assert failed is not None
        found = [failed]
    assert all(holds(one.formula, Row(text)) for one in found)


@cache
def usable() -> list[tuple[str, Constraint]]:
    return [
        (name, one)
        for name, one in library().program.known().items()
        if one.check is not None and not one.givens and not lacking(one.check)
    ]


def some_arguments(constraint: Constraint, random: Random) -> Mapping[str, object]:
    examples = [one.arguments for one in constraint.examples]
    if not constraint.parameters or (examples and random.random() < 0.5):
        return bind(constraint, random.choice(examples)) if examples else {}
    try:
        return draw(constraint, random)
    except BindError:
        return bind(constraint, random.choice(examples))


def some_text(random: Random, *constraints: Constraint) -> str:
    known = [one.response for constraint in constraints for one in constraint.examples if len(one.response) < 300]
    text = random.choice(known) if known else "One river. Two rivers, I guess."
    if random.random() < 0.4:
        place = random.randint(0, len(text))
        text = text[:place] + random.choice([*PIECES, "river", "***", "\n\n"]) + text[place:]
    text = prepare(text)
    return "a" if is_blank(text) else text


def kept_by_one(random: Random) -> tuple[str, list[Used]]:
    """A text and some constraints that it keeps."""
    chosen = random.sample(usable(), 25)
    text = some_text(random, *(one for _, one in chosen))
    asked = [Used(name, one, some_arguments(one, random)) for name, one in chosen]  # type: ignore[arg-type]
    return text, [one for one in asked if passes(one, text)][:6]


# ------------------------------------------------------------------------------------------------------------ the parts


def test_sums_over_whole_numbers_are_refuted_with_their_reasons() -> None:
    x, y = Input("x"), Input("y")
    system = [
        Linear(((x, 2),), 7),  # x <= 3, being whole
        Linear(((y, 1),), 100),
        Linear(((x, -1), (y, 1)), -2),  # y <= x - 2
        Linear(((y, -1),), -2),  # y >= 2
    ]
    assert refuted(system) == {0, 2, 3}
    assert refuted([system[0], system[2]]) is None
