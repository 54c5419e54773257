"""The columnar back end and the passes give what the reference evaluator gives, on generated programs and texts."""

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.strategies import ARGUMENTS, conditions, rows
from verif_dsl.compiler.backends.columns import Check, run
from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.conversation import PROMPT
from verif_dsl.compiler.ir import Node
from verif_dsl.compiler.passes import PASSES

CASES = int(os.environ.get("VERIF_CASES", "400"))
"""Generated cases a property; `make fuzz` sets more."""

agree = settings(max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def columnar(batch: list[Row], conditions: list[Node]) -> list[list[bool]]:
    arguments = {name: (kind, [row.arguments[name] for row in batch]) for name, kind in ARGUMENTS.items()}
    checks = [Check(condition, range(len(batch)), arguments) for condition in conditions]
    texts = {"response": [row.response for row in batch], PROMPT.key: [row.given[PROMPT.key] for row in batch]}
    columns = run(texts, checks)
    return [column.to_list() for column in columns]


@given(conditions(), st.lists(rows(), min_size=1, max_size=4))
@agree
def test_columns_give_what_the_reference_gives(condition: Node, batch: list[Row]) -> None:
    assert columnar(batch, [condition]) == [[evaluate(condition, row) for row in batch]]


@given(st.lists(conditions(3), min_size=2, max_size=4), st.lists(rows(), min_size=2, max_size=4))
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


@given(conditions(), rows())
@agree
def test_every_pass_keeps_the_value(condition: Node, row: Row) -> None:
    expected = evaluate(condition, row)
    for one in PASSES:
        assert evaluate(one(condition), row) == expected, one.__name__
