"""`vif train CONFIG`: measure a model, train it on verdicts, measure it again, and write down what happened."""

import random
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

import verif_dsl
from verif_dsl import VerifError, Verifier
from verif_dsl.compiler import read_source
from verif_dsl.judging import Judge
from verif_dsl.judging.calibration import calibrate, labelled_examples, read_labels
from verif_dsl.trainer import tripwires
from verif_dsl.trainer.answers import opens_thinking
from verif_dsl.trainer.checkpoints import BEFORE, claim, last_whole, remove_checkpoints, remove_damaged, step_of
from verif_dsl.trainer.config import MADE, TINY, CalibrationConfig, Config, load_config
from verif_dsl.trainer.data import Row, as_chat, hold_out, made_rows, rows_from
from verif_dsl.trainer.folders import output_folder, remove_folder, remove_if_empty, written_folder
from verif_dsl.trainer.measure import Measurement, as_read, check_reward, kept_measurement, measure
from verif_dsl.trainer.progress import Stages
from verif_dsl.trainer.reading import Reading
from verif_dsl.trainer.report import Report, print_table, write_report
from verif_dsl.trainer.reward import Reward, ShuffledReward, VerifierReward
from verif_dsl.trainer.text import Topics, made_sentences, split_topics

__all__ = ["load_config", "run", "train"]

MADE_ROWS = 4096
"""Made rows to train on: more than the embedded recipe reads, so that it sees none twice."""


def train(config_path: Path | str, *, output: Path | None = None) -> None:
    """Train as the configuration file says, and print what was learnt.

    The output folder gets the trained model (`model/`), `metrics.json`, `samples.md` and `learning.png`; with the
    embedded model also the model that training began with (`start/`). `output` is a folder to use instead of the
    configuration's. Raises `VerifError` for every mistake in the configuration, the .vif file or the data.
    """
    config = load_config(Path(config_path))
    if output is not None:
        config = config.model_copy(update={"output": str(Path(output).resolve())})
    console = Console()
    report = run(config, console, file=str(config_path))
    print_table(report, console)
    console.print(f"Model, plot, samples and metrics are in {config.output}", soft_wrap=True)


def run(config: Config, console: Console, *, file: str = "the configuration") -> Report:
    """Do what `train` does, without the table at the end; messages call the configuration `file`."""
    started = time.perf_counter()
    source = read_source(config.constraints)
    verifier = verif_dsl.compile(source.text, name=source.name, folder=source.folder)
    rng = random.Random(config.seed)
    made = _Made.of(config, rng)
    rows, held_out = _rows(config, verifier, made, rng)
    check_reward(verifier, config.reward, [*rows, *held_out])
    judge = None if config.judge is None else Judge(config.judge)
    with output_folder(config.output) as output, Stages(console) as stages, _quiet(), _few_threads(config):
        if judge is not None and config.calibration is not None:
            stages.start("Asking the judge about labelled responses")
            _check_judge(judge, config.calibration, verifier)
        stages.start("Loading PyTorch and TRL")
        from verif_dsl.trainer.callbacks import HeldOut, Seal, Tell
        from verif_dsl.trainer.grpo import check_enough, grpo_arguments, run_grpo, sampling_arguments

        saved = output / "trainer"
        arguments = grpo_arguments(config, output=saved, file=file)
        check_enough(rows, arguments)
        claim(saved, {**config.model_dump(mode="json", exclude={"output"}), "rules": verifier.program.digest})
        remove_damaged(saved, lambda told: console.print(told, soft_wrap=True))
        resume_from = last_whole(saved)
        if config.model == TINY and (resume_from is None or not (output / "start").exists()):
            stages.start("Warming up the embedded model")
            _make_start(output / "start", verifier, made, config, rng, stages)
        model, tokenizer = _load_model(output / "start" if config.model == TINY else Path(config.model))
        model.to(arguments.device)
        if config.chat or (config.chat is None and tokenizer.chat_template is not None):
            rows, held_out = as_chat(rows), as_chat(held_out)
        reading = _reading(config, model, tokenizer, arguments.max_completion_length, held_out)

        def measured() -> Measurement:
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
            )

        stages.start("Measuring before training")
        before = kept_measurement(saved / BEFORE, measured)
        wires = tripwires.scores(verifier, held_out, config.reward, judge)
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
        best = output / "best"
        callbacks = [Tell(stages.log), Seal()]
        evaluation = config.evaluation
        if evaluation is not None:
            held = HeldOut(evaluation.every, evaluation.patience, lambda: (measured(), wires), best, tokenizer)
            callbacks.insert(0, held)
        log = run_grpo(model, tokenizer, reward, rows, arguments, callbacks, resume_from)
        if evaluation is not None and best.exists():
            model = _load_model(best)[0].to(arguments.device)
        stages.start("Measuring after training")
        after = measured()
        with written_folder(output / "model") as folder:
            model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
        report = Report(config, held_out, before, after, log, seconds=time.perf_counter() - started)
        stages.start("Writing the results")
        write_report(report, output)
        # Whoever starts the same command after its end wants to train anew; the best model is the one that is saved.
        remove_checkpoints(saved)
        remove_folder(best)
        remove_if_empty(saved)
    return report


def _reading(config: Config, model: Any, tokenizer: Any, limit: int | None, held_out: Sequence[Row]) -> Reading:
    """How completions are read, as the configuration says and as the tokenizer shows."""
    thinking, truncated = config.thinking, config.truncated
    ends = model.generation_config.eos_token_id
    ids = {tokenizer.eos_token_id, tokenizer.pad_token_id, *(ends if isinstance(ends, list) else [ends])} - {None}
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
        ends=frozenset(ids),
        end_texts=tuple(text for text in (tokenizer.eos_token, tokenizer.pad_token) if text),
    )


def _check_judge(judge: Judge, wanted: CalibrationConfig, verifier: Verifier) -> None:
    """Raise `VerifError` when the judge agrees less with the labels than the configuration asks for."""
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


@dataclass(frozen=True, slots=True)
class _Made:
    """The made text, where the configuration needs any."""

    sentences: Sequence[str]
    topics: Topics

    @classmethod
    def of(cls, config: Config, rng: random.Random) -> "_Made":
        if config.model != TINY and config.data != MADE:
            return cls((), Topics((), ()))
        sentences = made_sentences()
        return cls(sentences, split_topics(sentences, rng))


def _rows(config: Config, verifier: Verifier, made: _Made, rng: random.Random) -> tuple[list[Row], list[Row]]:
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


def _make_start(
    folder: Path, verifier: Verifier, made: _Made, config: Config, rng: random.Random, stages: Stages
) -> None:
    from verif_dsl.trainer.tiny import make_tiny, warm_examples

    examples = warm_examples(verifier, made.sentences, made.topics.train, config.tiny, rng)
    with written_folder(folder) as beside:
        make_tiny(beside, examples, config.tiny, rng, stages.step)


def _load_model(folder: Path) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        first_line = str(error).partition("\n")[0]
        raise VerifError(f"{folder}: transformers cannot load a model from it ({first_line})") from None
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model, tokenizer


@contextmanager
def _few_threads(config: Config) -> Iterator[None]:
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


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the libraries' own bars and notices about their future out of the way of ours."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        try:
            yield
        finally:
            if shown:
                logging.enable_progress_bar()
