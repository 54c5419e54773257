"""What samples the completions of training: transformers' continuous batching, and vLLM in the processes or served.

The tests of vLLM run where it is installed, on its CPU build too (`make vllm`); `vllm_run.py` says what it lacks there.
"""

import asyncio
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, models

from tests.trainer.policy_server import policy_server
from tests.trainer.test_training import RULES, SMALL, written
from verif_dsl.trainer.reading import Reading
from verif_dsl.trainer.reward import VerifierReward
from verif_dsl.trainer.train import train

ROOT = Path(__file__).parents[2]
RUN = Path(__file__).parent / "vllm_run.py"
# vLLM's attention on a CPU knows no heads narrower than 32.
WIDE: dict[str, Any] = {
    "tiny": {**SMALL["tiny"], "hidden": 128},
    "grpo": {**SMALL["grpo"], "max_steps": 3, "warmup_steps": 0},
}


def vllm(test: Any) -> Any:
    """Marks a test that needs vLLM."""
    missing = find_spec("vllm") is None
    return pytest.mark.vllm(pytest.mark.skipif(missing, reason="vLLM is not installed (`make vllm` does that)")(test))


def steps_of(output: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((output / "metrics.json").read_text("utf-8"))["steps"]
    return found


def has_moved(output: Path) -> bool:
    first, last = ((output / name / "model.safetensors").read_bytes() for name in ("start", "model"))
    return first != last


def test_continuous_batching_trains_without_a_gpu(tmp_path: Path) -> None:
    train(written(tmp_path, generation="continuous_batching"))
    output = tmp_path / "out"
    assert has_moved(output)
    steps = steps_of(output)
    assert [step["step"] for step in steps] == [1, 2, 3]
    assert all(1 <= step["completions/min_length"] <= step["completions/max_length"] <= 8 for step in steps)


# ------------------------------------------------------------------------------------------------------------- vLLM


def trained(folder: Path, config: Path, *, count: int) -> list[dict[str, Any]]:
    """What `vllm_run.py` recorded of a run in so many processes."""
    command = [
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc_per_node",
        str(count),
        str(RUN),
        str(config),
        ".",
    ]
    alone = {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_CPU_OMP_THREADS_BIND": "nobind"}  # the processes share the cores
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **alone}
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert "Traceback" not in done.stderr  # at the end of the processes either
    return [json.loads((folder / f"{rank}.json").read_text("utf-8")) for rank in range(count)]


@vllm
def test_vllm_in_each_process_samples_from_the_weights_of_the_step_and_ends_with_training(tmp_path: Path) -> None:
    config = written(tmp_path, generation="vllm_colocate", evaluation={"every": 2}, **WIDE)
    records = trained(tmp_path, config, count=2)
    output = tmp_path / "out"
    assert has_moved(output)
    assert (output / "report.html").is_file()
    for step in steps_of(output):
        # What vLLM says how probable a token was, against the model: weights of a step before are off by more than 1.
        assert step["sampling/sampling_logp_difference/max"] < 0.05
    assert [record["gone"] for record in records] == [[True], [True]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Where a served policy is, and the folder of its model."""
    folder = tmp_path_factory.mktemp("served")
    train(written(folder, **{**WIDE, "grpo": {**WIDE["grpo"], "max_steps": 1}}))
    model = folder / "out" / "start"
    with policy_server(folder, model) as url:
        yield url, model


@vllm
def test_vllm_behind_a_server_samples_and_is_sent_the_weights_of_every_step(
    tmp_path: Path, server: tuple[str, Path]
) -> None:
    grpo = {**WIDE["grpo"], "vllm_server_base_url": server[0], "max_steps": 2}
    (record,) = trained(tmp_path, written(tmp_path, generation="vllm_server", **{**WIDE, "grpo": grpo}), count=1)
    first, _ = steps_of(tmp_path / "out")
    # The server has the model that training begins with, and no later one: its weights are only counted here.
    assert first["sampling/sampling_logp_difference/max"] < 1e-4
    assert len(record["sent"]) == 2 and len(set(record["sent"])) == 1
    assert has_moved(tmp_path / "out")


# ------------------------------------------------------------------------------------------- TRL's asynchronous GRPO

ASKED = '[{"use": "lowercase"}]'


def conversations(count: int) -> Any:
    from datasets import Dataset

    return Dataset.from_list(
        [{"prompt": [{"role": "user", "content": f"Say {number}."}], "constraints": ASKED} for number in range(count)]
    )


def score_in_child(reward: VerifierReward, group: Any, told: Any) -> None:
    """Scores a group as TRL's worker does; runs in a process that `spawn` starts."""
    from accelerate import PartialState
    from transformers import PreTrainedTokenizerFast
    from trl.experimental.async_grpo.async_rollout_worker import _AsyncRolloutLoop

    PartialState(cpu=True)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE()), eos_token="<end>")
    tokenizer.response_template = {}  # no answer is parsed here
    shared = dict.fromkeys(
        ("rollout_buffer", "model_version_value", "heartbeat_value", "failed_event", "exception_info_queue")
    )
    loop = _AsyncRolloutLoop(
        model_name="policy",
        dataset=conversations(1),
        reward_funcs=[reward],
        processing_class=tokenizer,
        eos_token_ids=[0],
        metrics_queue=None,
        **shared,
    )
    told.put([(one.metrics, one.advantage) for one in asyncio.run(loop._score_group(group))])


def test_asynchronous_grpo_scores_with_the_reward_in_another_process() -> None:
    from trl.experimental.async_grpo.async_rollout_worker import RolloutGroup, TrainingSequence

    answers = ["small", "Large", "<think>so</think>small", "<think>and so on"]
    group = RolloutGroup(
        prompts=[[{"role": "user", "content": "Say it."}]] * 4,
        reward_kwargs={"constraints": [ASKED] * 4},
        completions=[[{"role": "assistant", "content": text}] for text in answers],
        completions_ids=[[1, 2, 0]] * 4,
        completions_sequences=[[TrainingSequence([1, 1, 2, 0], [0, 1, 1, 1], [0.0] * 4, "id")] for _ in answers],
        tool_call_counts=[0] * 4,
        tool_failure_counts=[0] * 4,
        model_version=0,
        group_id=0,
        env_rewards=[None] * 4,
        rollout_rewards=[None] * 4,
    )
    reward = VerifierReward(RULES.read_text("utf-8"), reading=Reading(unclosed="leave_out"))
    context = get_context("spawn")
    told = context.Queue()
    child = context.Process(target=score_in_child, args=(reward, group, told))
    child.start()
    samples = told.get(timeout=300)
    child.join()
    rewards = [metrics["rewards/verifier_reward"] for metrics, _ in samples]
    assert rewards[:3] == [1, 0, 1] and math.isnan(rewards[3])
    assert [advantage > 0 for _, advantage in samples[:3]] == [True, False, True]
    assert samples[3][1] == 0


@vllm
def test_the_reward_is_called_in_the_process_that_asynchronous_grpo_starts(server: tuple[str, Path]) -> None:
    from accelerate import PartialState
    from transformers import AutoTokenizer
    from trl.chat_template_utils import qwen3_chat_template
    from trl.experimental.async_grpo.async_rollout_worker import AsyncRolloutWorker

    PartialState(cpu=True)  # TRL's trainer makes it before its worker
    url, model = server
    tokenizer = AutoTokenizer.from_pretrained(model)
    tokenizer.chat_template = qwen3_chat_template
    reward = VerifierReward(RULES.read_text("utf-8"))
    worker = AsyncRolloutWorker(
        model_name="policy",
        dataset=conversations(4),
        reward_funcs=[reward],
        processing_class=tokenizer,
        eos_token_ids=[tokenizer.eos_token_id],
        num_generations=4,
        max_inflight_tasks=8,
        vllm_server_url=url,
        max_tokens=8,
    )
    worker.start()
    try:
        samples = [worker.rollout_buffer.get(timeout=300) for _ in range(8)]
        worker.check_health(300)
    finally:
        worker.stop()
    expected = reward(
        prompts=[one.prompt for one in samples],
        completions=[one.completion for one in samples],
        constraints=[ASKED] * 8,
    )
    assert [one.metrics["rewards/verifier_reward"] for one in samples] == expected
