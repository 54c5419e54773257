"""What a judge makes of questions and replies: each question once, votes, unknowns, and what is not asked at all."""

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from tests.judging.asking import NO_USE, RULES, Scripted, asked, config, in_turn, one, said, scripted, verifier
from tests.judging.attacks import ATTACKS
from tests.judging.server import Reply, serving, verdict
from verif_dsl import Verdicts
from verif_dsl.compiler.backends.judge_prompts import Mode
from verif_dsl.judging import Judge, JudgeError, Judgement, Undecided
from verif_dsl.judging.requests import Completion, Failure, Request
from verif_dsl.judging.soft import NOT_ASKED
from verif_dsl.trainer.reward import VerifierReward

KIND = Judgement(True, 0.75, "", True)


# ----------------------------------------------------------------------------------------------------------- asked once


@pytest.mark.parametrize("mode", ["each", "joint"])
def test_equal_questions_are_asked_once(mode: Mode) -> None:
    judge, engine = scripted(lambda request: said(4), mode="each")
    questions = [question for response in ("a", "b", "a", "a") for question in asked(response, "kind")]
    assert judge.ask(questions) == [{0: KIND}] * 4
    assert len(engine.requests) == 2
    total = judge.total
    assert (total.verdicts, total.calls, total.shared, total.tokens_in) == (4, 2, 2, 200)


def test_what_differs_in_anything_is_another_question() -> None:
    def keys(**changed: Any) -> set[bytes]:
        judge, engine = scripted(lambda request: said(4), **changed)
        judge.ask(asked("Noon."))
        return {request.key for request in engine.requests}

    base = keys()
    assert keys() == base
    ways: list[dict[str, Any]] = [
        {"model": "another"},
        {"temperature": 0.5},
        {"max_tokens": 100},
        {"evidence_characters": 10},
        {"grade": "probabilities"},
        {"options": {"top_p": 0.5}},
        {"options": {"top_p": 0.6}},
    ]
    found = [base]
    for way in ways:
        engine = Scripted(lambda request: NO_USE)
        judge = Judge(config().model_copy(update={"max_unknown": 1.0, "tries": 1, **way}), engine)
        judge.ask(asked("Noon."))
        found.append({request.key for request in engine.requests})
    assert len(set(map(frozenset, found))) == len(ways) + 1


def test_more_seconds_or_connections_are_not_another_question(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    assert one(scripted(lambda request: said(4), cache=cache)[0]) == KIND
    judge, engine = scripted(lambda request: said(1), cache=cache, timeout=9.0, at_once=3, retries=9, tries=9)
    assert one(judge) == KIND
    assert not engine.requests


def test_no_question_is_no_call(tmp_path: Path) -> None:
    file = tmp_path / "a file"
    file.write_text("")
    judge, engine = scripted(lambda request: said(4), cache=str(file))
    assert judge.ask([]) == []
    assert not engine.requests


# ---------------------------------------------------------------------------------------------------------------- tries


@pytest.mark.parametrize("tries", [1, 2, 3])
def test_a_reply_of_no_use_is_asked_for_anew(tries: int) -> None:
    judge, engine = scripted(in_turn(NO_USE, NO_USE, said(4)), tries=tries, max_unknown=1.0)
    found = one(judge)
    assert found == (KIND if tries == 3 else Undecided("the reply is not JSON: no verdict"))
    assert len(engine.requests) == tries
    assert len({request.seed for request in engine.requests}) == tries
    assert len({(request.system, request.user) for request in engine.requests}) == 1
    assert judge.total.failed == tries - (tries == 3)
    assert judge.total.unknown == (tries < 3)


def test_what_an_engine_gave_up_is_not_asked_for_anew() -> None:
    judge, engine = scripted(lambda request: Failure("it is down", final=True), tries=3, max_unknown=1.0)
    assert one(judge) == Undecided("it is down")
    assert len(engine.requests) == 1


# ------------------------------------------------------------------------------------------------------------- unknowns


@pytest.mark.parametrize(("max_unknown", "stops"), [(0.0, True), (0.24, True), (0.25, False), (1.0, False)])
def test_too_large_a_share_of_unknowns_stops(max_unknown: float, stops: bool) -> None:
    judge, _ = scripted(lambda request: NO_USE if "bad" in request.user else said(4), max_unknown=max_unknown, tries=2)
    questions = [question for response in ("bad", "a", "b", "c") for question in asked(response)]
    if stops:
        with pytest.raises(JudgeError) as stop:
            judge.ask(questions)
        assert str(stop.value) == (
            f"the judge left 1 of 4 verdicts unknown, more than `max_unknown` allows ({max_unknown:.0%}); "
            "most often because the reply is not JSON: no verdict"
        )
    else:
        assert [answer[0] for answer in judge.ask(questions)] == [
            Undecided("the reply is not JSON: no verdict"),
            *[KIND] * 3,
        ]
    assert judge.total.unknown == 1


def test_a_share_of_unknowns_that_is_just_allowed_does_not_stop() -> None:
    judge, _ = scripted(lambda request: NO_USE if "bad" in request.user else said(4), max_unknown=0.29, tries=1)
    judge.ask(
        [question for number in range(100) for question in asked(f"bad {number}" if number < 29 else f"{number}")]
    )
    assert judge.total.unknown == 29


def test_a_judge_that_is_down_is_not_asked_to_the_end() -> None:
    judge, engine = scripted(lambda request: Failure("it is down", final=True), max_unknown=0.1)
    with pytest.raises(JudgeError, match=r"left 11 of 100 verdicts unknown, .* most often because it is down"):
        judge.ask([question for number in range(100) for question in asked(str(number))])
    assert len(engine.requests) == 100  # handed over at once, and given up
    assert (judge.total.calls, judge.total.failed, judge.total.unknown) == (11, 11, 11)


def test_what_was_spent_before_a_stop_is_counted() -> None:
    def refuses(request: Request) -> Completion:
        if "last" in request.user:
            raise JudgeError("it refuses the key")
        return said(4)

    judge, _ = scripted(refuses)
    with pytest.raises(JudgeError, match="refuses"):
        judge.ask([question for one in ("first", "last", "never") for question in asked(one)])
    total = judge.total
    assert (total.verdicts, total.unknown, total.calls, total.tokens_in) == (1, 0, 1, 100)


def test_evidence_that_is_not_there_is_counted() -> None:
    judge, _ = scripted(lambda request: said(4, "made up"))
    assert one(judge) == Judgement(True, 0.75, "made up", False)
    assert judge.total.not_found == 1


# ---------------------------------------------------------------------------------------------------------------- joint


def test_one_call_about_all_constraints_of_a_row() -> None:
    reply = {"constraint_1": {"evidence": "", "score": 4}, "constraint_2": {"evidence": "", "score": 0}}
    judge, engine = scripted(lambda request: Completion(json.dumps(reply), "stop", 100), mode="joint")
    verdicts = check(judge, ["Noon."], uses("kind", "formal"))
    assert [line["verdict"] for line in verdicts.by_row()[0]] == ["pass", "fail"]
    assert len(engine.requests) == judge.total.calls == 1
    assert judge.total.tokens_in == 100
    assert judge.total.verdicts == 2


# --------------------------------------------------------------------------------- through the verifier: who is asked


def uses(*names: str) -> str:
    return json.dumps([{"use": name} for name in names])


def check(judge: Judge, responses: list[str], constraints: str | list[str], **changed: Any) -> Verdicts:
    return verifier().check(responses, constraints=constraints, judge=judge, **changed)


def test_nobody_is_asked_where_no_answer_is_wanted() -> None:
    judge, engine = scripted(lambda request: said(4))
    responses = ["", " \n\u00a0", "x" * 70_000, "Noon."]
    verdicts = check(judge, responses, [uses("kind"), uses("kind"), uses("kind"), uses("small")])
    assert [line["verdict"] for row in verdicts.by_row() for line in row] == ["fail", "fail", "unknown", "fail"]
    assert not engine.requests
    assert judge.total.verdicts == 0


def test_a_prompt_that_is_too_long_is_not_shown_to_anyone() -> None:
    judge, engine = scripted(lambda request: said(4))
    verdicts = check(judge, ["Noon."], uses("apt"), prompts=["x" * 70_000])
    (line,) = verdicts.by_row()[0]
    assert line["verdict"] == "unknown"
    assert "limit" in str(line["reason"])
    assert not engine.requests


@pytest.mark.parametrize(
    ("reward", "asks"),
    [
        (None, ["small"]),
        ("all(hard) * mean(soft, if_empty=1)", ["small"]),
        ("mean(hard, if_empty=1) + mean(soft, if_empty=1)", ["small", "BIG"]),
        ("mean(hard, if_empty=1)", []),
        ("max(all(hard), 0.5 * mean(soft, if_empty=1))", ["BIG"]),
    ],
)
def test_only_what_can_change_the_reward_is_asked(reward: str | None, asks: list[str]) -> None:
    judge, engine = scripted(lambda request: said(5))
    verdicts = check(judge, ["small", "BIG"], uses("small", "kind"), only_for_reward=True, reward=reward)
    shown = [response for response in ("small", "BIG") if any(f"\n{response}\n" in one.user for one in engine.requests)]
    assert shown == asks
    # What was not asked changes no reward.
    everything = check(scripted(lambda request: said(5))[0], ["small", "BIG"], uses("small", "kind"))
    assert verdicts.rewards(reward) == everything.rewards(reward)
    skipped = [row[1] for row in verdicts.by_row() if row[1]["reason"] == NOT_ASKED]
    assert len(skipped) == judge.total.skipped == 2 - len(asks)
    assert {line["verdict"] for line in skipped} <= {"unknown"}


def test_what_nobody_could_answer_is_unknown_or_what_its_author_wished() -> None:
    judge, _ = scripted(lambda request: NO_USE, max_unknown=1.0, tries=1)
    verdicts = check(judge, ["Noon."], uses("kind", "surely_kind"))
    kind, surely = verdicts.by_row()[0]
    assert (kind["verdict"], surely["verdict"]) == ("unknown", "fail")
    assert kind["reason"] == surely["reason"] == "judge: the reply is not JSON: no verdict"
    assert verdicts.rewards("all(soft)") == [0.0]
    assert judge.total.unknown == 2
    with pytest.raises(JudgeError):
        check(scripted(lambda request: NO_USE, tries=1)[0], ["Noon."], uses("surely_kind"))


def test_what_a_judge_says_stands_in_the_verdicts() -> None:
    judge, _ = scripted(lambda request: said(2, "Noon") if "Is it kind?" in request.user else said(2, "made up"))
    verdicts = check(judge, ["Noon.", "noon"], [uses("kind", "small"), uses("formal", "small")])
    first, second = verdicts.by_row()
    assert first == [
        {
            "constraint": "kind",
            "kind": "soft",
            "verdict": "fail",
            "reason": None,
            "score": 0.25,
            "evidence": "Noon",
            "evidence_found": True,
        },
        {"constraint": "small", "kind": "hard", "verdict": "fail", "reason": None},
    ]
    assert (second[0]["verdict"], second[0]["score"], second[0]["evidence_found"]) == ("pass", 1.0, False)


def test_every_text_that_a_constraint_shows_is_shown() -> None:
    judge, engine = scripted(lambda request: said(5))
    prompt = [
        {"role": "user", "content": "When?"},
        {"role": "assistant", "content": "At noon, as I said."},
        {"role": "user", "content": "When exactly?"},
    ]
    check(judge, ["12:00"], uses("apt", "brief"), prompts=[prompt], columns={"title": ["On time"]})
    apt, brief = (request.user for request in engine.requests)
    assert "When exactly?" in apt
    assert "At noon, as I said." in brief
    assert "On time" in brief


def test_no_attack_is_scored_by_itself() -> None:
    """A judge that quotes each response and finds nothing in it, over HTTP: every verdict is its own."""

    def quotes(request: dict[str, Any], before: int) -> Reply:
        shown = request["messages"][1]["content"].partition("# The response (")[2]
        shown = shown.partition("\n# Your verdict\n")[0].partition("\n")[2]
        return verdict(1, shown[5:300])

    with serving(quotes) as server:
        judge = Judge(config(server.url))
        verdicts = check(judge, list(ATTACKS.values()), uses("kind"))
    assert verdicts.column("kind") == ["fail"] * len(ATTACKS)
    assert {request["messages"][0]["content"] for request in server.requests} == {asked("a")[0].system}
    assert judge.total.unknown == 0


# -------------------------------------------------------------------------------------------------------------- pickles


def test_a_judge_pickles_as_its_configuration(tmp_path: Path) -> None:
    with serving(lambda request, before: verdict(4)) as server:
        judge = Judge(config(server.url, cache=str(tmp_path / "cache")))
        assert one(judge) == KIND
        again = pickle.loads(pickle.dumps(judge))
        assert again.config == judge.config
        assert again.usage == {}
        assert one(again) == KIND
        assert one(again, "Midnight.") == KIND
    assert len(server.requests) == 2
    assert again.total.cached == 1


def test_a_reward_with_a_judge_pickles_and_logs_what_judging_costs() -> None:
    with serving(lambda request, before: verdict(5)) as server:
        reward = VerifierReward(RULES, judge=config(server.url))
        logged: dict[str, float] = {}
        columns: dict[str, Any] = {
            "prompts": ["Be kind."] * 4,
            "completions": ["thanks", "thanks", "THANKS", ""],
            "constraints": [uses("small", "kind")] * 4,
        }
        assert reward(**columns, log_metric=logged.__setitem__) == [1.0, 1.0, 0.0, 0.0]
        # A group repeats its completions, a broken rule decides alone, and so does an empty answer.
        assert len(server.requests) == 1
        assert {name: logged[f"judge/{name}"] for name in ("verdicts", "calls", "shared", "skipped", "unknown")} == {
            "verdicts": 2,
            "calls": 1,
            "shared": 1,
            "skipped": 1,
            "unknown": 0,
        }
        assert logged["constraint/kind"] == pytest.approx(2 / 3)
        again = pickle.loads(pickle.dumps(reward))
        assert again(**columns) == [1.0, 1.0, 0.0, 0.0]
        reward(**columns, log_metric=logged.__setitem__)
        assert logged["judge/verdicts"] == 2  # of this step, not of all


def test_training_stops_when_too_much_is_unknown() -> None:
    with serving(lambda request, before: Reply("no verdict")) as server:
        reward = VerifierReward(RULES, judge=config(server.url, tries=1))
        with pytest.raises(JudgeError, match="max_unknown"):
            reward(prompts=["?"], completions=["a"], constraints=[uses("kind")])


# ---------------------------------------------------------------------------------------------------------------- costs


def test_costs_are_counted_by_constraint_and_add_up(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    judge, engine = scripted(lambda request: said(4) if "one and no other" not in request.user else NO_USE, cache=cache)
    one(judge, "a")
    check(judge, ["a", "b", "b"], uses("kind"))
    check(judge, ["a"], '[{"use": "kind", "as": "nice"}]')
    kind, nice = judge.usage["kind"], judge.usage["nice"]
    assert (kind.verdicts, kind.calls, kind.cached, kind.shared) == (4, 2, 1, 1)
    assert (nice.verdicts, nice.calls, nice.cached) == (1, 0, 1)
    assert (kind.tokens_in, kind.tokens_out) == (200, 40)
    assert judge.total.verdicts == 5
    assert judge.total.calls == len(engine.requests) == 2
