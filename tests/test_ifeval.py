"""The ports in stdlib/ifeval.vif give the verdicts that the benchmark's own code gives, on real responses.

The data are IFEval's 541 prompts and GPT-4's responses to them with the verdict of the reference checker on every
instruction. They lie outside the repository: in `conformance/ifeval` of the folder that the environment variable
VERIF_CONFORMANCE names, or beside the checkout.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

import verif_dsl
from verif_dsl.benchmarks import port
from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.conversation import PROMPT
from verif_dsl.compiler.installed_data import lacking
from verif_dsl.compiler.texts import prepare

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("VERIF_CONFORMANCE", ROOT.parent / "shared" / "conformance")) / "ifeval"
MODULE = ROOT / "stdlib" / "ifeval.vif"
Verdicts = Mapping[tuple[int, str], str]
"""Row and name, to "pass", "fail" or "unknown"."""

SAMPLE = 200
"""Rows on which the reference evaluator, slow as it is, runs as well."""

PORTED = (
    "change_case:capital_word_frequency",
    "change_case:english_capital",
    "change_case:english_lowercase",
    "combination:repeat_prompt",
    "combination:two_responses",
    "detectable_content:number_placeholders",
    "detectable_content:postscript",
    "detectable_format:constrained_response",
    "detectable_format:json_format",
    "detectable_format:multiple_sections",
    "detectable_format:number_bullet_lists",
    "detectable_format:number_highlighted_sections",
    "detectable_format:title",
    "keywords:existence",
    "keywords:forbidden_words",
    "keywords:frequency",
    "keywords:letter_frequency",
    "language:response_language",
    "length_constraints:nth_paragraph_first_word",
    "length_constraints:number_paragraphs",
    "length_constraints:number_sentences",
    "length_constraints:number_words",
    "punctuation:no_comma",
    "startend:end_checker",
    "startend:quotation",
)
"""All the ids of the benchmark."""


@dataclass(frozen=True)
class Instruction:
    """A ported instruction of a prompt: its verdict's name, its arguments, whether it is recorded as followed."""

    name: str
    id: str
    arguments: Mapping[str, object]
    followed: bool


@dataclass(frozen=True)
class Answer:
    """A prompt, the response to it, and the instructions of the prompt that are ported."""

    key: int
    prompt: str
    response: str
    instructions: Sequence[Instruction]

    @property
    def constraints(self) -> str:
        """The requirements of the row, as the text that `Verifier.check` reads."""
        uses = [{"use": port(one.id), "with": one.arguments, "as": one.name} for one in self.instructions]
        return json.dumps(uses)


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def read_answers() -> Iterator[Answer]:
    rows = zip(read_jsonl(DATA / "prompts.jsonl"), read_jsonl(DATA / "gpt4_responses.jsonl"), strict=True)
    for asked, answered in rows:
        assert asked["key"] == answered["key"]
        instructions: list[Instruction] = []
        for id, given, followed in zip(asked["instruction_id_list"], asked["kwargs"], answered["strict"], strict=True):
            if id in PORTED:
                # A few prompts use an id twice, mostly with other arguments: the second verdict has a name of its own.
                name = f"{id} (again)" if any(one.name == id for one in instructions) else id
                arguments = {parameter: value for parameter, value in given.items() if value is not None}
                instructions.append(Instruction(name, id, arguments, followed))
        yield Answer(asked["key"], asked["prompt"], answered["response"], instructions)


@pytest.fixture(scope="module")
def verifier() -> verif_dsl.Verifier:
    return verif_dsl.load(MODULE)


@pytest.fixture(scope="module")
def answers() -> Sequence[Answer]:
    if not DATA.is_dir():
        pytest.skip(f"no conformance data in {DATA} (set VERIF_CONFORMANCE to the folder that has ifeval/ in it)")
    return list(read_answers())


@pytest.fixture(scope="module")
def verdicts(verifier: verif_dsl.Verifier, answers: Sequence[Answer]) -> Verdicts:
    checked = verifier.check([one.response for one in answers], constraints=[one.constraints for one in answers])
    return {(line["row"], line["constraint"]): line["verdict"] for line in checked.table.iter_rows(named=True)}


def test_the_module_holds_the_ported_ids_and_no_other(verifier: verif_dsl.Verifier) -> None:
    assert set(verifier.constraints) == set(map(port, PORTED))


def skip_without_data(verifier: verif_dsl.Verifier, name: str) -> None:
    check = verifier.constraints[name].check
    assert check is not None
    if (reason := lacking(check)) is not None:
        pytest.skip(reason)


@pytest.mark.parametrize("instruction", PORTED)
def test_a_port_agrees_with_every_recorded_verdict(
    instruction: str, verifier: verif_dsl.Verifier, answers: Sequence[Answer], verdicts: Verdicts
) -> None:
    skip_without_data(verifier, port(instruction))
    graded = [
        (answer.key, verdicts[row, one.name], "pass" if one.followed else "fail")
        for row, answer in enumerate(answers)
        for one in answer.instructions
        if one.id == instruction
    ]
    assert graded, f"no prompt of the benchmark uses {instruction}"
    disagreeing = [key for key, verdict, recorded in graded if verdict != recorded]
    assert not disagreeing, (
        f"{len(disagreeing)} of {len(graded)} verdicts on {instruction} disagree, keys {disagreeing}"
    )


def test_the_reference_evaluator_gives_the_columnar_verdicts_on_real_rows(
    verifier: verif_dsl.Verifier, answers: Sequence[Answer], verdicts: Verdicts
) -> None:
    for row in Random(0).sample(range(len(answers)), SAMPLE):
        answer = answers[row]
        for use in verifier.requirements(answer.constraints).uses:
            check = verifier.constraints[use.constraint].check
            assert check is not None
            if lacking(check) is not None:
                assert verdicts[row, use.name] == "unknown"
                continue
            passes = evaluate(check, Row(prepare(answer.response), use.arguments, {PROMPT.key: prepare(answer.prompt)}))
            assert verdicts[row, use.name] == ("pass" if passes else "fail"), f"{use.name} of key {answer.key}"
