"""Sampling with a model in this process, by transformers: prompts in, ids of completions out.

Measuring, profiling and `vif generate` all sample here. In training TRL samples itself, as `generation` says.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from verif_dsl import VerifError
from verif_dsl.trainer.data import Prompt

BATCH = 64
"""Completions that are sampled at a time."""

NOTHING: Mapping[str, Any] = {}

Ids = Sequence[int]


def as_read(tokenizer: Any, prompt: Prompt, template: Mapping[str, Any] = NOTHING) -> str:
    """A prompt as the model reads it: a text as it is, messages by the tokenizer's chat template with these options."""
    if isinstance(prompt, str):
        return prompt
    return str(tokenizer.apply_chat_template(prompt, tokenize=False, add_generation_prompt=True, **template))


def encoded(tokenizer: Any, prompt: Prompt, place: str, template: Mapping[str, Any] = NOTHING) -> Ids:
    """The ids that a model reads for a prompt. Raises `VerifError`, naming the place, when there are none to be had."""
    if not isinstance(prompt, str) and tokenizer.chat_template is None:
        raise VerifError(f"{place}: its prompt is a list of messages, and the model has no chat template")
    try:
        text = as_read(tokenizer, prompt, template)
    except Exception as error:  # a template is a program of the model's, and may raise anything
        told = str(error).partition("\n")[0]
        raise VerifError(f"{place}: the model's chat template does not take this prompt ({told})") from None
    # A chat template writes the special tokens itself.
    ids: Ids = tokenizer(text, add_special_tokens=isinstance(prompt, str))["input_ids"]
    if not ids:
        raise VerifError(f"{place}: its prompt is empty")
    return ids


def ends_of(model: Any, tokenizer: Any) -> frozenset[int]:
    """The ids that end an answer, padding among them."""
    ends = model.generation_config.eos_token_id
    ids = {tokenizer.eos_token_id, tokenizer.pad_token_id, *(ends if isinstance(ends, list) else [ends])}
    return frozenset(ids - {None})


def completions(
    model: Any, tokenizer: Any, read: Sequence[Ids], arguments: Mapping[str, Any], *, seed: int, batch: int = BATCH
) -> Iterator[list[list[int]]]:
    """What the model writes after each prompt, as ids up to the end and with it, a batch at a time.

    `arguments` are those of `generate`. On one machine the same seed and batch give the same. A batch for which the GPU
    has no room is halved, and so are those after it; raises `VerifError` when there is no room for one answer, or the
    weights are spread over several processes, which only compute together.
    """
    import torch

    torch.manual_seed(seed)
    ends = ends_of(model, tokenizer)
    padding = tokenizer.pad_token_id
    if padding is None:
        padding = min(ends, default=0)
    was_training = model.training
    model.eval()
    try:
        start = 0
        while start < len(read):
            some = read[start : start + batch]
            width = max(map(len, some))
            # Answers start where prompts end, so prompts are padded on the left.
            ids = torch.full((len(some), width), padding)
            mask = torch.zeros((len(some), width), dtype=torch.long)
            for row, one in enumerate(some):
                ids[row, width - len(one) :] = torch.tensor(one)
                mask[row, width - len(one) :] = 1
            try:
                with torch.inference_mode():
                    given = {"input_ids": ids.to(model.device), "attention_mask": mask.to(model.device)}
                    written = model.generate(**given, pad_token_id=padding, **arguments)[:, width:]
            except torch.OutOfMemoryError:
                batch = len(some) // 2
                if batch and not _is_spread(model):
                    continue
                answers = "an answer" if len(some) == 1 else f"{len(some)} answers at a time"
                raise VerifError(
                    f"the GPU has no room for {answers}; ask for shorter ones, or use a larger GPU"
                ) from None
            yield [_up_to_the_end(one, ends) for one in written.tolist()]
            start += len(some)
    finally:
        model.train(was_training)


def _is_spread(model: Any) -> bool:
    """Whether each process has a part of the weights only."""
    from transformers.integrations.deepspeed import is_deepspeed_zero3_enabled
    from transformers.integrations.fsdp import is_fsdp_managed_module

    return bool(is_deepspeed_zero3_enabled() or is_fsdp_managed_module(model))


def _up_to_the_end(ids: list[int], ends: frozenset[int]) -> list[int]:
    """Without the padding that follows the end of an answer.

    >>> _up_to_the_end([5, 6, 2, 0, 0], frozenset({2, 0})), _up_to_the_end([5, 6], frozenset({2, 0}))
    ([5, 6, 2], [5, 6])
    """
    last = next((place for place, one in enumerate(ids) if one in ends), len(ids) - 1)
    return ids[: last + 1]


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what the libraries tell about themselves, their bars and notices, out of the way."""
    from transformers.utils import logging

    shown, told = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()  # such as that a temperature says nothing where nothing is drawn
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        try:
            yield
        finally:
            logging.set_verbosity(told)
            if shown:
                logging.enable_progress_bar()
