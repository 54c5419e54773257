"""What a run needs beside its configuration is missed before it trains, with a sentence, by a dry run too."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest

from tests.judging.models import save_random_judge
from tests.trainer.test_dry_run import configured, tried
from tests.trainer.test_training import SMALL, written
from verif_dsl import VerifError
from verif_dsl.trainer import needs
from verif_dsl.trainer.config import load_config
from verif_dsl.trainer.grpo import grpo_arguments
from verif_dsl.trainer.train import train

GOOD: dict[str, Any] = {
    "weight_transfer_config": {"backend": "nccl"},
    "model_config": {"logprobs_mode": "processed_logprobs", "max_model_len": 5120},
}
"""What matters of the settings that vLLM tells."""


def arguments_of(folder: Path, **changes: Any) -> Any:
    return grpo_arguments(load_config(written(folder, **changes)), output=folder / "out", file="train.yaml")


# ------------------------------------------------------------------------------------------------ continuous batching


@pytest.mark.parametrize(
    ("grpo", "message"),
    [
        ({"repetition_penalty": 1.1}, "continuous batching leaves `repetition_penalty` out"),
        ({"generation_kwargs": {"min_new_tokens": 4}}, "continuous batching leaves `min_new_tokens` out"),
        ({"transformers_continuous_batching_config": {"pages": 4}}, "unexpected keyword argument 'pages'"),
        (
            {"max_completion_length": 300, "transformers_continuous_batching_config": {"num_blocks": 1}},
            "holds 256 tokens, and a completion has up to 300; raise `num_blocks`",
        ),
    ],
)
def test_what_continuous_batching_does_not_know_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], grpo: dict[str, Any], message: str
) -> None:
    config = configured(tmp_path, generation="continuous_batching", grpo={**SMALL["grpo"], **grpo})
    status, told = tried(config, capsys)
    assert status == 1
    assert message in told
    with pytest.raises(VerifError, match=message):
        train(config)
    assert tried(configured(tmp_path, grpo={**SMALL["grpo"], **grpo}), capsys)[0] == 0  # transformers alone does


def test_without_a_gpu_its_cache_is_a_small_one_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert arguments_of(tmp_path).transformers_continuous_batching_config["num_blocks"] == 64
    mine = {**SMALL["grpo"], "transformers_continuous_batching_config": {"num_blocks": 8}}
    assert arguments_of(tmp_path, grpo=mine).transformers_continuous_batching_config == {"num_blocks": 8}


# --------------------------------------------------------------------------------------------------------------- vLLM


@pytest.mark.parametrize("generation", ["vllm_colocate", "vllm_server"])
def test_vllm_that_is_not_installed_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], generation: str
) -> None:
    monkeypatch.setattr(needs, "find_spec", lambda name: None)
    message = f"`generation: {generation}` needs vLLM in this environment, and it is not installed"
    assert message in tried(configured(tmp_path, generation=generation), capsys)[1]
    with pytest.raises(VerifError, match=message):
        train(configured(tmp_path, generation=generation))


@pytest.mark.parametrize(
    ("generation", "device", "message"),
    [
        ("vllm_colocate", "cpu", "`generation: vllm_colocate` needs a GPU"),
        ("vllm_server", "cpu", "`generation: vllm_server` needs a GPU here"),
        ("vllm_server", "xpu", "`generation: vllm_server` needs a GPU here"),
        ("vllm_colocate", "xpu", None),
        ("vllm_server", "cuda", None),
    ],
)
def test_vllm_wants_a_gpu_that_takes_the_weights(generation: str, device: str, message: str | None) -> None:
    arguments = SimpleNamespace(vllm_mode=generation.removeprefix("vllm_"), device=SimpleNamespace(type=device))
    with nullcontext() if message is None else pytest.raises(VerifError, match=message):
        needs.check_gpu(arguments)


def test_a_dry_run_without_a_gpu_says_that_vllm_wants_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    status, told = tried(configured(tmp_path, generation="vllm_colocate"), capsys)
    assert status == 1
    assert "`generation: vllm_colocate` needs a GPU: on a CPU vLLM packs the weights" in told


def test_parts_of_vllm_have_to_come_out_even(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needs.processes, "count", lambda: 8)
    needs.check_parallel(SimpleNamespace(vllm_tensor_parallel_size=4))
    with pytest.raises(VerifError, match=r"`grpo.vllm_tensor_parallel_size: 3` does not divide the 8 processes"):
        needs.check_parallel(SimpleNamespace(vllm_tensor_parallel_size=3))


@contextmanager
def answering(known: tuple[str, ...], settings: object) -> Iterator[str]:
    """Where a server is that answers these places only, as vLLM with such settings does."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path.startswith(known) else 404)
            self.end_headers()
            self.wfile.write(json.dumps(settings).encode())

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


BOTH = ("/health", "/server_info")


@pytest.mark.parametrize(
    ("known", "settings", "problem"),
    [
        (BOTH, {"vllm_config": GOOD}, None),
        (("/health",), {"vllm_config": GOOD}, "server_info?config_format=json answers 404: start vLLM as the recipe"),
        ((), {"vllm_config": GOOD}, "health answers 404"),
        (BOTH, {}, "what answers there is no vLLM that TRL can use"),
        (BOTH, [], "what answers there is no vLLM that TRL can use"),
        (BOTH, {"vllm_config": {**GOOD, "weight_transfer_config": None}}, '`--weight-transfer-config \'{"backend"'),
        (BOTH, {"vllm_config": {**GOOD, "model_config": {}}}, "`--logprobs-mode processed_logprobs`"),
    ],
)
def test_a_server_of_vllm_is_asked_whether_it_takes_weights(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], known: tuple[str, ...], settings: object, problem: str | None
) -> None:
    with answering(known, settings) as url:
        grpo = {**SMALL["grpo"], "vllm_server_base_url": url, "vllm_server_timeout": 0}
        config = configured(tmp_path, generation="vllm_server", grpo=grpo)
        arguments = arguments_of(tmp_path, generation="vllm_server", grpo=grpo)
        _, told = tried(config, capsys)
        if problem is None:
            needs.check_server(arguments)
        else:
            with pytest.raises(VerifError) as raised:
                needs.check_server(arguments)
            assert problem in str(raised.value)
        assert (problem or f"vLLM at {url} answers") in told


def test_prompts_and_completions_have_to_fit_into_the_servers_room(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_random_judge(tmp_path / "model")
    settings = {"vllm_config": {**GOOD, "model_config": {**GOOD["model_config"], "max_model_len": 16}}}
    with answering(BOTH, settings) as url:
        grpo = {**SMALL["grpo"], "vllm_server_base_url": url}
        _, told = tried(configured(tmp_path, model="model", generation="vllm_server", grpo=grpo), capsys)
    assert "completions up to 8, and the server reads 16 in all" in told


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://NODE:port", "nowhere"])
def test_a_server_of_vllm_that_is_not_there_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    grpo = {**SMALL["grpo"], "vllm_server_base_url": url, "vllm_server_timeout": 0.1}
    _, told = tried(configured(tmp_path, generation="vllm_server", grpo=grpo), capsys)
    assert f"no vLLM server answers at {url}" in told
    needs._wait_for_server(arguments_of(tmp_path, generation="vllm_server", grpo=grpo))  # comes to an end


# ----------------------------------------------------------------------------------------------------------- trackers


def test_a_tracker_that_is_not_installed_is_named_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(needs, "get_available_reporting_integrations", lambda: ["tensorboard"])
    config = configured(tmp_path, grpo={**SMALL["grpo"], "report_to": ["tensorboard", "comet_ml"]})
    message = "`grpo.report_to: comet_ml` needs the package comet-ml, which is not installed (pip install comet-ml)"
    status, told = tried(config, capsys)
    assert status == 1
    assert message in told
    with pytest.raises(VerifError) as raised:
        train(config)
    assert str(raised.value) == message
    assert not (tmp_path / "out").exists()


def test_reporting_to_whatever_is_there_needs_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for whatever in ("all", "none", []):
        needs.check_trackers(arguments_of(tmp_path, grpo={**SMALL["grpo"], "report_to": whatever}))
