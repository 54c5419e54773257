"""Real prompts and responses, and what the benchmarks' own code says of them.

They are IFEval's 541 prompts with GPT-4's responses, and IFBench's 300 prompts with responses to 290 of them; each
response has the strict and the loose verdict of the reference checkers on every instruction. They lie outside the
repository: in the folder that the environment variable VERIF_CONFORMANCE names, or beside the checkout.
"""

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from verif_dsl.benchmarks.grading import Graded, grade
from verif_dsl.benchmarks.prompts import read_prompts
from verif_dsl.benchmarks.responses import read_responses
from verif_dsl.compiler.installed_data import lacking
from verif_dsl.compiler.program import Constraint

CONFORMANCE = Path(os.environ.get("VERIF_CONFORMANCE", Path(__file__).resolve().parents[2] / "shared" / "conformance"))
RESPONSES = {"ifeval": "gpt4_responses.jsonl", "ifbench": "sample_responses.jsonl"}
"""The benchmarks with recorded verdicts, and where these are."""


@dataclass(frozen=True)
class Recorded:
    """A response, the verdicts of the ports on it, and those that are on record."""

    graded: Graded
    response: str
    strict: tuple[bool, ...]
    loose: tuple[bool, ...]


@cache
def recorded(benchmark: str) -> tuple[Recorded, ...]:
    """All responses with recorded verdicts, graded by the ports; skips the test where there are none."""
    folder = existing(benchmark)
    prompts = read_prompts(folder / "prompts.jsonl", benchmark)
    responses = read_responses(folder / RESPONSES[benchmark], prompts)
    answered = [(asked, text) for asked, text in zip(prompts, responses, strict=True) if text is not None]
    lines = {row["key"]: row for row in read_jsonl(folder / RESPONSES[benchmark])}
    assert len(lines) == len(answered)
    return tuple(
        Recorded(one, text, tuple(lines[one.asked.key]["strict"]), tuple(lines[one.asked.key]["loose"]))
        for one, (_, text) in zip(grade(answered), answered, strict=True)
    )


def existing(benchmark: str) -> Path:
    """The folder of a benchmark's data; skips the test where it is missing."""
    folder = CONFORMANCE / benchmark
    if not folder.is_dir():
        pytest.skip(
            f"no conformance data in {folder} (set VERIF_CONFORMANCE to the folder that has {benchmark}/ in it)"
        )
    return folder


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def skip_without_data(constraint: Constraint) -> None:
    """Skips the test where data is not installed that a constraint's check needs."""
    assert constraint.check is not None
    if (reason := lacking(constraint.check)) is not None:
        pytest.skip(reason)
