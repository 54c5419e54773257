"""The meaning of the language as data: the rows of data/conformance, held against every back end.

A row is a `check`, an expression over `response`, with the texts that `pass` it, `fail` it or leave it `unknown`; or a
`code` with one `check` or several `checks` that must not compile. It may have `clauses` in front of the check, a
`define` in front of the constraint, the arguments it is used `with`, and a `prompt`. `repeat` multiplies its texts, and
`escaped` says that they are written with the escapes of JSON.
"""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

import verif_dsl
from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.binding import bind
from verif_dsl.compiler.conversation import turns_of
from verif_dsl.compiler.diagnostics import Diagnostic, SourceError
from verif_dsl.compiler.program import Program
from verif_dsl.compiler.source import Source
from verif_dsl.compiler.specs import build
from verif_dsl.compiler.texts import is_blank, prepare, too_large

Case = dict[str, Any]

FOLDER = Path(__file__).parent / "data" / "conformance"
OUTCOMES = ("pass", "fail", "unknown")
KEYS = {"check", "checks", "code", "clauses", "define", "with", "prompt", "repeat", "escaped", *OUTCOMES}


def cases() -> list[Case]:
    """The rows of every file, one for each check."""
    files = [tomllib.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.toml"))]
    tables = [table for file in files for table in file["case"]]
    return [{**table, "check": check} for table in tables for check in table.get("checks", [table.get("check")])]


CASES = cases()


def compiled(case: Case) -> tuple[Program, tuple[Diagnostic, ...]]:
    """The check in a constraint; its examples are beside the point here, and are not run."""
    said = turns_of(case.get("prompt", ""))
    after = " ".join(["after", *(f"{role} {json.dumps(text, ensure_ascii=False)}" for role, text in said)])
    clauses = f'instruct "x" {case.get("clauses", "")} check {case["check"]}\naccept "a" {after} reject "b" {after}'
    return build(Source("<case>", f"{case.get('define', '')} constraint c {{ {clauses} }}"))


def expected(case: Case) -> dict[str, str]:
    """The texts of a row, each with its outcome."""
    written = [(text, outcome) for outcome in OUTCOMES for text in case.get(outcome, [])]
    if case.get("escaped"):
        written = [(json.loads(f'"{text}"'), outcome) for text, outcome in written]
    return {text * case.get("repeat", 1): outcome for text, outcome in written}


def test_rows_say_what_they_mean() -> None:
    for case in CASES:
        assert case.keys() <= KEYS, case["check"]
        texts = [text for outcome in OUTCOMES for text in case.get(outcome, [])]
        assert len(set(texts)) == len(texts), f"{case['check']} has a text twice"
        assert bool(texts) != ("code" in case), f"{case['check']} has either texts or a code"
    told_apart = [tuple(repr(case.get(key)) for key in sorted(KEYS - {"checks", "code", *OUTCOMES})) for case in CASES]
    assert len(set(told_apart)) == len(told_apart), "a row stands twice"


@pytest.mark.parametrize("case", [case for case in CASES if "code" in case], ids=lambda case: case["check"])
def test_a_row_that_does_not_compile_says_why(case: Case) -> None:
    try:
        _, diagnostics = compiled(case)
    except SourceError as error:
        diagnostics = error.diagnostics
    assert {one.code for one in diagnostics} == {case["code"]}


@pytest.mark.parametrize("case", [case for case in CASES if "code" not in case], ids=lambda case: case["check"])
def test_every_back_end_gives_the_verdicts_of_the_row(case: Case) -> None:
    program, diagnostics = compiled(case)
    assert [one for one in diagnostics if one.severity == "error"] == []
    constraint, prompt, arguments = program.constraints["c"], case.get("prompt", ""), case.get("with", {})
    given = {one.key: prepare(one.find(turns_of(prompt), {}) or "") for one in constraint.givens}
    bound = bind(constraint, arguments)

    def by_reference(text: str) -> str:
        form = prepare(text)
        if is_blank(form):
            return "fail"
        if too_large(form):
            return "unknown"
        assert constraint.check is not None
        return "pass" if evaluate(constraint.check, Row(form, bound, given)) else "fail"

    outcomes = expected(case)
    assert {text: by_reference(text) for text in outcomes} == outcomes
    use = json.dumps([{"use": "c", "with": arguments}])
    columns = verif_dsl.Verifier(program).check(list(outcomes), prompts=[prompt] * len(outcomes), constraints=use)
    assert dict(zip(outcomes, columns.column("c"), strict=True)) == outcomes
