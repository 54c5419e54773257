"""Run by accelerate's launcher: `vif train` with the model spread over processes without GPUs. Not a test itself.

    accelerate launch --config_file FILE spread_run.py CONFIG FOLDER

FOLDER gets `RANK.json`: how many weights the process held after each step. accelerate spreads models over devices other
than CPUs only, and so it is told that these are such devices; all else is as on GPUs.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch
from accelerate.state import PartialState
from accelerate.utils import DistributedType

from verif_dsl.cli import main
from verif_dsl.trainer import processes
from verif_dsl.trainer.callbacks import Tell


def held(parameter: Any) -> int:
    """How many of a parameter's weights are in this process."""
    if hasattr(parameter, "to_local"):  # FSDP's
        return int(parameter.to_local().numel())
    return int(getattr(parameter, "ds_tensor", parameter).numel())  # DeepSpeed's


def recorded(config: str, folder: Path) -> int:
    weights: list[int] = []

    def on_step_end(self: Any, _arguments: Any, _state: Any, _control: Any, model: Any, **_: Any) -> None:
        weights.append(sum(held(parameter) for parameter in model.parameters()))

    def on_cpus(self: Any) -> None:
        self.device = torch.device("cpu")

    Tell.on_step_end = on_step_end  # type: ignore[attr-defined]
    PartialState._prepare_backend = lambda *_, **__: ("gloo", DistributedType.MULTI_GPU)
    PartialState.set_device = on_cpus
    status = main(["train", config])
    (folder / f"{processes.number()}.json").write_text(json.dumps({"held": weights}), encoding="utf-8")
    return status


if __name__ == "__main__":
    sys.exit(recorded(sys.argv[1], Path(sys.argv[2])))
