"""Low-rank adapters (LoRA, arXiv 2106.09685) by peft: trained in place of all weights, and merged at the end."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from verif_dsl import VerifError
from verif_dsl.compiler.diagnostics import suggestion
from verif_dsl.trainer.config import LoraConfig


def check_peft() -> None:
    """Raise `VerifError` where peft is not installed."""
    if find_spec("peft") is None:
        raise VerifError("`lora` needs a package that is not installed: pip install 'verif-dsl[lora]'")


def adapted(model: Any, lora: LoraConfig) -> Iterator[tuple[str, Any]]:
    """The linear layers of a model that get an adapter, by their names."""
    import torch

    output = model.get_output_embeddings()
    for name, layer in model.named_modules():
        if not isinstance(layer, torch.nn.Linear):
            continue
        if layer is not output if lora.targets is None else name.rpartition(".")[2] in lora.targets:
            yield name, layer


def adapter_for(model: Any, lora: LoraConfig) -> Any:
    """The configuration of the adapter, as peft has it.

    Raises `VerifError` where peft is not installed, and for a target that no linear layer of the model is called.
    """
    check_peft()
    names = {name.rpartition(".")[2] for name, _ in adapted(model, lora)}
    for target in lora.targets or ():
        if target not in names:
            known = {name.rpartition(".")[2] for name, _ in adapted(model, lora.model_copy(update={"targets": None}))}
            hint = suggestion(target, known) or f"it has {', '.join(sorted(known))}"
            raise VerifError(f"`lora.targets`: no linear layer of the model is called `{target}` ({hint})")
    import peft

    return peft.LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=sorted(names),
        task_type="CAUSAL_LM",
    )


def merged(model: Any, folder: Path) -> Any:
    """The model with the adapter in a folder added to its weights."""
    from peft import PeftModel

    return PeftModel.from_pretrained(model, folder).merge_and_unload()
