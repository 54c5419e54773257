"""A hostile .vif file costs a bounded amount of time, and ends in a sentence: never in a traceback."""

import pytest

import verif_dsl
from verif_dsl.compiler import check_source
from verif_dsl.compiler.source import Source

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
