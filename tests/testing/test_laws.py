"""The laws: each finds what breaks it, as small as it gets, and says nothing of what does not."""

from dataclasses import replace

import pytest

from tests.testing.rules import BREAKING, KEPT
from verif_dsl.compiler import Source, compile_source
from verif_dsl.compiler.program import Constraint
from verif_dsl.testing.laws import LAWS, Finding, NotTried, look, senses
from verif_dsl.testing.reports import described
from verif_dsl.testing.running import chosen_laws, program_of, subjects_of
from verif_dsl.testing.subjects import Subject, smallest


def subject_of(text: str, **settings: object) -> Subject:
    (subject,) = subjects_of(program_of(Source("<text>", text)), 20)
    return replace(subject, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", BREAKING)
def test_a_law_finds_what_breaks_it(name: str) -> None:
    text, said = BREAKING[name]
    subject = subject_of(text)
    (law,) = chosen_laws([name])
    found = look(law, subject)
    assert isinstance(found, Finding)
    for part in said:
        assert part in described(found)


@pytest.mark.parametrize("name", BREAKING)
def test_no_other_law_is_broken_by_it(name: str) -> None:
    subject = subject_of(BREAKING[name][0])
    broken = [law.name for law in LAWS if isinstance(look(law, subject), Finding)]
    assert broken == [name]


def test_a_sound_constraint_breaks_none() -> None:
    subject = subject_of(KEPT, real=("a, b", "c, d", "e"))
    found = {law.name: look(law, subject) for law in LAWS}
    assert not [one for one in found.values() if isinstance(one, Finding)]
    assert found["monotone"] == NotTried("no parameter is a threshold")


@pytest.mark.parametrize(
    ("said", "symbol", "counts"),
    [
        ("fewer than {n} words", "<", None),
        ("fewer than {n} words", "<=", "counts"),
        ("less than {n} words", "<=", "counts"),
        ("at most {n} words", "<=", None),
        ("at most {n} words", "<", "does not count"),
        ("no more than {n} words", "<=", None),
        ("no more than {n} words", "<", "does not count"),
        ("more than {n} words", ">", None),
        ("more than {n} words", ">=", "counts"),
        ("at least {n} words", ">=", None),
        ("at least {n} words", ">", "does not count"),
        ("{n} words or more", ">", "does not count"),
        ("{n} words", "<", None),
    ],
)
def test_a_limit_that_the_text_takes_in_and_the_check_does_not_is_found(
    said: str, symbol: str, counts: str | None
) -> None:
    few, many = ("accept", "reject") if symbol.startswith("<") else ("reject", "accept")
    text = f"""
    constraint c {{
      param n: int in 2 to 20 = 3
      instruct "Use {said}."
      check len(words(response)) {symbol} n
      {few} "a"
      {many} "a b c d e"
    }}
    """
    (law,) = chosen_laws(["text-and-check-agree"])
    found = look(law, subject_of(text))
    if counts is None:
        assert found is None
    else:
        assert isinstance(found, Finding)
        assert f"{counts} for the check" in found.message


def test_a_parameter_that_no_text_tells_is_found() -> None:
    text = """
    constraint c {
      param n: int in 1 to 9 = 2
      param relation: one_of("at least", "less than") = "at least"
      instruct "Use the word river {n} times."
      check relation == "at least" and occurrences(response, "river") >= n
        or relation == "less than" and occurrences(response, "river") < n
      accept "river river" reject "river"
    }
    """
    (law,) = chosen_laws(["text-and-check-agree"])
    found = look(law, subject_of(text))
    assert found == Finding("the verdict depends on `relation`, and no instruct tells it")


def test_a_verdict_that_follows_the_back_end_is_found_and_made_small() -> None:
    class Differing(Subject):
        """A columnar back end that is wrong about semicolons."""

        def columnar(self, tries):  # type: ignore[no-untyped-def]
            right = super().columnar(tries)
            return ["fail" if ";" in one.response else verdict for one, verdict in zip(tries, right, strict=True)]

    constraint = only(KEPT + "")
    examples = (replace(constraint.examples[0], response="Some words; and more words"), *constraint.examples)
    subject = Differing("no_commas", replace(constraint, examples=examples))
    (law,) = chosen_laws(["back-ends-agree"])
    found = look(law, subject)
    assert isinstance(found, Finding)
    assert (found.response, found.reference, found.columnar) == (";", "pass", "fail")


def test_a_verdict_that_follows_the_batch_is_found() -> None:
    class Counting(Subject):
        """A back end whose last verdict of a batch is always wrong."""

        def columnar(self, tries):  # type: ignore[no-untyped-def]
            *others, last = super().columnar(tries)
            return [*others, "pass" if last == "fail" else "fail"]

    subject = Counting("no_commas", only(KEPT))
    assert isinstance(look(chosen_laws(["batch-independent"])[0], subject), Finding)
    assert isinstance(look(chosen_laws(["blank-fails"])[0], subject), Finding)


def only(text: str) -> Constraint:
    (constraint,) = compile_source(Source("<text>", text)).constraints.values()
    return constraint


@pytest.mark.parametrize(
    ("check", "sense"),
    [
        ("len(words(response)) >= n", "up"),
        ("n > len(words(response))", "down"),
        ("not (len(words(response)) < n)", "up"),
        ("len(words(response)) <= n or n < 3", None),
        ("len(words(response)) == n", None),
        ("count(len(chars(word)) > n for word in words(response)) >= 1", None),
    ],
)
def test_the_sense_of_a_threshold_is_read_off_the_check(check: str, sense: str | None) -> None:
    from verif_dsl.compiler.specs import build

    text = f'constraint c {{ param n: int in 1 to 9 = 2 instruct "{{n}}" check {check} accept "a" reject "b" }}'
    tree = build(Source("<text>", text))[0].constraints["c"].check
    assert tree is not None
    assert senses(tree)["n"] == sense


def test_a_decimal_is_a_threshold_as_well() -> None:
    text = """
    constraint c {
      param share: decimal in 0 to 1 = 0.5
      instruct "Make {share:percent} of the words tea."
      check ratio(occurrences(response, "tea"), len(words(response)), if_zero=0) >= share
      accept "tea" reject "milk"
    }
    """
    (law,) = chosen_laws(["monotone"])
    subject = subject_of(text)
    assert subject.constraint.check is not None
    assert senses(subject.constraint.check) == {"share": "up"}
    assert look(law, subject) is None


def test_what_came_before_is_made_fit_for_the_arguments() -> None:
    text = """
    constraint c {
      param trigger: text = "price" sample ["price", "doctor"]
      instruct "If the message has {trigger:quoted}, say sorry."
      check not (trigger in prompt) or "sorry" in response
      accept "So sorry." after user "What price?"
      reject "Ten." after user "What price?"
    }
    """
    (law,) = chosen_laws(["not-vacuous"])
    assert look(law, subject_of(text)) is None


def test_unrelated_responses_must_not_pass() -> None:
    text = 'constraint c { instruct "Use a vowel." check matches(response, re"[aeiou]") accept "a" reject "b" }'
    (law,) = chosen_laws(["unrelated-fail"])
    assert isinstance(look(law, subject_of(text)), NotTried)
    found = look(law, subject_of(text, real=("one", "two", "hm")))
    assert isinstance(found, Finding)
    assert found.message == "more than half of 3 unrelated responses pass"


def test_what_is_left_out_is_what_does_not_matter() -> None:
    assert smallest("one two; three\n\nfour", lambda text: ";" in text and "o" in text) == "o;"
