"""The reward function as TRL calls it."""

import json
import math
import pickle
from pathlib import Path
from typing import Any

import pytest

from verif_dsl import VerifError
from verif_dsl.trainer.reading import Reading
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
    rewards = called(reward, ["a", "A", "B", "a"], [*[tone_and_lowercase] * 3, LOWERCASE])
    # A product with a hard part of 0 is 0, whatever the judge would say.
    assert rewards == [None, 0.0, 0.0, 1.0]


def test_a_group_with_too_few_decided_rewards_is_left_out_and_counted() -> None:
    reward = VerifierReward(RULES + JUDGED, least_decided=3)
    tone_and_lowercase = '[{"use": "tone"}, {"use": "lowercase"}]'
    logged: dict[str, float] = {}
    rewards = reward(
        prompts=["first"] * 4 + ["second"] * 4 + ["third"] * 4,
        completions=["a", "A", "B", "a", "a", "A", "B", "C", "a", "A", "B", "C"],
        constraints=[tone_and_lowercase] * 8 + [LOWERCASE] * 4,
        log_metric=logged.__setitem__,
    )
    assert rewards == [None] * 4 + [None, 0.0, 0.0, 0.0] + [1.0, 0.0, 0.0, 0.0]
    assert logged["undecided_share"] == 0.25
    assert logged["groups/dropped"] == pytest.approx(1 / 3)
    assert logged["groups/without_gradient"] == pytest.approx(2 / 3)
    assert logged["groups/spread"] == pytest.approx(0.4330127 / 2)


END = 7


def read(completions: list[str], ids: list[list[int]] | None = None, **reading: Any) -> list[float | None]:
    reward = VerifierReward(RULES, reading=Reading(**{"ends": frozenset({END}), "limit": 8, **reading}))
    columns = {} if ids is None else {"completion_ids": ids}
    prompts = [str(number) for number in range(len(completions))]
    return reward(prompts=prompts, completions=completions, constraints=[LOWERCASE] * len(completions), **columns)


def test_thoughts_are_not_judged() -> None:
    thinking = ["<think>Aha</think>\n\nyes", "Aha</think>yes", "<think>aha, yes", "yes", "Yes"]
    assert read(thinking) == [1.0, 1.0, 0.0, 1.0, 0.0]
    assert read(thinking, unclosed="leave_out") == [1.0, 1.0, None, 1.0, 0.0]
    assert read(thinking, strip=False) == [0.0, 0.0, 1.0, 1.0, 0.0]
    assert read(["aha", "Aha</think>yes"], prefilled=True) == [0.0, 1.0]
    assert read(["[T]Aha[/T]yes"], marks=("[T]", "[/T]")) == [1.0]


def test_thoughts_that_the_prompt_opens_are_known_from_the_prompt() -> None:
    reward = VerifierReward(RULES)
    rewards = reward(prompts=["Say it.<think>\n", "Say it."], completions=["a", "a"], constraints=[LOWERCASE] * 2)
    assert rewards == [0.0, 1.0]
    opened = [{"role": "user", "content": "Say it."}, {"role": "assistant", "content": "<think>"}]
    assert reward(prompts=[opened], completions=[[said("a")]], constraints=[LOWERCASE]) == [0.0]


def test_what_becomes_of_completions_that_were_cut_off_is_a_policy() -> None:
    completions, ids = ["a", "a", "a"], [[1] * 8, [1] * 5 + [END], [1, END]]
    assert read(completions, ids, truncated="keep") == [1.0, 1.0, 1.0]
    assert read(completions, ids, truncated="zero") == [0.0, 1.0, 1.0]
    assert read(completions, ids, truncated="leave_out") == [None, 1.0, 1.0]
    assert read(completions, ids, truncated="soft", buffer=4) == [0.0, 0.5, 1.0]
    # Where nobody tells the ids, nothing is known to be cut off.
    assert read(completions, None, truncated="zero") == [1.0, 1.0, 1.0]


def test_degenerate_answers_and_what_they_earn_are_logged() -> None:
    logged = metrics(VerifierReward(RULES), ["#", "aaaa", "a word", ""], [LOWERCASE] * 4)
    assert logged["degenerate/share"] == 0.75
    assert logged["degenerate/reward"] == pytest.approx(2 / 3)
    assert math.isnan(metrics(VerifierReward(RULES), ["a word"], [LOWERCASE])["degenerate/reward"])


def test_the_marks_that_end_a_completion_are_no_part_of_it() -> None:
    assert read(["a<END>", "a <END><END>\n", "<END>a"], end_texts=("<END>",)) == [1.0, 1.0, 0.0]


def test_verdicts_and_feedback_stand_beside_completions_for_people() -> None:
    source = """
    constraint small {
      instruct "Write small letters."
      check response == lower(response)
      feedback "There are capitals in it."
      accept "a"
      reject "A"
    }
    """
    extra: dict[str, list[str]] = {}
    reward = VerifierReward(source, table=True, reading=Reading(truncated="zero", ends=frozenset({END})))
    reward(
        prompts=["?"] * 3,
        completions=["a", "A", "a"],
        constraints=['[{"use": "small"}]'] * 3,
        completion_ids=[[END], [END], [1]],
        log_extra=extra.__setitem__,
    )
    assert extra == {
        "verdicts": ["small: pass", "small: fail", ""],
        "feedback": ["", "There are capitals in it.", ""],
    }


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
    names = {"constraint/commas", "constraint/lowercase", "constraint/tone", "undecided_share", "cut_off_share"}
    names |= {"verifying_seconds"}
    names |= {f"thinking/{case}" for case in ("closed", "prefilled", "unclosed", "absent")}
    names |= {"degenerate/share", "degenerate/reward"}
    names |= {"groups/dropped", "groups/without_gradient", "groups/spread"}
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
