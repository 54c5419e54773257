"""Training an adapter: what is saved, that it goes on after a stop, and what is told where it cannot be."""

from pathlib import Path
from typing import Any

import pytest

from tests.trainer.test_resuming import CHANGES, stopped, weights
from tests.trainer.test_training import written
from verif_dsl import VerifError
from verif_dsl.trainer import lora
from verif_dsl.trainer.config import Config, LoraConfig, TinyConfig
from verif_dsl.trainer.memory import shape_of
from verif_dsl.trainer.train import train

pytest.importorskip("peft")

ADAPTER: dict[str, Any] = {**CHANGES, "lora": {"rank": 4, "alpha": 8, "targets": ["q_proj", "v_proj"]}}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that trained an adapter and measured in between."""
    folder = tmp_path_factory.mktemp("trained")
    train(written(folder, **{**ADAPTER, "evaluation": {"every": 4}}))
    return folder


def test_the_model_is_whole_and_the_adapter_stands_beside_it(trained: Path) -> None:
    from safetensors.torch import load_file

    out = trained / "out"
    assert {path.name for path in out.iterdir()} >= {"adapter", "model", "start"}
    assert not (out / "best").exists()
    assert not (out / "model" / "adapter_config.json").exists()
    start, model = (load_file(out / name / "model.safetensors") for name in ("start", "model"))
    adapter = load_file(out / "adapter" / "adapter_model.safetensors")
    changed = {name for name in start if not start[name].equal(model[name])}
    assert changed == {f"model.layers.0.self_attn.{name}.weight" for name in ("q_proj", "v_proj")}
    name = "layers.0.self_attn.q_proj"
    down, up = (adapter[f"base_model.model.model.{name}.lora_{part}.weight"] for part in "AB")
    added = model[f"model.{name}.weight"] - start[f"model.{name}.weight"]
    assert (added - 8 / 4 * up @ down).abs().max() < 1e-6


def test_training_an_adapter_goes_on_to_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [tmp_path / name for name in ("whole", "stopped")]
    for folder in folders:
        folder.mkdir()
    train(written(folders[0], **ADAPTER))
    train(stopped(folders[1], monkeypatch, at=6, **ADAPTER))
    assert weights(folders[0]) == weights(folders[1])


def test_a_target_that_no_layer_is_called_is_named(tmp_path: Path) -> None:
    config = written(tmp_path, **{**ADAPTER, "lora": {"targets": ["q_pro"]}})
    with pytest.raises(VerifError, match=r"no linear layer of the model is called `q_pro` \(did you mean `q_proj`\?\)"):
        train(config)


def test_without_peft_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lora, "find_spec", lambda name: None)
    with pytest.raises(VerifError, match=r"`lora` needs a package .*: pip install 'verif-dsl\[lora\]'"):
        train(written(tmp_path, **ADAPTER))
    assert not (tmp_path / "out").exists()


def test_all_layers_but_the_last_get_an_adapter_by_default() -> None:
    tiny = TinyConfig(hidden=16, layers=1)
    model = shape_of(Config(constraints="rules.vif", output="out", tiny=tiny))
    names = {name.rpartition(".")[2] for name, _ in lora.adapted(model, LoraConfig())}
    assert names == {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
