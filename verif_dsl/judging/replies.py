"""The replies of judges: the schema they are asked to keep, and what is made of one that keeps it or does not.

A reply counts when the model ended it by itself and it is, after any thinking, JSON of the schema and nothing else. Of
anything else one learns nothing, so that it is neither a pass nor a fail.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from verif_dsl.compiler.backends.judge_prompts import BREAK, Asked
from verif_dsl.compiler.texts import prepare
from verif_dsl.judging.requests import Alternatives, Completion, Failure, one_line

# Not strict about control characters in texts: some engines let them through (xgrammar 0.2 with maxLength).
DECODER = json.JSONDecoder(strict=False, object_pairs_hook=lambda pairs: _once(pairs))
THOUGHT = re.compile(r"</think>(?=\s*[{`])")
OPENING = re.compile(r"\s*(?P<fence>```(?:json)?\s*\n\s*)?")
END = re.compile(r"\s*\Z")
FENCED_END = re.compile(r"\s*```\s*\Z")
SCORE = re.compile(r'"score"\s*:\s*')
DIGIT = re.compile(r"\s*([0-9])(?![0-9])")
CERTAIN = 0.001
"""The most that the logarithm of a probability can be, with what rounding adds to 0."""
SIGNIFICANT = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Vote:
    """One answer about one constraint: the score, which may be an expected one, and the words quoted for it."""

    score: float
    evidence: str
    found: bool
    """Whether the words stand in the response."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


@lru_cache(maxsize=1024)
def reply_model(asked: tuple[Asked, ...], evidence_characters: int | None) -> type[BaseModel]:
    """The pydantic model of a reply: evidence before score, because what is written first is not made up afterwards."""

    def verdict(one: Asked) -> type[BaseModel]:
        return create_model(
            "Verdict",
            __base__=_Strict,
            evidence=Annotated[str, Field(max_length=evidence_characters)],
            score=Annotated[int, Field(ge=one.low, le=one.high)],
        )

    if len(asked) == 1 and asked[0].key is None:
        return verdict(asked[0])
    fields: dict[str, Any] = {str(one.key): (verdict(one), ...) for one in asked}
    return create_model("Verdicts", __base__=_Strict, **fields)


@lru_cache(maxsize=1024)
def reply_schema(asked: tuple[Asked, ...], evidence_characters: int | None) -> Mapping[str, Any]:
    """The JSON schema of a reply.

    >>> reply_schema((Asked(0, "tone", 1, 5, 4, None),), 80)["properties"]["score"]
    {'maximum': 5, 'minimum': 1, 'title': 'Score', 'type': 'integer'}
    """
    return reply_model(asked, evidence_characters).model_json_schema()


def read_reply(
    completion: Completion, asked: Sequence[Asked], response: str, *, probabilities: bool = False
) -> tuple[Vote, ...] | Failure:
    """The vote about each constraint, in their order, or why the reply cannot be used.

    `probabilities` asks for the expected score, from a completion that has its tokens.
    """
    if completion.ended == "length":
        return Failure("the reply was cut off at its longest length (max_tokens)")
    if completion.ended != "stop":
        return Failure(f"the reply ended by `{one_line(completion.ended, 40)}`")
    parsed = _parsed(completion.text)
    if isinstance(parsed, Failure):
        return parsed
    try:
        # A quotation that is longer than asked for does no harm.
        reply = reply_model(tuple(asked), None).model_validate(parsed).model_dump()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the reply"
        return Failure(f"the reply is not as asked for: {one_line(place, 60)}: {first['msg']}")
    votes = []
    for one in asked:
        found = reply if one.key is None else reply[one.key]
        score = float(found["score"])
        if probabilities:
            expected = _expected_score(completion, one, found["score"])
            if expected is None:
                return Failure("the reply came without the probabilities of its score")
            score = expected
        evidence = prepare(found["evidence"])
        votes.append(Vote(score, evidence, _stands_in(evidence, response)))
    return tuple(votes)


def _parsed(text: str) -> Any:
    """The JSON that a reply is, or that stands after its thinking; else a `Failure`.

    Thinking may quote an end of thinking from the response, and so may the evidence. There is no doubt all the same:
    what begins within a quotation is not JSON from there to the end.
    """
    for begin in (0, *(found.end() for found in THOUGHT.finditer(text))):
        opening = OPENING.match(text, begin)
        assert opening is not None
        try:
            parsed, end = DECODER.raw_decode(text, opening.end())
        except (ValueError, RecursionError):
            continue
        if (FENCED_END if opening["fence"] else END).match(text, end):
            return parsed
    answer = text.rpartition("</think>")[2]
    if "<think>" in answer:
        return Failure("the reply ends within its thinking")
    if not answer.strip():
        return Failure("the reply is empty")
    return Failure(f"the reply is not JSON: {one_line(answer, 60)}")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _expected_score(completion: Completion, asked: Asked, score: int) -> float | None:
    """The mean of the scores, weighed by the probabilities of their tokens where the reply has its score.

    None where the scores are more than one token each, or the tokens are not those of the reply.
    """
    # Not looked for in the text: the tokens may hold thinking before it, halves of characters, and a mark of the end.
    pieces = [piece for piece, _ in completion.tokens]
    places = list(SCORE.finditer("".join(pieces)))
    if asked.high > 9 or not places:
        return None
    begin = 0
    for piece, alternatives in completion.tokens:
        begin += len(piece)
        if begin > places[-1].end():
            return _mean_score(alternatives, asked, score) if _digit(piece) == score else None
    return None


def _mean_score(alternatives: Alternatives, asked: Asked, score: int) -> float | None:
    weights = dict.fromkeys(range(asked.low, asked.high + 1), 0.0)
    for token, logarithm in alternatives.items():
        if (digit := _digit(token)) in weights:
            if not logarithm <= CERTAIN:
                return None
            weights[digit] += math.exp(logarithm)
    if not weights[score]:
        return None
    return sum(one * weight for one, weight in weights.items()) / sum(weights.values())


def _digit(token: str) -> int | None:
    """The score that a token begins with."""
    found = DIGIT.match(token)
    return int(found[1]) if found else None


def _stands_in(evidence: str, response: str) -> bool:
    """Whether a quotation stands in the response, or its words do one after the other, whatever marks are between them.

    Nothing is always found: the absence of something cannot be quoted.
    """
    evidence, response = evidence.replace(BREAK, "").strip(), response.replace(BREAK, "")
    words = SIGNIFICANT.findall(evidence)
    return evidence in response or (
        len(words) > 0 and f" {' '.join(words)} " in f" {' '.join(SIGNIFICANT.findall(response))} "
    )
