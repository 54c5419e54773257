"""Judged constraints, and what it takes to ask about them."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import verif_dsl
from verif_dsl import Verifier
from verif_dsl.compiler.backends.judge_prompts import Mode, Question, Soft, questions
from verif_dsl.judging import Judge, JudgeConfig, Judgement, Undecided
from verif_dsl.judging.requests import Completion, Done, Failure, Request

RULES = """
constraint kind {
  instruct "Be kind."
  judge { ask "Is it kind?" scale 1 to 5 anchor 1 "It hurts." anchor 5 "It helps." pass >= 4 }
  accept "Well done!" score 5
  reject "No." score 1
}

constraint formal {
  param reader: text = "a judge"
  instruct "Write formally, to {reader}."
  judge { ask "Is it formal, to {reader}?" scale 0 to 2 pass >= 2 }
  accept "I remain yours." score 2
  reject "Hi" score 0
}

constraint apt {
  instruct "Answer what is asked."
  judge { ask "Does it answer what the user asked?" scale 1 to 5 pass >= 4 show prompt, response }
  accept "Noon." after user "When?" score 5
  reject "Here." after user "When?" score 1
}

constraint brief {
  instruct "Be as brief as the answer before, in the manner of the title."
  given earlier from assistant[-1]
  given title from field "title"
  judge { ask "Is it brief?" scale 1 to 5 pass >= 4 show earlier, title, response }
  accept "Noon." with title = "T" after user "When?" assistant "At noon." user "When?" score 5
  reject "Here." with title = "T" after user "When?" assistant "At noon." user "When?" score 1
}

constraint surely_kind {
  instruct "Be kind, or else."
  judge { ask "Is it kind, really?" scale 1 to 5 pass >= 4 unknown fail }
  accept "Well done!" score 5
  reject "No." score 1
}

constraint small {
  instruct "Write small letters."
  check response == lower(response)
  accept "a"
  reject "A"
}
"""

NO_USE = Completion("no verdict", "stop")
"""A reply that is no verdict."""


def verifier() -> Verifier:
    return verif_dsl.compile(RULES)


_RUBRICS = {name: one.judge for name, one in verifier().constraints.items() if one.judge is not None}


def soft(name: str, texts: Mapping[str, str], **arguments: Any) -> Soft:
    """A judged constraint of the rules, about these texts."""
    return Soft(name, _RUBRICS[name], arguments, texts)


def asked(response: str, *names: str, mode: Mode = "each", prompt: str = "When?") -> list[Question]:
    """The questions whether a response is `kind`, or has these other qualities."""
    texts = {"response": response, "prompt": prompt, "earlier": "At noon.", "title": "T"}
    given = {"formal": {"reader": "a judge"}}
    return questions([soft(name, texts, **given.get(name, {})) for name in names or ("kind",)], mode)


KEY = "sk-secret-1234567890"

IMPATIENT: dict[str, Any] = {"timeout": 1.5, "budget": 6.0, "retries": 1, "max_unknown": 1.0}


def config(url: str | None = "http://127.0.0.1:9/v1", **changed: Any) -> JudgeConfig:
    """A judge at an endpoint, whose failures do not take long."""
    return JudgeConfig(model="judge", url=url, **{"timeout": 20.0, "budget": 40.0, "retries": 2, **changed})


class Scripted:
    """An engine that says what a function says, and remembers what it was asked."""

    def __init__(self, says: Callable[[Request], Completion | Failure]) -> None:
        self.says = says
        self.requests: list[Request] = []

    def complete(self, requests: Sequence[Request], done: Done) -> None:
        self.requests += requests
        for index, request in enumerate(requests):
            done(index, self.says(request))


def said(score: object, evidence: object = "") -> Completion:
    """A reply with a score, as it should be."""
    return Completion(json.dumps({"evidence": evidence, "score": score}), "stop", tokens_in=100, tokens_out=20)


def name_of(request: dict[str, Any]) -> str:
    """The response that a request is about: in these tests, the name of what goes wrong."""
    return str(request["messages"][1]["content"].split("\n~~~~\n")[1])


def judged(judge: Judge, *responses: str) -> list[Judgement | Undecided]:
    """What the judge says of each response, in their order."""
    return [answer[0] for answer in judge.ask([question for one in responses for question in asked(one)])]


def scripted(says: Callable[[Request], Completion | Failure], **changed: Any) -> tuple[Judge, Scripted]:
    """A judge that says what a function says."""
    engine = Scripted(says)
    return Judge(config(**changed), engine), engine


def one(judge: Judge, response: str = "Noon.", name: str = "kind") -> Judgement | Undecided:
    """What the judge says of one response."""
    (question,) = asked(response, name)
    return judge.ask([question])[0][0]


def in_turn(*replies: Completion | Failure) -> Callable[[Request], Completion | Failure]:
    """An engine's replies, one after the other, whatever the request."""
    rest: Iterator[Completion | Failure] = iter(replies)
    return lambda request: next(rest)
