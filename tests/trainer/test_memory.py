"""How much memory a run takes, by estimate: beside what PyTorch and the libraries really keep."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from verif_dsl.trainer import dry_run, memory, processes
from verif_dsl.trainer.config import Config, LoraConfig, TinyConfig
from verif_dsl.trainer.findings import Findings


def config(**changes: Any) -> Config:
    return Config(constraints="rules.vif", output="out", **changes)


def arguments(**changes: Any) -> Any:
    """As much of TRL's arguments as an estimate reads."""
    given: dict[str, Any] = {
        "device": SimpleNamespace(type="cuda"),
        "bf16": False,
        "fp16": False,
        "gradient_checkpointing": False,
        "model_init_kwargs": None,
        "per_device_train_batch_size": 2,
        "generation_batch_size": 8,
        "max_completion_length": 32,
        "beta": 0.0,
        "use_vllm": False,
        "vllm_mode": "colocate",
        "vllm_gpu_memory_utilization": 0.3,
        "vllm_enable_sleep_mode": False,
        "optim": "adamw_torch_fused",
        "deepspeed_plugin": None,
    }
    return SimpleNamespace(**{**given, **changes})


def sizes(found: memory.Estimate) -> Mapping[str, float]:
    return {part.name: part.size for parts in (found.kept, found.sampling, found.learning) for part in parts}


def small_model() -> Any:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=1000,
            hidden_size=128,
            intermediate_size=448,
            num_attention_heads=4,
            num_key_value_heads=2,
            num_hidden_layers=3,
        )
    )


def test_what_stays_in_memory_is_what_adamw_takes() -> None:
    import torch

    model = small_model()
    optimizer = torch.optim.AdamW(model.parameters())
    model(input_ids=torch.ones(1, 4, dtype=torch.long)).logits.sum().backward()
    optimizer.step()
    gradients = sum(one.grad.nbytes for one in model.parameters())
    state = sum(
        value.nbytes for one in optimizer.state.values() for name, value in one.items() if name.startswith("exp_avg")
    )
    found = sizes(memory.estimate(model, config(), arguments(), prompt=32))
    assert found["weights"] == sum(one.nbytes for one in model.parameters())
    assert found["gradients"] == gradients
    assert found["state of the optimizer"] == state


@pytest.mark.parametrize("mixed", [False, True])
def test_activations_are_about_what_autograd_keeps(mixed: bool) -> None:
    import torch

    model = small_model()
    own = {one.untyped_storage().data_ptr() for one in model.parameters()}
    kept: dict[int, Any] = {}

    def keep(tensor: Any) -> Any:
        if tensor.untyped_storage().data_ptr() not in own:
            kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with (
        torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor),
        torch.autocast("cpu", dtype=torch.bfloat16, enabled=mixed),
    ):
        model.model(input_ids=torch.ones(2, 256, dtype=torch.long))
    measured = sum(one.untyped_storage().nbytes() for one in kept.values())
    given = arguments(bf16=mixed, max_completion_length=224)
    found = sizes(memory.estimate(model, config(), given, prompt=32))
    autocast = found.get("weights in 16 bits, for autocast", 0.0)  # autograd keeps these, too
    assert found["activations"] + autocast == pytest.approx(measured, rel=0.15)
    recomputed = sizes(memory.estimate(model, config(), arguments(bf16=mixed, gradient_checkpointing=True), prompt=32))
    assert recomputed["activations"] < found["activations"]


def test_keys_and_values_are_those_of_the_cache() -> None:
    import torch

    model = small_model()
    cache = model(input_ids=torch.ones(8, 64, dtype=torch.long), use_cache=True).past_key_values
    measured = sum(layer.keys.nbytes + layer.values.nbytes for layer in cache.layers)
    found = sizes(memory.estimate(model, config(), arguments(), prompt=32))
    assert found["keys and values of 8 completions"] == measured


def test_an_adapter_is_counted_as_peft_counts_it() -> None:
    pytest.importorskip("peft")
    from peft import get_peft_model

    from verif_dsl.trainer.lora import adapter_for

    model, lora = small_model(), LoraConfig(rank=4)
    found = memory.estimate(model, config(lora=lora), arguments(beta=0.1), prompt=32)
    assert not any("reference" in name for name in sizes(found))
    trained, every = get_peft_model(model, adapter_for(model, lora)).get_nb_trainable_parameters()
    assert (found.trained, found.parameters) == (trained, every - trained)


def test_what_is_spread_over_processes_is_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small_model()
    alone = sizes(memory.estimate(model, config(), arguments(beta=0.1), prompt=32))
    monkeypatch.setattr(processes, "count", lambda: 4)
    copied = sizes(memory.estimate(model, config(), arguments(beta=0.1), prompt=32))
    kept = ("weights", "gradients", "state of the optimizer", "reference model, for `beta`")
    assert [copied[name] for name in kept] == [alone[name] for name in kept]
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    spread = sizes(memory.estimate(model, config(), arguments(beta=0.1), prompt=32))
    assert [spread[name] for name in kept] == [alone[name] / 4 for name in kept]


def test_the_parameters_of_a_large_model_are_counted_without_loading_it(tmp_path: Path) -> None:
    # The shape of Llama-3.1-8B, which has 8,030,261,248.
    shape = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": 128256,
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "tie_word_embeddings": False,
    }
    (tmp_path / "config.json").write_text(json.dumps(shape), encoding="utf-8")
    model = memory.shape_of(config(model=str(tmp_path)))
    found = memory.estimate(model, config(model=str(tmp_path)), arguments(bf16=True), prompt=1024)
    assert found.parameters == 8_030_261_248
    assert 4 * found.parameters == found.whole == sizes(found)["weights"]


def test_a_gpu_that_is_too_small_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    model = small_model()
    needed = memory.estimate(model, config(), arguments(), prompt=64)
    for room, problems, warnings in ((10, 1, 0), (needed.resident + 1, 0, 1), (needed.peak + 1, 0, 0)):
        there = SimpleNamespace(total_memory=room)
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _, there=there: there)
        found = Findings()
        dry_run._memory(config(), arguments(), model, 64, found)
        assert (len(found.problems), len(found.warnings)) == (problems, warnings)


def test_the_embedded_model_is_measured_too() -> None:
    tiny = TinyConfig(vocabulary=300, hidden=16, layers=1)
    model = memory.shape_of(config(tiny=tiny))
    assert sum(one.numel() for one in model.parameters()) == 7952
    assert all(one.device.type == "meta" for one in model.parameters())


def test_free_room_is_that_of_the_nearest_folder(tmp_path: Path) -> None:
    assert memory.free_on_disk(tmp_path / "not" / "yet") > 0
    assert os.listdir(tmp_path) == []  # noqa: PTH208 # whether anything at all is there
