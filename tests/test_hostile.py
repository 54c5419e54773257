"""A hostile .vif file costs a bounded amount of time, and ends in a sentence: never in a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import verif_dsl
from verif_dsl.compiler import check_file, check_source
from verif_dsl.compiler.diagnostics import VerifError
from verif_dsl.compiler.source import Source

CASES = int(os.environ.get("VERIF_CASES", "60"))
"""Generated files a property; `make fuzz` sets more."""

ROOT = Path(__file__).parent.parent
STDLIB = sorted((ROOT / "stdlib").glob("*.vif"))
TAIL = 'constraint c { instruct "x" check f30("a") accept "a" reject "" }'


def chain(body: str, levels: int = 30) -> str:
    """Definitions f0 to f30, each made of the one before by `body`, where F stands for a call of it."""
    lines = ['define f0(x: text) -> bool = x == "a"']
    lines += [f"define f{n}(x: text) -> bool = " + body.replace("F", f"f{n - 1}(x)") for n in range(1, levels + 1)]
    return "\n".join([*lines, TAIL])


@pytest.mark.parametrize(
    "text",
    [
        chain("F and F"),
        chain("F or (F and not F)"),
        chain("not " * 60 + "F"),
        "\n".join(
            ["constraint c {", "  let a0 = len(words(response))"]
            + [f"  let a{n} = a{n - 1} + a{n - 1}" for n in range(1, 40)]
            + ['  instruct "x"', "  check a39 > 0", '  accept "a"', '  reject "!"', "}"]
        ),
    ],
    ids=["doubling", "tripling", "deep", "lets"],
)
def test_definitions_that_grow_without_end_are_refused(text: str) -> None:
    _, report = check_source(Source("<text>", text))
    assert {one.code for one in report.diagnostics} <= {"V0104", "V0207"}
    assert report.errors


def test_a_deep_but_legal_expression_compiles_and_runs() -> None:
    check = "not " * 60 + "(" * 200 + '"a" in response' + ")" * 200
    text = f'constraint c {{ instruct "x" check {check} accept "a" reject "b" }}'
    assert verif_dsl.compile(text).check(["a", "b"]).column("c") == ["pass", "fail"]


def test_long_chains_compile_and_run() -> None:
    check = " and ".join(f"len(words(response)) != {n}" for n in range(2, 120))
    text = f'constraint c {{ instruct "x" check {check} accept "a" reject "a b" }}'
    assert verif_dsl.compile(text).check(["a", "a b"]).column("c") == ["pass", "fail"]


def constraint(check: str = '"a" in response', before: str = "", rejected: str = "b") -> str:
    return f'constraint c {{ {before} instruct "x" check {check} accept "a" reject "{rejected}" }}'


JUDGED = (
    'constraint c {{ instruct "x" judge {{ ask "a" scale 1 to {0} anchor {0} "b" pass >= {0} }} accept "a" score {0} }}'
)
NINES = "9" * 5000
FILES = {
    "a megabyte of brackets": "(" * 10**6,
    "open brackets in a check": "constraint c { check " + "(" * 500_000,
    "100,000 constraints": " ".join(f"constraint c{n} {{ }}" for n in range(100_000)),
    "10,000 constraints": " ".join(f"constraint c{n} {{ }}" for n in range(10_000)),
    "a line of 500 KB": constraint('"' + "a" * 500_000 + '" in response'),
    "a name of 500 KB": f"constraint {'a' * 500_000} {{ }}",
    "braces": "{" * 500_000,
    "holes": constraint(before='instruct "' + "{" * 400_000 + '"'),
    "NUL": constraint('"\0" in response') + "\0",
    "byte order mark": "\ufeff" + constraint(),
    "surrogates": "\udfff" + constraint('"\ud800" in response'),
    "a surrogate in a text": constraint('"\ud800" in response'),
    "unterminated text": 'constraint c { doc "abc',
    "unterminated block": "constraint c { doc '''abc" + "'" * 400_000,
    "unterminated texts": "constraint c { doc " + '"\n' * 200_000,
    "backslashes": 'constraint c { doc "' + "\\" * 400_000,
    "deep not": constraint("not " * 50_000 + "true"),
    "deep types": constraint(before="param x: " + "list of " * 50_000 + "int"),
    "deep lists": constraint(before="param x: list of text = " + "[" * 50_000 + "]" * 50_000),
    "deep rewards": constraint() + "spec s { use c() reward " + "all(" * 5000 + "hard" + ")" * 5000 + "}",
    "a long number in a version": f"constraint c version {NINES} {{ }}",
    "a long number in an edition": f"vif {NINES}",
    "a long number in a check": constraint(f"len(words(response)) < {NINES}"),
    "a long number under a minus": constraint(f"len(words(response)) > -{NINES}"),
    "a long fraction": constraint(f"len(words(response)) < 0.{NINES}"),
    "a long number in a range": constraint(before=f"param n: int in 1 to {NINES} = -{NINES}"),
    "a long number in a size": constraint(before=f"param n: list of int size 1 to {NINES} = [{NINES}]"),
    "a long number in a given": constraint(before=f"given a from assistant[-{NINES}]"),
    "a long number in a judge": JUDGED.format(NINES),
    "a long number in arguments": constraint(before="param n: int = 1")
    + f" spec s {{ use c(n = {NINES}) weight {NINES} }}",
    "a long number in a reward": constraint() + f" spec s {{ use c() reward mean(hard, if_empty={NINES}) * {NINES} }}",
    "a long number in a regex": constraint(f'matches(response, re"a{{{NINES}}}")'),
    "a regex that backtracks": constraint('matches(response, re"(a+)+$")', rejected="a" * 20_000 + "!"),
    "repeats of repeats": constraint('matches(response, re"((((a{1,30}){1,30}){1,30}){1,30})$")'),
    "many alternatives": constraint('matches(response, re"' + "|".join("a" * 100_000) + '")'),
    "open groups": constraint('matches(response, re"' + "(" * 100_000 + '")'),
    "many classes": constraint('matches(response, re"' + r"\p{L}" * 1000 + '")'),
    "escapes of no code point": constraint(r'matches(response, re"\u{D800}") or "\u{110000}" in response'),
}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_a_hostile_file_ends_in_a_report(text: str) -> None:
    _, report = check_source(Source("<text>", text))
    report.render()


IN_A_GIGABYTE = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
from tests.test_hostile import FILES
from verif_dsl.compiler import check_source
from verif_dsl.compiler.source import Source
for name, text in FILES.items():
    check_source(Source("<text>", text))[1].render()
"""


def test_hostile_files_need_little_memory() -> None:
    pytest.importorskip("resource", reason="limits of memory are those of Unix")
    done = subprocess.run([sys.executable, "-c", IN_A_GIGABYTE], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_file_that_is_not_utf_8_is_refused_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "rules.vif"
    path.write_bytes(b"constraint c { \xff\xfe }")
    with pytest.raises(VerifError, match="not UTF-8"):
        check_file(path)


@given(st.binary(max_size=300))
@settings(max_examples=CASES)
def test_random_bytes_end_in_a_report(data: bytes) -> None:
    check_source(Source("<text>", data.decode("utf-8", errors="surrogateescape")))[1].render()


@given(st.data())
@settings(max_examples=CASES)
def test_mutated_programs_end_in_a_report(data: st.DataObject) -> None:
    """A few constraints of the standard library, with pieces removed, doubled, replaced or moved."""
    constraints = data.draw(st.sampled_from(STDLIB)).read_text(encoding="utf-8").split("\n\n")
    text = data.draw(st.sampled_from(constraints))
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(start + 20, len(text))))
        other = data.draw(st.integers(0, len(text)))
        pieces = [
            "",
            text[start:end] * 2,
            text[other : other + 20],
            data.draw(st.text(max_size=3)),
            "{",
            "\\",
            '"',
            NINES,
        ]
        text = text[:start] + data.draw(st.sampled_from(pieces)) + text[end:]
    check_source(Source("<text>", text))[1].render()
