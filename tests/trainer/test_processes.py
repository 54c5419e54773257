"""Training by several processes, on a CPU with gloo: it ends once, with the same weights in all, or stops in all."""

import json
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load

import verif_dsl
from tests.trainer.test_training import JUDGED, RULES, SMALL, written
from verif_dsl import VerifError
from verif_dsl.trainer import processes
from verif_dsl.trainer.checkpoints import check_owner
from verif_dsl.trainer.config import load_config
from verif_dsl.trainer.grpo import log_beside
from verif_dsl.trainer.reward import VerifierReward
from verif_dsl.trainer.train import depends_on

RUN = Path(__file__).parent / "recorded_run.py"
SPREAD = Path(__file__).parent / "spread_run.py"
ROOT = Path(__file__).parents[2]
# A row asks for one thing, so that most steps see a constraint in one process only.
ASKED = ('[{"use": "commas", "with": {"n": 1}}]', '[{"use": "lowercase"}]', '[{"use": "tone"}]')
CHANGES: dict[str, Any] = {
    "data": "rows.jsonl",
    "held_out": 5,
    "checkpoints": {"every": 2},
    "evaluation": {"every": 2},
    "grpo": {**SMALL["grpo"], "max_steps": 4, "per_device_train_batch_size": 4, "warmup_steps": 0},
}


def by_two(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """The command, run by two processes in the folder."""
    return launched(folder, "torch.distributed.run", "--standalone", "--nproc_per_node", "2", *command)


def launched(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """What a launcher's module does in the folder."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "DS_ACCELERATOR": "cpu"}
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, env=environment, capture_output=True, text=True, timeout=600
    )


def by_two_nodes(folder: Path, *command: str) -> list[subprocess.CompletedProcess[str]]:
    """The command, run by one process each on two nodes, which are both this machine, in the folder they share."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        meeting = f"127.0.0.1:{found.getsockname()[1]}"
    options = ("--nnodes", "2", "--nproc_per_node", "1", "--rdzv_backend", "c10d", "--rdzv_endpoint", meeting)
    with ThreadPoolExecutor() as nodes:
        started = [nodes.submit(launched, folder, "torch.distributed.run", *options, *command) for _ in range(2)]
        return [one.result() for one in started]


def configured(folder: Path, **changes: Any) -> Path:
    rows = [{"prompt": f"Say {number}.", "constraints": ASKED[number % 3]} for number in range(24)]
    folder.mkdir(exist_ok=True)
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return written(folder, **{**CHANGES, **changes})


def weights(folder: Path) -> bytes:
    return (folder / "out" / "model" / "model.safetensors").read_bytes()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, list[Any]]:
    """A run by two processes: its folder, what it printed, and what each process saw."""
    folder = tmp_path_factory.mktemp("trained")
    done = by_two(folder, str(RUN), str(configured(folder)), ".")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout, [json.loads((folder / f"{rank}.json").read_text("utf-8")) for rank in (0, 1)]


def test_results_are_told_and_written_once(trained: tuple[Path, str, list[Any]]) -> None:
    folder, told, _ = trained
    assert told.count("Training with GRPO") == told.count("mean reward") == 1
    names = {path.name for path in (folder / "out").iterdir()}
    assert {"metrics.json", "model", "samples.md", "start"} <= names
    assert names.isdisjoint({"best", "trainer"})


def test_both_processes_have_the_same_weights_after_every_step(trained: tuple[Path, str, list[Any]]) -> None:
    first, second = trained[2]
    assert len(first["weights"]) == 4
    assert first["weights"] == second["weights"]
    assert len(set(first["weights"])) == 4


def test_both_processes_log_the_same_names(trained: tuple[Path, str, list[Any]]) -> None:
    first, second = trained[2]
    assert first["logged"] == second["logged"]


def test_what_one_process_alone_sees_is_in_the_metrics(trained: tuple[Path, str, list[Any]]) -> None:
    steps = json.loads((trained[0] / "out" / "metrics.json").read_text("utf-8"))["steps"]
    assert [step["step"] for step in steps] == [1, 2, 3, 4]
    rates = [{name: value for name, value in step.items() if name.startswith("constraint/")} for step in steps]
    assert {"constraint/commas", "constraint/lowercase"} <= {name for found in rates for name in found}
    # Without a judge `tone` has a verdict for blank answers only, so it is not in every step.
    assert all(value is not None for found in rates for value in found.values())


def test_an_error_in_one_process_stops_all_and_training_goes_on_from_there(
    tmp_path: Path, trained: tuple[Path, str, list[Any]]
) -> None:
    config = configured(tmp_path)
    done = by_two(tmp_path, str(RUN), str(config), ".", "4")
    assert done.returncode != 0
    assert "error: the judge is gone; training is saved up to step 2" in done.stderr
    assert not (tmp_path / "out" / "model").exists()
    again = by_two(tmp_path, "-m", "verif_dsl", "train", str(config))
    assert again.returncode == 0, again.stdout + again.stderr
    assert again.stdout.count("going on after step 2") == 1
    assert weights(tmp_path) == weights(trained[0])


def test_two_nodes_come_to_the_same_weights(tmp_path: Path, trained: tuple[Path, str, list[Any]]) -> None:
    nodes = by_two_nodes(tmp_path, "-m", "verif_dsl", "train", str(configured(tmp_path)))
    assert [one.returncode for one in nodes] == [0, 0], "".join(one.stdout + one.stderr for one in nodes)
    assert sum(one.stdout.count("mean reward") for one in nodes) == 1
    assert weights(tmp_path) == weights(trained[0])


@pytest.mark.parametrize(
    "launch",
    [
        "launch-fsdp",
        pytest.param(
            "launch-zero3",
            marks=pytest.mark.skipif(find_spec("deepspeed") is None, reason="DeepSpeed is not installed"),
        ),
    ],
)
def test_a_model_spread_over_both_comes_to_the_same_weights(
    tmp_path: Path, trained: tuple[Path, str, list[Any]], launch: str
) -> None:
    recipe = yaml.safe_load((ROOT / "trainer" / "recipes" / f"{launch}.yaml").read_text("utf-8"))
    ours = {**recipe, "num_processes": 2, "mixed_precision": "no"}
    (tmp_path / "launch.yaml").write_text(yaml.safe_dump(ours), encoding="utf-8")
    config = configured(tmp_path, grpo={**CHANGES["grpo"], "use_cpu": False})
    options = ("--config_file", "launch.yaml", "--main_process_port", "0")
    done = launched(tmp_path, "accelerate.commands.launch", *options, str(SPREAD), str(config), ".")
    assert done.returncode == 0, done.stdout + done.stderr
    alone, spread = (load(weights(folder)) for folder in (trained[0], tmp_path))
    for name, weight in alone.items():
        torch.testing.assert_close(spread[name], weight, rtol=0, atol=1e-6)
    whole = sum(weight.numel() for weight in alone.values())
    for rank in (0, 1):
        found = json.loads((tmp_path / f"{rank}.json").read_text("utf-8"))["held"]
        assert len(found) == 4 and found[0] < 0.6 * whole


# ------------------------------------------------------------------------------------------------ what they do together

TOGETHER = """
import sys
from accelerate import PartialState
import verif_dsl
from verif_dsl import VerifError
from verif_dsl.trainer import processes
from verif_dsl.trainer.checkpoints import check_owner
from verif_dsl.trainer.config import load_config

PartialState(cpu=True)
assert processes.count() == 2
doubled = processes.dealt_out(list(range(5)), lambda part: [(one, processes.number()) for one in part])
assert [one for one, _ in doubled] == [0, 1, 2, 3, 4] and {rank for _, rank in doubled} == {0, 1}
assert processes.dealt_out([7], lambda part: list(part)) == [7]
assert processes.once(lambda: processes.number()) == 0

def fails():
    raise VerifError("not here")

try:
    processes.once(fails)
except VerifError as error:
    assert str(error) == "not here"
    processes.leave()
    sys.exit(0)
sys.exit(1)
"""


def test_what_happens_once_is_known_to_all(tmp_path: Path) -> None:
    (tmp_path / "together.py").write_text(TOGETHER, encoding="utf-8")
    done = by_two(tmp_path, "together.py")
    assert done.returncode == 0, done.stderr


def test_a_process_by_itself_is_the_main_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "8")  # some clusters set it for every job
    monkeypatch.setenv("RANK", "3")
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    assert (processes.count(), processes.number(), processes.is_main()) == (1, 0, True)
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert (processes.count(), processes.number(), processes.is_main()) == (8, 3, False)


@pytest.mark.parametrize(("count", "names"), [(1, {"commas", "lowercase", "tone"}), (2, {"lowercase"})])
def test_a_rate_that_is_not_known_is_not_averaged_over_processes(
    monkeypatch: pytest.MonkeyPatch, count: int, names: set[str]
) -> None:
    monkeypatch.setattr(processes, "count", lambda: count)
    logged: dict[str, float] = {}
    VerifierReward(RULES.read_text("utf-8") + JUDGED)(
        prompts=["?"], completions=["small"], constraints=[ASKED[1]], log_metric=logged.__setitem__
    )
    assert {name.removeprefix("constraint/") for name in logged if name.startswith("constraint/")} == names


def test_a_run_goes_on_with_as_many_processes_as_it_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = load_config(written(tmp_path))
    verifier = verif_dsl.load(config.constraints)
    saved = tmp_path / "saved"
    (saved / "checkpoint-2").mkdir(parents=True)
    for had, has in ((1, 2), (2, 1), (2, 4)):
        monkeypatch.setattr(processes, "count", lambda had=had: had)
        (saved / "run.json").write_text(json.dumps(depends_on(config, verifier)), encoding="utf-8")
        check_owner(saved, depends_on(config, verifier))
        monkeypatch.setattr(processes, "count", lambda has=has: has)
        with pytest.raises(VerifError, match="of a run with other `processes`"):
            check_owner(saved, depends_on(config, verifier))


def test_logging_beside_a_step_leaves_the_log_of_the_step_to_come() -> None:
    trainer = SimpleNamespace(control=SimpleNamespace(should_log=True), log_completions=True)
    tables = []

    def log(entry: dict[str, float]) -> None:
        tables.append(trainer.log_completions)
        trainer.control.should_log = False

    trainer.log = log
    log_beside(trainer, {"held_out/reward": 0.5})
    assert tables == [False]
    assert trainer.control.should_log and trainer.log_completions


# ------------------------------------------------------------------------------------------------------ ways to launch

FSDP = {"ACCELERATE_USE_FSDP": "true", "FSDP_VERSION": "2", "FSDP_CPU_RAM_EFFICIENT_LOADING": "false"}


@pytest.mark.parametrize(
    ("environment", "adapter", "message"),
    [
        ({**FSDP, "FSDP_VERSION": "1"}, False, "write `fsdp_version: 2` in the launch file"),
        ({**FSDP, "FSDP_CPU_RAM_EFFICIENT_LOADING": "true"}, False, "`fsdp_cpu_ram_efficient_loading: false`"),
        (FSDP, True, "`lora` needs the whole model on every GPU, and FSDP spreads it over them; start with torchrun"),
        ({"ACCELERATE_USE_DEEPSPEED": "true"}, True, "and DeepSpeed spreads it over them"),
    ],
)
def test_ways_of_spreading_a_model_that_do_not_work_are_refused(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], adapter: bool, message: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(VerifError) as raised:
        processes.check_launch(adapter=adapter)
    assert message in str(raised.value)


@pytest.mark.parametrize("environment", [{}, FSDP, {"ACCELERATE_USE_DEEPSPEED": "true"}])
def test_ways_that_work_are_not(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    processes.check_launch(adapter=False)
