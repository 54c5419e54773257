"""The reward that TRL calls: one function for all that a row asks, because TRL counts None from one of two as 0."""

import math
import random
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import verif_dsl
from verif_dsl import Use, VerifError, Verifier
from verif_dsl.judging import Judge, JudgeConfig
from verif_dsl.judging.usage import Usage
from verif_dsl.trainer import processes
from verif_dsl.trainer.answers import Thinking
from verif_dsl.trainer.data import fields_of
from verif_dsl.trainer.groups import groups_of, settle
from verif_dsl.trainer.reading import Reading, Seen
from verif_dsl.trainer.tripwires import asked_in, tripped
from verif_dsl.verdicts import PASS, UNKNOWN, Verdicts

METRIC = "constraint/"
"""What the name of a constraint's pass rate begins with in TRL's metrics."""
JUDGE = "judge/"
"""What the metrics of judging begin with."""
UNDECIDED = "undecided_share"
"""The metric for the share of completions without a reward: unknown verdicts leave it open, or they are left out."""
SECONDS = "verifying_seconds"
"""The metric for how long the verdicts of a step took, those of a judge included."""
CUT_OFF = "cut_off_share"
DEGENERATE = "degenerate/"
"""What the metrics of answers that should be worth nothing begin with (see `tripwires.tripped`)."""
THINKING = "thinking/"
"""What the metrics for the four cases of thinking begin with."""
GROUPS = "groups/"
"""What the metrics of groups begin with: the shares `dropped` and `without_gradient`, and the `spread` of rewards."""

Reward = Callable[..., list[float | None]]


AS_USERS_SEE = Reading()
"""What is judged by default: the answer without the thoughts, cut off or not."""


class LogMetric(Protocol):
    """TRL's `log_metric`, which averages over the logging steps and over the processes."""

    def __call__(self, name: str, value: float) -> None: ...


class LogExtra(Protocol):
    """TRL's `log_extra`, which adds a column to the table of completions."""

    def __call__(self, column: str, values: list[str]) -> None: ...


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
        reading: what of a completion is judged.
        least_decided: a group with fewer decided rewards is left out.
        table: whether verdicts and feedback go into TRL's table of completions (`log_completions`).

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
        reading: Reading = AS_USERS_SEE,
        least_decided: int = 2,
        table: bool = False,
    ) -> None:
        self.source = source
        self.expression = expression
        self.name = name
        self.folder = folder
        self.judge = judge
        self.reading = reading
        self.least_decided = least_decided
        self.table = table

    @cached_property
    def verifier(self) -> Verifier:
        """The compiled text; `VerifError` when it does not compile."""
        return verif_dsl.compile(self.source, name=self.name, folder=self.folder)

    @cached_property
    def fields(self) -> frozenset[str]:
        """The columns of the data that some constraint reads."""
        return frozenset(fields_of(self.verifier))

    @cached_property
    def asked(self) -> Judge | None:
        """The judge, which knows what it cost."""
        return None if self.judge is None else Judge(self.judge)

    def __getstate__(self) -> dict[str, Any]:
        lazily_made = ("verifier", "fields", "asked")
        return {name: value for name, value in self.__dict__.items() if name not in lazily_made}

    def __call__(
        self,
        *,
        prompts: Sequence[Any],
        completions: Sequence[Any],
        constraints: Sequence[str] | None = None,
        completion_ids: Sequence[Sequence[int]] | None = None,
        log_metric: LogMetric | None = None,
        log_extra: LogExtra | None = None,
        **columns: Any,
    ) -> list[float | None]:
        """One reward a completion.

        It is None, which TRL leaves out of its baseline, where unknown verdicts leave it open, the completion is to be
        left out, or too little of its group is decided.

        Prompts and completions are texts or lists of messages. `constraints` is the column of that name. Logs, at each
        call, the pass rate of every constraint of the file and of its imports, NaN for one that no row asks for or none
        decides, which TRL leaves out of its averages over steps; where there are several processes, nothing instead. It
        also logs how the groups fare, how many completions think or were cut off, and with a judge what judging cost.

        Raises `VerifError` when the column is missing, or a row asks for something the file does not have, and
        `JudgeError` when the judge leaves more unknown than its configuration allows.
        """
        if constraints is None:
            raise VerifError(
                "the rows have no column `constraints`; give each the name of a spec, or a JSON list of constraints"
            )
        started = time.perf_counter()
        before = self.asked.total if self.asked is not None else None
        ids = completion_ids if completion_ids is not None else [None] * len(completions)
        seen = [self.reading.read(*one) for one in zip(prompts, completions, ids, strict=True)]
        # What is worth nothing, or is left out, needs no verdict.
        live = [row for row, one in enumerate(seen) if one.share]
        asked = [constraints[row] for row in live]
        verdicts = self.verifier.check(
            [seen[row].text for row in live],
            prompts=[prompts[row] for row in live],
            constraints=asked,
            columns={name: [values[row] for row in live] for name, values in columns.items() if name in self.fields},
            judge=self.asked,
            only_for_reward=True,
            reward=self.expression,
        )
        rewards: list[float | None] = [None if one.share is None else 0.0 for one in seen]
        for row, reward in zip(live, verdicts.rewards(self.expression), strict=True):
            rewards[row] = _finite(reward, seen[row].share or 0.0)
        settled = settle(rewards, groups_of(prompts, constraints), self.least_decided)
        if log_metric is not None:
            found = pass_rates(self.verifier, asked, verdicts)
            rates = {METRIC + name: found.get(name) for name in self.verifier.program.known()}
            for name, value in {**rates, **_shares(prompts, seen, rewards)}.items():
                # TRL takes the mean over the processes, which one NaN would spoil, of the values that there are.
                if value is not None or processes.count() == 1:
                    log_metric(name, math.nan if value is None else value)
            for name in ("dropped", "without_gradient", "spread"):
                log_metric(GROUPS + name, getattr(settled, name))
            if self.asked is not None and before is not None:
                for name, value in _costs(before, self.asked.total).items():
                    log_metric(JUDGE + name, value)
            log_metric(SECONDS, time.perf_counter() - started)
        if log_extra is not None and self.table:
            for column, texts in self._told(seen, live, verdicts, asked).items():
                log_extra(column, texts)
        return settled.rewards

    def _told(
        self, seen: Sequence[Seen], live: Sequence[int], verdicts: Verdicts, asked: Sequence[str]
    ) -> dict[str, list[str]]:
        """For a person, a text a completion: its verdicts, and what the constraints say of what fails."""
        told, feedback = [""] * len(seen), [""] * len(seen)
        for row, lines, constraints in zip(live, verdicts.by_row(), asked, strict=True):
            uses = {use.name: use for use in self.verifier.requirements(constraints).uses}
            told[row] = "; ".join(
                f"{line['constraint']}: {line['verdict']}" + (f" ({line['reason']})" if line["reason"] else "")
                for line in lines
            )
            failing = [uses[str(line["constraint"])] for line in lines if line["verdict"] == "fail"]
            feedback[row] = " ".join(
                text for use in failing if (text := self._feedback(use, seen[row].text)) is not None
            )
        return {"verdicts": told, "feedback": feedback}

    def _feedback(self, use: Use, response: str) -> str | None:
        try:
            return self.verifier.feedback(use.constraint, response, use.arguments)
        except VerifError:  # one that shows an earlier turn; the table does without it
            return None


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


def pass_rates(verifier: Verifier, constraints: Sequence[str], verdicts: Verdicts) -> dict[str, float | None]:
    """For every constraint of the file, whatever its rows call it, the share of its decided verdicts that pass.

    One that the file only imports is there if a row asks for it. `constraints` goes row by row. The share is None where
    no verdict is decided.
    """
    real_names = {
        text: {use.name: use.constraint for use in verifier.requirements(text).uses}
        for text in dict.fromkeys(constraints)
    }
    asked = (name for names in real_names.values() for name in names.values())
    passed = dict.fromkeys((*verifier.constraints, *asked), 0)
    decided = dict.fromkeys(passed, 0)
    for row, name, verdict in verdicts.table.select("row", "constraint", "verdict").iter_rows():
        if verdict != UNKNOWN:
            real_name = real_names[constraints[row]][name]
            decided[real_name] += 1
            passed[real_name] += verdict == PASS
    return {name: passed[name] / decided[name] if decided[name] else None for name in decided}


def _costs(before: Usage, after: Usage) -> dict[str, float]:
    """What one step of judging cost."""
    counts = ("verdicts", "unknown", "skipped", "calls", "cached", "shared", "failed")
    names = (*counts, "tokens_in", "tokens_cached", "tokens_out", "seconds")
    return {name: float(getattr(after, name) - getattr(before, name)) for name in names}


def _shares(prompts: Sequence[Any], seen: Sequence[Seen], rewards: Sequence[float | None]) -> dict[str, float | None]:
    """Of all completions: those without a reward, those that were cut off, those in each case of thinking, and those
    that are degenerate, with the mean reward of these.
    """
    count = max(len(seen), 1)
    asked = [asked_in(prompt) for prompt in prompts]
    degenerate = [row for row, one in enumerate(seen) if tripped(asked[row], one.text)]
    paid = [reward for row in degenerate if (reward := rewards[row]) is not None]
    return {
        DEGENERATE + "share": len(degenerate) / count,
        DEGENERATE + "reward": sum(paid) / len(paid) if paid else None,
        UNDECIDED: sum(reward is None for reward in rewards) / count,
        CUT_OFF: sum(one.cut_off for one in seen) / count,
        **{THINKING + case: sum(one.thinking is case for one in seen) / count for case in Thinking},
    }


def _finite(reward: float | None, share: float) -> float | None:
    # TRL takes an infinite reward without a word and trains on the NaN that follows.
    return reward * share if reward is not None and math.isfinite(reward) else None
