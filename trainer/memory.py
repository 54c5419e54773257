"""How much memory a process of a run takes, estimated from the model's shape: no weights are loaded.

What stays for the whole run (weights, gradients, the optimizer's state) is exact up to the allocator's rounding. What
comes and goes is an estimate: what PyTorch keeps of each layer for the backward pass, and the keys and values of what
is being written.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verif_dsl import VerifError
from verif_dsl.trainer import processes
from verif_dsl.trainer.config import TINY, Config
from verif_dsl.trainer.lora import adapted

TILE = 4096, 32768
"""Tokens and vocabulary of the part of the logits that TRL has in memory at a time (`kernels/chunked_logprob.py`)."""
STATES: Mapping[str, float] = {"8bit": 2, "4bit": 1, "adafactor": 0.1, "lion": 4, "sgd": 0, "adagrad": 4, "rmsprop": 4}
"""Bytes of state a weight by what an optimizer's name has in it; two numbers of 32 bits for others, such as AdamW."""


@dataclass(frozen=True, slots=True)
class Part:
    """Something that takes memory, and how much, in bytes."""

    name: str
    size: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a process needs: `kept` throughout training, `sampling` and `learning` in turns beside it.

    `whole` is the model as every process has it to measure before and after training, and nothing beside it.
    """

    parameters: int
    trained: int
    kept: tuple[Part, ...]
    sampling: tuple[Part, ...]
    learning: tuple[Part, ...]
    whole: float
    checkpoint: float
    """What one checkpoint takes on the disk: what is trained, and the optimizer's state of all processes."""

    @property
    def resident(self) -> float:
        """What is needed throughout training."""
        return sum(part.size for part in self.kept)

    @property
    def peak(self) -> float:
        """The most that is needed at a time."""
        turns = (sum(part.size for part in parts) for parts in (self.sampling, self.learning))
        return max(self.whole, self.resident + max(turns))


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """What a model has to know of a tokenizer."""

    size: int
    pad_token_id: int = 0
    eos_token_id: int = 1

    def __len__(self) -> int:
        return self.size


def shape_of(config: Config) -> Any:
    """The model of a configuration without its weights, on PyTorch's device `meta`.

    Raises `VerifError` when transformers knows no such model.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    with torch.device("meta"):
        if config.model == TINY:
            from verif_dsl.trainer.tiny import random_model

            return random_model(_Vocabulary(config.tiny.vocabulary), config.tiny)
        try:
            known = AutoConfig.from_pretrained(config.model, local_files_only=True)
            return AutoModelForCausalLM.from_config(known)
        except (OSError, ValueError, KeyError) as error:
            first_line = str(error).partition("\n")[0]
            raise VerifError(f"{config.model}: transformers knows no such model ({first_line})") from None


def estimate(model: Any, config: Config, arguments: Any, *, prompt: int, gpu: int | None = None) -> Estimate:
    """What one process of a run needs, where prompts have up to `prompt` tokens.

    Where there is no GPU, and the model is not the embedded one, it is the need of a run on GPUs, with TRL's defaults
    for these. `gpu` is the memory of one in bytes, for what vLLM takes of it.
    """
    on_cpu = config.model == TINY or arguments.device.type != "cpu"
    mixed = arguments.bf16 or arguments.fp16 if on_cpu else config.grpo.get("bf16") is not False
    recomputed = arguments.gradient_checkpointing if on_cpu else config.grpo.get("gradient_checkpointing") is not False
    parameters = sum(one.numel() for one in model.parameters())
    trained = parameters
    if config.lora is not None:
        trained = sum(config.lora.rank * sum(layer.weight.shape) for _, layer in adapted(model, config.lora))
    each = _bytes_of((arguments.model_init_kwargs or {}).get("dtype", "float32"), model)
    stage = _zero_stage(arguments)
    count = processes.count()
    spread = count if _fsdp() or stage == 3 else 1
    in_deepspeed = stage > 0 and mixed
    computed = 2 if mixed else each
    of_adapter = 4 if config.lora is not None else each
    kept = [
        Part("weights", parameters * (2 if in_deepspeed else each) / spread),
        Part("gradients", trained * (2 if in_deepspeed else of_adapter) / (count if stage >= 2 else spread)),
    ]
    per_weight = _states(arguments) * (of_adapter / 4) if not in_deepspeed else 4 + _states(arguments)
    kept.append(Part("state of the optimizer", trained * per_weight / (count if stage >= 1 else spread)))
    if arguments.beta and config.lora is None:
        kept.append(Part("reference model, for `beta`", parameters * (2 if in_deepspeed else each) / spread))
    if mixed and each > 2 and spread == 1 and not in_deepspeed:
        kept.append(Part("weights in 16 bits, for autocast", 2 * parameters))
    tokens = arguments.per_device_train_batch_size * (prompt + arguments.max_completion_length)
    layers = list(_layers(model, tokens, computed))
    passed_on = len(layers) * tokens * _text(model).hidden_size * computed
    learning = [
        Part("activations", passed_on + max(layers) if recomputed else sum(layers)),
        Part("logits, a part at a time", 2 * 4 * min(tokens, TILE[0]) * min(_text(model).vocab_size, TILE[1])),
    ]
    if arguments.use_vllm:
        share = arguments.vllm_gpu_memory_utilization if arguments.vllm_mode == "colocate" else 0.0
        sampling = [Part("vLLM in this process", share * (gpu or 0))]
        if share and not arguments.vllm_enable_sleep_mode:
            learning += sampling
    else:
        written = arguments.generation_batch_size // count
        cached = _keys_and_values(model, computed) * written * (prompt + arguments.max_completion_length)
        sampling = [Part(f"keys and values of {written} completions", cached)]
    whole = parameters * each
    # Under FSDP the weights are saved twice: to go on from, and to load.
    checkpoint = trained * (per_weight + of_adapter) + (whole if _fsdp() else 0)
    return Estimate(parameters, trained, tuple(kept), tuple(sampling), tuple(learning), whole, checkpoint)


def _layers(model: Any, tokens: int, computed: int) -> Iterator[int]:
    """For each layer what the backward pass needs of it, in bytes: the inputs of its operations, as PyTorch keeps them.

    Normalisation is computed in 32 bits; attention keeps no scores, for it is computed piecewise.
    """
    text = _text(model)
    hidden, inner = text.hidden_size, getattr(text, "intermediate_size", None) or 4 * text.hidden_size
    heads = text.num_attention_heads
    width = getattr(text, "head_dim", None) or hidden // heads
    groups = getattr(text, "num_key_value_heads", None) or heads
    attention = width * (2 * heads + 2 * groups)  # queries, keys, values, and what comes of them
    for _ in range(text.num_hidden_layers):
        # Two inputs and outputs of normalisation, each also in 32 bits; four of the gated inner layer.
        yield tokens * (computed * (4 * hidden + attention + 4 * inner) + 4 * 4 * hidden)


def _keys_and_values(model: Any, computed: int) -> int:
    """What the cache of one token takes, in bytes."""
    text = _text(model)
    width = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    groups = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    return int(2 * text.num_hidden_layers * groups * width * computed)


def _text(model: Any) -> Any:
    return model.config.get_text_config()


def _bytes_of(dtype: Any, model: Any) -> int:
    import torch

    if isinstance(dtype, str):
        dtype = None if dtype == "auto" else getattr(torch, dtype, None)
    return int((dtype or getattr(model.config, "dtype", None) or torch.float32).itemsize)


def _states(arguments: Any) -> float:
    name = str(getattr(arguments.optim, "value", arguments.optim))
    return next((size for part, size in STATES.items() if part in name), 8)


def _fsdp() -> bool:
    return os.environ.get("ACCELERATE_USE_FSDP", "").lower() == "true"


def _zero_stage(arguments: Any) -> int:
    """The stage of DeepSpeed's ZeRO; 0 without it."""
    plugin = getattr(arguments, "deepspeed_plugin", None)
    return 0 if plugin is None else int(plugin.zero_stage)


def free_on_disk(folder: Path) -> int:
    """How much the disk has room for where the folder is, or is to be, in bytes."""
    there = next(one for one in (folder, *folder.parents) if one.exists())
    return shutil.disk_usage(there).free
