"""The columnar back end and the passes give what the reference evaluator gives, on generated programs and texts."""

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.strategies import ARGUMENTS, USABLE, conditions, rows, texts
from tests.test_builtins import needing_data
from verif_dsl.compiler.backends.columns import Check, run
from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.builtins import BUILTINS, Builtin
from verif_dsl.compiler.conversation import PROMPT
from verif_dsl.compiler.cost import cost_of
from verif_dsl.compiler.ir import Argument, Call, Constant, Input, Node
from verif_dsl.compiler.kinds import BOOL, INT, TEXT
from verif_dsl.compiler.passes import PASSES
from verif_dsl.compiler.texts import LARGEST_RESPONSE, prepare

STDLIB = Path(__file__).parent.parent / "stdlib"

CASES = int(os.environ.get("VERIF_CASES", "400"))
"""Generated batches a property; `make fuzz` sets more. Programs times texts are 25 times as many: 10,000 as it is."""

FEW_PASSES = 8 * LARGEST_RESPONSE
RESPONSE, WORD = Input("response"), Argument("word", TEXT)
SMALL = {"n": 2, "flag": True, "word": "a", "items": ("a",), "numbers": (1,), "share": Fraction(1, 2)}

agree = settings(max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def columnar(batch: list[Row], conditions: list[Node]) -> list[list[bool]]:
    arguments = {name: (kind, [row.arguments[name] for row in batch]) for name, kind in ARGUMENTS.items()}
    checks = [Check(condition, range(len(batch)), arguments) for condition in conditions]
    texts = {"response": [row.response for row in batch], PROMPT.key: [row.given[PROMPT.key] for row in batch]}
    columns = run(texts, checks)
    return [column.to_list() for column in columns]


@pytest.mark.parametrize(
    "builtin", [pytest.param(one, marks=needing_data(one), id=one.name) for one in BUILTINS.values()]
)
def test_every_builtin_is_among_those_of_the_programs(builtin: Builtin) -> None:
    """Those that are skipped here are in no generated program."""
    assert builtin in USABLE


@given(conditions(), st.lists(rows(), min_size=1, max_size=12))
@agree
def test_columns_give_what_the_reference_gives(condition: Node, batch: list[Row]) -> None:
    assert columnar(batch, [condition]) == [[evaluate(condition, row) for row in batch]]


@given(st.lists(conditions(3), min_size=5, max_size=6), st.lists(rows(), min_size=5, max_size=6))
@agree
def test_checks_that_share_a_batch_do_not_influence_each_other(checks: list[Node], batch: list[Row]) -> None:
    # Each check twice, so that every expression over the response alone is one that the batch shares.
    expected = [[evaluate(condition, row) for row in batch] for condition in checks]
    assert columnar(batch, [*checks, *checks]) == [*expected, *expected]


@given(conditions(), st.lists(rows(), min_size=2, max_size=4), st.randoms(use_true_random=False))
@agree
def test_neither_the_batch_nor_the_order_of_rows_matters(condition: Node, batch: list[Row], random: object) -> None:
    order = list(range(len(batch)))
    random.shuffle(order)  # type: ignore[attr-defined]
    together = columnar([batch[index] for index in order], [condition])[0]
    alone = [columnar([batch[index]], [condition])[0][0] for index in order]
    assert together == alone


def test_a_constant_on_the_left_is_compared_with_every_row() -> None:
    """Found by `make fuzz`: Polars compared it once where a `when` took one literal for all rows."""
    batch = [Row("a", {**SMALL, "word": ""}, {PROMPT.key: "a"})] * 2
    occurrences = Call("occurrences", (RESPONSE, WORD, Constant(False, BOOL), Constant(False, BOOL)), INT)
    for symbol, expected in (("<", False), ("<=", True), ("==", True), ("!=", False), (">", False), (">=", True)):
        condition = Call(symbol, (Constant(0, INT), occurrences), BOOL)
        assert columnar(batch, [condition]) == [[expected, expected]], symbol
        assert [evaluate(condition, row) for row in batch] == [expected, expected]


@given(conditions(), rows())
@agree
def test_every_pass_keeps_the_value(condition: Node, row: Row) -> None:
    expected = evaluate(condition, row)
    for one in PASSES:
        assert evaluate(one(condition), row) == expected, one.__name__


@given(
    conditions(3).filter(lambda one: LARGEST_RESPONSE // 2 < cost_of(one) <= FEW_PASSES),
    st.lists(st.tuples(texts, texts), min_size=1, max_size=2),
)
@settings(max_examples=max(CASES // 20, 20), deadline=None, suppress_health_check=list(HealthCheck))
def test_long_texts_agree(condition: Node, pieces: list[tuple[str, str]]) -> None:
    """Texts as long as they may be: some text, then another over and over."""
    batch = [Row(long(*pair), SMALL, {PROMPT.key: "a"}) for pair in pieces]
    assert columnar(batch, [condition]) == [[evaluate(condition, row) for row in batch]]


def long(start: str, again: str) -> str:
    """A prepared text of almost 64 KiB, which is not blank."""
    again = prepare(again) or "a"
    text = "a" + start + again * (LARGEST_RESPONSE // len(again.encode()))
    return prepare(text.encode("utf-8", errors="replace")[: LARGEST_RESPONSE - 8].decode("utf-8", errors="ignore"))


THREADS = """
import sys
from pathlib import Path
import verif_dsl
for path in sorted(Path(sys.argv[1]).glob("*.vif")):
    verifier = verif_dsl.load(path)
    responses = [one.response for other in verifier.constraints.values() for one in other.examples] * 20
    uses = ['[{"use": "%s"}]' % name for name, one in verifier.constraints.items()
            if all(parameter.default is not None for parameter in one.parameters) and not one.givens]
    for use in uses:
        print(use, verifier.check(responses, constraints=use).rewards())
"""


def test_the_number_of_threads_does_not_matter() -> None:
    found = {
        subprocess.run(
            [sys.executable, "-c", THREADS, str(STDLIB)],
            env={**os.environ, "POLARS_MAX_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "4")
    }
    assert len(found) == 1
    assert "1.0" in found.pop()
