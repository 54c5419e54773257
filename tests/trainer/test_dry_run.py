"""`vif train --dry-run`: every kind of mistake is found, all of them at once, and nothing is written."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.judging.models import save_random_judge
from tests.judging.server import JudgeServer, Reply, serving, verdict
from tests.trainer.test_training import SMALL, written
from verif_dsl.cli import main
from verif_dsl.trainer import dry_run, impossible
from verif_dsl.trainer.checkpoints import claim

ROWS = [
    {"prompt": f"Say {number}.", "constraints": '[{"use": "lowercase"}]' if number % 2 else '[{"use": "tone"}]'}
    for number in range(24)
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model with a chat template, of random weights."""
    folder = tmp_path_factory.mktemp("model")
    save_random_judge(folder)
    return folder


@pytest.fixture
def judge() -> Iterator[JudgeServer]:
    """A judge that knows the labels of its two examples."""
    with serving(lambda asked, _: verdict(5 if "regret" in asked["messages"][1]["content"] else 1)) as server:
        yield server


def configured(folder: Path, **changes: Any) -> Path:
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, ROWS)), encoding="utf-8")
    return written(folder, **{"data": "rows.jsonl", "held_out": 4, **changes})


def files(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Everything in the folder, by name."""
    paths = (path for path in folder.rglob("*"))
    return {str(one): (one.stat().st_mtime_ns, one.read_bytes() if one.is_file() else b"") for one in paths}


def tried(config: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    """The exit status of a dry run, and what it printed, without line breaks."""
    before = files(config.parent)
    status = main(["train", str(config), "--dry-run", *options])
    assert files(config.parent) == before
    return status, " ".join(capsys.readouterr().out.split())


def test_a_good_configuration_shows_what_it_takes_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, told = tried(written(tmp_path), capsys)
    assert status == 0
    for one in (
        "3 constraints in",
        "4 examples tried, and all hold",
        "6 to measure on",
        "3; a step: 2 prompts x 4 completions",
        "24 completions of up to 8 tokens: 192 at most",
        "Write about",
        "degenerate answers score empty 0.00",
        "parameters",
        "Training can begin.",
    ):
        assert one in told
    assert not (tmp_path / "out").exists()


def test_a_model_and_a_judge_of_ones_own_are_looked_at(
    tmp_path: Path, model: Path, judge: JudgeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    config = configured(
        tmp_path,
        model=str(model),
        judge={"model": "m", "url": judge.url},
        calibration={"least_agreement": 0.9},
        lora={"rank": 2},
    )
    status, told = tried(config, capsys)
    assert status == 0, told
    assert "<|im_start|>user | Say" in told  # by the chat template
    # However long it took.
    assert re.search(r"m, about 12 of 24 rows answers in \d+\.\d\d s about an example of `tone`, as labelled", told)
    assert "agrees with 100% of 2 labels: kappa 1.00, 0 unknown" in told
    assert "trained" in told


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"sed": 1}, "there is no key `sed` (did you mean `seed`?)"),
        ({"model": "nowhere"}, "there is no folder"),
        ({"constraints": "none.vif"}, "there is no file"),
        ({"constraints": "broken.vif"}, "error[V0401]"),
        ({"data": "none.jsonl"}, "none.jsonl: there is no such file"),
        ({"data": "bad.jsonl"}, "bad.jsonl, row 0: there is no constraint `lowercas`"),
        ({"data": "chat.jsonl"}, "prompts are lists of messages, and the model has no chat template"),
        ({"held_out": "chat.jsonl"}, "prompts are lists of messages, and the model has no chat template"),
        ({"chat": True}, "`chat: true` gives prompts the chat template of the model, and this one has none"),
        ({"held_out": "bad.jsonl"}, "bad.jsonl, row 0: there is no constraint `lowercas`"),
        ({"held_out": 24}, "`held_out: 24` leaves none of the 24 rows to train on"),
        ({"held_out": 23}, "a step of training takes 2 rows, and there are 1"),
        ({"reward": "mean(hrd, if_empty=1)"}, "hrd"),
        ({"grpo": {**SMALL["grpo"], "num_generation": 8}}, "no key `grpo.num_generation`"),
        ({"grpo": {**SMALL["grpo"], "num_generations": 7}}, "TRL refuses the `grpo` part"),
        ({"checkpoints": {"every": 3}, "grpo": {**SMALL["grpo"], "num_iterations": 2}}, "`checkpoints.every: 3`"),
        ({"grpo": {**SMALL["grpo"], "report_to": "wand"}}, "transformers knows (did you mean `wandb`?)"),
        ({"grpo": {**SMALL["grpo"], "max_steps": 0}}, "`grpo.max_steps: 0` trains nothing"),
        ({"grpo": {**SMALL["grpo"], "temperature": 0}}, "`grpo.temperature` should be above 0"),
        ({"grpo": {**SMALL["grpo"], "generation_kwargs": {"top_kk": 3}}}, "no key `grpo.generation_kwargs.top_kk`"),
        ({"lora": {"targets": ["x_proj"]}}, "no linear layer of the model is called `x_proj`"),
        ({"output": "rows.jsonl/out"}, "the output folder cannot be made or written to"),
        ({"judge": {"model": "m", "url": "http://127.0.0.1:9/v1"}}, "the judge m gives no reply that can be used"),
    ],
)
def test_a_mistake_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], told: str
) -> None:
    broken = 'constraint c { instruct "No a." check not ("a" in response) accept "a" reject "b" }'
    (tmp_path / "broken.vif").write_text(broken, encoding="utf-8")
    bad = {"prompt": "?", "constraints": '[{"use": "lowercas"}]'}
    (tmp_path / "bad.jsonl").write_text(json.dumps(bad), encoding="utf-8")
    messages = [{**row, "prompt": [{"role": "user", "content": row["prompt"]}]} for row in ROWS]
    (tmp_path / "chat.jsonl").write_text("\n".join(map(json.dumps, messages)), encoding="utf-8")
    status, found = tried(configured(tmp_path, **changes), capsys)
    assert status == 1
    assert told in found
    assert "1 problem to mend before training" in found


def test_all_mistakes_that_do_not_hang_together_are_found_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = configured(
        tmp_path,
        data="none.jsonl",
        held_out="neither.jsonl",
        reward="mean(hrd, if_empty=1)",
        grpo={"max_step": 1, "max_steps": "few", "seed": 3},
        output="rows.jsonl/out",
    )
    status, told = tried(config, capsys)
    assert status == 1
    for one in (
        "none.jsonl: there is no such file",
        "neither.jsonl: there is no such file",
        "hrd",
        "`grpo.max_step` (did you mean `max_steps`?)",
        "`grpo.max_steps` should be a valid integer",
        "`grpo.seed` is the key `seed`",
        "the output folder cannot be made",
        "7 problems to mend before training",
    ):
        assert one in told


def test_rules_with_a_mistake_do_not_hide_that_rows_are_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = configured(tmp_path, held_out="none.jsonl", grpo={"max_step": 1})
    (tmp_path / "rules.vif").write_text("constraint c {", encoding="utf-8")
    status, told = tried(config, capsys)
    assert status == 1
    assert "error[V0101]" in told
    assert "none.jsonl: there is no such file" in told
    assert "3 problems to mend before training" in told


def test_a_judge_that_disagrees_with_its_labels_is_a_problem(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(lambda *_: verdict(5)) as server:
        judge = {"model": "m", "url": server.url}
        status, told = tried(configured(tmp_path, judge=judge, calibration={"least_kappa": 0.5}), capsys)
    assert status == 1
    assert "not to be trained with: over 2 labels its kappa is 0.00" in told


def test_a_judge_that_replies_nonsense_is_a_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(lambda *_: Reply("nonsense")) as server:
        status, told = tried(configured(tmp_path, judge={"model": "m", "url": server.url}), capsys)
    assert status == 1
    assert "the judge m gives no reply that can be used" in told


LIMITS = """
constraint at_least {
  param n: int in 1 to 9 = 3
  instruct "Use at least {n} words."
  check len(words(response)) >= n
  accept "one two three"
  reject "one"
}

constraint at_most {
  param n: int in 1 to 9 = 3
  instruct "Use at most {n} words."
  check len(words(response)) <= n
  accept "one"
  reject "one two three four"
}
"""


def test_rows_that_no_response_can_satisfy_are_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configured(tmp_path, constraints="limits.vif")
    (tmp_path / "limits.vif").write_text(LIMITS, encoding="utf-8")
    limits = ["use at_least(n = 2) use at_most(n = 5)", "use at_least(n = 5) use at_most(n = 2)", "use at_most(n = 1)"]
    rows = [{"prompt": f"Say {number}.", "constraints": limits[number % 3]} for number in range(24)]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    status, told = tried(config, capsys)
    assert status == 0
    assert "warning: 8 rows can be satisfied by no response; in the first, `at_least` and `at_most` contradict" in told
    assert "looked at for contradictions" not in told
    monkeypatch.setattr(impossible, "MOST_TEXTS", 2)
    assert "16 of 24 looked at for contradictions" in tried(config, capsys)[1]


def test_what_stays_unknown_and_what_leaks_is_warned_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, told = tried(configured(tmp_path, held_out="rows.jsonl"), capsys)
    assert status == 0
    assert "warning: 24 of the rows to measure on have a prompt that is trained on" in told
    assert "warning: 24 of 48 rows ask for judged constraints (tone), which stay unknown: there is no `judge`" in told


# ----------------------------------------------------------------------------------------------------- the model's side


def copied(model: Path, folder: Path) -> Path:
    folder.mkdir()
    for one in model.iterdir():
        (folder / one.name).write_bytes(one.read_bytes())
    return folder


def test_weights_that_are_missing_are_named(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = copied(model, tmp_path / "mine")
    (mine / "model.safetensors").unlink()
    status, told = tried(configured(tmp_path, model="mine"), capsys)
    assert status == 1
    assert "mine: there are no weights in it" in told
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    (mine / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    (mine / "model-2.safetensors").write_bytes(b"")
    status, told = tried(configured(tmp_path, model="mine"), capsys)
    assert status == 1
    assert "1 file of weights missing, model-1.safetensors among them" in told


def test_a_model_that_nobody_knows_is_told(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = copied(model, tmp_path / "mine")
    (mine / "config.json").write_text('{"model_type": "unheard_of"}', encoding="utf-8")
    status, told = tried(configured(tmp_path, model="mine"), capsys)
    assert status == 1
    assert "mine: transformers knows no such model" in told


def test_prompts_and_completions_have_to_fit(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    grpo = {**SMALL["grpo"], "max_completion_length": 4096}
    status, told = tried(configured(tmp_path, model=str(model), grpo=grpo), capsys)
    assert status == 1
    assert "completions up to 4,096, and the model reads 4,096 in all" in told


def test_they_have_to_fit_into_the_cache_of_continuous_batching(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = {"num_blocks": 1, "page_size": 16}
    grpo = {**SMALL["grpo"], "max_completion_length": 15, "transformers_continuous_batching_config": cache}
    config = configured(tmp_path, model=str(model), grpo=grpo, generation="continuous_batching")
    status, told = tried(config, capsys)
    assert status == 1
    assert "completions up to 15, and the cache of continuous batching holds 16 in all" in told


def test_a_chat_template_that_takes_no_such_prompt_is_told(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = copied(model, tmp_path / "mine")
    for name in ("chat_template.jinja", "tokenizer_config.json"):
        if (mine / name).exists():
            text = (mine / name).read_text("utf-8")
            refuses = "{{ raise_exception('only poems') }}"
            if name.endswith("jinja"):
                text = refuses
            elif "chat_template" in (found := json.loads(text)):
                text = json.dumps({**found, "chat_template": refuses})
            (mine / name).write_text(text, encoding="utf-8")
    status, told = tried(configured(tmp_path, model="mine"), capsys)
    assert status == 1
    assert "mine: the chat template does not take the rows' prompts (only poems)" in told


# ------------------------------------------------------------------------------------------------- output, disk, launch


def test_checkpoints_of_another_run_are_a_problem_and_those_of_this_one_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import verif_dsl
    from verif_dsl.trainer.checkpoints import mark_complete
    from verif_dsl.trainer.config import load_config
    from verif_dsl.trainer.train import depends_on

    config = configured(tmp_path)
    loaded = load_config(config)
    saved = tmp_path / "out" / "trainer"
    claim(saved, depends_on(loaded, verif_dsl.load(loaded.constraints)))
    (saved / "checkpoint-2").mkdir()
    mark_complete(saved / "checkpoint-2")
    status, told = tried(config, capsys)
    assert status == 0
    assert "training goes on after step 2" in told
    status, told = tried(configured(tmp_path, seed=5), capsys)
    assert status == 1
    assert "holds checkpoints of a run with other `seed`" in told
    assert tried(configured(tmp_path, seed=5), capsys, "--output", str(tmp_path / "other"))[0] == 0


def test_a_disk_without_room_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dry_run, "free_on_disk", lambda folder: 1000)
    status, told = tried(configured(tmp_path), capsys)
    assert status == 1
    assert "are needed on the disk, and 1000 B are free" in told


def test_a_launch_that_does_not_work_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    monkeypatch.setenv("FSDP_VERSION", "1")
    status, told = tried(configured(tmp_path), capsys)
    assert status == 1
    assert "write `fsdp_version: 2`" in told
