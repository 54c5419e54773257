"""`vif train CONFIG`: measure a model, train it on verdicts, measure it again, and write down what happened."""

import gc
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

import verif_dsl
from verif_dsl import VerifError, Verifier
from verif_dsl.compiler import read_source
from verif_dsl.judging import Judge
from verif_dsl.judging.calibration import Agreement, calibrate, labelled_examples, read_labels
from verif_dsl.trainer import processes, tripwires
from verif_dsl.trainer.answers import opens_thinking
from verif_dsl.trainer.card import write_card
from verif_dsl.trainer.checkpoints import BEFORE, claim, last_whole, remove_checkpoints, remove_damaged, step_of
from verif_dsl.trainer.config import MADE, TINY, CalibrationConfig, Config, load_config
from verif_dsl.trainer.data import Row, as_chat, check_prompts, hold_out, made_rows, rows_from
from verif_dsl.trainer.folders import move_folder, output_folder, remove_folder, remove_if_empty, written_folder
from verif_dsl.trainer.lora import adapter_for, check_peft, merged
from verif_dsl.trainer.measure import Measurement, check_reward, keep_measurement, kept_measurement, measure
from verif_dsl.trainer.processes import once
from verif_dsl.trainer.progress import Stages
from verif_dsl.trainer.reading import Reading
from verif_dsl.trainer.report import Report, print_table, write_report
from verif_dsl.trainer.reward import Reward, ShuffledReward, VerifierReward
from verif_dsl.trainer.sampling import as_read, ends_of, quiet
from verif_dsl.trainer.text import Topics, made_sentences, split_topics

__all__ = ["load_config", "run", "train"]

MADE_ROWS = 4096
"""Made rows to train on: more than the embedded recipe reads, so that it sees none twice."""


def train(config_path: Path | str, *, output: Path | None = None) -> None:
    """Train as the configuration file says, and print what was learnt.

    The output folder gets the trained model with its card (`model/`), `report.html`, `metrics.json`, `samples.md` and
    `learning.png`; with the embedded model also the model that training began with (`start/`). `output` is a folder to
    use instead of the configuration's. Raises `VerifError` for every mistake in the configuration, the .vif file or the
    data.
    """
    config = load_config(Path(config_path))
    if output is not None:
        config = config.model_copy(update={"output": str(Path(output).resolve())})
    console = Console(quiet=not processes.is_main())
    report = run(config, console, file=str(config_path))
    print_table(report, console)
    console.print(f"Model and report are in {config.output}", soft_wrap=True)


def run(config: Config, console: Console, *, file: str = "the configuration") -> Report:
    """Do what `train` does, without the table at the end; messages call the configuration `file`."""
    started = time.perf_counter()
    source = read_source(config.constraints)
    verifier = verif_dsl.compile(source.text, name=source.name, folder=source.folder)
    rng = random.Random(config.seed)
    made = Made.of(config, rng)
    rows, held_out = rows_of(config, verifier, made, rng)
    check_reward(verifier, config.reward, [*rows, *held_out])
    judge = None if config.judge is None else Judge(config.judge)
    processes.check_launch(adapter=config.lora is not None)
    if config.lora is not None:
        check_peft()
    with _output(config) as output, Stages(console) as stages, quiet(), few_threads(config):
        stages.start("Loading PyTorch and TRL")
        from verif_dsl.trainer.callbacks import HeldOut, Seal, Tell, write_model
        from verif_dsl.trainer.grpo import check_enough, grpo_arguments, run_grpo, sampling_arguments
        from verif_dsl.trainer.needs import check_generation, check_trackers

        saved = output / "trainer"
        arguments = grpo_arguments(config, output=saved, file=file)
        check_enough(rows, arguments)
        check_trackers(arguments)
        once(partial(check_generation, config.generation, arguments))
        if judge is not None and config.calibration is not None:
            stages.start("Asking the judge about labelled responses")
            once(partial(check_judge, judge, config.calibration, verifier))
        once(lambda: claim(saved, depends_on(config, verifier)))
        once(lambda: remove_damaged(saved, lambda told: console.print(told, soft_wrap=True)))
        resume_from = once(lambda: last_whole(saved))
        best = output / "best"
        if resume_from is None:
            once(lambda: remove_folder(best))
        start = output / "start" if config.model == TINY else Path(config.model)
        if config.model == TINY and once(lambda: resume_from is None or not start.exists()):
            stages.start("Warming up the embedded model")
            once(lambda: make_start(start, verifier, made, config, rng, stages))
        model, tokenizer = load_model(start, arguments)
        adapter = None if config.lora is None else adapter_for(model, config.lora)
        rows, held_out = as_asked(config, tokenizer, rows), as_asked(config, tokenizer, held_out)
        reading = reading_of(config, model, tokenizer, arguments.max_completion_length, held_out)

        def measured() -> Measurement:
            with precision_of(arguments):
                return measure(
                    model,
                    tokenizer,
                    verifier,
                    held_out,
                    reward=config.reward,
                    seed=config.seed + 1,
                    sampling=sampling_arguments(arguments),
                    judge=judge,
                    reading=reading,
                    template=arguments.chat_template_kwargs or {},
                )

        stages.start("Measuring before training")
        before = once(lambda: kept_measurement(saved / BEFORE))
        if before is None:
            before = measured()
            once(partial(keep_measurement, before, saved / BEFORE))
        wires = once(lambda: tripwires.scores(verifier, held_out, config.reward, judge))
        for alarm in tripwires.alarms(wires, before.mean_reward):
            console.print(f"warning: {alarm}", soft_wrap=True)
        shuffled = " on shuffled rewards" if config.shuffle_rewards else ""
        going_on = "" if resume_from is None else f", going on after step {step_of(resume_from)}"
        stages.start(f"Training with GRPO{shuffled}{going_on}")
        reward: Reward = VerifierReward(
            source.text,
            config.reward,
            name=source.name,
            folder=source.folder,
            judge=config.judge,
            reading=reading,
            least_decided=config.least_decided,
            table=arguments.log_completions,
        )
        if config.shuffle_rewards:
            reward = ShuffledReward(reward, config.seed)
        callbacks = [Tell(stages.log), Seal()]
        evaluation = config.evaluation
        if evaluation is not None:
            every, patience = evaluation.every, evaluation.patience
            callbacks.insert(0, HeldOut(every, patience, lambda: (measured(), wires), best, tokenizer))
        log = run_grpo(model, tokenizer, reward, rows, arguments, callbacks, resume_from, keep=best, adapter=adapter)
        stages.start("Measuring after training")
        # What is measured is what was saved; the trainer, which the callbacks hold, and its model make room for it.
        callbacks.clear()
        del model
        gc.collect()
        model = load_model(best if adapter is None else start, arguments)[0]
        if adapter is not None:
            model = merged(model, best)
        after = measured()
        seconds = time.perf_counter() - started
        report = Report(config, held_out, before, after, log, seconds, verifier=verifier, wires=wires, reading=reading)
        stages.start("Writing the results")
        if processes.is_main():
            if adapter is None:
                move_folder(best, output / "model")
            else:
                write_model(output / "model", model, tokenizer)
                move_folder(best, output / "adapter")
            write_card(output / "model", report, verifier, rows)
            write_report(report, output)
            # Whoever starts the same command after its end wants to train anew.
            remove_checkpoints(saved)
            remove_if_empty(saved)
    return report


def depends_on(config: Config, verifier: Verifier) -> dict[str, Any]:
    """What a run depends on, so that it can go on only where all of this is the same."""
    told = {**config.model_dump(mode="json", exclude={"output"}), "rules": verifier.program.digest}
    return told if processes.count() == 1 else {**told, "processes": processes.count()}


def as_asked(config: Config, tokenizer: Any, rows: Sequence[Row]) -> list[Row]:
    """The rows as the model is asked them: prompts that are texts get its chat template, or stay as they are.

    Raises `VerifError` where they cannot be put to it.
    """
    has_template = tokenizer.chat_template is not None
    check_prompts(rows, chat=config.chat, has_template=has_template)
    return as_chat(rows) if has_template and config.chat is not False else list(rows)


def _output(config: Config) -> AbstractContextManager[Path]:
    """The folder for results, which the main process makes."""
    return output_folder(config.output) if processes.is_main() else nullcontext(Path(config.output))


def reading_of(config: Config, model: Any, tokenizer: Any, limit: int | None, held_out: Sequence[Row]) -> Reading:
    """How completions are read, as the configuration says and as the tokenizer shows."""
    thinking, truncated = config.thinking, config.truncated
    prefilled = thinking.prefilled
    if prefilled is None:
        prefilled = opens_thinking(as_read(tokenizer, held_out[0].prompt), thinking.marks)
    return Reading(
        strip=thinking.strip,
        marks=thinking.marks,
        prefilled=prefilled,
        unclosed=thinking.unclosed,
        truncated=truncated.policy,
        buffer=truncated.buffer,
        limit=limit,
        ends=ends_of(model, tokenizer),
        end_texts=tuple(text for text in (tokenizer.eos_token, tokenizer.pad_token) if text),
    )


def check_judge(judge: Judge, wanted: CalibrationConfig, verifier: Verifier) -> Agreement:
    """How far the judge agrees with the labels; raises `VerifError` when it is less than the configuration asks for."""
    labelled = labelled_examples(verifier.constraints)
    if wanted.labels is not None:
        labelled += read_labels(Path(wanted.labels), verifier.program.known())
    found = calibrate(judge, labelled).total
    figures = (("kappa", found.kappa, wanted.least_kappa), ("agreement", found.agreement, wanted.least_agreement))
    for name, value, least in figures:
        if least is not None and (value is None or value < least):
            shown = "has no value" if value is None else f"is {value:.2f}"
            labels = "1 label" if len(labelled) == 1 else f"{len(labelled)} labels"
            raise VerifError(
                f"the judge {judge.config.model} is not to be trained with: over {labels} its {name} {shown}, and "
                f"at least {least} is wanted (see vif calibrate)"
            )
    return found


@dataclass(frozen=True, slots=True)
class Made:
    """The made text, where the configuration needs any."""

    sentences: Sequence[str]
    topics: Topics

    @classmethod
    def of(cls, config: Config, rng: random.Random) -> "Made":
        if config.model != TINY and config.data != MADE:
            return cls((), Topics((), ()))
        sentences = made_sentences()
        return cls(sentences, split_topics(sentences, rng))


def rows_of(config: Config, verifier: Verifier, made: Made, rng: random.Random) -> tuple[list[Row], list[Row]]:
    """The rows to train on and those to measure on."""
    measured = rows_from(Path(config.held_out), verifier) if isinstance(config.held_out, str) else None
    if config.data == MADE:
        rows = made_rows(verifier, made.topics.train, MADE_ROWS, rng)
        if isinstance(config.held_out, int):
            measured = made_rows(verifier, made.topics.held_out, config.held_out, rng)
    else:
        rows = rows_from(Path(config.data), verifier)
        if isinstance(config.held_out, int):
            rows, measured = hold_out(rows, config.held_out, rng)
    assert measured is not None
    return rows, measured


def make_start(
    folder: Path, verifier: Verifier, made: Made, config: Config, rng: random.Random, stages: Stages
) -> None:
    from verif_dsl.trainer.tiny import make_tiny, warm_examples

    examples = warm_examples(verifier, made.sentences, made.topics.train, config.tiny, rng)
    with written_folder(folder) as beside:
        make_tiny(beside, examples, config.tiny, rng, stages.step)


def load_model(folder: Path, arguments: Any) -> tuple[Any, Any]:
    """The model in a folder, loaded as TRL loads models of which it is told the name, and its tokenizer."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    # In the precision of most saved models, steps as small as those of GRPO are lost: weights are trained in 32 bits.
    given = {"dtype": "float32", **(arguments.model_init_kwargs or {})}
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        with _whole(arguments):
            model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, **given)
    except (OSError, ValueError) as error:
        first_line = str(error).partition("\n")[0]
        raise VerifError(f"{folder}: transformers cannot load a model from it ({first_line})") from None
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model.to(arguments.device), tokenizer


@contextmanager
def precision_of(arguments: Any) -> Iterator[None]:
    """In this block a model computes as TRL lets it compute when it trains and samples, in 16 bits perhaps.

    During training it does so by itself; before, a measurement would be another one, and take twice the memory.
    """
    import torch

    dtype = torch.float16 if arguments.fp16 else torch.bfloat16
    with torch.autocast(arguments.device.type, dtype, enabled=arguments.fp16 or arguments.bf16):
        yield


@contextmanager
def _whole(arguments: Any) -> Iterator[None]:
    """Models that are loaded in this block are whole, also where DeepSpeed is to spread them over the processes."""
    from transformers.integrations.deepspeed import set_hf_deepspeed_config, unset_hf_deepspeed_config

    spread = getattr(getattr(arguments, "deepspeed_plugin", None), "dschf", None)
    if spread is not None:
        unset_hf_deepspeed_config()
    try:
        yield
    finally:
        if spread is not None:
            set_hf_deepspeed_config(spread)


@contextmanager
def few_threads(config: Config) -> Iterator[None]:
    """One thread for the embedded model: its matrices are so small that handing them to a second one costs more than it
    saves, and ten times more where other programs want it too."""
    import torch

    before = torch.get_num_threads()
    if config.model == TINY:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
