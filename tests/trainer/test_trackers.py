"""What `grpo.report_to` names gets our metrics, and the table of completions where it takes tables.

TensorBoard is installed with the tests; the tests of trackio and of Weights & Biases, which needs no network here, run
where these are.
"""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.trainer.test_training import SMALL, written
from verif_dsl import VerifError
from verif_dsl.trainer import needs

TRACKERS = [name for name in ("tensorboard", "trackio", "wandb") if find_spec(name)]
METRICS = {
    f"train/{name}"
    for name in (
        *("constraint/commas", "constraint/lowercase", "groups/dropped", "groups/spread", "undecided_share"),
        *("cut_off_share", "thinking/absent", "verifying_seconds", "degenerate/share"),
        *("held_out/reward", "held_out/commas", "tripwire/empty", "tripwire/hash"),
    )
}
COLUMNS = {"prompt", "completion", "verifier_reward", "verdicts", "feedback"}


def needing(tracker: str) -> Any:
    """Marks a test that needs the tracker's package."""
    return pytest.mark.skipif(tracker not in TRACKERS, reason=f"{tracker} is not installed (pip install {tracker})")


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of two steps that reports to every tracker that is installed."""
    folder = tmp_path_factory.mktemp("reported")
    grpo = {**SMALL["grpo"], "max_steps": 2, "report_to": TRACKERS, "log_completions": True}
    config = written(folder, evaluation={"every": 2}, grpo=grpo)
    places = {name: str(folder / name) for name in ("TRACKIO_DIR", "WANDB_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR")}
    (folder / "WANDB_DIR").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "verif_dsl", "train", str(config)],
        cwd=folder,
        env={**os.environ, **places, "WANDB_MODE": "offline", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@needing("tensorboard")
def test_tensorboard_has_every_metric_at_its_step(reported: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (file,) = reported.glob("out/trainer/runs/*/events*")
    events = EventAccumulator(str(file))
    events.Reload()
    assert set(events.Tags()["scalars"]) >= METRICS
    assert [one.step for one in events.Scalars("train/constraint/lowercase")] == [1, 2]
    assert [one.step for one in events.Scalars("train/held_out/reward")] == [2]


@needing("trackio")
def test_trackio_has_every_metric_and_the_completions_with_their_verdicts(reported: Path) -> None:
    (file,) = (reported / "TRACKIO_DIR").glob("*.db")
    with sqlite3.connect(file) as database:
        logged = [json.loads(entry) for (entry,) in database.execute("select metrics from metrics order by id")]
    assert {name for entry in logged for name in entry} >= METRICS
    tables = [entry["completions"]["_value"] for entry in logged if "completions" in entry]
    assert len(tables) == 3  # of each step, and TRL's last word; none of its own where held-out rows are measured
    assert all(set(row) >= COLUMNS for table in tables for row in table)


@needing("wandb")
def test_wandb_has_every_metric_and_the_completions_with_their_verdicts(reported: Path) -> None:
    (run,) = (reported / "WANDB_DIR").glob("wandb/offline-run-*")
    (file,) = run.glob("*.wandb")
    kept = file.read_bytes()
    assert {name for name in METRICS if name.encode() in kept} == METRICS
    tables = [json.loads(one.read_bytes()) for one in run.glob("files/media/table/*.json")]
    assert len(tables) == 3
    assert all(set(table["columns"]) >= COLUMNS for table in tables)


@needing("wandb")
def test_wandb_without_a_key_is_missed_before_training(monkeypatch: pytest.MonkeyPatch) -> None:
    import wandb

    monkeypatch.setattr(wandb, "login", lambda **_: False)
    for mode, refused in (("online", True), ("offline", False), ("disabled", False)):
        settings = SimpleNamespace(settings=SimpleNamespace(mode=mode))
        monkeypatch.setattr(wandb, "setup", lambda settings=settings: settings)
        with pytest.raises(VerifError, match="`wandb login`") if refused else nullcontext():
            needs._check_wandb()


def test_completions_are_kept_beside_the_checkpoints_whatever_is_reported_to(reported: Path) -> None:
    import polars

    files = sorted(reported.glob("out/trainer/completions/*.parquet"))
    assert [file.name for file in files] == ["completions_00001.parquet", "completions_00002.parquet"]
    assert all(set(polars.read_parquet(file).columns) >= COLUMNS for file in files)
