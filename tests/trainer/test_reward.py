"""The reward function as TRL calls it."""

import json
import math
import pickle
from pathlib import Path
from typing import Any

import pytest

from verif_dsl import VerifError
from verif_dsl.trainer.reward import ShuffledReward, VerifierReward

RULES = (Path(__file__).parent / "rules.vif").read_text(encoding="utf-8")
JUDGED = (Path(__file__).parent / "judged.vif").read_text(encoding="utf-8")
LOWERCASE = '[{"use": "lowercase"}]'


def commas(count: int) -> str:
    return json.dumps([{"use": "commas", "with": {"n": count}}])


def said(content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


def called(reward: Any, completions: list[Any], constraints: list[str], **columns: Any) -> list[float | None]:
    """Call the reward with everything that TRL passes."""
    logged: dict[str, float] = {}
    return reward(
        prompts=["Say it."] * len(completions),
        completions=completions,
        completion_ids=[[1, 2]] * len(completions),
        constraints=constraints,
        trainer_state=None,
        log_extra=lambda column, values: None,
        log_metric=logged.__setitem__,
        topic=["x"] * len(completions),
        **columns,
    )


def metrics(reward: VerifierReward, completions: list[Any], constraints: list[str]) -> dict[str, float]:
    logged: dict[str, float] = {}
    reward(
        prompts=[""] * len(completions),
        completions=completions,
        constraints=constraints,
        log_metric=logged.__setitem__,
    )
    return logged


def test_each_row_is_judged_by_its_own_constraints_and_arguments() -> None:
    reward = VerifierReward(RULES)
    both = '[{"use": "commas", "with": {"n": 1}}, {"use": "lowercase"}]'
    assert called(reward, ["a, b", "a, b", "A, b"], [commas(1), commas(2), both]) == [1.0, 0.0, 0.5]


def test_a_row_that_unknown_verdicts_leave_open_is_none() -> None:
    reward = VerifierReward(RULES + JUDGED)
    tone_and_lowercase = '[{"use": "tone"}, {"use": "lowercase"}]'
    rewards = called(reward, ["a", "A", "a"], [tone_and_lowercase, tone_and_lowercase, LOWERCASE])
    # A product with a hard part of 0 is 0, whatever the judge would say.
    assert rewards == [None, 0.0, 1.0]


def test_an_expression_replaces_the_default() -> None:
    reward = VerifierReward(RULES + JUDGED, "mean(hard, if_empty=1)")
    assert called(reward, ["a"], ['[{"use": "tone"}, {"use": "lowercase"}]']) == [1.0]


def test_the_answer_in_a_conversation_is_what_the_assistant_says_last() -> None:
    reward = VerifierReward(RULES)
    in_parts = [{"type": "text", "text": "sm"}, {"type": "image"}, {"type": "text", "text": "all"}]
    completions: list[Any] = [
        [said("small")],
        [said("Large"), {"role": "tool", "content": "X"}, said("small")],
        [said(None)],
        [said(in_parts)],
        [],
    ]
    # An empty answer fails everything.
    assert called(reward, completions, [LOWERCASE] * 5) == [1.0, 1.0, 0.0, 1.0, 0.0]


def test_checks_read_the_last_thing_the_user_said() -> None:
    source = """
    constraint brief {
      instruct "Answer with one word more than I use, at most."
      check len(words(response)) <= len(words(prompt)) + 1
      accept "one two" after user "hi"
      reject "one two three" after user "hi"
    }
    """
    reward = VerifierReward(source)
    messages = [{"role": "system", "content": "Say very little."}, {"role": "user", "content": "hi"}]
    asked = ['[{"use": "brief"}]'] * 4
    completions = ["one two", "one two three"] * 2
    prompts = ["hi", "hi", messages, messages]
    assert reward(prompts=prompts, completions=completions, constraints=asked) == [1.0, 0.0, 1.0, 0.0]


def test_no_reward_for_no_completion() -> None:
    assert called(VerifierReward(RULES), [], []) == []


def test_a_missing_column_is_one_clear_sentence() -> None:
    with pytest.raises(VerifError, match="no column `constraints`"):
        VerifierReward(RULES)(prompts=["?"], completions=["a"], answer=["b"])


@pytest.mark.parametrize("wrong", ['[{"use": "comas"}]', '[{"use": "commas", "with": {"n": 99}}]', "{", None])
def test_a_row_that_asks_for_what_is_not_there_is_named(wrong: Any) -> None:
    with pytest.raises(VerifError, match="row 1"):
        called(VerifierReward(RULES), ["a", "b"], [LOWERCASE, wrong])


def test_it_pickles_as_text_even_after_use() -> None:
    reward = VerifierReward(RULES, "all(hard)")
    expected = called(reward, ["a, b", "A"], [commas(1), LOWERCASE])
    state = pickle.dumps(reward)
    assert len(state) < len(RULES) + 500
    again = pickle.loads(state)
    assert again.__name__ == "verifier_reward"
    assert called(again, ["a, b", "A"], [commas(1), LOWERCASE]) == expected


def test_the_same_metrics_are_logged_at_every_call() -> None:
    reward = VerifierReward(RULES + JUDGED)
    names = {"constraint/commas", "constraint/lowercase", "constraint/tone", "undecided_share"}
    first = metrics(reward, ["a,", "b"], [commas(1), commas(1)])
    second = metrics(reward, ["a"], ['[{"use": "tone"}]'])
    assert set(first) == set(second) == names
    assert first["constraint/commas"] == 0.5
    assert first["undecided_share"] == 0.0
    assert second["undecided_share"] == 1.0
    # Nothing decided is NaN, which TRL leaves out of its averages, and not 0.
    assert math.isnan(first["constraint/lowercase"])
    assert math.isnan(second["constraint/tone"])


def test_rows_may_ask_for_what_the_file_only_imports_and_that_has_its_metrics() -> None:
    reward = VerifierReward('import "std/ifeval" as ifeval\n')
    names = set()
    for name, expected in (("punctuation_no_comma", 1.0), ("startend_quotation", 0.0)):
        asked = json.dumps([{"use": f"ifeval.{name}"}])
        logged = metrics(reward, ["a b"], [asked])
        assert logged[f"constraint/ifeval.{name}"] == expected
        names.add(frozenset(logged))
    assert len(names) == 1  # whatever the rows of a process ask for


def test_metrics_go_by_the_constraint_and_not_by_the_name_a_row_gives_it() -> None:
    asked = '[{"use": "lowercase", "as": "quiet"}]'
    assert metrics(VerifierReward(RULES), ["a"], [asked])["constraint/lowercase"] == 1.0


def test_the_control_deals_the_same_rewards_out_in_another_order() -> None:
    completions = ["a", "A"] * 16
    real = called(VerifierReward(RULES), completions, [LOWERCASE] * 32)
    shuffled = called(ShuffledReward(VerifierReward(RULES), seed=0), completions, [LOWERCASE] * 32)
    assert sorted(shuffled) == sorted(real)
    assert shuffled != real
    assert shuffled == called(ShuffledReward(VerifierReward(RULES), seed=0), completions, [LOWERCASE] * 32)
