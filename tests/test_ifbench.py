"""The ports in stdlib/ifbench.vif give the verdicts that the benchmark's own code gives, on real responses.

The data are IFBench's 300 prompts and responses to 290 of them with the verdict of the reference checker on every
instruction. They lie outside the repository: in `conformance/ifbench` of the folder that the environment variable
VERIF_CONFORMANCE names, or beside the checkout.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

import verif_dsl
from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.conversation import PROMPT
from verif_dsl.compiler.installed_data import lacking
from verif_dsl.compiler.texts import prepare

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("VERIF_CONFORMANCE", ROOT.parent / "shared" / "conformance")) / "ifbench"
MODULE = ROOT / "stdlib" / "ifbench.vif"
Verdicts = Mapping[tuple[int, str], str]
"""Row and name, to "pass", "fail" or "unknown"."""

SAMPLE = 100
"""Rows on which the reference evaluator, slow as it is, runs as well."""

LEFT_OUT = {
    "count:words_japanese",
    "custom:csv_special_character",
    "custom:european_capitals_sort",
    "custom:mcq_count_length",
    "custom:reverse_newline",
    "ratio:overlap",
    "words:odd_even_syllables",
    "words:repeats",
    "words:start_verb",
}
"""The ids that the language cannot say; the module's header says why."""

PORTED = (
    "count:conjunctions",
    "count:keywords_multiple",
    "count:numbers",
    "count:person_names",
    "count:pronouns",
    "count:punctuation",
    "count:unique_word_count",
    "count:word_count_range",
    "custom:character_reverse",
    "custom:csv_city",
    "custom:csv_quotes",
    "custom:date_format_list",
    "custom:multiples",
    "custom:sentence_alphabet",
    "custom:word_reverse",
    "format:emoji",
    "format:line_indent",
    "format:list",
    "format:newline",
    "format:no_bullets_bullets",
    "format:no_whitespace",
    "format:options",
    "format:output_template",
    "format:parentheses",
    "format:quote_unquote",
    "format:quotes",
    "format:sub-bullets",
    "format:thesis",
    "format:title_case",
    "ratio:sentence_balance",
    "ratio:sentence_type",
    "ratio:sentence_words",
    "ratio:stop_words",
    "repeat:repeat_change",
    "repeat:repeat_simple",
    "repeat:repeat_span",
    "sentence:alliteration_increment",
    "sentence:increment",
    "sentence:keyword",
    "words:alphabet",
    "words:consonants",
    "words:keywords_specific_position",
    "words:last_first",
    "words:no_consecutive",
    "words:palindrome",
    "words:paragraph_last_first",
    "words:prime_lengths",
    "words:vowel",
    "words:words_position",
)

UNRECORDED = {
    "custom:character_reverse",
    "custom:csv_city",
}
"""Ports to whose prompts there is no response."""

EXCEPTIONS: Mapping[tuple[str, str], str] = {}
"""Key and id, to the reason why the port's verdict is not the recorded one."""


def name_of(instruction: str) -> str:
    """The name of the constraint that ports an instruction id."""
    return instruction.replace(":", "_").replace("-", "_")


@dataclass(frozen=True)
class Instruction:
    """A ported instruction of a prompt: its verdict's name, its arguments, whether it is recorded as followed."""

    id: str
    arguments: Mapping[str, object]
    followed: bool


@dataclass(frozen=True)
class Answer:
    """A prompt, the response to it, and the instructions of the prompt that are ported."""

    key: str
    prompt: str
    response: str
    instructions: Sequence[Instruction]

    @property
    def constraints(self) -> str:
        """The requirements of the row, as the text that `Verifier.check` reads."""
        uses = [{"use": name_of(one.id), "with": one.arguments, "as": one.id} for one in self.instructions]
        return json.dumps(uses)


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def read_answers() -> Iterator[Answer]:
    asked = {row["key"]: row for row in read_jsonl(DATA / "prompts.jsonl")}
    for answered in read_jsonl(DATA / "sample_responses.jsonl"):
        row = asked[answered["key"]]
        instructions = [
            # Names are written in small letters: the benchmark's N is n.
            Instruction(id, {key.lower(): value for key, value in given.items() if value is not None}, followed)
            for id, given, followed in zip(row["instruction_id_list"], row["kwargs"], answered["strict"], strict=True)
            if id in PORTED
        ]
        yield Answer(row["key"], row["prompt"], answered["response"], instructions)


@pytest.fixture(scope="module")
def verifier() -> verif_dsl.Verifier:
    return verif_dsl.load(MODULE)


@pytest.fixture(scope="module")
def answers() -> Sequence[Answer]:
    if not DATA.is_dir():
        pytest.skip(f"no conformance data in {DATA} (set VERIF_CONFORMANCE to the folder that has ifbench/ in it)")
    return list(read_answers())


@pytest.fixture(scope="module")
def verdicts(verifier: verif_dsl.Verifier, answers: Sequence[Answer]) -> Verdicts:
    checked = verifier.check([one.response for one in answers], constraints=[one.constraints for one in answers])
    return {(line["row"], line["constraint"]): line["verdict"] for line in checked.table.iter_rows(named=True)}


def skip_without_data(verifier: verif_dsl.Verifier, name: str) -> None:
    check = verifier.constraints[name].check
    assert check is not None
    if (reason := lacking(check)) is not None:
        pytest.skip(reason)


def test_the_module_holds_the_ported_ids_and_no_other(verifier: verif_dsl.Verifier) -> None:
    assert set(verifier.constraints) == set(map(name_of, PORTED))


def test_every_id_of_the_prompts_is_ported_or_left_out(answers: Sequence[Answer]) -> None:
    asked = {id for row in read_jsonl(DATA / "prompts.jsonl") for id in row["instruction_id_list"]}
    assert asked == {*PORTED, *LEFT_OUT}
    assert not LEFT_OUT & {*PORTED}
    assert {*PORTED} - {one.id for answer in answers for one in answer.instructions} == UNRECORDED


@pytest.mark.parametrize("instruction", PORTED)
def test_a_port_agrees_with_every_recorded_verdict(
    instruction: str, verifier: verif_dsl.Verifier, answers: Sequence[Answer], verdicts: Verdicts
) -> None:
    skip_without_data(verifier, name_of(instruction))
    graded = [
        (answer.key, verdicts[row, one.id], "pass" if one.followed else "fail")
        for row, answer in enumerate(answers)
        for one in answer.instructions
        if one.id == instruction
    ]
    assert graded or instruction in UNRECORDED, f"no response was recorded for {instruction}"
    disagreeing = [key for key, verdict, recorded in graded if verdict != recorded]
    assert disagreeing == [key for key, id in EXCEPTIONS if id == instruction], (
        f"{len(disagreeing)} of {len(graded)} verdicts on {instruction} disagree, keys {disagreeing}"
    )


def test_the_reference_evaluator_gives_the_columnar_verdicts_on_real_rows(
    verifier: verif_dsl.Verifier, answers: Sequence[Answer], verdicts: Verdicts
) -> None:
    for row in Random(0).sample(range(len(answers)), SAMPLE):
        answer = answers[row]
        if not answer.response.strip():
            continue
        for use in verifier.requirements(answer.constraints).uses:
            check = verifier.constraints[use.constraint].check
            assert check is not None
            if lacking(check) is not None:
                assert verdicts[row, use.name] == "unknown"
                continue
            passes = evaluate(check, Row(prepare(answer.response), use.arguments, {PROMPT.key: prepare(answer.prompt)}))
            assert verdicts[row, use.name] == ("pass" if passes else "fail"), f"{use.name} of key {answer.key}"


def deep_brackets(text: str) -> bool:
    """Whether a bracket is closed by its kind after five were open, where a wrong one starts anew."""
    waiting: list[str] = []
    deepest = 0
    for sign in text:
        if sign in "([{":
            waiting.append({"(": ")", "[": "]", "{": "}"}[sign])
            deepest = max(deepest, len(waiting))
        elif sign in ")]}":
            if waiting and waiting.pop() == sign:
                if deepest >= 5:
                    return True
            else:
                waiting, deepest = [], 0
    return False


def deep_quotes(text: str) -> bool:
    """Whether three quotes are closed below the deepest one that was open."""
    waiting: list[str] = []
    deepest = 0
    for sign in text:
        if waiting and waiting[-1] == sign:
            waiting.pop()
            if deepest - len(waiting) >= 3:
                return True
        elif sign in "\"'":
            waiting.append(sign)
            deepest = max(deepest, len(waiting))
    return False


@pytest.mark.parametrize(
    ("name", "expected", "signs"),
    [("format_parentheses", deep_brackets, "([{([{)]}a"), ("format_quotes", deep_quotes, "\"'\"'a")],
)
def test_what_needs_a_stack_is_decided_as_by_one(
    name: str, expected: Callable[[str], bool], signs: str, verifier: verif_dsl.Verifier
) -> None:
    random = Random(0)
    texts = ["".join(random.choices(signs, k=random.randint(5, 16))) for _ in range(3000)]
    column = verifier.check(texts, constraints=json.dumps([{"use": name, "as": name}])).column(name)
    assert [one == "pass" for one in column] == [expected(text) for text in texts]
    assert "pass" in column
