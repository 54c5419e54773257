"""The model card says what was trained on what and what came of it, and nothing about the machine it happened on."""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

import verif_dsl
from verif_dsl import Verifier
from verif_dsl.compiler.artefact import artefact
from verif_dsl.trainer.card import card, write_card
from verif_dsl.trainer.config import Config
from verif_dsl.trainer.data import Row
from verif_dsl.trainer.measure import Measurement
from verif_dsl.trainer.report import Report

RULES = """
import "std/length" as length
constraint lowercase version 3 { instruct "Small." check lower(response) == response accept "a" reject "A" }
constraint tone {
  instruct "Be formal."
  judge { ask "Is it formal?" scale 1 to 5 pass >= 4 show response unknown mask }
  accept "We regret to say no." score 5
  reject "Nope." score 1
}
"""
ROWS = [
    Row("Say a.", '[{"use": "lowercase"}]'),
    Row("Say b.", '[{"use": "length.word_range", "with": {"min": 1, "max": 4}}]'),
]
CONFIG: dict[str, Any] = {
    "constraints": "/home/me/secret/rules.vif",
    "model": "/home/me/models/mine-0.6B",
    "data": "/home/me/secret/rows.jsonl",
    "held_out": "/home/me/secret/held_out.jsonl",
    "output": "/home/me/secret/out",
    "seed": 7,
    "grpo": {"max_steps": 2, "learning_rate": 1e-5, "vllm_server_base_url": "http://10.1.2.3:8000"},
}
JUDGE = {
    "model": "org/judge-8B",
    "url": "http://10.1.2.3:9000/v1",
    "key_variable": "MY_KEY",
    "votes": 3,
    "temperature": 0.5,
}


@pytest.fixture(scope="module")
def verifier() -> Verifier:
    return verif_dsl.compile(RULES)


def measured(rewards: list[float | None], **pass_rates: float | None) -> Measurement:
    return Measurement(
        answers=["a"] * len(rewards), rewards=rewards, verdicts=[[]] * len(rewards), pass_rates=pass_rates
    )


def report(**changes: Any) -> Report:
    return Report(
        config=Config(**{**CONFIG, **changes}),
        held_out=ROWS,
        before=measured([0.25, None], lowercase=0.25, tone=None),
        after=measured([0.5, 1.0], lowercase=0.75, tone=None),
        log=[{"step": 1, "reward": 0.1}, {"step": 2, "reward": 0.2}],
        seconds=61.7,
    )


def front_matter(text: str) -> dict[str, Any]:
    _, matter, _ = text.split("---\n", 2)
    found: dict[str, Any] = yaml.safe_load(matter)
    return found


def test_the_card_names_everything_that_the_result_depends_on(verifier: Verifier) -> None:
    text = card(report(judge=JUDGE, reward="verif-paper"), verifier, ROWS)
    versions = ", ".join(f"{name} {version(name)}" for name in ("trl", "transformers", "torch"))
    for line in (
        "# mine-0.6B, trained on rules.vif\n",
        "| base model | `mine-0.6B` |\n",
        "| data | `rows.jsonl`, 2 rows |\n",
        "| held-out data | `held_out.jsonl`, 2 rows |\n",
        f"| constraints | `rules.vif`, SHA-256 with imports `{verifier.program.digest}` |\n",
        "| reward | `verif-paper`, which is `mean(all(hard), all(soft))` |\n",
        "| judge | `org/judge-8B` by endpoint, mode each, 3 votes, temperature 0.5 |\n",
        "| training | GRPO, 2 steps (max_steps 2, learning_rate 1e-05) |\n",
        "| seed | 7 |\n",
        f"| made with | verif-dsl {verif_dsl.__version__}, {versions}",
        "| `lowercase` | 0.250 | 0.750 | +0.500 |\n",
        "| `tone` | - | - | - |\n",
        "| mean reward | 0.250 | 0.750 | +0.500 |\n",
        "- `tone`: no verdict on it was decided.\n",
        "- Whether people would agree with the judge: its verdicts are the opinion of a model.\n",
    ):
        assert line in text


def test_constraints_have_the_versions_and_the_hashes_that_vif_emit_shows(verifier: Verifier) -> None:
    text = card(report(), verifier, ROWS)
    for name, one in json.loads(artefact(verifier.program))["constraints"].items():
        assert f"| `{name}` | {one['kind']} | {one['version']} | `{one['sha256']}` |\n" in text
    assert "| `lowercase` | hard | 3 | " in text
    assert "| `length.word_range` | hard | 1 | " in text  # only a row asks for it
    assert "`length.sentence_range`" not in text


def test_nothing_of_the_machine_is_told(verifier: Verifier) -> None:
    local = {**JUDGE, "engine": "transformers", "url": None, "model": "/home/me/secret/judge-1B"}
    for judge in (JUDGE, local):
        text = card(report(judge=judge), verifier, ROWS)
        assert not [word for word in ("/home", "secret", "10.1.2.3", "http", "MY_KEY") if word in text]
    assert "`judge-1B` by transformers" in text


@pytest.mark.parametrize(
    ("model", "name", "base"),
    [
        ("/x/models--Org--Some-0.5B/snapshots/0123abcd", "Org/Some-0.5B", "Org/Some-0.5B"),
        ("/x/runs/first/model", "first/model", None),
        ("/x/mine", "mine", None),
        ("tiny", "verif-dsl's embedded model", None),
    ],
)
def test_the_base_model_is_named_for_readers_and_for_the_hub(
    verifier: Verifier, model: str, name: str, base: str | None
) -> None:
    text = card(report(model=model), verifier, ROWS)
    assert f"# {name}, trained on rules.vif\n" in text
    found = front_matter(text)
    assert found.pop("base_model", None) == base
    assert found == {
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["verif-dsl", "trl", "grpo"],
    }


def test_made_data_a_control_and_the_default_reward_are_told(verifier: Verifier) -> None:
    text = card(report(data="made", held_out=2, shuffle_rewards=True, lora={"rank": 4}), verifier, ROWS)
    assert "| data | made by verif-dsl from the constraints, 2 rows |\n" in text
    assert "| held-out data | kept from the same, 2 rows |\n" in text
    assert "| reward | each row's own, else `mean(hard, if_empty=1) * all(soft)` |\n" in text
    assert "| judge | none; judged constraints were left undecided |\n" in text
    assert "an adapter of rank 4" in text
    assert "**This is a control experiment**: rewards were dealt out at random" in text


def test_what_looks_like_markdown_is_shown_as_it_is(verifier: Verifier) -> None:
    text = card(report(data="/x/a|b`c.jsonl", held_out=1), verifier, ROWS)
    assert "| data | `` a\\|b`c.jsonl ``, 2 rows |\n" in text


def test_the_card_is_written_beside_the_model_and_is_the_same_again(verifier: Verifier, tmp_path: Path) -> None:
    digests = set()
    for _ in range(2):
        write_card(tmp_path, report(), verifier, ROWS)
        digests.add(hashlib.sha256((tmp_path / "README.md").read_bytes()).hexdigest())
    assert len(digests) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]
