"""What judging costs: the client's speed, the tokens it sends beside VerIF's way of asking, and the calls it spares.

    python bench/judging.py [tokens] [skipping] [speed] [--limits 8 16 32 64 128] [--runs 2] [--tekken]

The batch is a GRPO step: 32 prompts with 16 responses each, and 4 judged constraints a response. Its texts are made of
random words, as many as GPT-4's answers to IFEval have (one of their deciles).

Tokens: four bytes are taken for a token, or `--tekken` counts those of Mistral's tokenizer (of `mistral-common`, which
comes with vLLM). The engine is taken for one that remembers every full block of 16 tokens, as vLLM does, with memory to
spare: what comes after the longest beginning that it knows is new. Requests count in the order they are sent in, with
the marks of a chat template (ChatML). VerIF asks once a response, about all its soft constraints, and gets one verdict
on all of them together; its prompt (`llm_call.py`) is rebuilt here in English of as many bytes.

Skipping: a check for the reward alone asks about no response whose reward its hard constraints have decided. The rates
at which these pass are published ones; see `SOURCES`.

Speed: a server on loopback takes 50 ms for a verdict and works on so many at a time (`limit`), which sets a ceiling.
The check is whole: from the responses to the table of verdicts. "Bare" is a client that does no more than write and
read bytes, and shows what this machine can reach. Nothing else should run beside it. A client that keeps just `limit`
questions on their way leaves places empty while it reads and writes; twice as many wait at the server instead.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from judge_server import bare, serving
from prefix_cache import PrefixCache, Tokens, quarters, tekken

import verif_dsl
from verif_dsl.judging import Judge, JudgeConfig
from verif_dsl.judging.requests import Completion, Done, Request

LANGUAGE = Path(__file__).parents[1] / "docs" / "language.md"
WORDS = [word for word in LANGUAGE.read_text(encoding="utf-8").split() if word.isalpha()]
PROMPTS, GROUP = 32, 16
ANSWER_WORDS = (18, 41, 77, 131, 185, 235, 276, 319, 418)
PROMPT_WORDS = (20, 60)

THOUGHT = 0.05
"""Seconds that the server takes for a verdict."""

REPLY = '{"evidence": "", "score": 4}'

VERIFIER = verif_dsl.compile("""vif 1
import "std/voice" as voice
import "std/substance" as substance

constraint marked {
  param mark: text = "zq1"
  instruct "Use the mark {mark}."
  check occurrences(response, mark, whole_word=true) > 0
  accept "It is zq1."
  reject "It is not."
}
""")

MIXES = {
    "response": ("voice.in_tone", "voice.in_register", "voice.for_audience", "voice.as_persona"),
    "prompt and response": (
        "substance.on_topic",
        "substance.answers_the_question",
        "substance.no_preamble",
        "substance.safe_advice",
    ),
    "two of each": ("voice.in_tone", "voice.for_audience", "substance.on_topic", "substance.no_preamble"),
}
"""Four judged constraints, by what their judges see."""


@dataclass(frozen=True)
class Batch:
    """A step: prompts, responses and constraints, one a response; and what VerIF's judge is told of the soft ones."""

    prompts: list[str] = field(default_factory=list)
    responses: list[str] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)
    told: list[list[str]] = field(default_factory=list)

    def check(self, judge: Judge) -> None:
        """Judge all of it."""
        VERIFIER.check(self.responses, prompts=self.prompts, constraints=self.constraints, judge=judge)


def words(count: int, random: Random) -> str:
    """So many random words."""
    return " ".join(random.choices(WORDS, k=count))


def made(names: Sequence[str], seed: int = 0) -> Batch:
    """A batch with these constraints, whose arguments differ from prompt to prompt."""
    random = Random(seed)
    batch = Batch()
    for _ in range(PROMPTS):
        uses = [{"use": name, "with": dict(VERIFIER.draw(name, random))} for name in names]
        told = [VERIFIER.instruct(json.dumps([one])) for one in uses]
        prompt = " ".join([words(random.randint(*PROMPT_WORDS), random), *told])
        for _ in range(GROUP):
            batch.prompts.append(prompt)
            batch.responses.append(words(random.choice(ANSWER_WORDS), random))
            batch.constraints.append(json.dumps(uses))
            batch.told.append(told)
    return batch


def config(url: str = "http://127.0.0.1:9/v1", **changed: object) -> JudgeConfig:
    """A judge as it is without settings of one's own."""
    return JudgeConfig.model_validate({"model": "judge", "url": url, **changed})


@dataclass
class Told:
    """An engine that passes everything and remembers what it was asked."""

    requests: list[Request] = field(default_factory=list)

    def complete(self, requests: Sequence[Request], done: Done) -> None:
        """Answer at once."""
        for index, request in enumerate(requests):
            verdict = {"evidence": "", "score": 4}
            properties = request.schema["properties"]
            joint = "score" not in properties
            done(index, Completion(json.dumps(dict.fromkeys(properties, verdict) if joint else verdict), "stop"))
        self.requests += requests


# --------------------------------------------------------------------------------------------------------------- tokens


def chat(user: str, system: str = "") -> str:
    """The messages as a model reads them."""
    parts = [("system", system), ("user", user)] if system else [("user", user)]
    text = "".join(f"<|im_start|>{role}\n{content}<|im_end|>\n" for role, content in parts)
    return f"{text}<|im_start|>assistant\n"


VERIF_PROMPT = """
    Judge whether the reply keeps the constraints of its instruction, be they of length, style, or form

    [Told]
    {prompt}

    [Said]
    {response}

    [Keep]
    {constraints}

    Judge whether the reply keeps the constraints of its instruction, be they of length, style, or form
    Begin your answer with your score, in the form [[score]]
    If all of the constraints are kept, this is [[1]], and else [[0]]
    """
VERIF_REPLY = 4096
"""The longest that its judge may think and answer, in tokens."""


def verif_requests(batch: Batch) -> Iterator[str]:
    """What VerIF's judge reads: the instruction, the reply, the list of constraints, and what to do."""
    for prompt, response, told in zip(batch.prompts, batch.responses, batch.told, strict=True):
        listed = [f"[llm] {one}" for one in told]
        yield chat(VERIF_PROMPT.format(prompt=prompt, response=response, constraints=listed))


def our_requests(batch: Batch, mode: str) -> Iterator[str]:
    """What our judge reads."""
    told = Told()
    batch.check(Judge(config(mode=mode), told))
    return (chat(one.user, one.system) for one in told.requests)


def report_tokens(cut: Callable[[str], Tokens]) -> None:
    """Print what each way of asking sends."""
    print("\n| judges see | asked | calls | tokens | new | new a verdict | new a constraint | most tokens of replies |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for mix, names in MIXES.items():
        batch = made(names)
        rows, constraints = len(batch.responses), len(batch.responses) * len(names)
        ways = {
            "each": (our_requests(batch, "each"), constraints, config().max_tokens),
            "joint": (our_requests(batch, "joint"), constraints, config().max_tokens),
            "VerIF": (verif_requests(batch), rows, VERIF_REPLY),
        }
        for way, (sent, verdicts, longest) in ways.items():
            cache, calls, total, new = PrefixCache(), 0, 0, 0
            for prompt in map(cut, sent):
                calls, total, new = calls + 1, total + len(prompt), new + cache.new(prompt)
            cells = (calls, total, new, new / verdicts, new / constraints, calls * longest)
            print(f"| {mix} | {way} | {' | '.join(f'{one:,.0f}' for one in cells)} |", flush=True)


# ------------------------------------------------------------------------------------------------------------- skipping


def alone(random: Random, rates: Sequence[float]) -> Iterator[list[list[bool]]]:
    """Groups with one hard constraint, which passes at the rate of the group."""
    for rate in rates:
        yield [[random.random() < rate] for _ in range(GROUP)]


def together(random: Random, rate: float, constraints: int, hard_share: float) -> Iterator[list[list[bool]]]:
    """Groups with so many constraints, of which about this share is hard; each of these passes at the rate."""
    for _ in range(500):
        hard = sum(random.random() < hard_share for _ in range(constraints))
        yield [[random.random() < rate for _ in range(hard)] for _ in range(GROUP)]


SOURCES: dict[str, Callable[[Random], Iterator[list[list[bool]]]]] = {
    # NVIDIA's profile of its own data of this kind, 500 prompts with 16 responses each, graded all or nothing (the
    # README of NeMo Gym's `instruction_following`): 54.6 % of the prompts passed never, 26.8 % always, 18.6 % at times,
    # and of all responses 37.09 % passed.
    "NeMo Gym's profile, as one constraint": lambda random: alone(
        random, [0.0] * 273 + [1.0] * 134 + [(0.3709 - 0.268) / 0.186] * 93
    ),
    # VerInstruct has 6.2 constraints a prompt, 22.3 % of them hard (arXiv 2506.09942). CSE (arXiv 2608.12426) finds
    # that one of k constraints passes at 72 % times 0.922 ^ (k - 1), nearly independently of the others.
    "CSE's rates on VerInstruct's mix": lambda random: together(random, 0.72 * 0.922**5, 6, 0.223),
    # IFEval, strict and by prompt, before and after training with VerIF (arXiv 2506.09942, TULU 3).
    "IFEval before VerIF, as one constraint": lambda random: alone(random, [0.684] * 500),
    "IFEval after VerIF, as one constraint": lambda random: alone(random, [0.845] * 500),
}
"""Published rates at which hard constraints pass; what they make of groups of responses, constraint by constraint."""

REWARDS = ("verif-code", "all(hard) * all(soft)", "verif-paper")
"""VerIF's product; the same with a hard side that is all or nothing, which `mean_func` in its public code comes to; and
the average that its paper tells of, which no verdict of the hard side decides.
"""


def report_skipping() -> None:
    """Print the share of verdicts that nobody is asked for."""
    print(f"\n| rates of the hard constraints | {' | '.join(f'`{one}`' for one in REWARDS)} |")
    print(f"| --- |{' --- |' * len(REWARDS)}")
    for title, source in SOURCES.items():
        groups = list(source(Random(0)))
        print(f"| {title} | {' | '.join(f'{skipped(groups, reward):.1%}' for reward in REWARDS)} |")
    print()
    for what, change in {"1 in 16 responses repeats another": repeated, "1 in 64 responses is blank": blanked}.items():
        batch = made(MIXES["two of each"])
        change(batch.responses)
        judge = Judge(config(), Told())
        batch.check(judge)
        print(f"- Where {what} (assumed): {1 - judge.total.calls / (len(batch.responses) * 4):.1%} of the calls.")


def skipped(groups: Sequence[Sequence[Sequence[bool]]], reward: str) -> float:
    """The share of judged verdicts that a check for the reward alone does not ask for."""
    soft = [{"use": name, "with": dict(VERIFIER.draw(name, Random(0)))} for name in MIXES["response"]]
    responses: list[str] = []
    required: list[str] = []
    for group in groups:
        for passes in group:
            marks = [f"zq{place}" for place in range(len(passes))]
            hard = [{"use": "marked", "with": {"mark": mark}, "as": mark} for mark in marks]
            kept = [mark for mark, passed in zip(marks, passes, strict=True) if passed]
            responses.append(f"Row {len(responses)}: {' '.join(kept)}")
            required.append(json.dumps([*hard, *soft]))
    judge = Judge(config(), Told())
    VERIFIER.check(responses, constraints=required, judge=judge, only_for_reward=True, reward=reward)
    return judge.total.skipped / (judge.total.skipped + judge.total.verdicts)


def repeated(responses: list[str]) -> None:
    """One response of each group says what another one says."""
    for first in range(0, len(responses), GROUP):
        responses[first + 1] = responses[first]


def blanked(responses: list[str]) -> None:
    """One response in 64 says nothing."""
    for place in range(0, len(responses), 64):
        responses[place] = " "


# ---------------------------------------------------------------------------------------------------------------- speed


def report_speed(limits: Sequence[int], runs: int) -> None:
    """Print how near to the server's ceiling the client comes."""
    batch = made(MIXES["two of each"])
    told = Told()
    unserved = min(timed(batch, Judge(config(), told))[0] for _ in range(runs))
    calls = len(told.requests) // runs
    size = sum(len(one.system.encode()) + len(one.user.encode()) for one in told.requests) // len(told.requests)
    print(f"\n{calls:,} verdicts of {THOUGHT * 1000:.0f} ms each; the check without a server takes {unserved:.2f} s\n")
    print("| limit | ceiling | bare | at_once = limit | at_once = 2 × limit | CPU time a verdict |")
    print("| --- | --- | --- | --- | --- | --- |")
    for limit in limits:
        ceiling = calls / limit * THOUGHT
        with serving(limit, THOUGHT, REPLY) as url:
            seconds = [min(asyncio.run(bare(url, b"x" * size, calls, limit)) for _ in range(runs))]
            busy = []
            for at_once in (limit, 2 * limit):
                found = [timed(batch, Judge(config(url, at_once=at_once))) for _ in range(runs)]
                seconds.append(min(one for one, _ in found))
                busy += [one for _, one in found]
        shares = " | ".join(f"{one:.2f} s, {ceiling / one:.0%}" for one in seconds)
        print(f"| {limit} | {ceiling:.2f} s | {shares} | {min(busy) / calls * 1000:.2f} ms |", flush=True)


def timed(batch: Batch, judge: Judge) -> tuple[float, float]:
    """Seconds that a check takes, from the responses to the table, and those that this process computed."""
    begun, busy = time.perf_counter(), time.process_time()
    batch.check(judge)
    if judge.total.unknown or judge.total.failed:
        raise SystemExit(f"not all was answered: {judge.total}")
    return time.perf_counter() - begun, time.process_time() - busy


def main() -> None:
    """Print a Markdown table for each part that is asked for."""
    parts = ("tokens", "skipping", "speed")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"{', '.join(parts)} (default: all)")
    parser.add_argument("--limits", type=int, nargs="+", default=[8, 16, 32, 64, 128], help="how many at a time")
    parser.add_argument("--runs", type=int, default=2, help="of which the fastest counts")
    parser.add_argument("--tekken", action="store_true", help="count tokens with Mistral's tokenizer")
    options = parser.parse_args()
    if unknown := [one for one in options.parts if one not in parts]:
        parser.error(f"there is no part called {unknown[0]}")
    for part in options.parts or parts:
        match part:
            case "tokens":
                report_tokens(tekken() if options.tekken else quarters)
            case "skipping":
                report_skipping()
            case "speed":
                report_speed(options.limits, options.runs)


if __name__ == "__main__":
    main()
