"""The meaning of the language as data: the rows of data/conformance, held against every back end."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

import verif_dsl
from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.diagnostics import Diagnostic, SourceError
from verif_dsl.compiler.program import Program
from verif_dsl.compiler.source import Source
from verif_dsl.compiler.specs import build
from verif_dsl.compiler.texts import is_blank, prepare

FOLDER = Path(__file__).parent / "data" / "conformance"
CASES = [case for path in sorted(FOLDER.glob("*.toml")) for case in tomllib.loads(path.read_text("utf-8"))["case"]]


def compiled(check: str) -> tuple[Program, tuple[Diagnostic, ...]]:
    """The check in a constraint; its examples are beside the point here, and are not run."""
    return build(Source("<case>", f'constraint c {{ instruct "x" check {check} accept "a" reject "b" }}'))


@pytest.mark.parametrize("case", [case for case in CASES if "code" in case], ids=lambda case: case["check"])
def test_a_row_that_does_not_compile_says_why(case: dict[str, Any]) -> None:
    try:
        _, diagnostics = compiled(case["check"])
    except SourceError as error:
        diagnostics = error.diagnostics
    assert {one.code for one in diagnostics} == {case["code"]}


@pytest.mark.parametrize("case", [case for case in CASES if "code" not in case], ids=lambda case: case["check"])
def test_every_back_end_gives_the_verdicts_of_the_row(case: dict[str, Any]) -> None:
    program, diagnostics = compiled(case["check"])
    assert diagnostics == ()
    expected = dict.fromkeys(case["pass"], "pass") | dict.fromkeys(case["fail"], "fail")
    condition = program.constraints["c"].check
    assert condition is not None
    texts = {text: prepare(text) for text in expected}
    by_reference = {
        text: "pass" if not is_blank(form) and evaluate(condition, Row(form)) else "fail"
        for text, form in texts.items()
    }
    assert by_reference == expected
    columns = verif_dsl.Verifier(program).check(list(expected), constraints=json.dumps([{"use": "c"}])).column("c")
    assert dict(zip(expected, columns, strict=True)) == expected
