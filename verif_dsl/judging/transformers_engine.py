"""A judge in this process, run by transformers: for tests, and for small runs on one's own machine.

llguidance keeps what the model writes to the schema of the reply, token by token, so that even a model of random
weights replies as it was asked to. Requests are answered one after the other: the reply to one does not depend on which
others there are.
"""

import json
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from threading import Lock
from typing import Any

from verif_dsl.judging.config import JudgeConfig
from verif_dsl.judging.errors import JudgeError
from verif_dsl.judging.requests import Completion, Done, Failure, Request
from verif_dsl.judging.special_tokens import broken_up

ALTERNATIVES = 20


class TransformersEngine:
    """Loads a model and its tokenizer from a folder when first asked. Raises `JudgeError` when there is none."""

    def __init__(self, config: JudgeConfig) -> None:
        self.folder = config.model
        self._lock = Lock()

    @cached_property
    def _loaded(self) -> tuple[Any, Any, Any]:
        """The model, its tokenizer, and the tokenizer as llguidance has it."""
        if not os.path.isdir(self.folder):  # noqa: PTH112 - as transformers asks
            raise JudgeError(f"the judge's model: there is no folder {self.folder}")
        import llguidance.hf
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(self.folder, local_files_only=True)
            model = AutoModelForCausalLM.from_pretrained(self.folder, local_files_only=True).eval()
            model.to("cuda" if torch.cuda.is_available() else "cpu")
            known = llguidance.hf.from_tokenizer(tokenizer, n_vocab=model.config.vocab_size)
        except (OSError, ValueError) as error:
            reason = str(error).partition("\n")[0]
            raise JudgeError(f"the judge's model in {self.folder} cannot be loaded ({reason})") from None
        return model, tokenizer, known

    def complete(self, requests: Sequence[Request], done: Done) -> None:
        """Answer the requests, one after the other."""
        for index, request in enumerate(requests):
            begun = time.monotonic()
            with self._lock:
                found = self._answered(request)
            done(index, replace(found, seconds=time.monotonic() - begun))

    def _answered(self, request: Request) -> Completion | Failure:
        import torch

        model, tokenizer, _ = self._loaded
        prompt = prompt_of(tokenizer, request)
        read = tokenizer(prompt, return_tensors="pt", add_special_tokens=False)["input_ids"].to(model.device)
        room = getattr(model.config, "max_position_embeddings", None)
        if room is not None and read.shape[1] + request.max_tokens > room:
            reason = f"the question has {read.shape[1]:,} tokens, and the model reads {room:,} with its reply"
            return Failure(reason, final=True)
        with torch.inference_mode():
            written, tokens, ended = self._written(read, request)
        text = tokenizer.decode(written, skip_special_tokens=True)
        return Completion(text, ended, read.shape[1], tokens_out=len(written), tokens=tuple(tokens))

    def _written(self, read: Any, request: Request) -> tuple[list[int], list[tuple[str, dict[str, float]]], str]:
        """The tokens of the reply, the same with their alternatives, and how it ended."""
        import llguidance
        import torch
        from llguidance.torch import allocate_token_bitmask, apply_token_bitmask_inplace, fill_next_token_bitmask

        model, tokenizer, known = self._loaded
        grammar = llguidance.LLMatcher.grammar_from_json_schema(
            json.dumps(request.schema), {"whitespace_flexible": False}
        )
        matcher = llguidance.LLMatcher(known, grammar)
        chance = torch.Generator(device=read.device).manual_seed(request.seed)
        mask = allocate_token_bitmask(1, model.config.vocab_size)
        written: list[int] = []
        tokens: list[tuple[str, dict[str, float]]] = []
        cache: Any = None
        step = read
        while len(written) < request.max_tokens:
            seen = model(step, past_key_values=cache, use_cache=True, logits_to_keep=1)
            logits, cache = seen.logits[:, -1].float(), seen.past_key_values
            fill_next_token_bitmask(matcher, mask)
            apply_token_bitmask_inplace(logits, mask.to(logits.device))
            chances = torch.log_softmax(logits[0], dim=-1)
            if request.temperature:
                drawn = torch.softmax(logits[0] / request.temperature, dim=-1)
                token = int(torch.multinomial(drawn, 1, generator=chance))
            else:
                token = int(chances.argmax())
            if not matcher.consume_token(token) or token == tokenizer.eos_token_id:
                return written, tokens, "stop"
            written.append(token)
            if request.probabilities:
                best = chances.topk(min(ALTERNATIVES, len(chances)))
                pieces = {tokenizer.decode([int(one)]): float(chance) for chance, one in zip(*best, strict=True)}
                tokens.append((tokenizer.decode([token]), pieces))
            if matcher.is_stopped():
                return written, tokens, "stop"
            step = torch.tensor([[token]], device=read.device)
        return written, tokens, "length"


def prompt_of(tokenizer: Any, request: Request) -> str:
    """What the model reads. Where the user's message has a special token of this tokenizer, it is broken up, as those
    are that the question knew.
    """
    user = broken_up(request.user, tokenizer)
    if tokenizer.chat_template is None:
        return f"{request.system}\n\n{user}\n\n"
    messages = [{"role": "system", "content": request.system}, {"role": "user", "content": user}]
    return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))
