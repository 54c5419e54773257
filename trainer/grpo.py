"""The one module that knows TRL: the arguments of its GRPO, and the run itself."""

import dataclasses
import gc
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any, get_type_hints

import torch
from datasets import Dataset
from pydantic import PydanticUserError, TypeAdapter, ValidationError
from transformers import GenerationConfig, PrinterCallback, TrainerCallback
from transformers.trainer_utils import SaveStrategy
from trl import GRPOConfig, GRPOTrainer

from verif_dsl import VerifError
from verif_dsl.trainer import processes
from verif_dsl.trainer.callbacks import HeldOut, write_model
from verif_dsl.trainer.checkpoints import goes_on, is_unwritable, steps_between
from verif_dsl.trainer.config import TINY, Config, Generation
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
    "logging_steps": 1,
    "report_to": "none",
    "disable_tqdm": True,  # there is a progress bar already
}
"""Where this trainer's defaults differ from TRL's for every model."""

ON_A_CPU: dict[str, Any] = {
    "use_cpu": True,
    "bf16": False,
    "gradient_checkpointing": False,
    # Continuous batching would take half of the machine's memory for however small a model, and long to fill it. Here
    # it has room for 64 completions at a time; each holds a multiple of 256 tokens.
    "transformers_continuous_batching_config": {"max_batch_tokens": 512, "num_blocks": 64},
}
"""Defaults where there is no GPU."""

OURS = {
    "output_dir": "output",
    "seed": "seed",
    "save_strategy": "checkpoints",
    "save_steps": "checkpoints",
    "save_total_limit": "checkpoints",
    "use_vllm": "generation",
    "vllm_mode": "generation",
    "use_transformers_continuous_batching": "generation",
    "mask_truncated_completions": "truncated",
    "eval_strategy": "evaluation",
    "eval_steps": "evaluation",
}
"""Arguments that have a key of their own in the configuration."""

GENERATION: dict[Generation, dict[str, Any]] = {
    "transformers": {},
    "continuous_batching": {"use_transformers_continuous_batching": True},
    "vllm_colocate": {"use_vllm": True, "vllm_mode": "colocate"},
    "vllm_server": {"use_vllm": True, "vllm_mode": "server"},
}
"""What samples completions, as TRL's arguments."""


def grpo_arguments(config: Config, *, output: Path, file: str) -> GRPOConfig:
    """TRL's configuration from ours, which stands in `file`; checkpoints go to `output`.

    Raises `VerifError` for names TRL does not know and values of the wrong type, a line each, and whatever TRL itself
    refuses.
    """
    fields = {field.name for field in dataclasses.fields(GRPOConfig) if field.init}
    hints = get_type_hints(GRPOConfig)
    values: dict[str, Any] = {**HOUSE, **(DEFAULTS if config.model == TINY else {})}
    problems = []
    for name, value in config.grpo.items():
        if name not in fields:
            problems.append(unknown_key(f"grpo.{name}", fields))
        elif name in OURS:
            problems.append(f"`grpo.{name}` is the key `{OURS[name]}` of the configuration itself")
        else:
            try:
                # Not strict: YAML reads 7e-4 as a text, for want of a point.
                values[name] = TypeAdapter(hints[name]).validate_python(value)
            except ValidationError as error:
                problem = error.errors(include_url=False)[0]["msg"].removeprefix("Input ")
                problems.append(f"`grpo.{name}` {problem}, not {value!r}")
    problems += _refused(values)
    if problems:
        raise VerifError("\n".join(f"{file}: {problem}" for problem in problems))
    values |= GENERATION[config.generation]
    if not torch.cuda.is_available():
        values = {**ON_A_CPU, **values}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            arguments = GRPOConfig(output_dir=str(output), seed=config.seed, save_strategy="no", **values)
    except (TypeError, ValueError) as error:
        raise VerifError(f"{file}: TRL refuses the `grpo` part: {error}") from None
    try:
        every = steps_between(config.checkpoints.every, a_round(arguments))
    except VerifError as error:
        raise VerifError(f"{file}: {error}") from None
    if every:
        arguments.save_strategy = SaveStrategy.STEPS
        arguments.save_steps, arguments.save_total_limit = every, config.checkpoints.keep
    return arguments


def _refused(values: Mapping[str, Any]) -> Iterator[str]:
    """What TRL and transformers would take at first, and stumble over in the midst of a run or say nothing of."""
    if values.get("max_steps") == 0:
        yield "`grpo.max_steps: 0` trains nothing; write 1 or more, or -1 for as many as `num_train_epochs` takes"
    if values.get("temperature", 1.0) <= 0:
        yield "`grpo.temperature` should be above 0: completions that are all the same teach nothing"
    known = [name for name in GenerationConfig().to_dict() if not name.startswith("_")]
    for name in values.get("generation_kwargs") or ():
        if name not in known:
            yield unknown_key(f"grpo.generation_kwargs.{name}", known)


def grpo_schema() -> tuple[dict[str, Any], dict[str, Any]]:
    """The part `grpo` of a configuration as JSON Schema: TRL's arguments, with what TRL says of them.

    The second value are the definitions that it refers to.
    """
    hints = get_type_hints(GRPOConfig)
    properties: dict[str, Any] = {}
    definitions: dict[str, Any] = {}
    for field in dataclasses.fields(GRPOConfig):
        if not field.init or field.name in OURS:
            continue
        try:
            known = TypeAdapter(hints[field.name]).json_schema()
        except PydanticUserError:  # a type that no YAML can write
            known = {}
        definitions |= known.pop("$defs", {})
        default = HOUSE.get(field.name, field.default)
        if default is None or isinstance(default, str | int | float):
            known["default"] = getattr(default, "value", default)
        if "help" in field.metadata:
            known["description"] = " ".join(field.metadata["help"].split())
        properties[field.name] = known
    return {"type": "object", "properties": properties, "additionalProperties": False}, definitions


def a_round(arguments: GRPOConfig) -> int:
    """After how many steps nothing that was generated is left over."""
    micro = arguments.steps_per_generation * arguments.num_iterations
    return int(micro // math.gcd(micro, arguments.gradient_accumulation_steps))


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
        "min_p": arguments.min_p,
        "repetition_penalty": arguments.repetition_penalty,
        **(arguments.generation_kwargs or {}),
    }


def rounds_of(rows: int, arguments: GRPOConfig) -> int:
    """How often completions are generated in a run."""
    if arguments.max_steps > 0:
        micro = int(arguments.max_steps * arguments.gradient_accumulation_steps)
        return -(-micro // int(arguments.steps_per_generation * arguments.num_iterations))
    prompts = int(arguments.generation_batch_size // arguments.num_generations)
    return math.ceil(float(arguments.num_train_epochs) * (rows // prompts))


def steps_of(rows: int, arguments: GRPOConfig) -> int:
    """How many steps a run has."""
    if arguments.max_steps > 0:
        return int(arguments.max_steps)
    micro = rounds_of(rows, arguments) * int(arguments.steps_per_generation * arguments.num_iterations)
    return -(-micro // int(arguments.gradient_accumulation_steps))


def in_order(rows: Sequence[Row], arguments: GRPOConfig) -> list[Row]:
    """The rows of the whole run in the order in which TRL takes them, epoch after epoch.

    It draws a new order for each epoch, and after a stop in a later one it begins with the first again: then a run that
    went on would not be the run that was not stopped. So the orders are drawn here, in the same way.
    """
    prompts = arguments.generation_batch_size // arguments.num_generations
    needed = rounds_of(len(rows), arguments) * prompts
    generator = torch.Generator()
    generator.manual_seed(arguments.seed)
    order: list[int] = []
    while len(order) < needed:
        drawn = torch.randperm(len(rows), generator=generator).tolist()
        if not arguments.shuffle_dataset:
            drawn.sort()
        order += drawn[: len(rows) // prompts * prompts]  # TRL leaves out what does not fill a round
    return [rows[index] for index in order[:needed]]


def run_grpo(
    model: Any,
    tokenizer: Any,
    reward: Reward,
    rows: Sequence[Row],
    arguments: GRPOConfig,
    callbacks: Sequence[TrainerCallback],
    resume_from: Path | None = None,
    *,
    keep: Path,
    adapter: Any = None,
) -> list[dict[str, Any]]:
    """Train the model in place; returns TRL's log, of the steps and of `HeldOut`, what was before a stop included.

    The folder `keep` gets the trained model, unless `HeldOut` has kept the best one there. `adapter` is peft's
    configuration of one: then that is what is trained, and kept.

    Raises `VerifError` when a checkpoint cannot be written or the GPU's memory is full, and what the reward raises.
    """
    ordered = in_order(rows, arguments)
    arguments = copy(arguments)
    arguments.shuffle_dataset, arguments.num_train_epochs = False, 1.0
    fields = sorted({name for row in rows for name in row.fields})
    dataset = Dataset.from_list(
        [
            {
                "prompt": row.prompt,
                "constraints": row.constraints,
                **{name: row.fields.get(name, "") for name in fields},
            }
            for row in ordered
        ]
    )
    trainer = GRPOTrainer(
        model=model,
        reward_funcs=reward,
        args=arguments,
        train_dataset=dataset,
        processing_class=tokenizer,
        peft_config=adapter,
    )
    trainer.remove_callback(PrinterCallback)
    for callback in callbacks:
        if isinstance(callback, HeldOut):
            callback.log, callback.whole_weights = partial(log_beside, trainer), partial(whole_weights, trainer)
        trainer.add_callback(callback)
    saved = Path(arguments.output_dir)
    try:
        trainer.train(resume_from_checkpoint=None if resume_from is None else str(resume_from))
    except VerifError as error:
        raise VerifError(f"{error.message}{goes_on(saved)}") from None
    except torch.OutOfMemoryError:
        raise VerifError(
            f"the GPU ran out of memory in step {trainer.state.global_step + 1}: lower "
            "`grpo.per_device_train_batch_size` and raise `grpo.gradient_accumulation_steps` as much, lower "
            f"`grpo.max_completion_length`, or train an adapter (`lora`), in another folder (--output){goes_on(saved)}"
        ) from None
    except (OSError, RuntimeError) as error:
        if not is_unwritable(error):
            raise
        raise VerifError(f"{saved}: a checkpoint cannot be written (is the disk full?){goes_on(saved)}") from None
    measured = any(isinstance(callback, HeldOut) for callback in callbacks)
    if not (measured and processes.once(keep.exists)):
        weights = whole_weights(trainer)
        if processes.is_main():
            write_model(keep, trainer.model, tokenizer, weights)
        processes.wait()
    if arguments.use_vllm and arguments.vllm_mode == "colocate":
        end_vllm(trainer)
    return list(trainer.state.log_history)


def log_beside(trainer: GRPOTrainer, entry: dict[str, Any]) -> None:
    """Log something at the end of a step, whose own metrics and completions are still to be logged."""
    still, table = trainer.control.should_log, trainer.log_completions
    trainer.log_completions = False
    trainer.log(entry)
    # TRL takes any log for that of the step.
    trainer.control.should_log, trainer.log_completions = still, table


def end_vllm(trainer: GRPOTrainer) -> None:
    """Take weights and cache from the vLLM in this process, so that measuring after training has their room.

    Ending it in its own way would end what connects the processes of training as well, so it is kept from that.
    """
    engine = trainer.vllm_generation.llm.llm_engine
    engine.model_executor.shutdown()
    ends_by_itself = getattr(engine.engine_core, "_finalizer", None)  # not in every version
    if ends_by_itself is not None:
        ends_by_itself.detach()
    gc.unfreeze()  # when it starts, vLLM keeps all that there is, the trainer too, from the garbage collector


def whole_weights(trainer: GRPOTrainer) -> dict[str, Any] | None:
    """The weights of a model that is spread over the processes, which all have to ask; None where each has all."""
    if trainer.is_fsdp_enabled or trainer.is_deepspeed_enabled:
        gathered: dict[str, Any] = trainer.accelerator.get_state_dict(trainer.model_wrapped)
        return gathered
    return None
