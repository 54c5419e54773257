"""What happens beside the steps of training: telling of them, sealing checkpoints, measuring on held-out rows."""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy
import torch
from transformers import TrainerCallback

from verif_dsl.trainer import processes
from verif_dsl.trainer.checkpoints import mark_complete
from verif_dsl.trainer.folders import written_folder
from verif_dsl.trainer.measure import Measurement

OnLog = Callable[[int, int, Mapping[str, Any]], None]
"""Told the step, the last step and the metrics."""

HELD_OUT = "held_out/"
"""What the metrics of measuring during training begin with."""
REWARD = HELD_OUT + "reward"
TRIPWIRE = "tripwire/"
"""What the scores of degenerate answers begin with."""


class Tell(TrainerCallback):  # type: ignore[misc] # transformers is not typed
    """Tells of the metrics of every step that TRL logs."""

    def __init__(self, on_log: OnLog) -> None:
        self.tell = on_log

    def on_log(
        self, _arguments: Any, state: Any, _control: Any, logs: Mapping[str, Any] | None = None, **_: Any
    ) -> None:
        if logs and "reward" in logs:
            self.tell(state.global_step, state.max_steps, logs)


class Seal(TrainerCallback):  # type: ignore[misc]
    """Writes down of every checkpoint that it is whole."""

    def on_save(self, arguments: Any, state: Any, _control: Any, **_: Any) -> None:
        processes.wait()  # every process writes its own part of a checkpoint
        if state.is_world_process_zero:
            mark_complete(Path(arguments.output_dir) / f"checkpoint-{state.global_step}")


class HeldOut(TrainerCallback):  # type: ignore[misc]
    """Measures on held-out rows every so many steps, keeps the best model, and ends training that gets no better.

    `measured` gives the measurement and the scores of degenerate answers; `keep` is the folder for the best model.
    What was measured is in TRL's log, which a checkpoint holds, so that a run that goes on knows the best so far.
    """

    def __init__(
        self,
        every: int,
        patience: int | None,
        measured: Callable[[], tuple[Measurement, Mapping[str, float | None]]],
        keep: Path,
        tokenizer: Any,
    ) -> None:
        self.every, self.patience, self.measured, self.keep, self.tokenizer = every, patience, measured, keep, tokenizer
        self.best: float | None = None
        self.best_step = 0
        self.worse = 0
        self.log: Callable[[dict[str, Any]], None] = lambda _: None
        self.whole_weights: Callable[[], dict[str, Any] | None] = lambda: None

    def on_train_begin(self, _arguments: Any, state: Any, _control: Any, **_: Any) -> None:
        for entry in state.log_history:
            if REWARD in entry:
                self._compare(entry[REWARD], entry["step"])

    def on_step_end(self, _arguments: Any, state: Any, control: Any, model: Any, **_: Any) -> None:
        if state.global_step % self.every:
            return
        with untouched_randomness():
            found, wires = self.measured()
        rates = {HELD_OUT + name: rate for name, rate in found.pass_rates.items()}
        scores = {TRIPWIRE + name: score for name, score in wires.items()}
        training = model.training
        # TRL empties the metrics of the mode that the model is in when it logs; those of the step are still to come.
        model.eval()
        self.log({REWARD: found.mean_reward, **rates, **scores})
        model.train(training)
        if self._compare(found.mean_reward, state.global_step):
            weights = self.whole_weights()
            if state.is_world_process_zero:
                write_model(self.keep, model, self.tokenizer, weights)
        if self.patience is not None and self.worse >= self.patience:
            control.should_training_stop = True

    def _compare(self, reward: float | None, step: int) -> bool:
        """Take note of a measurement; whether it is the best so far."""
        if reward is not None and (self.best is None or reward > self.best):
            self.best, self.best_step, self.worse = reward, step, 0
            return True
        self.worse += 1
        return False


def write_model(folder: Path, model: Any, tokenizer: Any, weights: dict[str, Any] | None = None) -> None:
    """Write a model and its tokenizer; `weights` are the model's where its own are spread over the processes."""
    with written_folder(folder) as beside:
        model.save_pretrained(beside, **({} if weights is None else {"state_dict": weights}))
        tokenizer.save_pretrained(beside)


@contextmanager
def untouched_randomness() -> Iterator[None]:
    """Leave all generators of random numbers as they were: measuring must not change what is trained."""
    states = random.getstate(), numpy.random.get_state(), torch.get_rng_state()
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else None
    try:
        yield
    finally:
        random.setstate(states[0])
        numpy.random.set_state(states[1])
        torch.set_rng_state(states[2])
        if devices is not None:
            torch.cuda.set_rng_state_all(devices)
