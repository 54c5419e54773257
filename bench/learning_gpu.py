"""Does training on verdicts carry over to arguments never trained on? A model of 60 million parameters, on one GPU.

    python bench/learning_gpu.py --control --overhead

The model, a Qwen2 with random weights, first reads sentences of documentation that this environment holds: Python's own
and that of the packages it trains with, so that nothing is downloaded. Each has a prompt that asks for one to three of
the nine families of rules in `learning_gpu.vif`, and each rule is obeyed in about three of ten (`--obedient`); so the
model knows what the rules ask for and seldom does it. Then TRL's GRPO trains it on the verdicts.

Held-out prompts name topics that no prompt has named before. Half of them have arguments that training also draws, the
other half arguments that no prompt had before, in the warm start or in training: words and phrases that it was never
told to use, and pairs (two limits, a number and a mark, two letters) of which it saw each half, never both together.
The control deals the same rewards out at random. `--overhead` times a few steps of a larger model with longer answers.

Every phase has a limit in seconds; what a GPU makes of it is not the same twice, nor on two versions of the packages.
"""

import argparse
import json
import math
import random
import re
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property, partial
from importlib.metadata import version
from importlib.util import find_spec
from itertools import combinations, pairwise, product
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from transformers import AutoModelForCausalLM, Qwen2Config, Qwen2ForCausalLM, TrainerCallback
from transformers.utils import logging

import verif_dsl
from verif_dsl import Verifier
from verif_dsl.trainer import measure as measuring
from verif_dsl.trainer.callbacks import untouched_randomness
from verif_dsl.trainer.config import CheckpointConfig, Config
from verif_dsl.trainer.data import MOST_CONSTRAINTS, Row, as_column, write_prompt
from verif_dsl.trainer.grpo import grpo_arguments, run_grpo, sampling_arguments
from verif_dsl.trainer.measure import Measurement, measure
from verif_dsl.trainer.plot import smoothed
from verif_dsl.trainer.reward import METRIC, Reward, ShuffledReward, VerifierReward
from verif_dsl.trainer.text import SENTENCE, SENTENCE_WORDS, Topics, made_sentences, split_topics, topics_in
from verif_dsl.trainer.tiny import Example, train_tokenizer

RULES = Path(__file__).with_name("learning_gpu.vif")
DOCUMENTED_PACKAGES = ("accelerate", "datasets", "matplotlib", "numpy", "pandas", "torch", "transformers")
DOCSTRING = re.compile(r'"""(.*?)"""', re.DOTALL)

LINE_MARKS = ("-", "*", "+", ">", "#", "=")
INNER_MARKS = (",", ";", "!", "&", "%", "@", "~", "|")
LETTERS = "aehilnorst"
CLASHES = [
    {"marked_lines", "opening"},
    *({"without_letters", other} for other in ("mention", "repeat", "opening", "ending")),
]
"""Families that one prompt does not ask for together, because most of their arguments contradict each other."""
HELD_OUT_SHARE = 0.2
FALLING = 0.15
"""The last part of the warm start's time, in which the learning rate falls to nothing."""
SEEN, UNSEEN = "seen", "unseen"
MEAN = "mean of the families"
EXAMPLES_AT_A_TIME = 2_000
COPYING_SHARE = 0.3
"""Of the examples, those that say words of the prompt again: to copy is what most of the rules build on, and a model
learns it late from anything else."""
COPIED = ("mention", "repeat", "opening", "ending")
CURVE_POINTS = 10
"""How often the held-out prompts are measured on during training, for the curves."""
FIRST_STEPS = 3
"""Steps that timings leave out: the first ones allocate memory and choose kernels."""

Arguments = dict[str, Any]
Uses = list[tuple[str, Arguments]]
Measured = dict[str, Measurement]
"""By kind of arguments."""
STARTED = time.perf_counter()


def main() -> None:
    """Run the phases, print the tables, and write figures, curves and samples into the output folder."""
    options = read_options()
    verifier = verif_dsl.load(RULES)
    torch.set_float32_matmul_precision("high")
    logging.disable_progress_bar()
    warnings.simplefilter("ignore", FutureWarning)
    measuring.BATCH = options.measure_batch  # prompts answered at a time: a CPU's batch leaves a GPU idle
    options.output.mkdir(parents=True, exist_ok=True)
    rng = random.Random(options.seed)

    sentences = local_sentences(options.sentences)
    topics = split_topics(sentences, rng)
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
    torch.manual_seed(options.seed)
    model = random_model(tokenizer, options.hidden, options.layers)
    parameters = sum(one.numel() for one in model.parameters())
    say(f"{parameters:,} parameters")

    def copies(found: Any) -> float:
        asked = [row for row in held_out[SEEN] if any(name in row.constraints for name in COPIED)][:256]
        sampling = {"max_new_tokens": options.completion, "temperature": 1.0}
        with autocast(device):
            rates = measure(found, tokenizer, verifier, asked, reward=None, seed=options.seed, sampling=sampling)
        return fmean(rates.pass_rates[name] or 0.0 for name in COPIED)

    losses = warm_start(model.to(device), tokenizer, examples, options, copies)
    start = options.output / "start"
    model.save_pretrained(start)
    del model

    lab = Lab(verifier, tokenizer, start, rows, held_out, device, options)
    results: dict[str, Any] = {
        "machine": machine,
        "packages": packages,
        "parameters": parameters,
        "options": {name: str(value) for name, value in vars(options).items()},
        "warm_start_losses": losses,
        "before": (before := lab.measured(lab.load())),
    }
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
    """The command line; the defaults are for one H100."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("runs/learning_gpu"), help="a folder for what is written")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=495, help="no phase begins that would not end by then")
    either = argparse.BooleanOptionalAction
    parser.add_argument("--control", action=either, help="also train on shuffled rewards, for as many steps")
    parser.add_argument("--overhead", action=either, help="also time steps of a larger model")
    sizes = parser.add_argument_group("the model and its warm start")
    sizes.add_argument("--hidden", type=int, default=768, help="its width, a multiple of 64")
    sizes.add_argument("--layers", type=int, default=8)
    sizes.add_argument("--vocabulary", type=int, default=8192)
    sizes.add_argument("--sentences", type=int, default=60_000, help="sentences of documentation to read at most")
    sizes.add_argument("--examples", type=int, default=120_000)
    sizes.add_argument("--workers", type=int, default=8, help="processes that make examples")
    sizes.add_argument("--obedient", type=float, default=0.45, help="how often an example obeys a rule on purpose")
    sizes.add_argument("--warm-steps", type=int, default=20_000)
    sizes.add_argument("--warm-seconds", type=float, default=240)
    sizes.add_argument("--copies-enough", type=float, default=0.25, help="end the warm start at such a pass rate")
    sizes.add_argument("--copies-every", type=int, default=500, help="steps after which that is measured")
    sizes.add_argument("--warm-batch", type=int, default=256)
    sizes.add_argument("--warm-rate", type=float, default=8e-4, help="the highest learning rate")
    grpo = parser.add_argument_group("GRPO")
    grpo.add_argument("--steps", type=int, default=400)
    grpo.add_argument("--grpo-seconds", type=float, default=125)
    grpo.add_argument("--rows", type=int, default=16_384)
    grpo.add_argument("--batch", type=int, default=512, help="completions a step")
    grpo.add_argument("--generations", type=int, default=8, help="completions a prompt")
    grpo.add_argument("--completion", type=int, default=48, help="tokens of a completion at most")
    grpo.add_argument("--rate", type=float, default=1e-4)
    grpo.add_argument("--beta", type=float, default=0.02)
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
    return parser.parse_args()


def say(what: str) -> None:
    print(f"[{time.perf_counter() - STARTED:6.1f} s] {what}", flush=True)


def left(options: argparse.Namespace) -> float:
    return float(options.seconds - (time.perf_counter() - STARTED))


# Text, arguments, examples, rows


def local_sentences(most: int) -> list[str]:
    """Plain sentences of the documentation of Python and of the packages that training needs, each once, no commas."""
    found = dict.fromkeys(one.replace(",", "") for one in made_sentences())
    for name in DOCUMENTED_PACKAGES:
        spec = find_spec(name)
        for folder in (spec and spec.submodule_search_locations) or ():
            for path in sorted(Path(folder).rglob("*.py")):
                for text in DOCSTRING.findall(path.read_text(encoding="utf-8", errors="replace")):
                    for sentence in SENTENCE.findall(re.sub(r"\s+", " ", text)):
                        if len(sentence.split()) in SENTENCE_WORDS:
                            found[sentence.replace(",", "")] = None
                if len(found) >= most:
                    return list(found)
    return list(found)


def argument_pools(
    sentences: Sequence[str], topics: Topics, rng: random.Random
) -> dict[str, dict[str, list[Arguments]]]:
    """For arguments seen in training and for unseen ones, what each family may be asked with."""
    pools: dict[str, dict[str, list[Arguments]]] = {SEEN: {"lowercase": [{}]}, UNSEEN: {}}
    for kind, words in ((SEEN, topics.train), (UNSEEN, topics.held_out)):
        pools[kind]["mention"] = [{"word": word} for word in words]
        pools[kind]["repeat"] = [{"word": word, "n": n} for word in words for n in (2, 3)]
    openings = {" ".join(one.split()[:2]) for one in sentences}
    endings = {" ".join(one.split()[-2:]) for one in sentences}
    for name, phrases in (("opening", sorted(openings)), ("ending", sorted(endings))):
        phrases = rng.sample(phrases, len(phrases))
        cut = int(len(phrases) * HELD_OUT_SHARE)
        for kind, some in ((UNSEEN, phrases[:cut]), (SEEN, phrases[cut:])):
            pools[kind][name] = [{"phrase": phrase} for phrase in some]
    pairs: dict[tuple[str, str, str], list[tuple[Any, Any]]] = {
        ("word_range", "min", "max"): [(least, least + more) for least in range(3, 13) for more in range(1, 4)],
        ("marked_lines", "n", "mark"): list(product(range(2, 6), LINE_MARKS)),
        ("marks", "n", "mark"): list(product(range(1, 5), INNER_MARKS)),
        ("without_letters", "one", "other"): list(combinations(LETTERS, 2)),
    }
    for (name, first, second), every in pairs.items():
        held_out = some_pairs(every, rng)
        for one, other in every:
            kind = UNSEEN if (one, other) in held_out else SEEN
            pools[kind].setdefault(name, []).append({first: one, second: other})
    return pools


def some_pairs(pairs: Sequence[tuple[Any, Any]], rng: random.Random) -> set[tuple[Any, Any]]:
    """Pairs to hold out; the two halves of each remain in others, in their places."""
    rest, held_out = set(pairs), set()
    for pair in rng.sample(pairs, len(pairs)):
        others = rest - {pair}
        if all(pair[place] in {other[place] for other in others} for place in (0, 1)):
            rest = others
            held_out.add(pair)
        if len(held_out) >= HELD_OUT_SHARE * len(pairs):
            break
    return held_out


def draw(pool: Mapping[str, Sequence[Arguments]], rng: random.Random) -> Uses:
    """One to three families that do not clash, with arguments."""
    wanted = rng.randint(1, MOST_CONSTRAINTS)
    chosen: Uses = []
    for name in rng.sample(sorted(pool), len(pool)):
        if len(chosen) < wanted and not any({name, other} in CLASHES for other, _ in chosen):
            chosen.append((name, rng.choice(pool[name])))
    return chosen


def made_rows(
    verifier: Verifier, topics: Sequence[str], pool: Mapping[str, Sequence[Arguments]], count: int, rng: random.Random
) -> list[Row]:
    """`count` rows about the topics in turn."""
    order = rng.sample(topics, len(topics))
    rows = []
    for number in range(count):
        constraints = as_column(draw(pool, rng))
        rows.append(Row(write_prompt(order[number % len(order)], verifier.instruct(constraints)), constraints))
    return rows


def warm_examples(
    verifier: Verifier,
    sentences: Sequence[str],
    topics: Sequence[str],
    pool: Mapping[str, Sequence[Arguments]],
    options: argparse.Namespace,
    rng: random.Random,
) -> list[Example]:
    """Prompts with arguments from the pool, and sentences as answers, made by a few processes."""
    known = frozenset(topics)
    able = [(one, found) for one in sentences if (found := sorted(known.intersection(topics_in(one))))]
    make = partial(some_examples, verifier, able, pool, options.obedient)
    seeds = [rng.getrandbits(32) for _ in range(0, options.examples, EXAMPLES_AT_A_TIME)]
    # Forked, which has to be before anything touches the GPU.
    with ProcessPoolExecutor(options.workers, mp_context=get_context("fork")) as workers:
        return [example for some in workers.map(make, seeds) for example in some][: options.examples]


def some_examples(
    verifier: Verifier,
    able: Sequence[tuple[str, list[str]]],
    pool: Mapping[str, Sequence[Arguments]],
    obedient: float,
    seed: int,
) -> list[Example]:
    """Answers that obey now and then, and now and then do what some other rule asks for: what a model never does by
    chance, no reward can teach it. `able` has sentences with the topics in them."""
    rng = random.Random(seed)
    examples = []
    for _ in range(EXAMPLES_AT_A_TIME):
        if rng.random() < COPYING_SHARE:
            words = " ".join(rng.choice(pool["mention"])["word"] for _ in range(rng.randint(2, 8)))
            examples.append(Example(f'Say this again. "{words}"\n', words))
            continue
        sentence, about = rng.choice(able)
        asked = draw(pool, rng)
        done: dict[str, Arguments] = {}
        for name, arguments in asked:
            luck = rng.random()
            if luck < obedient:
                done[name] = arguments
            elif luck < obedient + 0.2:
                done[name] = rng.choice(pool[name])
        if rng.random() < 0.2:
            name = rng.choice(sorted(pool))
            done.setdefault(name, rng.choice(pool[name]))
        words = [*sentence.split(), *rng.choice(able)[0].split()]
        prompt = write_prompt(rng.choice(about), verifier.instruct(as_column(asked)))
        examples.append(Example(prompt, answer(words, done, rng)))
    return examples


def answer(words: list[str], done: Mapping[str, Arguments], rng: random.Random) -> str:
    """The words cut to a length, and changed so that they do what these families ask, as far as they fit together."""
    if letters := set(done.get("without_letters", {}).values()):
        words = [word for word in words if not letters.intersection(word.lower())] or words
    opening, ending = (str(done.get(name, {}).get("phrase", "")).split() for name in ("opening", "ending"))
    inner = [done["mention"]["word"]] if "mention" in done else []
    if "repeat" in done:
        inner += [done["repeat"]["word"]] * done["repeat"]["n"]
    limits = done.get("word_range", {"min": 4, "max": 14})
    room = rng.randint(limits["min"], limits["max"]) - len(opening) - len(ending) - len(inner)
    words = words[: max(room, 0)]
    for word in inner:
        words.insert(rng.randint(0, len(words)), word)
    words = [*opening, *words, *ending]
    if "marks" in done:
        places = range(max(len(opening) - 1, 0), max(len(words) - len(ending), len(opening), 1))
        for _ in range(done["marks"]["n"]):
            words[rng.choice(places)] += done["marks"]["mark"]
    text = " ".join(words)
    if "marked_lines" in done:
        count, mark = done["marked_lines"]["n"], done["marked_lines"]["mark"]
        cuts = [0, *sorted(rng.sample(range(1, max(len(words), count)), count - 1)), len(words)]
        text = "\n".join(f"{mark} {' '.join(words[one:other])}" for one, other in pairwise(cuts))
    return text.lower() if "lowercase" in done else text


# The model


def random_model(tokenizer: Any, hidden: int, layers: int) -> Any:
    """A Qwen2 with random weights."""
    heads = max(hidden // 64, 2)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=hidden * 3,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads // 2,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    return Qwen2ForCausalLM(config)


def warm_start(
    model: Any,
    tokenizer: Any,
    examples: Sequence[Example],
    options: argparse.Namespace,
    copies: Callable[[Any], float],
) -> list[float]:
    """Supervised steps on the answers, until the model copies words well enough or the time is up, and a few more at a
    falling rate; returns the loss now and then."""
    prompts = tokenizer([one.prompt for one in examples])["input_ids"]
    answers = tokenizer([one.answer for one in examples])["input_ids"]
    device = model.device
    lengths = torch.tensor([len(one) + len(other) + 1 for one, other in zip(prompts, answers, strict=True)])
    tokens = torch.full((len(examples), int(lengths.max())), tokenizer.pad_token_id, dtype=torch.int32)
    labels = torch.full_like(tokens, -100)  # -100: positions that the loss leaves out
    for row, (one, other) in enumerate(zip(prompts, answers, strict=True)):
        learnt = torch.tensor([*other, tokenizer.eos_token_id], dtype=torch.int32)
        tokens[row, : len(one)] = torch.tensor(one, dtype=torch.int32)
        tokens[row, len(one) : len(one) + len(learnt)] = learnt
        labels[row, len(one) : len(one) + len(learnt)] = learnt
    tokens, labels = tokens.to(device), labels.to(device)
    say(f"encoded, {lengths.float().mean():.0f} tokens an example, {int(lengths.max())} the longest")
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=options.warm_rate, betas=(0.9, 0.95), weight_decay=0.01, fused=device.type == "cuda"
    )
    model.train()
    started, losses, falls_from = time.perf_counter(), [], options.warm_seconds * (1 - FALLING)
    for step in range(options.warm_steps):
        now = time.perf_counter() - started
        falling = (now - falls_from) / (options.warm_seconds * FALLING)
        if falling >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = options.warm_rate * min((step + 1) / 200, 1 - max(falling, 0))
        if (step + 1) % options.copies_every == 0 and falling < 0:
            rate = copies(model)
            model.train()
            say(f"warm start, step {step + 1}: the families that copy pass {rate:.2f}")
            if rate >= options.copies_enough:
                falls_from = now
        batch = torch.randint(len(examples), (options.warm_batch,))
        width = int(lengths[batch].max())
        with autocast(device):
            # Padding stands behind the answers, where causal attention never looks, so no mask is needed.
            loss = model(
                input_ids=tokens[batch.to(device), :width].long(), labels=labels[batch.to(device), :width].long()
            ).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 10 == 0:
            losses.append(round(loss.item(), 4))
        if step % 100 == 0:
            say(f"warm start, step {step}, loss {losses[-1]}")
    say(f"warm start ended after step {step}, loss {losses[-1]}")
    model.eval()
    return losses


def autocast(device: torch.device) -> AbstractContextManager[Any]:
    return torch.autocast("cuda", torch.bfloat16) if device.type == "cuda" else nullcontext()


# Training and measuring


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
            "bf16": self.device.type == "cuda",
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
                    model, self.tokenizer, self.verifier, rows[:count], reward=None, seed=seed, sampling=sampling
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


# What is printed and written


def families(found: Measurement) -> dict[str, float]:
    """The pass rates of the families that were asked for."""
    return {name: rate for name, rate in found.pass_rates.items() if rate is not None}


def mean_rate(found: Measurement) -> float:
    return fmean(families(found).values())


def summary(found: Mapping[str, Measurement]) -> str:
    return "; ".join(f"{kind} arguments: mean pass rate {mean_rate(one):.3f}" for kind, one in found.items())


def table(results: Mapping[str, Any]) -> str:
    """A line a family: pass rates in percent before and after, and the change in points, for each run and kind."""
    before: Mapping[str, Measurement] = results["before"]
    columns = [(run, kind) for run in ("real", "shuffled") if run in results for kind in before]
    heads = (f"{kind} arguments, {run} rewards | points" for run, kind in columns)
    lines = [f"| family | {' | '.join(heads)} |", "| --- |" + " ---: | ---: |" * len(columns)]
    for name in (*families(before[SEEN]), MEAN):
        cells = [name]
        for run, kind in columns:
            old, new = (rate_of(name, found) for found in (before[kind], results[run]["after"][kind]))
            cells += ["", ""] if old is None or new is None else [f"{old:.0f} → {new:.0f}", f"{new - old:+.0f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def rate_of(name: str, found: Measurement) -> float | None:
    """A pass rate in percent."""
    rate = mean_rate(found) if name == MEAN else found.pass_rates[name]
    return None if rate is None else 100 * rate


def overhead_table(results: Mapping[str, Any]) -> str:
    """How much of a step's time verifying takes."""
    lines = [
        "| parameters | steps | seconds a step | of these verifying | share |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    for name in ("real", "shuffled", "larger"):
        if name in results:
            one, took = results[name], results[name]["took"]
            lines.append(
                f"| {one.get('parameters', results['parameters']):,} | {len(one['log'])} | {took['step']:.3f} "
                f"| {took['verifying']:.4f} | {100 * took['share']:.1f} % |"
            )
    return "\n".join(lines)


def write(results: Mapping[str, Any], held_out: Mapping[str, Sequence[Row]], folder: Path) -> None:
    """`results.json`, `samples.md` and `learning_gpu.png`."""
    (folder / "results.json").write_text(json.dumps(plain(results), ensure_ascii=False, indent=1), encoding="utf-8")
    (folder / "samples.md").write_text(samples(results, held_out), encoding="utf-8")
    plot(results, folder / "learning_gpu.png")


def plain(value: Any) -> Any:
    """What JSON can hold, without the answers."""
    if isinstance(value, Measurement):
        return {"mean_reward": value.mean_reward, "pass_rates": value.pass_rates}
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def samples(results: Mapping[str, Any], held_out: Mapping[str, Sequence[Row]], count: int = 12) -> str:
    """The first held-out prompts of each kind, with the answers before and after."""
    parts = ["Answers before and after training. No reward asks for sense.\n"]
    for kind, rows in held_out.items():
        for number, row in enumerate(rows[:count]):
            parts.append(f"\n## {kind} arguments, {number + 1}\n\n    {row.prompt}")
            for name, found in (("before", results["before"]), ("after", results["real"]["after"])):
                shown = found[kind].answers[number].replace("\n", "\n    ")
                parts.append(f"\n{name}, reward {found[kind].rewards[number]}:\n\n    {shown}\n")
    return "".join(parts)


def plot(results: Mapping[str, Any], path: Path) -> None:
    """Held-out pass rates and those of training over the steps, and the held-out ones before and after, by family."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(15, 4.8), layout="constrained")
    means, rates, bars = figure.subplots(1, 3, width_ratios=(1, 1, 1.6))
    below: dict[str, Any] = {
        "loc": "upper center",
        "bbox_to_anchor": (0.5, -0.2),
        "frameon": False,
        "fontsize": "small",
    }
    before = results["before"]
    for run, colors in (("real", ("tab:green", "tab:blue")), ("shuffled", ("darkgray", "lightgray"))):
        if run in results:
            after = {"step": len(results[run]["log"]), **results[run]["after"]}
            points = [{"step": 0, **before}, *results[run]["curve"], after]
            for kind, color in zip(before, colors, strict=True):
                heights = [mean_rate(one[kind]) for one in points]
                label = f"{kind} arguments, {run} rewards"
                means.plot([one["step"] for one in points], heights, marker=".", color=color, label=label)
    means.set(title="Mean of the families on held-out prompts", xlabel="step", ylim=(0, 1.02))
    for name in families(results["before"][SEEN]):
        curve(rates, results["real"]["log"], METRIC + name, label=name)
    rates.set(title="Pass rates in training", xlabel="step", ylim=(0, 1.02))
    names = list(families(results["before"][SEEN]))
    shown = [
        ("seen arguments, before", results["before"][SEEN], "lightgray"),
        ("seen arguments, after", results["real"]["after"][SEEN], "tab:green"),
        ("unseen arguments, before", results["before"][UNSEEN], "darkgray"),
        ("unseen arguments, after", results["real"]["after"][UNSEEN], "tab:blue"),
    ]
    for place, (label, found, color) in enumerate(shown):
        heights = [found.pass_rates[name] or 0.0 for name in names]
        bars.bar([at + 0.2 * (place - 1.5) for at in range(len(names))], heights, 0.2, color=color, label=label)
    bars.set_xticks(range(len(names)), names, rotation=20, ha="right")
    bars.set(title="Pass rates on held-out prompts", ylim=(0, 1.02))
    for axes, columns in ((means, 1), (rates, 3), (bars, 2)):
        axes.legend(ncols=columns, **below)
    figure.savefig(path, dpi=120)


def curve(axes: Any, log: Sequence[Mapping[str, Any]], name: str, **style: Any) -> None:
    """A metric over the steps, smoothed."""
    values = [None if value is None or math.isnan(value) else value for value in (one.get(name) for one in log)]
    points = [(one["step"], mean) for one, mean in zip(log, smoothed(values), strict=True) if mean is not None]
    axes.plot([step for step, _ in points], [mean for _, mean in points], **style)


if __name__ == "__main__":
    main()
