"""A judge in this process, run by vLLM, which batches the questions and computes their common beginnings once."""

import time
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from verif_dsl.judging.config import JudgeConfig
from verif_dsl.judging.errors import JudgeError
from verif_dsl.judging.requests import Completion, Done, Request
from verif_dsl.judging.special_tokens import broken_up

ALTERNATIVES = 20
"""As many as vLLM returns unless told otherwise."""


class VllmEngine:
    """Loads a model from a folder when first asked; `options` of the configuration are arguments of `vllm.LLM`."""

    def __init__(self, config: JudgeConfig) -> None:
        self.config = config

    @cached_property
    def _model(self) -> Any:
        try:
            from vllm import LLM
        except ImportError:
            raise JudgeError("the judge's engine is vllm, which is not installed (pip install vllm)") from None
        return LLM(model=self.config.model, enable_prefix_caching=True, **self.config.options)

    def complete(self, requests: Sequence[Request], done: Done) -> None:
        """Answer the requests, all of them at once."""
        model, begun = self._model, time.monotonic()
        tokenizer = model.get_tokenizer()
        conversations = [
            [{"role": "system", "content": one.system}, {"role": "user", "content": broken_up(one.user, tokenizer)}]
            for one in requests
        ]
        answers = model.chat(conversations, [_sampling(one) for one in requests], use_tqdm=False)
        each = (time.monotonic() - begun) / max(len(answers), 1)
        for index, answer in enumerate(answers):
            done(index, _completion(answer, each))


def _sampling(request: Request) -> Any:
    from vllm import SamplingParams
    from vllm.sampling_params import StructuredOutputsParams

    return SamplingParams(
        temperature=request.temperature,
        max_tokens=request.max_tokens,
        seed=request.seed,
        logprobs=ALTERNATIVES if request.probabilities else None,
        structured_outputs=StructuredOutputsParams(json=dict(request.schema)),
    )


def _completion(answer: Any, seconds: float) -> Completion:
    reply = answer.outputs[0]
    tokens = []
    for token, alternatives in zip(reply.token_ids, reply.logprobs or (), strict=False):
        chances = {one.decoded_token or "": one.logprob for one in alternatives.values()}
        tokens.append((alternatives[token].decoded_token or "", chances))
    return Completion(
        text=reply.text,
        ended=reply.finish_reason or "stop",
        tokens_in=len(answer.prompt_token_ids or ()),
        tokens_cached=answer.num_cached_tokens or 0,
        tokens_out=len(reply.token_ids),
        seconds=seconds,
        tokens=tuple(tokens),
    )
