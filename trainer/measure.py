"""What a model can do: sample an answer to each held-out prompt, and let the verifier judge it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from verif_dsl import VerifError, Verifier
from verif_dsl.files import written_whole
from verif_dsl.judging import Judge
from verif_dsl.trainer import processes
from verif_dsl.trainer.data import Prompt, Row, columns_of
from verif_dsl.trainer.reading import Reading
from verif_dsl.trainer.reward import AS_USERS_SEE, pass_rates
from verif_dsl.trainer.sampling import BATCH, NOTHING, completions, encoded

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True)
class Measurement:
    """Answers to the held-out rows, one a row, and what the verifier found.

    `verdicts` is what `Verdicts.by_row` gives, with the reasons of unknown verdicts and the evidence of judges;
    `pass_rates` has every constraint of the file, None where no verdict was decided.
    """

    answers: list[str]
    rewards: list[float | None]
    verdicts: list[list[dict[str, object]]]
    pass_rates: dict[str, float | None]

    @property
    def mean_reward(self) -> float | None:
        """The mean of the rewards that are decided; None when none is."""
        decided = [reward for reward in self.rewards if reward is not None]
        return sum(decided) / len(decided) if decided else None


def measure(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    verifier: Verifier,
    rows: Sequence[Row],
    *,
    reward: str | None,
    seed: int,
    sampling: dict[str, Any],
    judge: Judge | None = None,
    reading: Reading = AS_USERS_SEE,
    template: Mapping[str, Any] = NOTHING,
    batch: int = BATCH,
) -> Measurement:
    """Sample one answer to each row as training samples them, and judge it.

    `reward` is the expression that training uses, `sampling` holds arguments of `generate`, `judge` answers judged
    constraints, `reading` says what of a completion is judged, and `batch` how many are sampled at a time. Where there
    are several processes, all of them have to measure: they share the sampling, and the main one judges.
    """
    prompts = [row.prompt for row in rows]
    seed += processes.number()
    sample = partial(sample_answers, model, tokenizer, seed=seed, sampling=sampling, template=template, batch=batch)
    answers = processes.dealt_out(prompts, sample)
    return processes.once(lambda: _judged(answers, verifier, rows, reward, judge, reading))


def _judged(
    answers: list[str],
    verifier: Verifier,
    rows: Sequence[Row],
    reward: str | None,
    judge: Judge | None,
    reading: Reading,
) -> Measurement:
    prompts, constraints = [row.prompt for row in rows], [row.constraints for row in rows]
    read = [reading.read(prompt, answer).text for prompt, answer in zip(prompts, answers, strict=True)]
    found = verifier.check(read, prompts=prompts, constraints=constraints, columns=columns_of(rows), judge=judge)
    return Measurement(
        answers=answers,
        rewards=found.rewards(reward),
        verdicts=found.by_row(),
        pass_rates=pass_rates(verifier, constraints, found),
    )


def kept_measurement(file: Path) -> Measurement | None:
    """The measurement that `keep_measurement` wrote to a file; None where there is no file, or it is damaged."""
    try:
        return TypeAdapter(Measurement).validate_json(file.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def keep_measurement(found: Measurement, file: Path) -> None:
    """Write a measurement to a file, for a run that goes on after a stop."""
    with written_whole(file) as out:
        out.write(json.dumps(asdict(found)).encode())


def sample_answers(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    prompts: Sequence[Prompt],
    *,
    seed: int,
    sampling: dict[str, Any],
    template: Mapping[str, Any] = NOTHING,
    batch: int = BATCH,
) -> list[str]:
    """One sampled answer to each prompt, messages by the chat template; the same seed gives the same on one machine."""
    read = [encoded(tokenizer, one, f"held-out prompt {number}", template) for number, one in enumerate(prompts)]
    arguments = {"do_sample": True, **sampling}
    drawn = completions(model, tokenizer, read, arguments, seed=seed, batch=batch)
    return [tokenizer.decode(ids, skip_special_tokens=True) for some in drawn for ids in some]


def check_reward(verifier: Verifier, reward: str | None, rows: Sequence[Row]) -> None:
    """Raise `VerifError`, before anything is trained, when the reward cannot be read or does not fit a row."""
    if not rows:
        raise VerifError("there are no rows to measure on")
    verifier.check(
        [""] * len(rows),
        prompts=[row.prompt for row in rows],
        constraints=[row.constraints for row in rows],
        columns=columns_of(rows),
    ).rewards(reward)
