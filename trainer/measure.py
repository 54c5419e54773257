"""What a model can do: sample an answer to each held-out prompt, and let the verifier judge it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verif_dsl import VerifError, Verifier
from verif_dsl.files import written_whole
from verif_dsl.judging import Judge
from verif_dsl.trainer import processes
from verif_dsl.trainer.data import Prompt, Row, columns_of
from verif_dsl.trainer.reading import Reading
from verif_dsl.trainer.reward import AS_USERS_SEE, pass_rates

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

BATCH = 64
NOTHING: Mapping[str, Any] = {}


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
) -> Measurement:
    """Sample one answer to each row as training samples them, and judge it.

    `reward` is the expression that training uses, `sampling` holds arguments of `generate`, `judge` answers judged
    constraints, and `reading` says what of a completion is judged. Where there are several processes, all of them
    have to measure: they share the sampling, and the main one judges.
    """
    prompts = [row.prompt for row in rows]
    seed += processes.number()
    sample = partial(sample_answers, model, tokenizer, seed=seed, sampling=sampling, template=template)
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
    by_row = found.by_row()
    return Measurement(
        answers=answers,
        rewards=found.rewards(reward),
        verdicts=by_row,
        pass_rates=pass_rates(verifier, constraints, by_row),
    )


def kept_measurement(file: Path, measured: Callable[[], Measurement]) -> Measurement:
    """What stands in a file, or else what is measured now, which is then written there."""
    if file.exists():
        return Measurement(**json.loads(file.read_bytes()))
    found = measured()
    with written_whole(file) as out:
        out.write(json.dumps(asdict(found)).encode())
    return found


def sample_answers(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    prompts: Sequence[Prompt],
    *,
    seed: int,
    sampling: dict[str, Any],
    template: Mapping[str, Any] = NOTHING,
) -> list[str]:
    """One sampled answer to each prompt, messages by the chat template; the same seed gives the same on one machine."""
    import torch

    torch.manual_seed(seed)
    texts = [as_read(tokenizer, prompt, template) for prompt in prompts]
    was_training = model.training
    model.eval()
    # Answers start where prompts end, so prompts are padded on the left.
    tokenizer.padding_side = "left"
    answers: list[str] = []
    for start in range(0, len(texts), BATCH):
        # A chat template writes the special tokens itself.
        special = isinstance(prompts[start], str)
        batch = tokenizer(texts[start : start + BATCH], return_tensors="pt", padding=True, add_special_tokens=special)
        batch = {name: batch[name].to(model.device) for name in ("input_ids", "attention_mask")}
        with torch.inference_mode():
            ids = model.generate(**batch, do_sample=True, pad_token_id=tokenizer.pad_token_id, **sampling)
        answers += tokenizer.batch_decode(ids[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)
    model.train(was_training)
    return answers


def as_read(tokenizer: Any, prompt: Prompt, template: Mapping[str, Any] = NOTHING) -> str:
    """A prompt as the model reads it: a text as it is, messages by the tokenizer's chat template with these options."""
    if isinstance(prompt, str):
        return prompt
    return str(tokenizer.apply_chat_template(prompt, tokenize=False, add_generation_prompt=True, **template))


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
