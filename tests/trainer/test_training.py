"""Training itself, with TRL, on a model of a few thousand weights: the way from a configuration to its results."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from verif_dsl import VerifError
from verif_dsl.trainer.train import train

RULES = Path(__file__).parent / "rules.vif"
JUDGED = (Path(__file__).parent / "judged.vif").read_text(encoding="utf-8")
SMALL: dict[str, Any] = {
    "constraints": "rules.vif",
    "output": "out",
    "held_out": 6,
    "tiny": {"vocabulary": 300, "hidden": 16, "layers": 1, "examples": 64, "steps": 4, "batch": 8},
    "grpo": {
        "max_steps": 3,
        "per_device_train_batch_size": 8,
        "num_generations": 4,
        "max_completion_length": 8,
        "learning_rate": "1e-2",
    },
}


def written(folder: Path, **changes: Any) -> Path:
    """A small configuration in the folder, beside its rules; the keys of `changes` replace those of `SMALL`."""
    (folder / "rules.vif").write_text(RULES.read_text(encoding="utf-8") + JUDGED, encoding="utf-8")
    path = folder / "train.yaml"
    path.write_text(yaml.safe_dump({**SMALL, **changes}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of one small run."""
    folder = tmp_path_factory.mktemp("trained")
    train(written(folder))
    return folder / "out"


def test_a_run_leaves_its_results_and_nothing_else(trained: Path) -> None:
    assert sorted(path.name for path in trained.iterdir()) == [
        "learning.png",
        "metrics.json",
        "model",
        "report.html",
        "samples.md",
        "start",
    ]
    assert (trained / "learning.png").read_bytes().startswith(b"\x89PNG")
    assert (trained / "samples.md").read_text(encoding="utf-8").count("After, reward") == 6


def test_the_metrics_hold_what_the_table_shows_and_every_constraint_at_every_step(trained: Path) -> None:
    metrics = json.loads((trained / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["seed"] == 0
    assert metrics["seconds"] > 0
    assert set(metrics["mean_reward"]) == {"before", "after", "gain"}
    assert set(metrics["pass_rates"]) == {"commas", "lowercase", "tone"}
    assert metrics["pass_rates"]["tone"] == {"before": None, "after": None}
    assert len(metrics["steps"]) == 3
    for step in metrics["steps"]:
        assert {"constraint/commas", "constraint/lowercase", "constraint/tone", "undecided_share"} <= set(step)
        # Made rows leave out what needs a judge; TRL writes its NaN as null.
        assert step["constraint/tone"] is None


def test_the_same_seed_trains_the_same_model(trained: Path, tmp_path: Path) -> None:
    train(written(tmp_path))
    for name in ("start", "model"):
        first, second = (folder / name / "model.safetensors" for folder in (trained, tmp_path / "out"))
        assert first.read_bytes() == second.read_bytes()


def test_training_changes_the_model_and_saves_it_whole(trained: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    before, after = (AutoModelForCausalLM.from_pretrained(trained / name).state_dict() for name in ("start", "model"))
    assert any(not before[name].equal(after[name]) for name in before)
    assert AutoTokenizer.from_pretrained(trained / "model").eos_token == "<end>"


def test_a_model_and_rows_of_ones_own_are_trained_on_even_where_a_judge_is_missing(
    trained: Path, tmp_path: Path
) -> None:
    asked = ['[{"use": "lowercase"}]', '[{"use": "tone"}]', '[{"use": "tone"}, {"use": "lowercase"}]', "[]"]
    rows = [{"prompt": f"Say {number}.", "constraints": asked[number % 4]} for number in range(12)]
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    config = written(tmp_path, model=str(trained / "model"), data="rows.jsonl", held_out=4, shuffle_rewards=True)
    train(config, output=tmp_path / "elsewhere")
    metrics = json.loads((tmp_path / "elsewhere" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["shuffle_rewards"] is True
    assert any(step["undecided_share"] > 0 for step in metrics["steps"])
    assert not (tmp_path / "elsewhere" / "start").exists()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"grpo": {"num_generation": 8}},
            r"train.yaml: there is no key `grpo.num_generation` \(did you mean `num_generations`\?\)",
        ),
        ({"grpo": {"max_steps": "few"}}, "`grpo.max_steps` should be a valid integer.*, not 'few'"),
        ({"grpo": {"seed": 3}}, "`grpo.seed` is the key `seed` of the configuration itself"),
        ({"grpo": {"output_dir": "x"}}, "`grpo.output_dir` is the key `output`"),
        ({"grpo": {"loss_type": "dapo", "num_generations": 7}}, "TRL refuses the `grpo` part"),
        ({"constraints": "none.vif"}, "there is no file .*none.vif"),
        ({"data": "none.jsonl"}, "none.jsonl: there is no such file"),
        ({"held_out": "none.jsonl"}, "none.jsonl: there is no such file"),
        ({"reward": "mean(hrd, if_empty=1)"}, "hrd"),
        ({"output": "train.yaml/out"}, "the output folder cannot be made"),
    ],
)
def test_a_mistake_is_found_before_anything_is_trained(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(VerifError, match=message):
        train(written(tmp_path, **changes))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("precision", ["bfloat16", "float32"])
def test_the_model_is_measured_in_the_precision_of_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: str
) -> None:
    import torch

    from verif_dsl.trainer import measure

    found: list[bool] = []
    judged = measure._judged

    def sampled(*given: Any) -> Any:
        found.append(torch.is_autocast_enabled("cpu"))
        return judged(*given)

    monkeypatch.setattr(measure, "_judged", sampled)
    train(written(tmp_path, grpo={**SMALL["grpo"], "max_steps": 1, "bf16": precision == "bfloat16"}))
    assert found == [precision == "bfloat16"] * 2


def test_too_few_rows_to_fill_a_step_are_refused(tmp_path: Path) -> None:
    rows = [{"prompt": f"Say {number}.", "constraints": "[]"} for number in range(2)]
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    with pytest.raises(VerifError, match="a step of training takes 2 rows, and there are 1; add rows"):
        train(written(tmp_path, data="rows.jsonl", held_out=1))


def test_rules_without_any_check_make_no_rows(tmp_path: Path) -> None:
    config = written(tmp_path)
    (tmp_path / "rules.vif").write_text(JUDGED, encoding="utf-8")
    with pytest.raises(VerifError, match="made data needs a constraint with a `check`"):
        train(config)
