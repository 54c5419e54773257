"""What a model can do: sample an answer to each held-out prompt, and let the verifier judge it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from verif_dsl import VerifError, Verifier
from verif_dsl.judging import Judge
from verif_dsl.trainer.data import Row
from verif_dsl.trainer.reward import pass_rates

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

BATCH = 64


@dataclass(frozen=True, slots=True)
class Measurement:
    """Answers to the held-out rows, one a row, and what the verifier found.

    `verdicts` holds for each row its (constraint, verdict) pairs; `pass_rates` has every constraint of the file, None
    where no verdict was decided.
    """

    answers: list[str]
    rewards: list[float | None]
    verdicts: list[list[tuple[str, str]]]
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
) -> Measurement:
    """Sample one answer to each row as training samples them, and judge it.

    `reward` is the expression that training uses, `sampling` holds arguments of `generate`, and `judge` answers judged
    constraints.
    """
    answers = sample_answers(model, tokenizer, [row.prompt for row in rows], seed=seed, sampling=sampling)
    constraints = [row.constraints for row in rows]
    found = verifier.check(answers, prompts=[row.prompt for row in rows], constraints=constraints, judge=judge)
    by_row = found.by_row()
    return Measurement(
        answers=answers,
        rewards=found.rewards(reward),
        verdicts=[[(str(line["constraint"]), str(line["verdict"])) for line in row] for row in by_row],
        pass_rates=pass_rates(verifier, constraints, by_row),
    )


def sample_answers(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    prompts: Sequence[str],
    *,
    seed: int,
    sampling: dict[str, Any],
) -> list[str]:
    """One sampled answer to each prompt; the same seed gives the same answers on one machine."""
    import torch

    torch.manual_seed(seed)
    was_training = model.training
    model.eval()
    # Answers start where prompts end, so prompts are padded on the left.
    tokenizer.padding_side = "left"
    answers: list[str] = []
    for start in range(0, len(prompts), BATCH):
        batch = tokenizer(list(prompts[start : start + BATCH]), return_tensors="pt", padding=True)
        batch = {name: batch[name].to(model.device) for name in ("input_ids", "attention_mask")}
        with torch.inference_mode():
            ids = model.generate(**batch, do_sample=True, pad_token_id=tokenizer.pad_token_id, **sampling)
        answers += tokenizer.batch_decode(ids[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)
    model.train(was_training)
    return answers


def check_reward(verifier: Verifier, reward: str | None, rows: Sequence[Row]) -> None:
    """Raise `VerifError`, before anything is trained, when the reward cannot be read or does not fit a row."""
    if not rows:
        raise VerifError("there are no rows to measure on")
    blank = [""] * len(rows)
    verifier.check(blank, prompts=blank, constraints=[row.constraints for row in rows]).rewards(reward)
