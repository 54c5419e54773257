"""The ports of IFEval, IFTrain and IFBench: they are all there, and give the verdicts on record for real responses."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest

import verif_dsl
from tests.recorded import RESPONSES, existing, read_jsonl, recorded, skip_without_data
from verif_dsl.benchmarks import BENCHMARKS
from verif_dsl.benchmarks.ids import IDS, MODULE_OF, port, port_name
from verif_dsl.benchmarks.prompts import ports
from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.conversation import PROMPT
from verif_dsl.compiler.installed_data import lacking
from verif_dsl.compiler.texts import prepare

STDLIB = Path(__file__).resolve().parents[1] / "stdlib"

SAMPLE = {"ifeval": 200, "ifbench": 100}
"""Rows on which the reference evaluator, slow as it is, runs as well."""

UNRECORDED = {"custom:character_reverse", "custom:csv_city"}
"""Ids to whose prompts there is no response."""

EXCEPTIONS: Mapping[tuple[str, object, str], str] = {}
"""Benchmark, key and id, to the reason why a port's verdict is not the recorded one.

There is none: nothing on record is random or a crash. On IFEval's keys 1122 and 1129, where the reference checks a
letter that it draws, the record has what the prompt says.
"""


def test_the_benchmarks_have_112_ids() -> None:
    assert tuple(IDS) == BENCHMARKS
    assert [len(ids) for ids in IDS.values()] == [25, 29, 58]
    assert len(MODULE_OF) == 112  # no id stands in two


@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_a_module_holds_the_ports_of_its_ids_and_no_other_constraint(benchmark: str) -> None:
    module = verif_dsl.load(STDLIB / f"{benchmark}.vif")
    assert set(module.constraints) == set(map(port_name, IDS[benchmark]))
    assert {port(id) for id in IDS[benchmark]} <= set(ports())


@pytest.mark.parametrize("benchmark", RESPONSES)
def test_the_prompts_of_a_benchmark_use_all_its_ids_and_no_other(benchmark: str) -> None:
    prompts = read_jsonl(existing(benchmark) / "prompts.jsonl")
    assert {id for row in prompts for id in row["instruction_id_list"]} == set(IDS[benchmark])
    answered = {id for one in recorded(benchmark) for id in one.graded.asked.ids}
    assert set(IDS[benchmark]) - answered == UNRECORDED & set(IDS[benchmark])


@pytest.mark.parametrize(
    ("benchmark", "instruction"), [(benchmark, id) for benchmark in RESPONSES for id in IDS[benchmark]]
)
def test_a_port_agrees_with_every_recorded_verdict_strict_and_loose(benchmark: str, instruction: str) -> None:
    skip_without_data(ports()[port(instruction)])
    lines = [
        (
            one.graded.asked.key,
            (one.graded.strict[index], one.graded.loose[index]),
            (one.strict[index], one.loose[index]),
        )
        for one in recorded(benchmark)
        for index, id in enumerate(one.graded.asked.ids)
        if id == instruction
    ]
    assert lines or instruction in UNRECORDED, f"no response was recorded for {instruction}"
    disagreeing = [key for key, ours, theirs in lines if ours != theirs]
    assert disagreeing == [key for name, key, id in EXCEPTIONS if (name, id) == (benchmark, instruction)], (
        f"{len(disagreeing)} of {len(lines)} verdicts on {instruction} disagree, keys {disagreeing}"
    )


@pytest.mark.parametrize("benchmark", RESPONSES)
def test_the_reference_evaluator_gives_the_columnar_verdicts_on_real_rows(benchmark: str) -> None:
    decided = Counter[bool]()
    for one in Random(0).sample(recorded(benchmark), SAMPLE[benchmark]):
        asked = one.graded.asked
        for id, use, verdict in zip(asked.ids, asked.uses, one.graded.strict, strict=True):
            constraint = ports()[use.constraint]
            assert constraint.check is not None
            if lacking(constraint.check) is not None:
                assert verdict is None
                continue
            row = Row(prepare(one.response), use.arguments, {PROMPT.key: prepare(asked.prompt)})
            expected = bool(one.response.strip()) and evaluate(constraint.check, row) is True
            assert verdict is expected, f"{id} of key {asked.key}"
            decided[expected] += 1
    assert min(decided[True], decided[False]) > SAMPLE[benchmark] / 10
