"""Does training on verdicts carry over to arguments never trained on? A model of 50 million parameters, from scratch.

    python bench/learning_large.py --control --overhead

The model, a Qwen2 with random weights, first reads sentences of documentation that this environment holds: Python's own
and that of the packages it trains with, so that nothing is downloaded. Each has a prompt that asks for one to three of
the eight families of rules in `learning_large.vif`, and each rule is obeyed in about half of them (`--obedient`); so
the model knows what the rules ask for and seldom does it. Then TRL's GRPO trains it on the verdicts.

Held-out prompts name topics that no prompt has named before. Half of them have arguments that training also draws, the
other half arguments that no prompt had before, in the warm start or in training: pairs (two limits, a number and a
mark, two letters, two words) of which it saw each half, never both together. The control deals the same rewards out at
random. `--overhead` times a few steps of a larger model with longer answers.

Every phase has a limit in seconds; what a machine makes of it is not the same twice, nor on two versions of the
packages. The defaults are for one GPU and ten minutes, or for two CPU cores and ninety.
"""

import argparse
import math
import random
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from learning_large_data import SEEN, argument_pools, common_topics, local_sentences, made_rows, warm_examples
from learning_large_model import autocast, random_model, warm_start
from learning_large_report import STARTED, families, overhead_table, say, summary, table, write
from transformers import AutoModelForCausalLM, TrainerCallback
from transformers.utils import logging

import verif_dsl
from verif_dsl import Verifier
from verif_dsl.trainer.callbacks import untouched_randomness
from verif_dsl.trainer.config import CheckpointConfig, Config
from verif_dsl.trainer.data import Row
from verif_dsl.trainer.grpo import grpo_arguments, run_grpo, sampling_arguments
from verif_dsl.trainer.measure import Measurement, measure
from verif_dsl.trainer.reward import Reward, ShuffledReward, VerifierReward
from verif_dsl.trainer.tiny import train_tokenizer

RULES = Path(__file__).with_name("learning_large.vif")
CURVE_POINTS = 10
"""How often the held-out prompts are measured on during training, for the curves."""
ON_A_CPU: dict[str, Any] = {
    "seconds": 5400.0,
    "examples": 80_000,
    "workers": 2,
    "warm_seconds": 2400.0,
    "warm_batch": 32,
    "warm_rate": 5e-4,
    "steps": 700,
    "grpo_seconds": 2500.0,
    "rows": 8192,
    "batch": 64,
    "held_out": 768,
    "measure_batch": 128,
    "curve_rows": 128,
    "attention": "sdpa",
}
"""Other defaults where there is no GPU."""
FIRST_STEPS = 3
"""Steps that timings leave out: the first ones allocate memory and choose kernels."""

Measured = dict[str, Measurement]
"""By kind of arguments."""


def main() -> None:
    """Run the phases, print the tables, and write figures, curves and samples into the output folder."""
    options = read_options()
    verifier = verif_dsl.load(RULES)
    torch.set_float32_matmul_precision("high")
    logging.disable_progress_bar()
    warnings.simplefilter("ignore", FutureWarning)
    options.output.mkdir(parents=True, exist_ok=True)
    rng = random.Random(options.seed)

    sentences = local_sentences(options.sentences)
    topics = common_topics(sentences, rng)
    pools = argument_pools(sentences, topics, rng)
    say(f"{len(sentences)} sentences, {len(topics.train)} topics and {len(topics.held_out)} held-out ones")
    examples = warm_examples(verifier, sentences, topics.train, pools[SEEN], options, rng)
    rows = made_rows(verifier, topics.train, pools[SEEN], options.rows, rng)
    held_out = {kind: made_rows(verifier, topics.held_out, pools[kind], options.held_out, rng) for kind in pools}
    say(f"{len(examples)} examples, {len(rows)} rows to train on; the first example: {examples[0]}")

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    machine = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    packages = ", ".join(f"{name} {version(name)}" for name in ("torch", "transformers", "trl", "polars"))
    say(f"{machine}; {packages}")
    tokenizer = train_tokenizer([one.prompt + one.answer for one in examples[:50_000]], options.vocabulary)
    start, losses = options.start, list[float]()
    if start is None:
        torch.manual_seed(options.seed)
        model = random_model(tokenizer, options.hidden, options.layers).to(device)
        losses = warm_start(model, tokenizer, examples, options)
        start = options.output / "start"
        model.save_pretrained(start)

    lab = Lab(verifier, tokenizer, start, rows, held_out, device, options)
    model = lab.load()
    parameters = sum(one.numel() for one in model.parameters())
    say(f"{parameters:,} parameters")
    results: dict[str, Any] = {
        "machine": machine,
        "packages": packages,
        "parameters": parameters,
        "options": {name: str(value) for name, value in vars(options).items()},
        "warm_start_losses": losses,
        "before": (before := lab.measured(model)),
    }
    del model
    say("measured the start; " + summary(before))
    for kind, found in before.items():
        say(f"{kind} arguments: " + ", ".join(f"{name} {rate:.2f}" for name, rate in families(found).items()))
    seconds_a_step = lab.seconds_a_step()
    steps = max(1, min(options.steps, int(options.grpo_seconds / seconds_a_step)))
    say(f"{seconds_a_step:.2f} seconds a step, so {steps} steps of {options.batch} completions")
    results |= lab.trained("real", lab.reward(), steps)
    write(results, held_out, options.output)
    print(table(results), flush=True)
    if options.control and left(options) > 1.1 * steps * seconds_a_step + 20:
        results |= lab.trained("shuffled", ShuffledReward(lab.reward(), options.seed), steps)
        write(results, held_out, options.output)
        print(table(results), flush=True)
    print(overhead_table(results), flush=True)
    if options.overhead and left(options) > 60:
        results["larger"] = lab.larger_model()
        write(results, held_out, options.output)
        print(overhead_table(results), flush=True)
    say("done")


def read_options() -> argparse.Namespace:
    """The command line, with the defaults for this machine."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("runs/learning_large"), help="a folder for what is written")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=495, help="no phase begins that would not end by then")
    either = argparse.BooleanOptionalAction
    parser.add_argument("--control", action=either, help="also train on shuffled rewards, for as many steps")
    parser.add_argument("--overhead", action=either, help="also time steps of a larger model")
    sizes = parser.add_argument_group("the model and its warm start")
    sizes.add_argument("--hidden", type=int, default=1024, help="its width, a multiple of 64")
    sizes.add_argument("--layers", type=int, default=4)
    sizes.add_argument("--vocabulary", type=int, default=2048)
    sizes.add_argument("--sentences", type=int, default=10_000, help="sentences of documentation to read at most")
    sizes.add_argument("--examples", type=int, default=1_200_000)
    sizes.add_argument("--workers", type=int, default=12, help="processes that make examples")
    sizes.add_argument("--obedient", type=float, default=0.45, help="how often an example obeys a rule on purpose")
    sizes.add_argument("--start", type=Path, help="a model that an earlier run with such sizes and data has warmed up")
    sizes.add_argument("--warm-steps", type=int, default=20_000)
    sizes.add_argument("--warm-seconds", type=float, default=240)
    sizes.add_argument("--warm-batch", type=int, default=256)
    sizes.add_argument("--warm-rate", type=float, default=8e-4, help="the highest learning rate")
    grpo = parser.add_argument_group("GRPO")
    grpo.add_argument("--steps", type=int, default=400)
    grpo.add_argument("--grpo-seconds", type=float, default=125)
    grpo.add_argument("--rows", type=int, default=16_384)
    grpo.add_argument("--batch", type=int, default=512, help="completions a step")
    grpo.add_argument("--generations", type=int, default=8, help="completions a prompt")
    grpo.add_argument("--completion", type=int, default=28, help="tokens of a completion at most")
    grpo.add_argument("--rate", type=float, default=1e-4)
    grpo.add_argument("--beta", type=float, default=0.0)
    grpo.add_argument("--attention", default="eager", help="transformers' implementation of attention")
    held_out = parser.add_argument_group("measuring")
    held_out.add_argument("--held-out", type=int, default=1024, help="held-out prompts of each kind")
    held_out.add_argument("--measure-batch", type=int, default=768)
    held_out.add_argument("--curve-rows", type=int, default=256, help="how many of them are for the curves")
    larger = parser.add_argument_group("the larger model of --overhead, never trained well")
    larger.add_argument("--larger-hidden", type=int, default=1024)
    larger.add_argument("--larger-layers", type=int, default=28)
    larger.add_argument("--larger-completion", type=int, default=256)
    larger.add_argument("--larger-steps", type=int, default=2)
    larger.add_argument("--larger-micro-batch", type=int, default=64)
    if not torch.cuda.is_available():
        parser.set_defaults(**ON_A_CPU)
    return parser.parse_args()


def left(options: argparse.Namespace) -> float:
    return float(options.seconds - (time.perf_counter() - STARTED))


class TimedReward:
    """A reward function that remembers how long each call took."""

    __name__ = "timed_reward"

    def __init__(self, reward: Reward) -> None:
        self.reward = reward
        self.seconds: list[float] = []

    def __call__(self, **columns: Any) -> list[float | None]:
        """The rewards of the function it stands for."""
        started = time.perf_counter()
        rewards = self.reward(**columns)
        self.seconds.append(time.perf_counter() - started)
        return rewards


class Watch(TrainerCallback):  # type: ignore[misc] # transformers is not typed
    """Times every step, measures now and then, and ends training when its time is up."""

    def __init__(self, limit: float, every: int | None, measured: Callable[[Any], Measured]) -> None:
        self.limit, self.every, self.measured = time.perf_counter() + limit, every, measured
        self.began = 0.0
        self.seconds: list[float] = []
        self.found: list[tuple[int, Measured]] = []

    def on_step_begin(self, _arguments: Any, _state: Any, _control: Any, **_: Any) -> None:
        self.began = time.perf_counter()

    def on_step_end(self, _arguments: Any, state: Any, control: Any, model: Any, **_: Any) -> None:
        self.seconds.append(time.perf_counter() - self.began)
        step, last = state.global_step, state.max_steps
        if step <= FIRST_STEPS and not all(one.isfinite().all() for one in model.parameters()):
            raise SystemExit(f"after step {step} some weights are no numbers any more")
        if self.every is not None and step % self.every == 0 and step < last:
            with untouched_randomness():
                self.found.append((step, self.measured(model)))
            say(f"step {step} of {last}; {summary(self.found[-1][1])}")
        if time.perf_counter() > self.limit:
            say(f"out of time after step {step} of {last}")
            control.should_training_stop = True


@dataclass(frozen=True)
class Lab:
    """What every training run shares."""

    verifier: Verifier
    tokenizer: Any
    start: Path
    rows: list[Row]
    held_out: dict[str, list[Row]]
    device: torch.device
    options: argparse.Namespace

    def load(self) -> Any:
        """The model that the warm start left."""
        model = AutoModelForCausalLM.from_pretrained(
            self.start, local_files_only=True, attn_implementation=self.options.attention
        )
        return model.to(self.device)

    def reward(self) -> Reward:
        return VerifierReward(RULES.read_text(encoding="utf-8"), name=str(RULES))

    def arguments(self, steps: int, **changes: Any) -> Any:
        """TRL's configuration, through the same door as `grpo:` of `vif train`."""
        options = self.options
        given = {
            "max_steps": steps,
            "per_device_train_batch_size": options.batch,
            "num_generations": options.generations,
            "max_completion_length": options.completion,
            "learning_rate": options.rate,
            "lr_scheduler_type": "linear",
            "warmup_steps": 5,
            "temperature": 1.0,
            "beta": options.beta,
            "bf16": True,
            "gradient_checkpointing": False,
            **changes,
        }
        folder = options.output / "trainer"
        config = Config(
            constraints=str(RULES),
            model=str(self.start),
            output=str(options.output),
            seed=options.seed,
            checkpoints=CheckpointConfig(every=0),
            grpo=given,
        )
        return grpo_arguments(config, output=folder, file="the benchmark")

    @cached_property
    def sampling(self) -> dict[str, Any]:
        # Once: to make TRL's configuration during training takes accelerate's state away from it.
        return sampling_arguments(self.arguments(1))

    def measured(self, model: Any, count: int | None = None) -> Measured:
        """What the model does on the first held-out prompts of each kind."""
        sampling, seed = self.sampling, self.options.seed
        with autocast(self.device):
            return {
                kind: measure(
                    model,
                    self.tokenizer,
                    self.verifier,
                    rows[:count],
                    reward=None,
                    seed=seed,
                    sampling=sampling,
                    batch=self.options.measure_batch,
                )
                for kind, rows in self.held_out.items()
            }

    def run(
        self, model: Any, reward: Reward, arguments: Any, limit: float = math.inf, every: int | None = None
    ) -> tuple[list[dict[str, Any]], Watch, dict[str, float]]:
        """Train the model: TRL's log, what was measured, and the seconds that a step took and that verifying took."""
        timed, watch = TimedReward(reward), Watch(limit, every, partial(self.measured, count=self.options.curve_rows))
        keep = self.options.output / "model"
        log = run_grpo(model, self.tokenizer, timed, self.rows, arguments, [watch], keep=keep)
        log = [entry for entry in log if "reward" in entry]
        step, verifying = (fmean(one[FIRST_STEPS:] or one) for one in (watch.seconds, timed.seconds))
        return log, watch, {"step": step, "verifying": verifying, "share": verifying / step}

    def seconds_a_step(self) -> float:
        """What a step takes, from a few that are thrown away."""
        return self.run(self.load(), self.reward(), self.arguments(FIRST_STEPS + 3))[2]["step"]

    def trained(self, name: str, reward: Reward, steps: int) -> dict[str, Any]:
        """Train a copy of the start, and measure it."""
        say(f"GRPO on {name} rewards")
        model = self.load()
        every = max(1, steps // CURVE_POINTS)
        log, watch, took = self.run(model, reward, self.arguments(steps), 1.3 * self.options.grpo_seconds, every)
        after = self.measured(model)
        say(f"measured after {len(log)} steps; {summary(after)}; seconds a step: {took}")
        curve = [{"step": step, **found} for step, found in watch.found]
        return {name: {"after": after, "log": log, "curve": curve, "took": took}}

    def larger_model(self) -> dict[str, Any]:
        """A few steps of a model that is nearer to those people train, with longer answers; it learns nothing."""
        options, at_a_time = self.options, self.options.larger_micro_batch
        model = random_model(self.tokenizer, options.larger_hidden, options.larger_layers).to(self.device)
        parameters = sum(one.numel() for one in model.parameters())
        say(f"timing steps of a model of {parameters:,} parameters")
        arguments = self.arguments(
            FIRST_STEPS + options.larger_steps,
            per_device_train_batch_size=at_a_time,
            gradient_accumulation_steps=options.batch // at_a_time,
            max_completion_length=options.larger_completion,
            beta=0.0,
        )
        log, watch, took = self.run(model, self.reward(), arguments, max(left(options) - 15, 1))
        say(f"seconds of the steps: {[round(one, 2) for one in watch.seconds]}")
        return {"parameters": parameters, "log": log, "took": took}


if __name__ == "__main__":
    main()
