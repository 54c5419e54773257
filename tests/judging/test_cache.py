"""Replies that are remembered: nothing that was answered is asked again, by any process and however the last ended."""

import os
import resource
import signal
import subprocess
import sys
import textwrap
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lmdb
import pytest

from tests.cli.commands import jsonl, vif
from tests.judging.asking import RULES, Scripted, asked, config, said
from tests.judging.server import JudgeServer, Reply, serving, verdict
from verif_dsl import VerifError
from verif_dsl.judging import Judge, JudgeError, Judgement, Undecided
from verif_dsl.judging.requests import Completion

KIND = Judgement(True, 0.75, "", True)
NO_USE = Completion("no verdict", "stop")


def judged(judge: Judge, *responses: str) -> list[Judgement | Undecided]:
    return [answer[0] for answer in judge.ask([question for one in responses for question in asked(one)])]


def scripted(folder: Path, *replies: Completion, **changed: Any) -> tuple[Judge, Scripted]:
    """A judge with these replies, one after the other, that remembers them in a folder."""
    rest = iter(replies)
    engine = Scripted(lambda request: next(rest))
    return Judge(config(cache=str(folder), **changed), engine), engine


def files(tmp_path: Path, server: JudgeServer, responses: Sequence[str], **judge: Any) -> list[str]:
    """The arguments of a run of `vif score` that asks the server about each response whether it is kind."""
    (tmp_path / "rules.vif").write_text(RULES, encoding="utf-8")
    rows: list[dict[str, object]] = [{"response": one, "constraints": '[{"use": "kind"}]'} for one in responses]
    data = jsonl(tmp_path / "in.jsonl", rows)
    settings = {"model": "judge", "url": server.url, "cache": "replies", **judge}
    (tmp_path / "judge.yaml").write_text("".join(f"{key}: {value}\n" for key, value in settings.items()))
    out = tmp_path / "out.jsonl"
    return [str(one) for one in ("score", tmp_path / "rules.vif", data, "-o", out, "--judge", tmp_path / "judge.yaml")]


def test_after_a_kill_nothing_that_was_answered_is_asked_again(tmp_path: Path) -> None:
    responses = [f"response {number}" for number in range(40)]
    rest_waits = threading.Event()

    def stalls(request: dict[str, Any], before: int) -> Reply:
        # Each of four workers asks on only when the reply before is kept: when all wait, all that was sent is kept.
        if before == 20 + 3:
            rest_waits.set()
        return verdict(4) if before < 20 else Reply(wait=600)

    with serving(stalls) as server:
        arguments = files(tmp_path, server, responses, at_once=4)
        running = subprocess.Popen([sys.executable, "-m", "verif_dsl", *arguments], stdout=subprocess.DEVNULL)
        try:
            assert rest_waits.wait(120)
        finally:
            running.send_signal(signal.SIGKILL)
        assert running.wait(60) == -signal.SIGKILL
        answered = server.prompts[:20]
        port = int(server.url.split(":")[2].split("/")[0])
    with serving(lambda request, before: verdict(4), port) as server:
        done = vif(*arguments)
    assert done.returncode == 0, done.stderr
    assert Counter([*answered, *server.prompts]) == dict.fromkeys([asked(one)[0].user for one in responses], 1)


def test_a_later_process_asks_nothing_again(tmp_path: Path) -> None:
    with serving(lambda request, before: verdict(4)) as server:
        arguments = files(tmp_path, server, ["a", "b", "a"])
        for _ in range(2):
            done = vif(*arguments)
            assert done.returncode == 0, done.stderr
            (tmp_path / "out.jsonl").unlink()
    assert len(server.requests) == 2


def test_a_question_that_was_answered_at_a_later_try_is_answered(tmp_path: Path) -> None:
    first, engine = scripted(tmp_path, NO_USE, NO_USE, said(4))
    assert judged(first, "Noon.") == [KIND]
    assert len(engine.requests) == 3
    second, engine = scripted(tmp_path)
    assert judged(second, "Noon.") == [KIND]
    assert not engine.requests
    assert second.total.cached == 1


def test_what_was_no_use_is_not_remembered(tmp_path: Path) -> None:
    first, _ = scripted(tmp_path, NO_USE, tries=1, max_unknown=1.0)
    assert isinstance(judged(first, "Noon.")[0], Undecided)
    second, engine = scripted(tmp_path, said(4))
    assert judged(second, "Noon.") == [KIND]
    assert len(engine.requests) == 1


def test_what_was_answered_before_a_stop_is_remembered(tmp_path: Path) -> None:
    first, _ = scripted(tmp_path, said(4), NO_USE, tries=1)
    with pytest.raises(JudgeError):
        judged(first, "a", "b")
    second, engine = scripted(tmp_path, said(4))
    assert judged(second, "a", "b") == [KIND, KIND]
    assert len(engine.requests) == 1


def test_each_vote_is_remembered(tmp_path: Path) -> None:
    votes: dict[str, Any] = {"votes": 3, "temperature": 1.0}
    first, _ = scripted(tmp_path, said(5), said(1), said(4), **votes)
    second, engine = scripted(tmp_path, **votes)
    assert judged(first, "Noon.") == judged(second, "Noon.")
    assert not engine.requests
    more, engine = scripted(tmp_path, said(5), said(5), votes=5, temperature=1.0)
    judged(more, "Noon.")
    assert len(engine.requests) == 2


def test_probabilities_are_remembered(tmp_path: Path) -> None:
    tokens = (('{"evidence": "", "score": ', {}), ("4", {"4": -0.7, "5": -0.7}), ("}", {}))
    reply = Completion('{"evidence": "", "score": 4}', "stop", tokens=tokens)
    first, _ = scripted(tmp_path, reply, grade="probabilities")
    second, _ = scripted(tmp_path, grade="probabilities")
    (found,) = judged(first, "Noon.")
    assert isinstance(found, Judgement)
    assert found.score == pytest.approx(0.875)
    assert judged(second, "Noon.") == [found]


def test_several_judges_of_one_process_may_use_one_folder(tmp_path: Path) -> None:
    first, _ = scripted(tmp_path / "a", said(4))
    second, engine = scripted(tmp_path / "b" / ".." / "a", said(5))
    judged(first, "a")
    judged(second, "b")
    assert judged(second, "a") == [KIND]
    assert len(engine.requests) == 1
    del first
    assert judged(second, "a", "b")[0] == KIND


@pytest.mark.parametrize("value", ["", "nothing", "5", "[]", "{}", '{"text": 5, "ended": "stop"}', '{"tokens": 1}'])
def test_what_cannot_be_read_is_asked_anew(tmp_path: Path, value: str) -> None:
    first, engine = scripted(tmp_path, said(5))
    judged(first, "Noon.")
    del first  # LMDB opens a folder once in a process
    with lmdb.open(str(tmp_path)) as store, store.begin(write=True) as writing:
        assert writing.put(engine.requests[0].key, value.encode())
    second, engine = scripted(tmp_path, said(4))
    assert judged(second, "Noon.") == [KIND]
    assert len(engine.requests) == 1


# ------------------------------------------------------------------------------------------------ folders of no use


def one_sentence(stop: pytest.ExceptionInfo[VerifError], folder: Path) -> None:
    assert str(folder) in str(stop.value)
    assert "\n" not in str(stop.value)


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    judge, engine = scripted(tmp_path / "file", said(4))
    with pytest.raises(VerifError, match="cannot be used") as stop:
        judged(judge, "Noon.")
    one_sentence(stop, tmp_path / "file")
    assert not engine.requests


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "data.mdb").write_bytes(b"not a store of LMDB" * 1000)
    judge, engine = scripted(tmp_path, said(4))
    with pytest.raises(VerifError, match="cannot be used") as stop:
        judged(judge, "Noon.")
    one_sentence(stop, tmp_path)
    assert not engine.requests


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    judge, _ = scripted(tmp_path / "replies", said(4))
    with pytest.raises(VerifError, match="cannot be used") as stop:
        judged(judge, "Noon.")
    one_sentence(stop, tmp_path / "replies")


def test_a_folder_that_is_full(tmp_path: Path) -> None:
    judge, _ = scripted(tmp_path, *(said(4, "x" * 4000) for _ in range(100)))
    assert judge.cache is not None
    judge.cache.size = 64 * 1024
    with pytest.raises(VerifError, match=r"is full; raise `cache_size`, or delete the folder") as stop:
        judged(judge, *map(str, range(100)))
    one_sentence(stop, tmp_path)


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import resource, sys
        from tests.judging.test_cache import judged, said, scripted
        from verif_dsl import VerifError
        from pathlib import Path
        judge, _ = scripted(Path(sys.argv[1]), *(said(4, "x" * 4000) for _ in range(100)))
        judged(judge, "a")
        resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
        try:
            judged(judge, *map(str, range(99)))
        except VerifError as error:
            print(error)
        """
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True)
    assert done.stdout.startswith(f"the cache of judge replies in {tmp_path} cannot be used"), done.stderr
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 65536
