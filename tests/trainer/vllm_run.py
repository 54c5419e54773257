"""Run by torchrun: `vif train` with vLLM on a CPU, one or several processes. Not a test itself.

    torchrun --standalone --nproc_per_node 2 vllm_run.py CONFIG FOLDER

FOLDER gets `RANK.json`: whether vLLM in this process was gone when the trained model was loaded to be measured, and how
many tensors went to a vLLM behind a server at each update.

On a CPU two things are missing. vLLM packs the weights that it loads and forgets them, so that there is nothing to put
new ones into: here it computes with them as they are. And there is no NCCL, which takes the weights to a server: here
they are only counted. All else is as on a GPU.
"""

import json
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from verif_dsl.cli import main
from verif_dsl.trainer import needs, processes, train


def recorded(config: str, folder: Path) -> int:
    # Here, because pytest imports every file to look for doctests.
    import vllm._custom_ops
    import vllm.model_executor.layers.utils
    from trl.generation.vllm_client import VLLMClient
    from trl.generation.vllm_generation import VLLMGeneration

    engines: list[weakref.ref[Any]] = []
    gone: list[bool] = []
    sent: list[int] = []
    start, load = VLLMGeneration._init_vllm, train.load_model

    def started(self: Any) -> None:
        start(self)
        if self.mode == "colocate":
            engines.append(weakref.ref(self.llm.llm_engine.model_executor.driver_worker.model_runner.model))

    def loaded(*arguments: Any) -> Any:
        gone.extend(engine() is None for engine in engines)
        return load(*arguments)

    def counted(self: Any, _metadata: Any, tensors: Iterator[Any]) -> None:
        sent.append(sum(1 for _ in tensors))

    vllm._custom_ops._supports_onednn = False
    vllm.model_executor.layers.utils.check_cpu_sgl_kernel = lambda *_: False
    VLLMClient.init_communicator, VLLMClient.update_named_params = lambda *_, **__: None, counted
    VLLMGeneration._init_vllm, train.load_model = started, loaded
    checks = {name: tuple(one for one in each if one is not needs.check_gpu) for name, each in needs.CHECKS.items()}
    needs.CHECKS = checks  # type: ignore[misc]
    status = main(["train", config])
    record = json.dumps({"gone": gone, "sent": sent})
    (folder / f"{processes.number()}.json").write_text(record, encoding="utf-8")
    return status


if __name__ == "__main__":
    sys.exit(recorded(sys.argv[1], Path(sys.argv[2])))
