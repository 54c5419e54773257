"""A judge in this process, run by vLLM, which batches the questions and computes their common beginnings once."""

import os
import time
from collections.abc import Sequence
from functools import cached_property
from threading import Lock
from typing import Any

from verif_dsl.judging.config import JudgeConfig
from verif_dsl.judging.errors import JudgeError
from verif_dsl.judging.requests import Completion, Done, Failure, Request, one_line
from verif_dsl.judging.special_tokens import broken_up

ALTERNATIVES = 20
"""As many as vLLM returns unless told otherwise."""


class VllmEngine:
    """Loads a model from a folder when first asked; `options` of the configuration are arguments of `vllm.LLM`.

    Raises `JudgeError` when there is no model, or vLLM cannot run it.
    """

    def __init__(self, config: JudgeConfig) -> None:
        self.config = config
        self._lock = Lock()  # vLLM aborts the process when two threads use its engine

    @cached_property
    def _model(self) -> Any:
        folder = self.config.model
        if not os.path.isdir(folder):  # noqa: PTH112 - else vLLM would take it for a name, and look for it elsewhere
            raise JudgeError(f"the judge's model: there is no folder {folder}")
        try:
            from vllm import LLM
        except ImportError:
            raise JudgeError("the judge's engine is vllm, which is not installed (pip install vllm)") from None
        try:
            return LLM(model=folder, **{"enable_prefix_caching": True, **self.config.options})
        except Exception as error:
            raise JudgeError(f"vLLM cannot load the judge's model in {folder} ({one_line(str(error))})") from error

    def complete(self, requests: Sequence[Request], done: Done) -> None:
        """Answer the requests, all of them at once."""
        with self._lock:
            model, begun = self._model, time.monotonic()
            entered, refused = self._enter(model, requests)
            answers = self._answers(model, list(entered.values()))
        each = (time.monotonic() - begun) / max(len(answers), 1)
        for index, reason in refused.items():
            done(index, Failure(reason, final=True))
        for index, answer in zip(entered, answers, strict=True):
            done(index, _completion(answer, each))

    def _enter(self, model: Any, requests: Sequence[Request]) -> tuple[dict[int, str], dict[int, str]]:
        """By their places, the names that vLLM gives the requests, and why it refuses the others: of a list, it would
        refuse all for one that is too long.
        """
        from vllm.exceptions import VLLMValidationError

        tokenizer = model.get_tokenizer()
        entered: dict[int, str] = {}
        refused: dict[int, str] = {}
        try:
            for index, one in enumerate(requests):
                user = broken_up(one.user, tokenizer)
                conversation = [{"role": "system", "content": one.system}, {"role": "user", "content": user}]
                try:
                    (entered[index],) = model.enqueue_chat([conversation], [_sampling(one)], use_tqdm=False)
                except VLLMValidationError as error:
                    refused[index] = one_line(f"vLLM refuses the question: {error}")
        except BaseException:
            model.llm_engine.abort_request(list(entered.values()), internal=True)
            raise
        return entered, refused

    def _answers(self, model: Any, entered: list[str]) -> list[Any]:
        try:
            return list(model.wait_for_completion(use_tqdm=False))
        except BaseException as error:
            # Left in the engine, they would be answered at the next call, and taken for replies to its questions.
            model.llm_engine.abort_request(entered, internal=True)
            if isinstance(error, Exception):
                raise JudgeError(f"vLLM failed ({one_line(str(error) or type(error).__name__)})") from error
            raise


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
