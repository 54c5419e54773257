"""What a run needs beside its configuration, looked at before it trains: what samples completions, what it reports to.

TRL and vLLM would come to most of this themselves, minutes later and with a traceback.
"""

import json
import time
from collections.abc import Callable, Mapping
from http.client import HTTPException
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from transformers.generation import ContinuousBatchingConfig
from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK, get_available_reporting_integrations

from verif_dsl import VerifError
from verif_dsl.compiler.diagnostics import suggestion
from verif_dsl.trainer import processes
from verif_dsl.trainer.config import Generation
from verif_dsl.trainer.grpo import sampling_arguments

# ------------------------------------------------------------------------------------------- what samples completions

LEFT_OUT: Mapping[str, Any] = {"repetition_penalty": 1.0, "min_length": 0, "min_new_tokens": None}
"""Arguments that continuous batching leaves out without an error, with the values at which they say nothing."""


def cache_room(arguments: Any) -> int | None:
    """How many tokens the cache of continuous batching holds; None where it takes what memory there is.

    Raises `VerifError` for a configuration that transformers does not take.
    """
    try:
        cache = ContinuousBatchingConfig(**(arguments.transformers_continuous_batching_config or {}))
    except (TypeError, ValueError) as error:
        raise VerifError(f"`grpo.transformers_continuous_batching_config`: {error}") from None
    return None if cache.num_blocks is None else cache.num_blocks * cache.page_size


def check_batching(arguments: Any) -> None:
    """Raise `VerifError` for arguments that transformers' continuous batching does not take, or leaves out.

    It ends a completion that its cache cannot hold without a word, and TRL would train on what there is by then.
    """
    room = cache_room(arguments)
    if room is not None and room <= arguments.max_completion_length:
        raise VerifError(
            f"the cache of continuous batching holds {room:,} tokens, and a completion has up to "
            f"{arguments.max_completion_length:,}; raise `num_blocks` in `grpo.transformers_continuous_batching_config`"
        )
    sampling = sampling_arguments(arguments)
    for name, silent in LEFT_OUT.items():
        if sampling.get(name, silent) != silent:
            raise VerifError(
                f"continuous batching leaves `{name}` out, so that training would sample otherwise than measuring "
                "does; write `generation: transformers`"
            )


def check_vllm(arguments: Any) -> None:
    """Raise `VerifError` where vLLM is not installed. TRL uses it on this side of a server, too."""
    if find_spec("vllm") is None:
        raise VerifError(
            f"`generation: vllm_{arguments.vllm_mode}` needs vLLM in this environment, and it is not installed "
            "(pip install 'trl[vllm]' finds a version that TRL takes)"
        )


def check_gpu(arguments: Any) -> None:
    """Raise `VerifError` where vLLM could not be given the weights that are trained."""
    if arguments.vllm_mode == "server" and arguments.device.type != "cuda":
        raise VerifError("`generation: vllm_server` needs a GPU here: the weights go to the server over NCCL")
    if arguments.device.type == "cpu":
        raise VerifError(
            "`generation: vllm_colocate` needs a GPU: on a CPU vLLM packs the weights that it loads, and takes no "
            "others after that"
        )


def check_parallel(arguments: Any) -> None:
    """Raise `VerifError` where vLLM's parts do not come out even over the processes."""
    size = arguments.vllm_tensor_parallel_size
    if processes.count() % size:
        raise VerifError(f"`grpo.vllm_tensor_parallel_size: {size}` does not divide the {processes.count()} processes")


def check_server(arguments: Any) -> None:
    """Raise `VerifError` when no server of vLLM answers that takes weights as TRL sends them."""
    settings = server_settings(arguments)
    backend = (settings.get("weight_transfer_config") or {}).get("backend")
    wanted = [("weight-transfer-config", """'{"backend": "nccl"}'""", backend == "nccl")]
    if arguments.vllm_importance_sampling_correction:
        mode = settings.get("model_config", {}).get("logprobs_mode")
        wanted.append(("logprobs-mode", "processed_logprobs", mode == "processed_logprobs"))
    for flag, value, is_set in wanted:
        if not is_set:
            raise VerifError(f"{server_url(arguments)}: start vLLM with `--{flag} {value}` (see serve-policy.yaml)")


def server_url(arguments: Any) -> str:
    """Where the server is that samples."""
    base = arguments.vllm_server_base_url or f"http://{arguments.vllm_server_host}:{arguments.vllm_server_port}"
    return str(base).rstrip("/")


def server_settings(arguments: Any) -> Mapping[str, Any]:
    """The settings of vLLM that the server tells. Raises `VerifError` when it does not answer."""
    base, answer = server_url(arguments), b""
    for place in ("health", "server_info?config_format=json"):
        try:
            with urlopen(f"{base}/{place}", timeout=10) as response:
                answer = response.read()
        except HTTPError as error:
            raise VerifError(
                f"{base}/{place} answers {error.code}: start vLLM as the recipe serve-policy.yaml says"
            ) from None
        except (OSError, ValueError, HTTPException) as error:
            raise VerifError(f"no vLLM server answers at {base} ({getattr(error, 'reason', error)})") from None
    try:
        settings: Mapping[str, Any] = json.loads(answer)["vllm_config"]
    except (ValueError, KeyError, TypeError):
        raise VerifError(f"{base}: what answers there is no vLLM that TRL can use") from None
    return settings


CHECKS: Mapping[Generation, tuple[Callable[[Any], None], ...]] = {
    "transformers": (),
    "continuous_batching": (check_batching,),
    "vllm_colocate": (check_vllm, check_gpu, check_parallel),
    "vllm_server": (check_vllm, check_gpu, check_server),
}
"""What is looked at for each way of sampling, given TRL's arguments."""


def check_generation(generation: Generation, arguments: Any) -> None:
    """Raise `VerifError` where completions cannot be sampled in this way. A server is waited for, as TRL waits."""
    for check in CHECKS[generation]:
        if check is check_server:
            _wait_for_server(arguments)
        check(arguments)


def _wait_for_server(arguments: Any) -> None:
    """Give a server that is only starting `grpo.vllm_server_timeout` seconds to answer, whatever it answers."""
    last = time.monotonic() + arguments.vllm_server_timeout
    while time.monotonic() < last:
        try:
            urlopen(f"{server_url(arguments)}/health", timeout=10).close()
        except (HTTPError, ValueError, HTTPException):
            return
        except OSError:
            time.sleep(1)
        else:
            return


# ----------------------------------------------------------------------------------------------- what it reports to

UNTOLD = ("azure_ml", "flyte")
"""Trackers of which transformers does not always tell whether they are installed."""


def check_trackers(arguments: Any) -> None:
    """Raise `VerifError` for a tracker that `grpo.report_to` names and that is not there."""
    installed = {*get_available_reporting_integrations(), *UNTOLD}
    for name in arguments.report_to:
        if name not in INTEGRATION_TO_CALLBACK:
            known = ", ".join(sorted(INTEGRATION_TO_CALLBACK))
            hint = suggestion(name, INTEGRATION_TO_CALLBACK) or f"these are {known}"
            raise VerifError(f"`grpo.report_to: {name}` is none of the trackers that transformers knows ({hint})")
        if name not in installed:
            package = name.replace("_", "-")
            raise VerifError(
                f"`grpo.report_to: {name}` needs the package {package}, which is not installed (pip install {package})"
            )
    if "wandb" in arguments.report_to and processes.is_main():
        _check_wandb()


def _check_wandb() -> None:
    wandb = import_module("wandb")
    if wandb.setup().settings.mode == "online" and not wandb.login(prompt=False, verify=False):
        raise VerifError("`grpo.report_to: wandb` needs a key (`wandb login`), or WANDB_MODE=offline")
