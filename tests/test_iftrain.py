"""The ports in stdlib/iftrain.vif decide as IFTrain's own code does.

No responses to IFTrain's prompts are published with verdicts. In `data/iftrain.jsonl` there are texts on which its
checkers are easily misread, with what each of them says of the text: `check_following` of open-instruct's IFEvalG, and
false for what is blank.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

import verif_dsl
from tests.recorded import skip_without_data
from verif_dsl.benchmarks.ids import IDS as EVERY_ID
from verif_dsl.benchmarks.ids import port_name as name_of
from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.texts import is_blank, prepare

MODULE = Path(__file__).resolve().parents[1] / "stdlib" / "iftrain.vif"
CASES = Path(__file__).parent / "data" / "iftrain.jsonl"

IDS = EVERY_ID["iftrain"]
"""The 29 ids that IFTrain has beside those of IFEval."""


@dataclass(frozen=True)
class Case:
    """A response with the arguments of a checker, and whether the checker says that it was followed."""

    id: str
    arguments: Mapping[str, object]
    response: str
    followed: bool

    @property
    def verdict(self) -> str:
        return "pass" if self.followed else "fail"

    @property
    def constraints(self) -> str:
        return json.dumps([{"use": name_of(self.id), "with": self.arguments, "as": "asked"}])


def read_cases() -> list[Case]:
    with CASES.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    # Names are written in small letters: the benchmark's N is n.
    given = [{name.lower(): value for name, value in row["kwargs"].items()} for row in rows]
    return [Case(row["id"], one, row["response"], row["followed"]) for row, one in zip(rows, given, strict=True)]


@pytest.fixture(scope="module")
def verifier() -> verif_dsl.Verifier:
    return verif_dsl.load(MODULE)


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return read_cases()


def test_the_module_holds_the_29_ids_and_no_other(verifier: verif_dsl.Verifier) -> None:
    assert len(IDS) == 29
    assert set(verifier.constraints) == set(map(name_of, IDS))


@pytest.mark.parametrize("instruction", IDS)
def test_every_id_has_texts_that_follow_it_and_others(instruction: str, cases: list[Case]) -> None:
    assert {one.followed for one in cases if one.id == instruction} == {True, False}


@pytest.mark.parametrize("instruction", IDS)
def test_a_port_decides_as_the_code_does(instruction: str, verifier: verif_dsl.Verifier, cases: list[Case]) -> None:
    skip_without_data(verifier.constraints[name_of(instruction)])
    own = [one for one in cases if one.id == instruction]
    checked = verifier.check([one.response for one in own], constraints=[one.constraints for one in own])
    found = zip(own, checked.column("asked"), strict=True)
    assert [(one, verdict) for one, verdict in found if verdict != one.verdict] == []


@pytest.mark.parametrize("instruction", IDS)
def test_the_reference_evaluator_decides_as_the_code_does(
    instruction: str, verifier: verif_dsl.Verifier, cases: list[Case]
) -> None:
    skip_without_data(verifier.constraints[name_of(instruction)])
    check = verifier.constraints[name_of(instruction)].check
    assert check is not None
    for one in cases:
        if one.id == instruction and not is_blank(one.response):
            (use,) = verifier.requirements(one.constraints).uses
            assert evaluate(check, Row(prepare(one.response), use.arguments)) is one.followed, one
