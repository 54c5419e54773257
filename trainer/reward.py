"""The reward that TRL calls: one function for all that a row asks, because TRL counts None from one of two as 0."""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import verif_dsl
from verif_dsl import VerifError, Verifier
from verif_dsl.compiler.conversation import Given, turns_of
from verif_dsl.judging import Judge, JudgeConfig
from verif_dsl.judging.usage import Usage

METRIC = "constraint/"
"""What the name of a constraint's pass rate begins with in TRL's metrics."""
JUDGE = "judge/"
"""What the metrics of judging begin with."""
UNDECIDED = "undecided_share"
"""The metric for the share of rewards that unknown verdicts leave open."""

Reward = Callable[..., list[float | None]]


class LogMetric(Protocol):
    """TRL's `log_metric`, which averages over the logging steps and over the processes."""

    def __call__(self, name: str, value: float) -> None: ...


class VerifierReward:
    """A reward function for TRL's trainers, made of a .vif text.

    It compiles when first called, and pickles as text, because TRL may send it to a process that it starts.

    Args:
        source: the text of a .vif file.
        expression: how verdicts become one number, or the name of a preset; None for each row's own or the default.
        name: what messages call the text.
        folder: where the files stand that the text imports.
        judge: who answers judged constraints, which nobody does by default. It is asked where the answer can change
            the reward.

    >>> reward = VerifierReward('''
    ... constraint short {
    ...   param max: int in 1 to 9 = 3
    ...   instruct "Use at most {max} words."
    ...   check len(words(response)) <= max
    ...   accept "one two"
    ...   reject "one two three four"
    ... }
    ... ''')
    >>> asked = '[{"use": "short", "with": {"max": 2}}]'
    >>> reward(prompts=["?", "?"], completions=["one two", "one two three"], constraints=[asked, asked])
    [1.0, 0.0]
    """

    __name__ = "verifier_reward"  # TRL names its metrics after it

    def __init__(
        self,
        source: str,
        expression: str | None = None,
        *,
        name: str = "<text>",
        folder: Path | None = None,
        judge: JudgeConfig | None = None,
    ) -> None:
        self.source = source
        self.expression = expression
        self.name = name
        self.folder = folder
        self.judge = judge

    @cached_property
    def verifier(self) -> Verifier:
        """The compiled text; `VerifError` when it does not compile."""
        return verif_dsl.compile(self.source, name=self.name, folder=self.folder)

    @cached_property
    def fields(self) -> frozenset[str]:
        """The columns of the data that some constraint reads (`given ... from field`)."""
        every = (given for constraint in self.verifier.constraints.values() for given in constraint.givens)
        return frozenset(given.field for given in every if given.field is not None)

    @cached_property
    def asked(self) -> Judge | None:
        """The judge, which knows what it cost."""
        return None if self.judge is None else Judge(self.judge)

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("source", "expression", "name", "folder", "judge")}

    def __call__(
        self,
        *,
        prompts: Sequence[Any],
        completions: Sequence[Any],
        constraints: Sequence[str] | None = None,
        log_metric: LogMetric | None = None,
        **columns: Any,
    ) -> list[float | None]:
        """One reward a completion; None, which TRL leaves out of its baseline, where unknown verdicts leave it open.

        Prompts and completions are texts or lists of messages. `constraints` is the column of that name. Logs, at each
        call, the pass rate of every constraint of the file and of its imports, NaN for one that no row asks for or none
        decides: TRL leaves NaN out of its averages, and expects every process to log the same names. With a judge it
        also logs what judging cost.

        Raises `VerifError` when the column is missing, or a row asks for something the file does not have, and
        `JudgeError` when the judge leaves more unknown than its configuration allows.
        """
        if constraints is None:
            raise VerifError(
                "the rows have no column `constraints`; give each the name of a spec, or a JSON list of constraints"
            )
        before = self.asked.total if self.asked is not None else None
        verdicts = self.verifier.check(
            [answer_text(completion) for completion in completions],
            prompts=prompts,
            constraints=constraints,
            columns={name: values for name, values in columns.items() if name in self.fields},
            judge=self.asked,
            only_for_reward=True,
            reward=self.expression,
        )
        rewards = [_finite(reward) for reward in verdicts.rewards(self.expression)]
        if log_metric is not None:
            rates = pass_rates(self.verifier, constraints, verdicts.by_row())
            for name in self.verifier.program.known():
                rate = rates.get(name)
                log_metric(METRIC + name, math.nan if rate is None else rate)
            log_metric(UNDECIDED, sum(reward is None for reward in rewards) / max(len(rewards), 1))
            if self.asked is not None and before is not None:
                for name, value in _costs(before, self.asked.total).items():
                    log_metric(JUDGE + name, value)
        return rewards


class ShuffledReward:
    """The control: the rewards of `reward`, dealt out at random among the rows of the batch.

    They keep their distribution and lose their meaning, so what is learnt from them is not due to the constraints.
    """

    __name__ = "shuffled_reward"

    def __init__(self, reward: Reward, seed: int) -> None:
        self.reward = reward
        self.random = random.Random(seed)

    def __call__(self, **columns: Any) -> list[float | None]:
        """The rewards in another order; arguments and errors are those of `reward`."""
        rewards = self.reward(**columns)
        self.random.shuffle(rewards)
        return rewards


def pass_rates(
    verifier: Verifier, constraints: Sequence[str], verdicts: Sequence[Sequence[Mapping[str, object]]]
) -> dict[str, float | None]:
    """For every constraint of the file, whatever its rows call it, the share of its decided verdicts that pass.

    One that the file only imports is there if a row asks for it. `constraints` and `verdicts` (as `Verdicts.by_row` has
    them) go row by row. None where no verdict is decided.
    """
    real_names = {
        text: {use.name: use.constraint for use in verifier.requirements(text).uses}
        for text in dict.fromkeys(constraints)
    }
    asked = (name for names in real_names.values() for name in names.values())
    passed = dict.fromkeys((*verifier.constraints, *asked), 0)
    decided = dict.fromkeys(passed, 0)
    for text, row in zip(constraints, verdicts, strict=True):
        for line in row:
            if line["verdict"] == "unknown":
                continue
            name = real_names[text][str(line["constraint"])]
            decided[name] += 1
            passed[name] += line["verdict"] == "pass"
    return {name: passed[name] / decided[name] if decided[name] else None for name in decided}


def answer_text(completion: Any) -> str:
    """The answer in a completion: the text itself, or what the last message of the assistant says.

    Raises `VerifError` for what is neither a text nor a list of messages.

    >>> answer_text([{"role": "assistant", "content": None}])
    ''
    >>> answer_text([{"role": "assistant", "content": [{"type": "text", "text": "Hello."}]}])
    'Hello.'
    """
    if isinstance(completion, str):
        return completion
    try:
        return Given("answer", "assistant").find(turns_of(completion), {}) or ""
    except ValueError as error:
        raise VerifError(f"a completion cannot be read: {error}") from None


def _costs(before: Usage, after: Usage) -> dict[str, float]:
    """What one step of judging cost."""
    names = ("verdicts", "unknown", "skipped", "calls", "cached", "shared", "failed", "tokens_in", "tokens_out")
    return {name: float(getattr(after, name) - getattr(before, name)) for name in names}


def _finite(reward: float | None) -> float | None:
    # TRL takes an infinite reward without a word and trains on the NaN that follows.
    return reward if reward is not None and math.isfinite(reward) else None
