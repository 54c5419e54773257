"""Run by torchrun: `vif train` of a configuration, with a record of what each process saw. Not a test itself.

    torchrun --standalone --nproc_per_node 2 recorded_run.py CONFIG FOLDER [STEP]

FOLDER gets `RANK.json`: the keys of every log, and after every step a digest of the weights. With STEP, the process
with number 1, and it alone, meets an error in that call of its reward.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from verif_dsl import VerifError
from verif_dsl.cli import main
from verif_dsl.trainer import processes
from verif_dsl.trainer.callbacks import Tell
from verif_dsl.trainer.reward import VerifierReward


def recorded(config: str, folder: Path, fail_at: int) -> int:
    logged: list[list[str]] = []
    weights: list[str] = []
    calls = 0
    rewarded = VerifierReward.__call__

    def rewards(self: VerifierReward, **columns: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == fail_at and processes.number() == 1:
            raise VerifError("the judge is gone")
        return rewarded(self, **columns)

    def on_log(self: Any, _arguments: Any, _state: Any, _control: Any, logs: Any = None, **_: Any) -> None:
        logged.append(sorted(logs))

    def on_step_end(self: Any, _arguments: Any, _state: Any, _control: Any, model: Any, **_: Any) -> None:
        digest = hashlib.sha256()
        for parameter in model.parameters():
            digest.update(parameter.detach().numpy().tobytes())
        weights.append(digest.hexdigest())

    VerifierReward.__call__ = rewards  # type: ignore[method-assign]
    Tell.on_log, Tell.on_step_end = on_log, on_step_end  # type: ignore[method-assign]
    status = main(["train", config])
    record = {"logged": logged, "weights": weights}
    (folder / f"{processes.number()}.json").write_text(json.dumps(record), encoding="utf-8")
    return status


if __name__ == "__main__":
    config, folder, *fail_at = sys.argv[1:]
    sys.exit(recorded(config, Path(folder), int(fail_at[0]) if fail_at else 0))
