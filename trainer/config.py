"""The configuration of `vif train`: a YAML file, checked key by key before anything heavy is imported."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from verif_dsl import VerifError
from verif_dsl.judging.config import JudgeConfig, with_absolute_paths
from verif_dsl.trainer.answers import DEFAULT_MARKS
from verif_dsl.trainer.reading import Truncated, Unclosed
from verif_dsl.typed_yaml import Typed, read_typed

TINY = "tiny"
MADE = "made"

Generation = Literal["transformers", "continuous_batching", "vllm_colocate", "vllm_server"]
Count = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class TinyConfig(Typed):
    """The embedded model's size, and its warm start. The defaults take half a minute on one CPU core.

    `vocabulary` counts token ids, `hidden` is the width and a multiple of 8, `examples` the made sentences that `steps`
    supervised steps of `batch` sentences each draw from, and `obedient_share` the share of these sentences whose
    instructions were chosen to be true of them; the rest are told things at random.
    """

    vocabulary: Annotated[int, Field(ge=300)] = 768
    hidden: Annotated[int, Field(ge=16, multiple_of=8)] = 128
    layers: Count = 2
    examples: Count = 6000
    steps: Count = 400
    batch: Count = 32
    learning_rate: Annotated[float, Field(gt=0)] = 2e-3
    obedient_share: Share = 0.75


class CalibrationConfig(Typed):
    """How far a judge has to agree with labels before anything is trained with it.

    The labels are the examples of the .vif file, and those in the file `labels` where there is one.
    """

    labels: str | None = None
    least_kappa: Annotated[float, Field(ge=-1, le=1)] | None = None
    least_agreement: Share | None = None


class ThinkingConfig(Typed):
    """What becomes of the thoughts in a completion (see `reading.Reading`).

    With `strip`, only what follows them is judged. `marks` are what opens and closes them. `prefilled` says whether the
    chat template opens them at the end of every prompt; null asks the template. `unclosed` thoughts are a `blank`
    answer, which fails, or are left out of training (`leave_out`).
    """

    strip: bool = True
    marks: Annotated[tuple[str, str], Field(strict=False)] = DEFAULT_MARKS  # YAML has lists only
    prefilled: bool | None = None
    unclosed: Unclosed = "blank"


class TruncatedConfig(Typed):
    """What becomes of completions that were cut off at `max_completion_length` (see `reading.Reading`).

    The policies are `keep`, `zero`, `soft` and `leave_out`; `buffer` is for `soft`: over how many tokens before the
    limit the reward falls to nothing.
    """

    policy: Truncated = "keep"
    buffer: Count = 512


class CheckpointConfig(Typed):
    """After how many steps training is saved to go on from there, and how many of these checkpoints are kept.

    `every: 0` saves none. Without it, it is 20 steps, or as many more as it takes to end a round of generation: what
    was generated and not yet used is not saved.
    """

    every: Annotated[int, Field(ge=0)] | None = None
    keep: Annotated[int, Field(ge=2)] = 2


class EvaluationConfig(Typed):
    """Measuring on the held-out rows during training.

    After each `every` steps the mean reward is measured, and the best model so far is kept. Training ends early when
    `patience` measurements after each other were no better.
    """

    every: Count
    patience: Count | None = None


class LoraConfig(Typed):
    """A low-rank adapter that is trained in place of all weights (arXiv 2106.09685). It needs the extra `lora`.

    `rank` and `alpha` are the paper's r and α, and `targets` the last parts of the names of the linear layers that get
    one: all but the output layer by default.
    """

    rank: Count = 16
    alpha: Count = 32
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    targets: list[str] | None = None


class Config(Typed):
    """What to train, on what, and how. Paths are relative to the folder of the configuration file.

    Keys:
        constraints: the .vif file that says what an answer must be.
        model: `tiny`, the embedded model, or a folder that holds a saved transformers model and its tokenizer.
        data: `made`, rows drawn from the .vif file, or a .jsonl or .parquet file with the columns `prompt` and
            `constraints`.
        held_out: how many rows are kept from training to measure on, or a file of such rows.
        reward: a reward expression or the name of a preset; by default each row's own, else `verif-code`.
        seed: of everything that is drawn; on one machine, the same seed gives the same result.
        output: the folder for the trained model, the plot, the samples and the metrics.
        shuffle_rewards: the control experiment: rewards are dealt out at random, and nothing should be learnt.
        tiny: the size and the warm start of the embedded model (see `TinyConfig`).
        judge: who answers judged constraints (see `judging.JudgeConfig`); nobody by default.
        calibration: how far the judge has to agree with labels (see `CalibrationConfig`), asked before training.
        chat: whether prompts that are texts get the model's chat template, as what a user says; null for where there
            is one.
        thinking: what becomes of the thoughts in a completion (see `ThinkingConfig`).
        truncated: what becomes of completions that were cut off (see `TruncatedConfig`).
        least_decided: a group of completions with fewer decided rewards is left out of training.
        generation: what samples the completions: `transformers`, its `continuous_batching`, or vLLM in this process
            (`vllm_colocate`) or behind a server (`vllm_server`).
        checkpoints: when training is saved to go on from there (see `CheckpointConfig`).
        evaluation: measuring during training (see `EvaluationConfig`); null for before and after only.
        lora: the adapter that is trained (see `LoraConfig`); null to train all weights.
        grpo: arguments of TRL's `GRPOConfig`, under its own names.
    """

    wanted: ClassVar[Mapping[str, str]] = {"held_out": "a number of rows, 1 or more, or the name of a file"}

    constraints: str
    model: str = TINY
    data: str = MADE
    held_out: Count | str = 192
    reward: str | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    output: str
    shuffle_rewards: bool = False
    tiny: TinyConfig = TinyConfig()
    judge: JudgeConfig | None = None
    calibration: CalibrationConfig | None = None
    chat: bool | None = None
    thinking: ThinkingConfig = ThinkingConfig()
    truncated: TruncatedConfig = TruncatedConfig()
    least_decided: Count = 2
    generation: Generation = "transformers"
    checkpoints: CheckpointConfig = CheckpointConfig()
    evaluation: EvaluationConfig | None = None
    lora: LoraConfig | None = None
    grpo: dict[str, Any] = Field(default={})


def load_config(path: Path) -> Config:
    """The configuration in a YAML file, its paths made absolute.

    Raises `VerifError` for a file that is missing or not YAML, an unknown key (with the nearest known one), a value of
    the wrong type, and a model folder that holds no model.
    """
    path = Path(path)
    return _with_absolute_paths(read_typed(path, Config, "constraints: rules.vif"), path)


def _with_absolute_paths(config: Config, path: Path) -> Config:
    folder = path.resolve().parent
    relative = {"constraints": config.constraints, "output": config.output}
    if config.data != MADE:
        relative["data"] = config.data
    if isinstance(config.held_out, str):
        relative["held_out"] = config.held_out
    if config.model != TINY:
        relative["model"] = config.model
    absolute = {key: (folder / name).resolve() for key, name in relative.items()}
    if config.model != TINY:
        _check_model_folder(absolute["model"], path)
    update: dict[str, object] = {key: str(name) for key, name in absolute.items()}
    if config.judge is not None:
        update["judge"] = with_absolute_paths(config.judge, folder)
    if config.calibration is not None:
        if config.judge is None:
            raise VerifError(f"{path}: `calibration` is about a judge, and there is no `judge`")
        labels = config.calibration.labels
        if labels is not None:
            labels = str((folder / labels).resolve())
        update["calibration"] = config.calibration.model_copy(update={"labels": labels})
    return config.model_copy(update=update)


def _check_model_folder(folder: Path, path: Path) -> None:
    """Refuse what does not look like a saved model. Names on a hub are refused too: only the disk is read."""
    wanted = "`model` is `tiny` or a folder that holds a saved transformers model"
    if not folder.is_dir():
        raise VerifError(f"{path}: {wanted}, and there is no folder {folder}")
    for needed, what in (("config.json", "no model"), ("tokenizer_config.json", "a model without its tokenizer")):
        if not (folder / needed).is_file():
            raise VerifError(f"{path}: {wanted}, and {folder} holds {what} (it has no {needed})")
