"""Asking over HTTP a server that misbehaves: what can be mended is tried again, and the rest is unknown."""

import asyncio
import multiprocessing
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.judging.asking import IMPATIENT, KEY, asked, config, judged, name_of
from tests.judging.server import GOOD, SOON, Reply, answer, says, serving, verdict
from verif_dsl.judging import Judge, Judgement, Undecided
from verif_dsl.judging.replies import reply_schema

FAULTS: dict[str, tuple[Reply, str]] = {
    # On its way: the client tries again.
    "500": (Reply(status=500, headers=SOON, body='{"error": {"message": "boom"}}'), "answers 500: boom"),
    "503 without a word": (Reply(status=503, headers=SOON, body=""), "answers 503"),
    "503 of a proxy": (
        Reply(status=503, headers={**SOON, "Content-Type": "text/html"}, body="<h1>x</h1>"),
        "answers 503",
    ),
    "529": (Reply(status=529, headers=SOON, body="{}"), "answers 529"),
    "429": (Reply(status=429, headers={"Retry-After": "1"}, body="{}"), "answers 429"),
    "429 that asks for nothing": (Reply(status=429, headers={"Retry-After": "0"}, body="{}"), "answers 429"),
    "408": (Reply(status=408, headers=SOON, body="{}"), "answers 408"),
    "silence": (Reply(wait=60), "no reply within 1.5 s, tried 2 times"),
    "hanging up": (Reply(hang_up=True), "no connection"),
    "an answer that breaks off": (Reply(GOOD, cut=40), "no connection"),
    "an answer without its body": (Reply(GOOD, cut=0), "no connection"),
    # In the answer: the question is asked anew.
    "half a JSON": (Reply(body=str(says(GOOD).body)[:-9]), "cannot be read"),
    "no JSON": (Reply(body="<html>"), "cannot be read"),
    "a page": (Reply(body="<html>", headers={"Content-Type": "text/html"}), "holds no reply"),
    "an empty answer": (Reply(body=""), "cannot be read"),
    "null": (Reply(body="null"), "holds no reply"),
    "a list": (Reply(body="[]"), "holds no reply"),
    "a number": (Reply(body="5"), "holds no reply"),
    "no choices": (Reply(body="{}"), "holds no reply"),
    "choices that are null": (Reply(body='{"choices": null}'), "holds no reply"),
    "no choice": (Reply(body='{"choices": []}'), "holds no reply"),
    "choices that are no list": (Reply(body='{"choices": {"a": 1}}'), "holds no reply"),
    "a choice that is a text": (Reply(body='{"choices": ["a"]}'), "holds no reply"),
    "an error in place of an answer": (Reply(body='{"error": {"message": "overloaded"}}'), "holds no reply"),
    "no message": (answer(message=None), "holds no reply"),
    "content in parts": (says([{"type": "text", "text": GOOD}]), "holds no reply"),
    "content that is an object": (says({"evidence": "", "score": 4}), "holds no reply"),
    "empty content": (says(""), "is empty"),
    "content that is null": (says(None), "is empty"),
    "content that is not there": (answer(message={"role": "assistant"}), "is empty"),
    "reasoning alone": (answer(message={"role": "assistant", "content": None, "reasoning_content": GOOD}), "is empty"),
    "a refusal": (answer(message={"role": "assistant", "content": None, "refusal": "No."}), "refuses"),
    "prose": (says("Very kind, 5 of 5."), "is not JSON"),
    "thinking without an end": (says(f"<think>Perhaps {GOOD}"), "within its thinking"),
    "the wrong schema": (says('{"verdict": "kind"}'), "not as asked for"),
    "a score out of range": (says('{"evidence": "", "score": 9}'), "not as asked for: score"),
    "a reply cut off": (answer(finish_reason="length"), "max_tokens"),
    "a reply that was filtered": (answer(finish_reason="content_filter"), "`content_filter`"),
    "a strange end": (answer(finish_reason={"why": ["\u001b"]}), "the reply ended by"),
}
FOR_GOOD: dict[str, tuple[Reply, str]] = {
    "400": (Reply(status=400, body='{"error": {"message": "too long"}}'), "answers 400: too long"),
    "422": (Reply(status=422, body="no"), "answers 422"),
    "an answer byte by byte": (Reply(GOOD, trickle=0.1), "within the budget of 6 s"),
    "429 that asks for too much": (Reply(status=429, headers={"Retry-After": "9999"}, body="{}"), "answers 429"),
    "429 that asks for more than the budget": (
        Reply(status=429, headers={"Retry-After": "60"}, body="{}"),
        "budget of 6 s",
    ),
}
MERELY_ODD: dict[str, Reply] = {
    "no usage": Reply(GOOD, usage={}),
    "usage that is null": Reply(GOOD, usage={"prompt_tokens": None, "completion_tokens": "many"}),
    "no end": answer(finish_reason=None),
    "thinking": says(f"<think>Is it?</think>\n{GOOD}"),
    "unknown keys": answer(spice=1, logprobs="yes"),
    "reasoning as well": answer(message={"content": GOOD, "reasoning_content": "Hm.", "tool_calls": []}),
}
SIBLINGS = [f"a sibling {number}" for number in range(8)]


def test_what_goes_wrong_once_is_mended() -> None:
    seen: Counter[str] = Counter()

    def once(request: dict[str, Any], before: int) -> Reply:
        name = name_of(request)
        seen[name] += 1
        return verdict(4) if seen[name] > 1 else FAULTS[name][0]

    with serving(once) as server:
        judge = Judge(config(server.url, timeout=1.5, budget=30.0, max_unknown=0.0))
        found = judged(judge, *FAULTS)
    assert found == [Judgement(True, 0.75, "", True)] * len(FAULTS)
    assert set(seen) == set(FAULTS)
    assert judge.total.unknown == 0


def test_what_goes_wrong_each_time_is_unknown_by_itself() -> None:
    faults = {**FAULTS, **FOR_GOOD}
    seen: Counter[str] = Counter()

    def always(request: dict[str, Any], before: int) -> Reply:
        name = name_of(request)
        seen[name] += 1
        return verdict(4) if name in SIBLINGS else faults[name][0]

    with serving(always) as server:
        judge = Judge(config(server.url, tries=2, **IMPATIENT))
        found = judged(judge, *faults, *SIBLINGS)
    reasons = {name: one.reason for name, one in zip(faults, found, strict=False) if isinstance(one, Undecided)}
    assert reasons.keys() == faults.keys()
    assert not {name: reasons[name] for name, (_, reason) in faults.items() if reason not in reasons[name]}
    assert all(one.isprintable() and len(one) < 300 for one in reasons.values())
    assert found[len(faults) :] == [Judgement(True, 0.75, "", True)] * len(SIBLINGS)
    assert judge.total.unknown == judge.usage["kind"].unknown == len(faults)
    # Neither the retries nor the tries are more than was asked for.
    assert {name: seen[name] for name in FAULTS} == dict.fromkeys(FAULTS, 2)
    assert seen["400"] == 1


def test_what_is_merely_odd_is_read() -> None:
    with serving(lambda request, before: MERELY_ODD[name_of(request)]) as server:
        found = judged(Judge(config(server.url, tries=1)), *MERELY_ODD)
    assert found == [Judgement(True, 0.75, "", True)] * len(MERELY_ODD)


@pytest.mark.parametrize(
    ("logprobs", "score"),
    [
        ({"content": [{"token": "no", "logprob": 0, "top_logprobs": []}]}, None),
        ({"content": None}, None),
        ({"content": [{"token": '"score": ', "logprob": 0, "top_logprobs": None}]}, None),
        ({"content": "yes"}, None),
        ("yes", None),
        (None, None),
        (
            {
                "content": [
                    {"token": '{"evidence": "", "score": ', "logprob": 0, "top_logprobs": []},
                    {
                        "token": "4",
                        "logprob": -0.7,
                        "top_logprobs": [{"token": "4", "logprob": -0.7}, {"token": "5", "logprob": -0.7}],
                    },
                    {"token": "}", "logprob": 0, "top_logprobs": []},
                ]
            },
            0.875,
        ),
    ],
)
def test_probabilities_are_asked_for_and_read(logprobs: Any, score: float | None) -> None:
    with serving(lambda request, before: Reply(GOOD, logprobs=logprobs)) as server:
        judge = Judge(config(server.url, grade="probabilities", max_unknown=1.0, tries=1))
        (found,) = judged(judge, "Noon.")
    assert server.requests[0]["logprobs"] is True
    assert server.requests[0]["top_logprobs"] == 20
    if score is None:
        assert isinstance(found, Undecided)
        assert "probabilities" in found.reason
    else:
        assert isinstance(found, Judgement)
        assert found.score == pytest.approx(score)


def test_a_request_says_all_that_the_configuration_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_KEY", f" {KEY}\n")
    with serving(lambda request, before: verdict(4)) as server:
        options = {"chat_template_kwargs": {"enable_thinking": False}, "top_p": 0.9}
        changed = {"temperature": 0.5, "max_tokens": 77, "votes": 2, "evidence_characters": 50, "options": options}
        judged(Judge(config(server.url, key_variable="JUDGE_KEY", **changed)), "Noon.")
    (question,) = asked("Noon.")
    for request in server.requests:
        assert request["model"] == "judge"
        assert request["messages"] == [
            {"role": "system", "content": question.system},
            {"role": "user", "content": question.user},
        ]
        assert request["temperature"] == 0.5
        assert request["max_completion_tokens"] == 77
        assert request["top_p"] == 0.9
        assert request["chat_template_kwargs"] == {"enable_thinking": False}
        assert request["response_format"]["json_schema"]["schema"] == reply_schema(question.asked, 50)
        assert request["response_format"]["json_schema"]["strict"] is True
    assert len({request["seed"] for request in server.requests}) == 2
    assert {headers["authorization"] for headers in server.headers} == {f"Bearer {KEY}"}


def test_tokens_are_counted() -> None:
    usage = {"prompt_tokens": 50, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 32}}
    with serving(lambda request, before: Reply(GOOD, usage=usage)) as server:
        judge = Judge(config(server.url))
        judged(judge, "a", "b")
    total = judge.total
    assert (total.calls, total.tokens_in, total.tokens_cached, total.tokens_out) == (2, 100, 64, 14)
    assert total.seconds > 0


# --------------------------------------------------------------------------------------------------- many at a time


def test_so_many_are_on_their_way_at_a_time_and_no_more() -> None:
    together = threading.Barrier(5, timeout=60)

    def waits_for_the_others(request: dict[str, Any], before: int) -> Reply:
        together.wait()
        return verdict(4)

    with serving(waits_for_the_others) as server:
        judged(Judge(config(server.url, at_once=5, timeout=60, budget=60)), *map(str, range(20)))
    assert len(server.requests) == 20
    assert server.most_at_once == 5


def test_replies_are_told_of_as_they_come() -> None:
    told: list[tuple[int, int]] = []
    others_are_there = threading.Event()

    def the_first_is_the_last(request: dict[str, Any], before: int) -> Reply:
        if name_of(request) == "a":
            assert others_are_there.wait(60)
        return verdict(4)

    def progress(answered: int, of: int) -> None:
        told.append((answered, of))
        if answered == 2:
            others_are_there.set()

    with serving(the_first_is_the_last) as server:
        judge = Judge(config(server.url, timeout=60, budget=60))
        judge.progress = progress
        judge.ask([question for one in "abc" for question in asked(one)])
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_server_that_starts_anew_midway_loses_nothing() -> None:
    responses = [str(number) for number in range(12)]
    all_wait = threading.Event()

    def dies(request: dict[str, Any], before: int) -> Reply:
        if before < 5:
            return verdict(4)
        if before == 8:
            all_wait.set()
        return Reply(wait=600)

    judge = Judge(config("http://127.0.0.1:1/v1"))
    with ThreadPoolExecutor(1) as pool:
        with serving(dies) as first:
            judge = Judge(config(first.url, at_once=4, retries=6, timeout=60, budget=60))
            running = pool.submit(judged, judge, *responses)
            assert all_wait.wait(60)
        with serving(lambda request, before: verdict(4), int(first.url.split(":")[2].split("/")[0])) as second:
            found = running.result(60)
    assert found == [Judgement(True, 0.75, "", True)] * 12
    assert sorted([*map(name_of, first.requests[:5]), *map(name_of, second.requests)]) == sorted(responses)


def test_more_threads_than_one_may_ask_at_the_same_time() -> None:
    with serving(lambda request, before: verdict(4)) as server, ThreadPoolExecutor(8) as pool:
        judge = Judge(config(server.url))
        responses = [[f"{thread} {number}" for number in range(10)] for thread in range(8)]
        found = list(pool.map(lambda some: judged(judge, *some), responses))
    assert found == [[Judgement(True, 0.75, "", True)] * 10] * 8
    assert judge.total.verdicts == judge.total.calls == len(server.requests) == 80


def test_a_caller_may_have_an_event_loop_of_its_own() -> None:
    with serving(lambda request, before: verdict(4)) as server:
        judge = Judge(config(server.url))

        async def asks(response: str) -> list[Judgement | Undecided]:
            return judged(judge, response)

        for response in ("a", "b"):
            assert asyncio.run(asks(response)) == [Judgement(True, 0.75, "", True)]


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system has no fork")
def test_a_forked_process_may_ask_as_well(tmp_path: Path) -> None:
    with serving(lambda request, before: verdict(4)) as server:
        judge = Judge(config(server.url, cache=str(tmp_path / "cache")))
        judged(judge, "asked by the parent")

        def child() -> None:
            found = judged(judge, "asked by the parent", "asked by the child")
            assert found == [Judgement(True, 0.75, "", True)] * 2

        process = multiprocessing.get_context("fork").Process(target=child)
        process.start()
        process.join(60)
        if process.is_alive():
            process.kill()
        assert process.exitcode == 0
        judged(judge, "asked by the child", "asked by the parent again")
    assert Counter(map(name_of, server.requests)) == dict.fromkeys(
        ("asked by the parent", "asked by the child", "asked by the parent again"), 1
    )


@pytest.fixture
def interruptible() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.skipif(threading.current_thread() is not threading.main_thread(), reason="signals reach the main thread")
def test_who_is_interrupted_asks_no_more() -> None:
    go = threading.Event()

    def interrupts(request: dict[str, Any], before: int) -> Reply:
        if before == 1:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        if name_of(request) != "after":
            assert go.wait(60)
        return verdict(4)

    with serving(interrupts) as server:
        judge = Judge(config(server.url, at_once=2, timeout=60, budget=60))
        with pytest.raises(KeyboardInterrupt):
            judged(judge, *map(str, range(20)))
        go.set()
        assert judged(judge, "after") == [Judgement(True, 0.75, "", True)]
        assert len(server.requests) == 3
