"""What a server refuses for good, and the key, which is shown nowhere."""

import json
import pickle
from pathlib import Path

import pytest

from tests.judging.asking import IMPATIENT, KEY, config, judged, name_of
from tests.judging.server import SOON, Reply, answer, says, serving, verdict
from verif_dsl import VerifError
from verif_dsl.judging import Judge, JudgeError, Undecided


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (401, "it refuses the key; set the environment variable JUDGE_KEY"),
        (403, "it refuses the key; set the environment variable JUDGE_KEY to one that may use the model"),
        (404, "it knows no model `judge`, or `url` does not end as it should (most end in /v1)"),
    ],
)
def test_a_refusal_for_good_stops_everything(status: int, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_KEY", KEY)
    body = json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}."}})
    with serving(lambda request, before: Reply(status=status, body=body)) as server:
        judge = Judge(config(server.url, key_variable="JUDGE_KEY", at_once=3, max_unknown=1.0))
        with pytest.raises(JudgeError) as stop:
            judged(judge, *map(str, range(50)))
    assert str(stop.value) == f"the judge at {server.url} answers {status}: {sentence}"
    assert len(server.requests) <= 3


def test_a_key_that_a_server_repeats_is_kept_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_KEY", KEY)
    echoes = {
        "an error": Reply(status=400, body=json.dumps({"error": {"message": f"no such key: {KEY}"}})),
        "a text": Reply(status=500, headers=SOON, body=f"Bearer {KEY} is over its limit"),
        "the end of a long error": Reply(status=400, body="x" * 150 + KEY * 5),
        "a reply": says(f"{KEY} is invalid"),
        "evidence": says(json.dumps({"evidence": f"the key {KEY}", "score": 4})),
        "the end": answer(finish_reason=KEY),
        "an unknown key": says(json.dumps({KEY: 1})),
    }
    with serving(lambda request, before: echoes[name_of(request)]) as server:
        judge = Judge(config(server.url, key_variable="JUDGE_KEY", cache=str(tmp_path / "cache"), **IMPATIENT))
        found = judged(judge, *echoes)
        with pytest.raises(JudgeError) as stop:
            judged(Judge(config(server.url, key_variable="JUDGE_KEY", retries=0)), *echoes)
    kept = [path.read_bytes() for path in (tmp_path / "cache").iterdir()]
    assert len(kept) > 0
    assert any(b"the key ***" in one for one in kept)
    everything = [
        repr(found).encode(),
        str(stop.value).encode(),
        repr(judge.usage).encode(),
        pickle.dumps(judge),
        *kept,
    ]
    assert not [one for one in everything if KEY[:12].encode() in one]


@pytest.mark.parametrize("key", ["sk-secret\nof two lines", "sk-secret\u001b", "sk-secret-\u00e9", "sk-\u200bsecret"])
def test_what_cannot_be_a_key_is_refused_without_showing_it(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_KEY", key)
    with serving(lambda request, before: verdict(4)) as server, pytest.raises(VerifError) as stop:
        judged(Judge(config(server.url, key_variable="JUDGE_KEY")), "Noon.")
    assert "JUDGE_KEY" in str(stop.value)
    assert "secret" not in str(stop.value)
    assert not server.requests


def test_a_server_that_is_not_there_is_a_reason() -> None:
    with serving(lambda request, before: verdict(4)) as server:
        gone = server.url
    (found,) = judged(Judge(config(gone, retries=0, max_unknown=1.0)), "Noon.")
    assert isinstance(found, Undecided)
    assert found.reason.startswith(f"no connection to {gone}")
    with pytest.raises(JudgeError, match=r"1 of 1 verdicts unknown.*`max_unknown`.*no connection"):
        judged(Judge(config(gone, retries=0)), "Noon.")
