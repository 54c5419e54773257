"""A judge behind an endpoint that speaks OpenAI's chat completions, asked by OpenAI's own client (`openai`).

The client keeps connections open, and tries again what failed on its way, with pauses that grow, or as long as the
server asks for in `Retry-After`. What a server refuses for good (its key, the model's name) stops everything.
"""

import asyncio
import os
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from verif_dsl.compiler.diagnostics import VerifError
from verif_dsl.judging.config import JudgeConfig
from verif_dsl.judging.errors import JudgeError
from verif_dsl.judging.requests import Completion, Done, Failure, Request, one_line

MOST_ALTERNATIVES = 20
"""As many as OpenAI's interface and vLLM return."""

REFUSALS = {
    401: "it refuses the key; set the environment variable {variable}",
    403: "it refuses the key; set the environment variable {variable} to one that may use the model",
    404: "it knows no model `{model}`, or `url` does not end as it should (most end in /v1)",
}


@dataclass(frozen=True, slots=True)
class _Running:
    """An event loop in a thread of its own, and the client whose connections belong to it."""

    loop: asyncio.AbstractEventLoop
    client: Any
    process: int

    def run(self) -> None:
        self.loop.run_forever()
        self.loop.close()

    def end(self) -> None:
        if self.process == os.getpid():
            asyncio.run_coroutine_threadsafe(self._end(), self.loop)

    async def _end(self) -> None:
        await self.client.close()
        self.loop.stop()


class Endpoint:
    """Asks a server, many questions at a time; from any thread, whether it has an event loop of its own or none.

    Raises `JudgeError` for what cannot be a key.
    """

    def __init__(self, config: JudgeConfig) -> None:
        self.config = config
        self._key = os.environ.get(config.key_variable, "").strip()
        if not self._key.isascii() or not self._key.isprintable():
            raise JudgeError(f"the environment variable {config.key_variable} holds characters that no key has")
        self._lock = threading.Lock()
        self._running: dict[int, _Running] = {}
        """By process: of a thread and its connections, nothing may be used on the other side of a fork."""

    def complete(self, requests: Sequence[Request], done: Done) -> None:
        """Answer all requests; raises `JudgeError` when the server refuses for good."""
        running = self._started()
        answering = asyncio.run_coroutine_threadsafe(self._all(running.client, requests, done), running.loop)
        try:
            answering.result()
        except BaseException:  # an interrupt as well: nobody waits for the rest
            answering.cancel()
            raise

    def _started(self) -> _Running:
        with self._lock:
            process = os.getpid()
            if process not in self._running:
                running = self._running[process] = _Running(asyncio.new_event_loop(), self._client(), process)
                threading.Thread(target=running.run, name="judge", daemon=True).start()
                weakref.finalize(self, running.end).atexit = False
            return self._running[process]

    def _client(self) -> Any:
        from openai import AsyncOpenAI

        return AsyncOpenAI(
            base_url=self.config.url,
            api_key=self._key or "none",  # a server of one's own asks for none, and the client insists
            timeout=self.config.timeout,
            max_retries=self.config.retries,
        )

    async def _all(self, client: Any, requests: Sequence[Request], done: Done) -> None:
        waiting = iter(enumerate(requests))  # all workers take from it, so that at most so many are on their way
        try:
            async with asyncio.TaskGroup() as workers:
                for _ in range(min(self.config.at_once, len(requests))):
                    workers.create_task(self._work(client, waiting, done))
        except* VerifError as errors:
            raise errors.exceptions[0] from None

    async def _work(self, client: Any, waiting: Iterator[tuple[int, Request]], done: Done) -> None:
        for index, request in waiting:
            done(index, await self._within_budget(client, request))

    async def _within_budget(self, client: Any, request: Request) -> Completion | Failure:
        begun = time.monotonic()
        try:
            async with asyncio.timeout(self.config.budget):
                found = await self._answered(client, request)
        except TimeoutError:
            found = Failure(f"no reply within the budget of {self.config.budget:g} s", final=True)
        return replace(found, seconds=time.monotonic() - begun)

    async def _answered(self, client: Any, request: Request) -> Completion | Failure:
        import openai

        asked: dict[str, Any] = {"logprobs": True, "top_logprobs": MOST_ALTERNATIVES} if request.probabilities else {}
        schema = {"name": "verdict", "schema": request.schema, "strict": True}
        body = {
            "model": request.model,
            "messages": [
                {"role": "system", "content": request.system},
                {"role": "user", "content": request.user},
            ],
            "response_format": {"type": "json_schema", "json_schema": schema},
            "temperature": request.temperature,
            "seed": request.seed,
            "max_completion_tokens": request.max_tokens,
            **asked,
            **request.options,
        }
        try:
            # Not `chat.completions.create`, which spends a third of its time on going through the parameters for files.
            answer = await client.post("/chat/completions", cast_to=object, body=body)
        except openai.APITimeoutError:
            attempts = "once" if self.config.retries == 0 else f"{self.config.retries + 1} times"
            return Failure(f"no reply within {self.config.timeout:g} s, tried {attempts}", final=True)
        except openai.APIStatusError as error:
            if error.status_code in REFUSALS:
                why = REFUSALS[error.status_code].format(variable=self.config.key_variable, model=request.model)
                raise JudgeError(f"the judge at {self.config.url} answers {error.status_code}: {why}") from None
            told = error.message.removeprefix(f"Error code: {error.status_code} - ")
            return Failure(one_line(self._without_key(f"the server answers {error.status_code}: {told}")), final=True)
        except openai.APIConnectionError as error:
            why = f"no connection to {self.config.url} ({error.__cause__ or error})"
            return Failure(one_line(self._without_key(why)), final=True)
        except (openai.OpenAIError, ValueError) as error:
            return Failure(f"the server's answer cannot be read ({type(error).__name__})")
        found = _completion(answer)
        if isinstance(found, Failure) or not self._key or self._key not in found.text + found.ended:
            return found
        return replace(found, text=self._without_key(found.text), ended=self._without_key(found.ended), tokens=())

    def _without_key(self, text: str) -> str:
        """A server's text without the key, which some repeat."""
        return text.replace(self._key, "***") if self._key else text


def _completion(answer: object) -> Completion | Failure:
    """What an answer of the interface says; servers leave parts of it out."""
    choices = _part(answer, "choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = _part(choice, "message")
    text = _part(message, "content")
    if message is None or not isinstance(text, str | None):
        return Failure("the server's answer holds no reply")
    if _part(message, "refusal"):
        return Failure("the judge refuses to answer")
    usage = _part(answer, "usage")
    return Completion(
        text=text or "",
        ended=str(_part(choice, "finish_reason") or "stop"),
        tokens_in=_count(usage, "prompt_tokens"),
        tokens_cached=_count(_part(usage, "prompt_tokens_details"), "cached_tokens"),
        tokens_out=_count(usage, "completion_tokens"),
        tokens=_tokens(choice),
    )


def _part(whole: object, name: str) -> Any:
    return whole.get(name) if isinstance(whole, dict) else None


def _count(counts: object, name: str) -> int:
    count = _part(counts, name)
    return count if isinstance(count, int) else 0


def _tokens(choice: object) -> tuple[tuple[str, dict[str, float]], ...]:
    """The tokens of a reply with their alternatives; none where they cannot be read."""
    pieces = _part(_part(choice, "logprobs"), "content") or ()
    try:
        return tuple(
            (str(one["token"]), {str(other["token"]): float(other["logprob"]) for other in one["top_logprobs"]})
            for one in pieces
        )
    except (KeyError, TypeError, ValueError):
        return ()
