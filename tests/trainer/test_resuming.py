"""Training that is stopped, by whatever it is, goes on to the model that it would have become without the stop."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.trainer.test_training import SMALL, written
from verif_dsl import VerifError
from verif_dsl.cli import main
from verif_dsl.trainer.callbacks import HELD_OUT, REWARD, HeldOut, Seal
from verif_dsl.trainer.checkpoints import COMPLETE
from verif_dsl.trainer.folders import output_folder
from verif_dsl.trainer.measure import Measurement
from verif_dsl.trainer.reward import VerifierReward
from verif_dsl.trainer.train import train

CHANGES: dict[str, Any] = {
    "checkpoints": {"every": 2},
    "held_out": 4,
    "grpo": {**SMALL["grpo"], "max_steps": 8, "num_generations": 2},
}


def weights(folder: Path) -> bytes:
    return (folder / "out" / "model" / "model.safetensors").read_bytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The weights of a run that nobody stopped."""
    folder = tmp_path_factory.mktemp("whole")
    train(written(folder, **CHANGES))
    assert not (folder / "out" / "trainer").exists()
    return weights(folder)


def stopped(folder: Path, monkeypatch: pytest.MonkeyPatch, at: int, **changes: Any) -> Path:
    """A configuration whose training stopped in the midst of a step, because its reward raised."""
    calls = 0
    rewarded = VerifierReward.__call__

    def raises(self: VerifierReward, **columns: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == at:
            raise VerifError("the judge is gone")
        return rewarded(self, **columns)

    config = written(folder, **{**CHANGES, **changes})
    with monkeypatch.context() as patched:
        patched.setattr(VerifierReward, "__call__", raises)
        with pytest.raises(VerifError, match="the judge is gone; training is saved up to step 4, and the same command"):
            train(config)
    return config


def test_a_process_that_was_killed_goes_on_to_the_same_weights(
    tmp_path: Path, whole: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    config = written(tmp_path, **CHANGES)
    command = [sys.executable, "-m", "verif_dsl", "train", str(config)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seal = tmp_path / "out" / "trainer" / "checkpoint-4" / COMPLETE
    deadline = time.monotonic() + 300
    while not seal.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "out" / "model").exists()
    train(config)
    assert "going on after step 4" in capsys.readouterr().out
    assert weights(tmp_path) == whole


def test_what_stopped_training_is_told_with_where_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    config = stopped(tmp_path, monkeypatch, at=6)
    train(config)
    assert weights(tmp_path) == whole
    again = capsys.readouterr().out.rpartition("Loading PyTorch")[2]
    assert "Warming up" not in again
    assert "going on after step 4" in again


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda checkpoint: (checkpoint / "optimizer.pt").write_bytes(b"zero"), "optimizer.pt is not what was written"),
        (lambda checkpoint: (checkpoint / "model.safetensors").unlink(), "model.safetensors is missing"),
        (lambda checkpoint: (checkpoint / COMPLETE).unlink(), "it was not written to its end"),
    ],
)
def test_a_checkpoint_that_is_damaged_is_passed_over(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    whole: bytes,
    capsys: pytest.CaptureFixture[str],
    harm: Callable[[Path], object],
    told: str,
) -> None:
    config = stopped(tmp_path, monkeypatch, at=6)
    harm(tmp_path / "out" / "trainer" / "checkpoint-4")
    train(config)
    out = " ".join(capsys.readouterr().out.split())
    assert "checkpoint-4 is of no use and removed: " + told in out
    assert "going on after step 2" in out
    assert weights(tmp_path) == whole


def test_another_configuration_does_not_go_on_from_these_checkpoints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped(tmp_path, monkeypatch, at=6)
    config = written(tmp_path, **{**CHANGES, "seed": 1})
    with pytest.raises(VerifError, match="holds checkpoints of a run with other `seed`; write to another folder"):
        train(config)
    shutil.rmtree(tmp_path / "out" / "trainer")
    train(config)


def test_a_full_disk_leaves_the_last_checkpoint_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    config = written(tmp_path, **CHANGES)
    sealed = Seal.on_save

    def fills_up(self: Seal, arguments: Any, state: Any, control: Any, **given: Any) -> None:
        sealed(self, arguments, state, control, **given)
        following = Path(arguments.output_dir) / f"checkpoint-{state.global_step + 2}"
        if state.global_step == 4:
            following.mkdir()
            (following / "optimizer.pt").symlink_to("/dev/full")

    with monkeypatch.context() as patched:
        patched.setattr(Seal, "on_save", fills_up)
        with pytest.raises(VerifError, match=r"is the disk full\?\); training is saved up to step 4"):
            train(config)
    train(config)
    assert "going on after step 4" in capsys.readouterr().out
    assert weights(tmp_path) == whole


def test_a_gpu_that_is_full_is_told_and_what_was_measured_before_is_measured_again_if_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: bytes
) -> None:
    import torch

    config = written(tmp_path, **CHANGES)
    sealed = Seal.on_save

    def fills_up(self: Seal, arguments: Any, state: Any, control: Any, **given: Any) -> None:
        sealed(self, arguments, state, control, **given)
        if state.global_step == 4:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    with monkeypatch.context() as patched:
        patched.setattr(Seal, "on_save", fills_up)
        with pytest.raises(
            VerifError, match=r"^the GPU ran out of memory in step 5: .*; training is saved up to step 4"
        ):
            train(config)
    before = tmp_path / "out" / "trainer" / "before.json"
    before.write_bytes(before.read_bytes()[:20])
    train(config)
    assert weights(tmp_path) == whole


def test_later_epochs_come_in_the_order_they_would_have_come_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import json

    rows = [{"prompt": f"Say {number}.", "constraints": '[{"use": "lowercase"}]'} for number in range(16)]
    folders = [tmp_path / name for name in ("whole", "stopped")]
    for folder in folders:
        folder.mkdir()
        (folder / "rows.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    changes = {"data": "rows.jsonl", "grpo": {**CHANGES["grpo"], "max_steps": -1, "num_train_epochs": 3}}
    train(written(folders[0], **{**CHANGES, **changes}))
    train(stopped(folders[1], monkeypatch, at=6, **changes))
    assert weights(folders[0]) == weights(folders[1])


def test_checkpoints_in_the_midst_of_a_round_of_generation_are_refused(tmp_path: Path) -> None:
    grpo = {**SMALL["grpo"], "num_iterations": 2, "steps_per_generation": 2}
    with pytest.raises(VerifError, match=r"checkpoints.every: 2` would save in the midst .* for 4 steps.*; write 4"):
        train(written(tmp_path, checkpoints={"every": 2}, grpo=grpo))


# ------------------------------------------------------------------------------------------- measuring during training


class Model:
    """Stands for a model that is saved."""

    training = True

    def eval(self) -> None: ...

    def train(self, mode: bool) -> None: ...

    def save_pretrained(self, folder: Path) -> None:
        (folder / "weights").write_text("saved")


def held_out(folder: Path, rewards: list[float | None], patience: int | None = None) -> tuple[HeldOut, list[Any]]:
    found = iter(rewards)
    logged: list[Any] = []
    callback = HeldOut(
        2,
        patience,
        lambda: (Measurement([], [next(found)], [], {"small": 0.5}), {"empty": 0.0}),
        folder / "best",
        Model(),
    )
    callback.log = logged.append
    return callback, logged


def run(callback: HeldOut, steps: range, history: list[dict[str, Any]] | None = None) -> list[int]:
    """The steps at which the callback asks for the end of training."""
    state = SimpleNamespace(global_step=0, is_world_process_zero=True, log_history=history or [])
    callback.on_train_begin(None, state, None)
    ends = []
    for step in steps:
        state.global_step, control = step, SimpleNamespace(should_training_stop=False)
        callback.on_step_end(None, state, control, Model())
        if control.should_training_stop:
            ends.append(step)
    return ends


def test_the_best_model_is_kept_and_training_ends_when_it_gets_no_better(tmp_path: Path) -> None:
    callback, logged = held_out(tmp_path, [0.2, 0.5, 0.4, None, 0.6], patience=2)
    assert run(callback, range(1, 9)) == [8]
    assert (callback.best, callback.best_step) == (0.5, 4)
    assert (tmp_path / "best" / "weights").read_text() == "saved"
    assert logged[0] == {REWARD: 0.2, HELD_OUT + "small": 0.5, "tripwire/empty": 0.0}


def test_what_was_best_before_a_stop_is_known_after_it(tmp_path: Path) -> None:
    callback, _ = held_out(tmp_path, [0.4], patience=2)
    history = [{"reward": 0.1, "step": 1}, {REWARD: 0.5, "step": 2}, {REWARD: 0.3, "step": 4}]
    assert run(callback, range(5, 7), history) == [6]
    assert (callback.best, callback.best_step) == (0.5, 2)
    assert not (tmp_path / "best").exists()


def test_the_best_model_is_the_one_that_is_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train(written(tmp_path, **{**CHANGES, "evaluation": {"every": 2, "patience": 1}}))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "learning.png",
        "metrics.json",
        "model",
        "report.html",
        "samples.md",
        "start",
    ]


def test_a_second_run_keeps_out_of_the_folder_while_the_first_writes_to_it(tmp_path: Path) -> None:
    with output_folder(str(tmp_path)), pytest.raises(VerifError, match="another run is writing to this folder"):
        train(written(tmp_path), output=tmp_path)
    with output_folder(str(tmp_path)):  # now it is free again
        pass


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("model", "model is in the way of the results"),
        ("report.html/index.html", "report.html is in the way of the results"),
        ("trainer/checkpoint-2/../run.json", "run.json is damaged"),
    ],
)
def test_what_lies_in_the_output_folder_and_does_not_belong_there_is_told_before_training(
    tmp_path: Path, place: str, told: str
) -> None:
    path = tmp_path / "out" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(VerifError, match=told):
        train(written(tmp_path))
    assert main(["train", str(tmp_path / "train.yaml"), "--dry-run"]) == 1
