"""The one module that knows TRL: the arguments of its GRPO, and the run itself."""

import dataclasses
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_type_hints

import torch
from datasets import Dataset
from pydantic import TypeAdapter, ValidationError
from transformers import PrinterCallback, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from verif_dsl import VerifError
from verif_dsl.trainer.data import Row
from verif_dsl.trainer.reward import Reward
from verif_dsl.typed_yaml import unknown_key

DEFAULTS: dict[str, Any] = {
    "max_steps": 150,
    "per_device_train_batch_size": 64,
    "num_generations": 8,
    "max_completion_length": 32,
    "learning_rate": 7e-4,
    "lr_scheduler_type": "linear",
    "warmup_steps": 5,
    "temperature": 1.0,
    # A pull towards the model that training began with. Without it, rewards dealt out at random moved the model as far
    # as real ones, and one control run of two drifted into what two of the quickstart's rules ask for.
    "beta": 0.04,
}
"""What suits the embedded model; for a model of your own, only what you write and TRL's own defaults count."""

HOUSE: dict[str, Any] = {
    "save_strategy": "no",  # the trained model is saved at the end
    "logging_steps": 1,
    "report_to": "none",
    "disable_tqdm": True,  # there is a progress bar already
}
"""Where this trainer's defaults differ from TRL's for every model."""

OURS = ("output_dir", "seed")
"""Arguments that have a key of their own in the configuration."""

OnLog = Callable[[int, int, Mapping[str, Any]], None]


def grpo_arguments(given: Mapping[str, Any], *, tiny: bool, output: Path, seed: int, file: str) -> GRPOConfig:
    """TRL's configuration from the `grpo:` part of ours, which stands in `file`.

    Raises `VerifError` for a name TRL does not know, a value of the wrong type, and whatever TRL itself refuses.
    """
    fields = {field.name for field in dataclasses.fields(GRPOConfig) if field.init}
    hints = get_type_hints(GRPOConfig)
    values: dict[str, Any] = {**HOUSE, **(DEFAULTS if tiny else {})}
    for name, value in given.items():
        if name not in fields:
            raise VerifError(f"{file}: {unknown_key(f'grpo.{name}', fields)}")
        if name in OURS:
            raise VerifError(
                f"{file}: `grpo.{name}` is the key `{name.removesuffix('_dir')}` of the configuration itself"
            )
        try:
            # Not strict: YAML reads 7e-4 as a text, for want of a point.
            values[name] = TypeAdapter(hints[name]).validate_python(value)
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]["msg"].removeprefix("Input ")
            raise VerifError(f"{file}: `grpo.{name}` {problem}, not {value!r}") from None
    if not torch.cuda.is_available():
        values = {"use_cpu": True, "bf16": False, "gradient_checkpointing": False, **values}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            return GRPOConfig(output_dir=str(output), seed=seed, **values)
    except (TypeError, ValueError) as error:
        raise VerifError(f"{file}: TRL refuses the `grpo` part: {error}") from None


def check_enough(rows: Sequence[Row], arguments: GRPOConfig) -> None:
    """Raise `VerifError` when the rows do not fill one batch: TRL leaves out those that are not full."""
    needed = arguments.generation_batch_size // arguments.num_generations
    if len(rows) < needed:
        raise VerifError(
            f"a step of training takes {needed} rows, and there are {len(rows)}; "
            "add rows, or lower `grpo.per_device_train_batch_size`"
        )


def sampling_arguments(arguments: GRPOConfig) -> dict[str, Any]:
    """How training samples completions, as arguments of `generate`."""
    return {
        "max_new_tokens": arguments.max_completion_length,
        "temperature": arguments.temperature,
        "top_p": arguments.top_p,
        "top_k": arguments.top_k,
    }


def run_grpo(
    model: Any, tokenizer: Any, reward: Reward, rows: Sequence[Row], arguments: GRPOConfig, on_log: OnLog
) -> list[dict[str, Any]]:
    """Train the model in place; returns TRL's log, one mapping of metrics a step.

    `on_log` is told the step, the last step and the metrics whenever TRL logs.
    """
    dataset = Dataset.from_list([{"prompt": row.prompt, "constraints": row.constraints} for row in rows])
    trainer = GRPOTrainer(
        model=model, reward_funcs=reward, args=arguments, train_dataset=dataset, processing_class=tokenizer
    )
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(_Tell(on_log))
    trainer.train()
    return [entry for entry in trainer.state.log_history if "reward" in entry]


class _Tell(TrainerCallback):  # type: ignore[misc] # transformers is not typed
    def __init__(self, on_log: OnLog) -> None:
        self.tell = on_log

    def on_log(
        self, _arguments: Any, state: Any, _control: Any, logs: Mapping[str, Any] | None = None, **_: Any
    ) -> None:
        if logs and "reward" in logs:
            self.tell(state.global_step, state.max_steps, logs)
