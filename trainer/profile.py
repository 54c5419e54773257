"""Which prompts a model would learn from: `vif profile` samples completions and judges them as training would.

GRPO compares the completions of one prompt with each other. Where their rewards are all the same there is nothing to
compare, and the prompt costs its completions and teaches nothing.
"""

import math
import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from statistics import fmean
from typing import Any

import verif_dsl
from verif_dsl import Verifier
from verif_dsl.judging import Judge
from verif_dsl.trainer.config import MADE, TINY, Config
from verif_dsl.trainer.data import Row, columns_of, rows_from
from verif_dsl.trainer.filtered import stamp_of
from verif_dsl.trainer.generate import model_folder
from verif_dsl.trainer.measure import check_reward
from verif_dsl.trainer.progress import Stages
from verif_dsl.trainer.reading import Reading
from verif_dsl.trainer.sampling import BATCH, completions, encoded, quiet
from verif_dsl.trainer.train import Made, as_asked, few_threads, load_model, make_start, reading_of, rows_of

DIGITS = 9
"""Rewards that agree in so many digits after the point are the same."""


class Outcome(StrEnum):
    """What the completions of a prompt are to GRPO. Only `mixed` has a gradient."""

    MIXED = "mixed"
    """Their rewards differ."""
    ALL_PASS = "all_pass"
    """Their rewards are the same, and every completion passes."""
    ALL_FAIL = "all_fail"
    """Their rewards are the same, and no completion passes."""
    LEVEL = "level"
    """Their rewards are the same, and some pass and others do not: the reward does not tell them apart."""
    UNDECIDED = "undecided"
    """Too few rewards are decided (`least_decided`), so that training leaves the prompt out."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of one prompt: a reward a completion, and whether it passes.

    A completion passes when none of its verdicts is a fail, and its reward is not taken away for being cut off.
    `verdicts` holds, for each constraint that the row asks for, the verdicts on its completions; a constraint that it
    asks for twice is there twice.
    """

    rewards: Sequence[float | None]
    passes: Sequence[bool]
    verdicts: Sequence[tuple[str, Sequence[str]]]

    def outcome(self, least_decided: int) -> Outcome:
        """What the prompt is to GRPO."""
        decided = [place for place, one in enumerate(self.rewards) if one is not None]
        if len(decided) < min(least_decided, len(self.rewards)):
            return Outcome.UNDECIDED
        if len(_counted(self.rewards)) > 1:
            return Outcome.MIXED
        passing = {self.passes[place] for place in decided}
        if passing == {True, False}:
            return Outcome.LEVEL
        return Outcome.ALL_PASS if passing == {True} else Outcome.ALL_FAIL


@dataclass(slots=True)
class Tally:
    """What was found of one constraint.

    `prompts` ask for it, and of these `unmet` have decided verdicts on it and none that is a pass.
    """

    prompts: int = 0
    unmet: int = 0
    passed: int = 0
    failed: int = 0
    unknown: int = 0

    def add(self, verdicts: Sequence[str]) -> None:
        """Count the verdicts on the completions of one prompt."""
        found = Counter(verdicts)
        self.prompts += 1
        self.unmet += found["fail"] > 0 and not found["pass"]
        self.passed += found["pass"]
        self.failed += found["fail"]
        self.unknown += found["unknown"]

    @property
    def pass_rate(self) -> float | None:
        """The share of the decided verdicts that pass; None where none is decided."""
        decided = self.passed + self.failed
        return self.passed / decided if decided else None

    @property
    def nobody_passed(self) -> bool:
        """Whether there are verdicts, and none is a pass."""
        return self.failed > 0 and not self.passed


@dataclass(slots=True)
class Profile:
    """What is known so far of `wanted` prompts, of each of which `samples` completions are drawn.

    Training draws `num_generations` of a prompt, and takes `least_rows` rows for a step. `stamp` changes when the data
    do.
    """

    samples: int
    wanted: int
    num_generations: int
    least_decided: int
    least_rows: int
    constraints: Mapping[str, Tally]
    stamp: tuple[int, int]
    judge: Judge | None = None
    found: dict[int, Found] = field(default_factory=dict)
    """By the row of the data, from 0."""

    def add(self, row: int, found: Found) -> None:
        """Take in what was found of the prompt of a row."""
        self.found[row] = found
        for name, verdicts in found.verdicts:
            self.constraints[name].add(verdicts)

    def outcomes(self) -> dict[Outcome, list[int]]:
        """For each outcome the rows that have it."""
        rows: dict[Outcome, list[int]] = {outcome: [] for outcome in Outcome}
        for row, one in self.found.items():
            rows[one.outcome(self.least_decided)].append(row)
        return rows

    @property
    def without_gradient(self) -> float:
        """The share of the prompts whose completions taught nothing."""
        return 1 - len(self.outcomes()[Outcome.MIXED]) / len(self.found)

    @property
    def expected_without_gradient(self) -> float:
        """The share that is to be expected in training, with its own number of completions a prompt."""
        return fmean(flat_chance(one.rewards, self.num_generations, self.least_decided) for one in self.found.values())

    @property
    def mean_reward(self) -> float | None:
        """The mean of the rewards that are decided; None when none is."""
        decided = [reward for one in self.found.values() for reward in one.rewards if reward is not None]
        return fmean(decided) if decided else None

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data, as `vif profile --json` shows it."""
        rows = self.outcomes()
        return {
            "prompts": len(self.found),
            "wanted": self.wanted,
            "samples": self.samples,
            "num_generations": self.num_generations,
            "outcomes": {outcome.value: len(rows[outcome]) for outcome in Outcome},
            "without_gradient": self.without_gradient,
            "expected_without_gradient": self.expected_without_gradient,
            "mean_reward": self.mean_reward,
            "constraints": {
                name: {
                    "prompts": one.prompts,
                    "prompts_unmet": one.unmet,
                    "passed": one.passed,
                    "failed": one.failed,
                    "unknown": one.unknown,
                    "pass_rate": one.pass_rate,
                    "nobody_passed": one.nobody_passed,
                }
                for name, one in self.constraints.items()
            },
            "rows": [
                {"row": row, "outcome": one.outcome(self.least_decided).value, "rewards": list(one.rewards)}
                for row, one in self.found.items()
            ],
        }


def _counted(rewards: Sequence[float | None]) -> Counter[float]:
    """How often each reward was decided."""
    return Counter(round(one, DIGITS) for one in rewards if one is not None)


def flat_chance(rewards: Sequence[float | None], draws: int, least_decided: int = 2) -> float:
    """The chance that a group of `draws` completions of a prompt has no gradient, where these rewards were sampled.

    Up to as many draws as there are rewards, it is the share of the choices among them whose decided rewards are all
    the same or too few, which is right on average. Beyond that, rewards are drawn with replacement, which on average
    says too much: what was always the same in the sample counts as always the same.

    >>> flat_chance([1.0, 1.0, 0.0, 0.0], 2), flat_chance([1.0, 1.0, 1.0, 1.0], 8), flat_chance([1.0, 0.0], 4)
    (0.3333333333333333, 1.0, 0.125)
    >>> flat_chance([1.0, None, None, None], 2)
    1.0
    """
    size, counts = len(rewards), _counted(rewards)
    decided = counts.total()
    unknown = size - decided
    least = min(least_decided, draws)

    def chance(of: int, drawn: int) -> float:
        """That `drawn` of the draws are among `of` of the rewards, and the others undecided."""
        if draws <= size:
            return math.comb(of, drawn) * math.comb(unknown, draws - drawn) / math.comb(size, draws)
        return math.comb(draws, drawn) * (of / size) ** drawn * (unknown / size) ** (draws - drawn)

    too_few = sum(chance(decided, drawn) for drawn in range(least))
    return too_few + sum(chance(count, drawn) for count in counts.values() for drawn in range(least, draws + 1))


# ------------------------------------------------------------------------------------------------------------ sampling


def profiled(
    config: Config,
    stages: Stages,
    *,
    file: str,
    model: Path | None = None,
    samples: int = 8,
    rows: int | None = None,
    seed: int | None = None,
    batch: int = BATCH,
) -> Iterator[Profile]:
    """The profile of the rows that a configuration trains on, a batch of them more each time.

    Messages call the configuration `file`. `model` is a folder to use instead of the configuration's; the embedded
    model is made as training makes it. `rows` is how many of the rows are profiled, drawn at random with the seed.
    Raises `VerifError` as training does, before anything is sampled; and later when the judge fails.
    """
    rng = random.Random(config.seed)  # training draws the same rows, and makes the same model, from the same numbers
    verifier = verif_dsl.load(config.constraints)
    made = Made.of(config, rng)
    train_rows, held_out = rows_of(config, verifier, made, rng)
    stamp = stamp_of(config)
    check_reward(verifier, config.reward, [*train_rows, *held_out])
    numbered = _numbered(config, verifier, train_rows)
    seed = config.seed if seed is None else seed
    if rows is not None and rows < len(numbered):
        places = sorted(random.Random(seed).sample(range(len(numbered)), rows))
        numbered = [numbered[place] for place in places]
    with tempfile.TemporaryDirectory() as folder, quiet(), few_threads(config):
        stages.start("Loading PyTorch and TRL")
        from verif_dsl.trainer.grpo import grpo_arguments, sampling_arguments

        arguments = grpo_arguments(config, output=Path(config.output) / "trainer", file=file)
        if model is None and config.model == TINY:
            stages.start("Warming up the embedded model")
            make_start(Path(folder, "start"), verifier, made, config, rng, stages)
            model = Path(folder, "start")
        loaded, tokenizer = load_model(model_folder(Path(config.model) if model is None else model), arguments)
        chosen = as_asked(config, tokenizer, [row for _, row in numbered])
        reading = reading_of(config, loaded, tokenizer, arguments.max_completion_length, chosen)
        judge = None if config.judge is None else Judge(config.judge)
        profile = Profile(
            samples=samples,
            wanted=len(chosen),
            num_generations=arguments.num_generations,
            least_decided=config.least_decided,
            least_rows=arguments.generation_batch_size // arguments.num_generations,
            constraints={name: Tally() for name in (*verifier.constraints, *_asked(verifier, chosen))},
            stamp=stamp,
            judge=judge,
        )
        read = [
            encoded(tokenizer, row.prompt, f"{config.data}, row {number}")
            for (number, _), row in zip(numbered, chosen, strict=True)
        ]
        stages.start(f"Sampling {samples} completions for each of {len(read):,} prompts")
        at_once = max(1, batch // samples)
        sampling = {"do_sample": True, **sampling_arguments(arguments)}
        repeated = [ids for ids in read for _ in range(samples)]
        drawn = completions(loaded, tokenizer, repeated, sampling, seed=seed, batch=at_once * samples)
        for start, ids in zip(range(0, len(read), at_once), drawn, strict=True):
            texts = [tokenizer.decode(one, skip_special_tokens=True) for one in ids]
            some = chosen[start : start + at_once]
            judged = _judged(some, texts, ids, verifier, config.reward, judge, reading)
            for (number, _), found in zip(numbered[start : start + at_once], judged, strict=True):
                profile.add(number, found)
            stages.step(len(profile.found), len(read))
            yield profile


def _numbered(config: Config, verifier: Verifier, rows: Sequence[Row]) -> list[tuple[int, Row]]:
    """The rows to train on, with the number that each has in the data."""
    if config.data == MADE:
        return list(enumerate(rows))
    found: list[tuple[int, Row]] = []
    for number, row in enumerate(rows_from(Path(config.data), verifier)):
        # The rows to train on are some of all rows in their order, and of equal ones all or none.
        if len(found) < len(rows) and row == rows[len(found)]:
            found.append((number, row))
    assert len(found) == len(rows)
    return found


def _asked(verifier: Verifier, rows: Sequence[Row]) -> list[str]:
    """The constraints that rows ask for."""
    texts = dict.fromkeys(row.constraints for row in rows)
    return [use.constraint for text in texts for use in verifier.requirements(text).uses]


def _judged(
    rows: Sequence[Row],
    texts: Sequence[str],
    ids: Sequence[Sequence[int]],
    verifier: Verifier,
    reward: str | None,
    judge: Judge | None,
    reading: Reading,
) -> list[Found]:
    """Judge the completions of some rows as the reward of training does (see `reward.VerifierReward`)."""
    samples = len(texts) // len(rows)
    of_each = [row for row in rows for _ in range(samples)]
    seen = [reading.read(row.prompt, text, one) for row, text, one in zip(of_each, texts, ids, strict=True)]
    live = [place for place, one in enumerate(seen) if one.share]
    lived = [of_each[place] for place in live]
    checked = verifier.check(
        [seen[place].text for place in live],
        prompts=[row.prompt for row in lived],
        constraints=[row.constraints for row in lived],
        columns=columns_of(lived),
        judge=judge,
        only_for_reward=True,
        reward=reward,
    )
    rewards: list[float | None] = [None if one.share is None else 0.0 for one in seen]
    verdicts: list[dict[str, str]] = [{} for _ in seen]
    for place, value, lines in zip(live, checked.rewards(reward), checked.by_row(), strict=True):
        finite = value is not None and math.isfinite(value)
        rewards[place] = value * (seen[place].share or 0.0) if value is not None and finite else None
        verdicts[place] = {str(line["constraint"]): str(line["verdict"]) for line in lines}
    passes = [bool(one.share) and "fail" not in found.values() for one, found in zip(seen, verdicts, strict=True)]
    found = []
    for index, row in enumerate(rows):
        group = slice(index * samples, (index + 1) * samples)
        by_use = [
            (use.constraint, [one[use.name] for one in verdicts[group] if one])
            for use in verifier.requirements(row.constraints).uses
        ]
        found.append(Found(rewards[group], passes[group], by_use))
    return found
