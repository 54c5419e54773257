"""The ports in stdlib/ifeval.vif against lm-eval's own checkers, on real and generated responses and arguments.

What remains different stands in docs/differences.md: each kind of difference has a repair here, which takes its cause
out of a response and its arguments. A port has to give what the checker gives after the repairs of its id, and each
line of the page has to show a difference that one of these repairs takes away.

It needs the extra `bench`, and the tables of Punkt where NLTK looks for them (`python -m nltk.downloader punkt_tab`).
"""

import json
import logging
import os
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

import verif_dsl
from tests.ifeval_texts import arguments, responses
from tests.recorded import RESPONSES, existing, read_jsonl
from verif_dsl.benchmarks.ids import IDS, port_name
from verif_dsl.compiler.builtins import langdetect_profiles
from verif_dsl.compiler.builtins.base import absence_of
from verif_dsl.compiler.builtins.nltk_rules import punkt_tables
from verif_dsl.compiler.texts import LARGEST_RESPONSE, prepare

LM_EVAL_ABSENT = None if find_spec("lm_eval") else "lm-eval is not installed (pip install 'verif-dsl[bench]')"
# Without the tables, importing lm-eval's checkers would download them.
lacking = LM_EVAL_ABSENT or absence_of(punkt_tables) or langdetect_profiles.langdetect_lacking()
pytestmark = pytest.mark.skipif(lacking is not None, reason=str(lacking))

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "differences.md"
VERIFIER = verif_dsl.load(ROOT / "stdlib" / "ifeval.vif")
CASES = int(os.environ.get("VERIF_CASES", "30"))
"""Generated arguments an id, each with two to eight responses."""
SEEDS = 20
"""How often langdetect is asked, before it is said that it never gives a verdict."""

Arguments = Mapping[str, Any]
Repair = Callable[[Arguments, str], tuple[Arguments, str]]
each_id = pytest.mark.parametrize("instruction", IDS["ifeval"])


# ------------------------------------------------------------------------------------------------ what is different


def in_texts(change: Callable[[str], str]) -> Repair:
    """The repair that changes the response and all texts among the arguments."""

    def changed(value: Any) -> Any:
        if isinstance(value, str):
            return change(value)
        return [change(one) for one in value] if isinstance(value, list) else value

    return lambda given, text: ({name: changed(value) for name, value in given.items()}, change(text))


def in_place_of(texts: Mapping[str, str]) -> Repair:
    pattern = re.compile("|".join(map(re.escape, texts)))
    return in_texts(lambda text: pattern.sub(lambda found: texts[found[0]], text))


def as_words(given: Arguments, text: str) -> tuple[Arguments, str]:
    """What is part of a word here is an `a`, and all else a space."""
    inside = (one == "_" or unicodedata.category(one)[0] in "LN" for one in text)
    return given, "".join("a" if one else " " for one in inside)


def as_a_letter(given: Arguments, text: str) -> tuple[Arguments, str]:
    """A sign that is no letter of ASCII becomes `q`, which is taken out before."""
    letter = given["letter"].lower()
    if "a" <= letter <= "z":
        return given, text
    small = "".join(one.lower() for one in text)
    return {**given, "letter": "q"}, small.replace("q", "-").replace(letter, "q")


def one_mark(given: Arguments, text: str) -> tuple[Arguments, str]:
    """The word that marks sections becomes one character, wherever it is found from left to right."""
    return {**given, "section_spliter": "\u0001"}, text.replace(given["section_spliter"], "\u0001")


def not_deep(given: Arguments, text: str) -> tuple[Arguments, str]:
    """JSON in more than 64 brackets becomes something that is not JSON."""
    return given, "x" if re.search(r"(?:[\[{][^\[{\]}]*){65}", text) else text


# Characters that Python's re.IGNORECASE takes for others, each by one that it takes for no other. The lower case of
# U+0130 is two code points.
ALIKE = {"ſ": "甲", "ı": "乙", "ς": "丙", "µ": "丁", "ϐ": "戊"}
IGNORECASE = in_place_of({**ALIKE, "İ": "i\u0307"})
IGNORECASE_IN_WORDS = in_place_of({**ALIKE, "İ": "己", "i\u0307": "己"})
# The lower case of a capital sigma depends on what stands around it.
SIGMA = in_place_of({"ς": "丙", "Σ": "σ"})

EVERYWHERE: Mapping[str, Repair] = {
    "form": in_texts(prepare),
    # To Python these are white space; U+0001 is not.
    "control": in_place_of(dict.fromkeys("\x1c\x1d\x1e\x1f", "\u0001")),
}
"""What is different for every id."""

REPAIRS: Mapping[str, Mapping[str, Repair]] = {
    "combination:repeat_prompt": {"sigma": SIGMA},
    "detectable_format:json_format": {"depth": not_deep},
    "detectable_format:multiple_sections": {"overlap": one_mark},
    "keywords:existence": {"ignorecase": IGNORECASE},
    "keywords:forbidden_words": {"ignorecase": IGNORECASE_IN_WORDS},
    "keywords:frequency": {"ignorecase": IGNORECASE},
    "keywords:letter_frequency": {"sign": as_a_letter},
    "length_constraints:nth_paragraph_first_word": {"sigma": SIGMA},
    "length_constraints:number_words": {"marks": as_words},
    "startend:end_checker": {"sigma": SIGMA},
}
"""What is different for one id, beside EVERYWHERE."""

BY_LANGUAGE = ("change_case:english_capital", "change_case:english_lowercase", "language:response_language")
"""Ids whose checker asks langdetect, which draws at random: a port has to give what it gives for some seed, or would
give that if it looked at all places of a text."""


# ---------------------------------------------------------------------------------------------------- both verdicts


@pytest.fixture(scope="module", autouse=True)
def quiet() -> None:
    """The checkers log each text that langdetect can make nothing of."""
    logging.getLogger("lm_eval").setLevel(logging.CRITICAL)


def theirs(instruction: str, given: Arguments, text: str, seed: int = 0) -> str:
    """The verdict of lm-eval's checker, for which a blank response fails, as in its task."""
    import langdetect
    from lm_eval.tasks.ifeval.instructions_registry import INSTRUCTION_DICT

    langdetect.DetectorFactory.seed = seed
    checker = INSTRUCTION_DICT[instruction](instruction)
    checker.build_description(**given)
    return "pass" if text.strip() and checker.check_following(text) else "fail"


def ours(instruction: str, cases: Sequence[tuple[Arguments, str]]) -> list[str]:
    """The verdicts of the port."""
    required = [json.dumps([{"use": port_name(instruction), "with": given, "as": "it"}]) for given, _ in cases]
    return VERIFIER.check([text for _, text in cases], constraints=required).column("it")


def difference(instruction: str, given: Arguments, text: str, verdict: str) -> str | None:
    """The kind of difference between the port's verdict and the checker's; None where there is none."""
    if theirs(instruction, given, text) == verdict:
        return None
    for kind, repair in {**EVERYWHERE, **REPAIRS.get(instruction, {})}.items():
        given, text = repair(given, text)
        if theirs(instruction, given, text) == verdict:
            return kind
    if instruction in BY_LANGUAGE:
        if any(theirs(instruction, given, text, seed) == verdict for seed in range(SEEDS)):
            return "chance"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(langdetect_profiles, "PLACES", LARGEST_RESPONSE)
            if ours(instruction, [(given, text)]) == [theirs(instruction, given, text)]:
                return "places"
    return "unknown"


def assert_known(instruction: str, cases: Sequence[tuple[Arguments, str]]) -> list[str]:
    """The port's verdicts, none of which differs for a reason that is not known."""
    verdicts = ours(instruction, cases)
    for (given, text), verdict in zip(cases, verdicts, strict=True):
        assert difference(instruction, given, text, verdict) != "unknown", (given, text, verdict)
    return verdicts


# -------------------------------------------------------------------------------------- real and generated responses


@each_id
def test_a_port_agrees_on_real_responses_with_arguments_drawn_and_of_other_prompts(instruction: str) -> None:
    folder = existing("ifeval")
    prompts, answers = (read_jsonl(folder / name) for name in ("prompts.jsonl", RESPONSES["ifeval"]))
    asked = [
        {name: value for name, value in given.items() if value is not None}
        for row in prompts
        for other, given in zip(row["instruction_id_list"], row["kwargs"], strict=True)
        if other == instruction
    ]
    random = Random(instruction)
    cases = [(random.choice(asked), row["response"]) for row in answers]
    if asked[0]:
        drawn = [VERIFIER.draw(port_name(instruction), random) for _ in range(20)]
        plain = [{name: [*one] if isinstance(one, tuple) else one for name, one in given.items()} for given in drawn]
        cases += [(random.choice(plain), row["response"]) for row in answers]
    assert_known(instruction, cases)


@each_id
def test_a_port_agrees_on_generated_responses(instruction: str) -> None:
    parameters = [one.name for one in VERIFIER.constraints[port_name(instruction)].parameters]
    batches = arguments(parameters).flatmap(
        lambda given: st.lists(st.tuples(st.just(given), responses(instruction, given)), min_size=2, max_size=8)
    )
    seen = set()

    @hypothesis.settings(max_examples=CASES, suppress_health_check=[hypothesis.HealthCheck.too_slow])
    @hypothesis.given(batches)
    def agrees(cases: list[tuple[Arguments, str]]) -> None:
        seen.update(assert_known(instruction, cases))

    agrees()
    assert seen == {"pass", "fail"}


def test_a_response_too_long_to_be_looked_at_is_unknown() -> None:
    text = "a" * (LARGEST_RESPONSE + 1)
    assert theirs("punctuation:no_comma", {}, text) == "pass"
    assert ours("punctuation:no_comma", [({}, text)]) == ["unknown"]


# ---------------------------------------------------------------------------------------------- docs/differences.md


def lines_under(heading: str) -> list[tuple[str, ...]]:
    """The lines of the table under a heading of the page; the cells that are one piece of code without its marks."""
    part = PAGE.read_text("utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| ")][2:]
    return [tuple(cell.strip("`") if cell.count("`") == 2 else cell for cell in row) for row in rows]


DIFFERENT = lines_under("Other verdicts")
REFUSED = lines_under("Arguments that are refused")


def test_the_page_shows_every_kind_of_difference() -> None:
    known = {(instruction, kind) for instruction, repairs in REPAIRS.items() for kind in repairs}
    known |= {(instruction, "chance") for instruction in BY_LANGUAGE}
    told_once = {*EVERYWHERE, "places"}
    assert {(instruction, kind) for kind, instruction, *_ in DIFFERENT if kind not in told_once} == known
    assert {kind for kind, *_ in DIFFERENT} == {*told_once, *(kind for _, kind in known)}


@pytest.mark.parametrize(
    ("kind", "instruction", "given", "text", "they", "we", "right"),
    DIFFERENT,
    ids=lambda one: one if len(one) < 20 else "-",
)
def test_a_difference_of_the_page_is_one(
    kind: str, instruction: str, given: str, text: str, they: str, we: str, right: str
) -> None:
    arguments, response = json.loads(given), json.loads(text)
    assert ours(instruction, [(arguments, response)]) == [we]
    if kind == "chance":
        assert they == "either"
        assert {theirs(instruction, arguments, response, seed) for seed in range(SEEDS)} == {"pass", "fail"}
    else:
        assert theirs(instruction, arguments, response) == they != we
        assert difference(instruction, arguments, response, we) == kind
    assert right.split(":")[0] in ("here", "lm-eval", "neither")


def outcome(instruction: str, given: Arguments) -> str:
    """What lm-eval makes of some arguments: an error, others drawn at random, or a checker."""
    import random

    from lm_eval.tasks.ifeval.instructions_registry import INSTRUCTION_DICT

    made = []
    for seed in range(SEEDS):
        random.seed(seed)
        checker = INSTRUCTION_DICT[instruction](instruction)
        try:
            checker.build_description(**given)
            made.append(checker.get_instruction_args())
            checker.check_following("Some text.")
        except Exception:
            return "raises"
    return "decides" if all(one == made[0] for one in made) else "draws"


@pytest.mark.parametrize(("instruction", "given", "they", "why"), REFUSED)
def test_arguments_of_the_page_are_refused(instruction: str, given: str, they: str, why: str) -> None:
    with pytest.raises(verif_dsl.VerifError):
        ours(instruction, [(json.loads(given), "Some text.")])
    assert outcome(instruction, json.loads(given)) == they
    assert why


def test_its_task_leaves_out_arguments_that_are_0() -> None:
    import random

    from lm_eval.tasks.ifeval.utils import InputExample, test_instruction_following_strict

    instruction, given = "keywords:frequency", {"keyword": "river", "frequency": 0, "relation": "at least"}
    assert ours(instruction, [(given, "A river.")]) == ["pass"]
    found = set()
    for seed in range(SEEDS):
        random.seed(seed)
        asked = InputExample(1, [instruction], "", [given])
        found.add(test_instruction_following_strict(asked, "A river.").follow_all_instructions)
    assert found == {True, False}
