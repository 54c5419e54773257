"""Rows: made ones say what they ask, those of a file are checked, and the two sides of a split do not meet."""

import json
import random
from pathlib import Path

import pytest

import verif_dsl
from verif_dsl import VerifError
from verif_dsl.trainer.data import Row, as_chat, check_prompts, hold_out, made_rows, rows_from
from verif_dsl.trainer.text import made_sentences, split_topics

VERIFIER = verif_dsl.load(Path(__file__).parent / "rules.vif")


def test_made_rows_say_in_the_prompt_what_their_constraints_ask() -> None:
    rows = made_rows(VERIFIER, ["files", "names"], 20, random.Random(0))
    assert len({row.constraints for row in rows}) > 2
    for row in rows:
        assert VERIFIER.instruct(row.constraints) in row.prompt
        VERIFIER.check([""], constraints=row.constraints)


def test_the_same_seed_makes_the_same_rows() -> None:
    first, second = (made_rows(VERIFIER, ["files", "names"], 20, random.Random(3)) for _ in range(2))
    assert first == second


def test_held_out_topics_are_never_named_in_training() -> None:
    topics = split_topics(made_sentences(), random.Random(0))
    assert len(topics.held_out) >= 192
    assert not set(topics.held_out) & set(topics.train)


def test_a_file_of_rows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"prompt": "Speak.", "constraints": "[{\\"use\\": \\"lowercase\\"}]"}\n', encoding="utf-8")
    assert rows_from(path, VERIFIER) == [Row("Speak.", '[{"use": "lowercase"}]')]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no rows"),
        ('{"prompt": "a", "constraints": "[]"}\n{"prompt": \n', "line 2"),
        ('{"prompt": "a"}\n', "no column `constraints`"),
        ('{"prompt": "a", "constraints": "[]"}\n{"prompt": "b"}\n', r"line 2.*`constraints` is missing"),
        ('{"prompt": "", "constraints": "[]"}\n', "row 0: its prompt is empty"),
        ('{"prompt": [], "constraints": "[]"}\n', "row 0: its prompt is empty"),
        ('{"prompt": "a", "constraints": 3}\n', "`constraints` must be text"),
        ('{"prompt": "a", "constraints": "[{\\"use\\": \\"comas\\"}]"}\n', "row 0: there is no constraint `comas`"),
    ],
)
def test_a_broken_file_of_rows_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(VerifError, match=message) as raised:
        rows_from(path, VERIFIER)
    assert "rows.jsonl" in str(raised.value)


TEXT, PARTS = Row("Why?", "[]"), Row([{"role": "user", "content": [{"type": "text", "text": "Why?"}]}], "[]")
(SAID,) = as_chat([TEXT])


@pytest.mark.parametrize(
    ("rows", "chat", "has_template", "message"),
    [
        ([TEXT], True, False, "`chat: true`"),
        ([SAID], None, False, "the model has no chat template"),
        ([TEXT, SAID], False, True, "`chat: false` leaves as they are"),
        ([SAID, PARTS], None, True, "a list of parts"),
        ([TEXT, PARTS], None, True, "a list of parts"),
    ],
)
def test_prompts_that_do_not_go_with_the_model_or_with_each_other_are_refused(
    rows: list[Row], chat: bool | None, has_template: bool, message: str
) -> None:
    with pytest.raises(VerifError, match=message):
        check_prompts(rows, chat=chat, has_template=has_template)


@pytest.mark.parametrize(
    ("rows", "chat", "has_template"),
    [
        ([TEXT], None, False),
        ([TEXT], False, False),
        ([TEXT, SAID], None, True),
        ([SAID, Row([{"role": "user", "content": None}], "[]")], False, True),
        ([PARTS], None, True),
    ],
)
def test_prompts_that_go_together_are_taken(rows: list[Row], chat: bool | None, has_template: bool) -> None:
    check_prompts(rows, chat=chat, has_template=has_template)


def test_held_out_rows_share_no_prompt_with_the_others() -> None:
    rows = [Row(f"prompt {number // 2}", json.dumps([])) for number in range(20)]
    train, held_out = hold_out(rows, 5, random.Random(0))
    assert len(train) + len(held_out) == 20
    assert len(held_out) == 6
    assert not {row.prompt for row in train} & {row.prompt for row in held_out}


def test_a_split_that_leaves_nothing_to_train_on_is_refused() -> None:
    with pytest.raises(VerifError, match="`held_out: 5` leaves none of the 3 rows"):
        hold_out([Row(str(number), "[]") for number in range(3)], 5, random.Random(0))
