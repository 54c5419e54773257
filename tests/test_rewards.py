"""Rewards: the presets, three-valued sums, and the columnar computation against the reference."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verif_dsl import VerifError
from verif_dsl.compiler.backends.reference import Judged, evaluate_reward
from verif_dsl.compiler.backends.rewards import decided, reward_ends
from verif_dsl.compiler.rewards import Aggregate, Gate, Group, Number, Product, Reward, Sum, parse_reward
from verif_dsl.verdicts import Verdicts

PASSES = {"pass": True, "fail": False, "unknown": None}


def reward_of(expression: str, hard: list[str], soft: list[str]) -> float | None:
    kinds = ["hard"] * len(hard) + ["soft"] * len(soft)
    verdicts = [*hard, *soft]
    size = len(verdicts)
    table = pl.DataFrame(
        {
            "row": [0] * size,
            "constraint": [f"c{index}" for index in range(size)],
            "kind": kinds,
            "weight": [1.0] * size,
            "verdict": verdicts,
            "reason": [None] * size,
            "score": [None] * size,
        },
        schema_overrides={
            "row": pl.Int64,
            "kind": pl.String,
            "constraint": pl.String,
            "verdict": pl.String,
            "weight": pl.Float64,
            "score": pl.Float64,
        },
    )
    return Verdicts(table, 1, [None]).rewards(expression)[0]


@pytest.mark.parametrize(
    ("hard", "soft", "paper", "code"),
    [
        (["pass", "pass"], ["pass"], 1.0, 1.0),
        (["pass", "fail"], ["pass"], 0.5, 0.5),
        (["pass", "fail", "fail", "fail"], ["pass"], 0.5, 0.25),
        (["pass", "pass"], ["fail"], 0.5, 0.0),
        (["fail", "fail"], ["fail"], 0.0, 0.0),
        (["pass"], ["unknown"], None, None),
        (["fail", "fail"], ["unknown"], None, 0.0),
        (["pass", "unknown"], ["fail"], None, 0.0),
        ([], ["pass"], 1.0, 1.0),
        (["pass", "fail"], [], 0.5, 0.5),
        ([], [], 1.0, 1.0),
    ],
)
def test_the_presets_are_the_papers_formula_and_the_released_codes(
    hard: list[str], soft: list[str], paper: float | None, code: float | None
) -> None:
    assert reward_of("verif-paper", hard, soft) == paper
    assert reward_of("verif-code", hard, soft) == code


@pytest.mark.parametrize(
    ("expression", "hard", "soft", "expected"),
    [
        ("mean(hard, if_empty=1)", ["pass", "fail", "pass", "pass"], [], 0.75),
        ("mean(hard, if_empty=0.25)", [], ["pass"], 0.25),
        ("min(hard, soft, if_empty=1)", ["pass"], ["fail"], 0.0),
        ("any(hard)", ["fail", "unknown"], [], None),
        ("any(hard)", ["pass", "unknown"], [], 1.0),
        ("all(hard)", ["fail", "unknown"], [], 0.0),
        ("0.5 * mean(c0, c1, if_empty=0)", ["pass", "fail"], [], 0.25),
        ("mean(all(hard), all(soft)) * c0", ["fail", "pass"], ["pass"], 0.0),
        ("(mean(hard, if_empty=1) >= 0.5) * all(soft)", ["pass", "fail"], ["pass"], 1.0),
        ("(mean(hard, if_empty=1) > 0.5) * all(soft)", ["pass", "fail"], ["pass"], 0.0),
        ("(mean(hard, if_empty=1) > 0.5) * all(soft)", ["pass", "fail"], ["unknown"], 0.0),
        ("mean(hard, if_empty=1) - 0.5 * (1 - all(soft))", ["pass", "fail"], ["fail"], 0.0),
        ("2 * mean(hard, if_empty=1) - 1", ["fail"], [], -1.0),
        ("c0 and not c1 or c2", ["pass", "fail", "fail"], [], 1.0),
        ("c0 and not c1", ["pass", "pass"], [], 0.0),
        ("0.2 <= mean(hard, if_empty=1) < 0.4", ["pass", "fail", "fail"], [], 1.0),
        ("0.1 + 0.2 == 0.3", [], [], 1.0),
        ("mean(hard, if_empty=1) != 1", ["pass", "unknown"], [], None),
        ("mean(hard, if_empty=1) > 0.4", ["pass", "unknown"], [], 1.0),
        ("product(mean(hard, if_empty=1) - 1, all(soft) - 1)", ["fail"], ["fail"], 1.0),
        ("product(mean(hard, if_empty=1) - 1, all(soft) - 1)", ["fail"], ["unknown"], None),
        ("-product(hard, 2)", ["pass"], [], -2.0),
    ],
)
def test_reward_expressions(expression: str, hard: list[str], soft: list[str], expected: float | None) -> None:
    assert reward_of(expression, hard, soft) == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("verif-pape", "did you mean `verif-paper`?"),
        ("mean(hard)", "if_empty=1"),
        ("averge(hard)", "rewards have no `averge`"),
        ("hard", "group of verdicts"),
        ("mean(hard, if_empty=1) and all(soft)", "compare it"),
        ("not product(hard)", "joins conditions"),
        ("all(hard) and all(graded)", "joins conditions"),
        ("graded", "group of verdicts"),
        ("all(soft) in all(hard)", "a reward has neither"),
        ("true", "no part of a reward"),
        ("mean(hard", "cannot be read: it cannot end here (expected"),
        ("1 - ", "cannot be read: it cannot end here (expected"),
        ("all(hard) } spec t { reward all(hard)", "cannot be read"),
        ("", "cannot be read"),
        ("all(c7)", "no constraint of that name"),
    ],
)
def test_a_reward_that_makes_no_sense_is_one_clear_error(expression: str, message: str) -> None:
    with pytest.raises(VerifError) as caught:
        reward_of(expression or " ", ["pass"], [])
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (" * ".join(f"(c{index} + 1)" for index in range(24)), 2.0**24),
        ("1 - (" * 30 + "c0" + ")" * 30, 1.0),
        ("0.5 < " * 30 + "c0", 0.0),
        ("mean(c0, " * 24 + "c0" + ", if_empty=0)" * 24, 1.0),
    ],
)
def test_a_long_reward_is_no_more_work_than_its_length(expression: str, expected: float) -> None:
    # Were each part written out where it is asked for, these would be more expressions than a memory holds.
    assert reward_of(expression, ["pass"] * 24, []) == expected
    passing = [Judged(f"c{index}", "hard", 1.0, True) for index in range(24)]
    assert evaluate_reward(parse_reward(expression), passing) == (expected, expected)


members = st.sampled_from([Group("hard"), Group("soft"), Group("graded")])
rewards: st.SearchStrategy[Reward] = st.recursive(
    st.one_of(
        st.builds(Number, st.sampled_from([0.0, 0.5, 1.0, 2.0, -1.0])),
        st.builds(
            Aggregate,
            st.sampled_from(["mean", "min", "max", "all", "any", "product"]),
            st.lists(members, min_size=1, max_size=2).map(tuple),
            st.sampled_from([0.0, 0.5, 1.0]),
        ),
    ),
    lambda inner: st.one_of(
        st.builds(Product, inner, inner),
        st.builds(Sum, inner, inner),
        st.builds(Gate, st.sampled_from(["<", "<=", "=="]), inner, inner),
        st.builds(Aggregate, st.sampled_from(["mean", "min", "max"]), st.tuples(inner, inner), st.just(0.0)),
    ),
    max_leaves=4,
)
names = st.sampled_from(["a", "b", "c"])
weights = st.sampled_from([0.5, 1.0, 2.0])
verdicts = st.lists(
    st.one_of(
        st.builds(Judged, names, st.sampled_from(["hard", "soft"]), weights, st.sampled_from([True, False, None])),
        st.builds(Judged, names, st.just("soft"), weights, st.booleans(), st.sampled_from([0.0, 0.25, 1.0])),
    ),
    max_size=4,
)


@given(rewards, st.lists(verdicts, min_size=1, max_size=4))
def test_columns_give_the_reference_reward_and_neither_end_lies(reward: Reward, rows: list[list[Judged]]) -> None:
    names = {True: "pass", False: "fail", None: "unknown"}
    lines = [
        (row, one.name, one.kind, one.weight, names[one.passes], one.score)
        for row, some in enumerate(rows)
        for one in some
    ]
    schema = {
        "row": pl.Int64,
        "constraint": pl.String,
        "kind": pl.String,
        "weight": pl.Float64,
        "verdict": pl.String,
        "score": pl.Float64,
    }
    table = pl.DataFrame(lines, schema=schema, orient="row")
    low, high = reward_ends(reward, table, len(rows))
    expected = [evaluate_reward(reward, some) for some in rows]
    assert low.to_list() == pytest.approx([ends[0] for ends in expected])
    assert high.to_list() == pytest.approx([ends[1] for ends in expected])
    assert all(first <= last for first, last in expected)
    for value, some in zip(decided((low, high)), rows, strict=True):
        if all(one.passes is not None for one in some):
            assert value is not None


@given(rewards, verdicts, st.lists(st.booleans(), min_size=4, max_size=4))
def test_however_the_unknown_verdicts_turn_out_the_reward_lies_between_its_ends(
    reward: Reward, row: list[Judged], outcomes: list[bool]
) -> None:
    low, high = evaluate_reward(reward, row)
    settled = [
        Judged(one.name, one.kind, one.weight, outcome if one.passes is None else one.passes, one.score)
        for one, outcome in zip(row, outcomes, strict=False)
    ]
    final, _ = evaluate_reward(reward, settled)
    assert low - 1e-9 <= final <= high + 1e-9


def test_a_preset_is_the_expression_it_stands_for() -> None:
    assert parse_reward("verif-paper") == parse_reward("mean(all(hard), all(soft))")
