"""Asking a judge: each different question once, from the cache where it can be, again where the reply is no use."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any

from verif_dsl.compiler.backends.judge_prompts import Asked, Question
from verif_dsl.judging.cache import ReplyCache
from verif_dsl.judging.config import JudgeConfig
from verif_dsl.judging.errors import JudgeError
from verif_dsl.judging.replies import Vote, read_reply, reply_schema
from verif_dsl.judging.requests import Completion, Engine, Failure, Request
from verif_dsl.judging.usage import Usage


@dataclass(frozen=True, slots=True)
class Judgement:
    """A judge's verdict on one constraint: whether it passes, its score from 0 to 1, and the words quoted for it."""

    passes: bool
    score: float
    evidence: str
    found: bool
    """Whether the words stand in the response."""


@dataclass(frozen=True, slots=True)
class Undecided:
    """Why there is no verdict."""

    reason: str


Answer = Mapping[int, Judgement | Undecided]
"""What a question found out, by the places of the constraints it asked about."""

Votes = tuple[Vote, ...] | Failure


class Judge:
    """A language model that answers questions about responses.

    It is made of a configuration, or of an engine of one's own in place of the one that the configuration names. It
    connects, or loads its model, when first asked; and it pickles as its configuration.

    `usage` counts what it cost so far, by what each verdict is called; `total` is the sum. Many threads may use one.
    `progress`, where it is set, is told how many different questions of a batch are answered, of how many.
    """

    def __init__(self, config: JudgeConfig, engine: Engine | None = None) -> None:
        self.config = config
        self._given = engine
        self._lock = Lock()
        self.usage: dict[str, Usage] = {}
        self.progress: Callable[[int, int], None] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return Judge, (self.config, self._given)

    @property
    def total(self) -> Usage:
        """The usage of all verdicts together."""
        whole = Usage()
        with self._lock:
            for one in self.usage.values():
                whole.add(one)
        return whole

    def skip(self, name: str) -> None:
        """Count a verdict that is not asked for."""
        with self._lock:
            self.usage.setdefault(name, Usage()).skipped += 1

    @property
    def engine(self) -> Engine:
        """What runs the model."""
        if self._given is not None:
            return self._given
        with self._lock:
            return self._engine

    @cached_property
    def _engine(self) -> Engine:
        match self.config.engine:
            case "endpoint":
                from verif_dsl.judging.endpoint import Endpoint

                return Endpoint(self.config)
            case "vllm":
                from verif_dsl.judging.vllm_engine import VllmEngine

                return VllmEngine(self.config)
            case "transformers":
                from verif_dsl.judging.transformers_engine import TransformersEngine

                return TransformersEngine(self.config)

    @cached_property
    def cache(self) -> ReplyCache | None:
        """The replies that are remembered."""
        config = self.config
        return None if config.cache is None else ReplyCache(config.cache, config.cache_size)

    def ask(self, questions: Sequence[Question]) -> list[Answer]:
        """What the judge says to each question, in their order.

        Nothing raises for a question that gets no usable reply: what it asked about is undecided, with the reason.
        Raises `JudgeError` when nothing can be answered at all, and as soon as more is sure to stay undecided than
        `max_unknown` allows; replies until then are in the cache, and counted.
        """
        if not questions:
            return []
        run = _Run(self, questions)
        try:
            for attempt in range(self.config.tries):
                if not run.ask(attempt):
                    break
        finally:
            if self.cache is not None:
                self.cache.flush()
            self._count(run)
        return [run.answer(index) for index in range(len(questions))]

    def _count(self, run: "_Run") -> None:
        """Count what a batch cost, however it ended, and the verdicts that it came to."""
        with self._lock:
            for index, question in enumerate(run.questions):
                # A call about several constraints is counted with the first, so that the sum is what was sent.
                self.usage.setdefault(question.asked[0].name, Usage()).add(run.cost(index))
                if run.waits_for[index]:
                    continue  # it ended before this was answered
                answer = run.answer(index)
                for asked in question.asked:
                    usage = self.usage.setdefault(asked.name, Usage())
                    usage.verdicts += 1
                    match answer[asked.place]:
                        case Undecided():
                            usage.unknown += 1
                        case Judgement(found=found):
                            usage.not_found += not found


class _Run:
    """One batch of questions: what was found out, by request."""

    def __init__(self, judge: Judge, questions: Sequence[Question]) -> None:
        self.judge = judge
        self.questions = questions
        self.votes: dict[bytes, Votes] = {}
        self.answered = 0
        self.costs: dict[bytes, Usage] = {}
        self.asked: dict[bytes, tuple[int, Question]] = {}
        """The different requests: the number of the vote, and a question that it is about."""
        self.keys: list[list[bytes]] = [[one.key for one in self.requests(question)] for question in questions]
        """For each question its requests, one a vote."""
        self.waits_for: list[int] = [len(keys) for keys in self.keys]
        """For each question how many of its requests may still get a reply, or a better one."""
        self.about: dict[bytes, list[int]] = {}
        """The questions that each request is about."""
        self.verdicts = sum(len(question.asked) for question in questions)
        self.undecided: list[str] = []
        """Why verdicts stay unknown, one reason a verdict."""
        for index, (question, keys) in enumerate(zip(questions, self.keys, strict=True)):
            for vote, key in enumerate(keys):
                self.about.setdefault(key, []).append(index)
                if key in self.asked:
                    self.costs[key].shared += 1
                else:
                    self.asked[key] = vote, question
                    self.costs[key] = Usage()

    def requests(self, question: Question, attempt: int = 0) -> list[Request]:
        """A request a vote; another attempt has another seed."""
        config = self.judge.config
        return [
            Request(
                model=config.model,
                system=question.system,
                user=question.user,
                schema=reply_schema(question.asked, config.evidence_characters),
                temperature=config.temperature,
                max_tokens=config.max_tokens,
                seed=vote + attempt * config.votes,
                probabilities=config.grade == "probabilities",
                options=config.options,
            )
            for vote in range(config.votes)
        ]

    def ask(self, attempt: int) -> bool:
        """Ask what has no usable reply yet; whether some still has none that asking anew may bring."""
        last = attempt + 1 == self.judge.config.tries
        waiting = self._from_cache([key for key in self.asked if self._open(key)])
        if not waiting:
            return False
        cache, progress = self.judge.cache, self.judge.progress
        requests = []
        for key in waiting:
            vote, question = self.asked[key]
            requests.append(self.requests(question, attempt)[vote])

        def done(index: int, completion: Completion | Failure) -> None:
            key = waiting[index]
            cost, (_, question) = self.costs[key], self.asked[key]
            cost.calls += 1
            cost.seconds += completion.seconds
            votes: Votes
            if isinstance(completion, Failure):
                votes = completion
            else:
                cost.count_call(completion)
                votes = self._read(completion, question)
                if isinstance(votes, tuple) and cache is not None:
                    # By the first request of the question, whichever of its attempts it was: the next run asks that.
                    cache.put(key, completion)
            cost.failed += isinstance(votes, Failure)
            self._found(key, votes)
            if last or not self._open(key):
                self._closed(key)
            if progress is not None:
                progress(self.answered, len(self.asked))

        self.judge.engine.complete(requests, done)
        return not last and any(self._open(key) for key in waiting)

    def _found(self, key: bytes, votes: Votes) -> None:
        self.votes[key] = votes
        self.answered += isinstance(votes, tuple)

    def _closed(self, key: bytes) -> None:
        """Take note that nothing more comes of a request, and stop where too much is sure to stay undecided.

        A server that is down is so noticed after a tenth of a batch, and not after the whole.
        """
        for index in self.about[key]:
            self.waits_for[index] -= 1
            if not self.waits_for[index]:
                self.undecided += [one.reason for one in self.answer(index).values() if isinstance(one, Undecided)]
        config, count = self.judge.config, len(self.undecided)
        if count / self.verdicts > config.max_unknown:
            common = max(set(self.undecided), key=self.undecided.count)
            raise JudgeError(
                f"the judge left {count:,} of {self.verdicts:,} verdicts unknown, more than `max_unknown` allows "
                f"({config.max_unknown:.0%}); most often because {common}"
            )

    def _open(self, key: bytes) -> bool:
        """Whether a request has no usable reply, and asking anew may bring one."""
        found = self.votes.get(key)
        return found is None or (isinstance(found, Failure) and not found.final)

    def _from_cache(self, keys: Sequence[bytes]) -> list[bytes]:
        """The keys that the cache has no reply to."""
        cache = self.judge.cache
        if cache is None:
            return list(keys)
        missing = []
        for key, found in zip(keys, cache.find(keys), strict=True):
            votes = None if found is None else self._read(found, self.asked[key][1])
            if isinstance(votes, tuple):
                self.costs[key].cached += 1
                self._found(key, votes)
                self._closed(key)
            else:
                missing.append(key)
        return missing

    def _read(self, completion: Completion, question: Question) -> Votes:
        graded = self.judge.config.grade == "probabilities"
        return read_reply(completion, question.asked, question.response, probabilities=graded)

    def answer(self, index: int) -> Answer:
        """What the votes on a question come to."""
        question = self.questions[index]
        votes = [self.votes[key] for key in self.keys[index]]
        return {
            asked.place: _decided(
                asked, [one if isinstance(one, Failure) else one[place] for one in votes], self.judge.config.combine
            )
            for place, asked in enumerate(question.asked)
        }

    def cost(self, index: int) -> Usage:
        """What a question cost, and nothing where an equal one stands before it: that one shows the cost of both."""
        cost = Usage()
        for key in self.keys[index]:
            cost.add(self.costs.pop(key, Usage()))
        return cost


def _decided(asked: Asked, votes: Sequence[Vote | Failure], combine: str) -> Judgement | Undecided:
    """The verdict that the votes come to however those that are missing would fall, or none."""
    given = [one for one in votes if isinstance(one, Vote)]
    failures = [one.reason for one in votes if isinstance(one, Failure)]
    if not given:
        return Undecided(failures[0])
    if combine == "mean":
        total = sum(one.score for one in given)
        surely = total + len(failures) * asked.low >= asked.pass_at * len(votes)
        possibly = total + len(failures) * asked.high >= asked.pass_at * len(votes)
    else:
        passing = sum(one.score >= asked.pass_at for one in given)
        surely, possibly = 2 * passing > len(votes), 2 * (passing + len(failures)) >= len(votes)
        if 2 * passing == len(votes) and not failures:
            return Undecided(f"{passing} of {len(votes)} votes pass")
    if surely != possibly:
        return Undecided(failures[0])
    mean = sum(one.score for one in given) / len(given)
    chosen = next((one for one in given if (one.score >= asked.pass_at) == surely), given[0])
    return Judgement(surely, (mean - asked.low) / (asked.high - asked.low), chosen.evidence, chosen.found)
