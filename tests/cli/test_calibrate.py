"""`vif calibrate` against a server on loopback."""

import json
from pathlib import Path

import pytest

from tests.judging.server import Reply, serving, verdict
from verif_dsl.cli import main

RULES = """constraint kind {
  instruct "Be kind."
  judge { ask "Is it kind?" scale 1 to 5 pass >= 4 }
  accept "Well done!" score 5
  accept "Good." score 4
  reject "Awful." score 1
  reject "Bad." score 2
}
"""
SCORES = {"Well done!": 5, "Good.": 2, "Awful.": 1, "Bad.": 1, "Fine.": 4}


def files(folder: Path, url: str) -> tuple[str, str]:
    (folder / "rules.vif").write_text(RULES, encoding="utf-8")
    (folder / "judge.yaml").write_text(f"model: judge\nurl: {url}\nretries: 0\ntries: 1\n", encoding="utf-8")
    return str(folder / "rules.vif"), str(folder / "judge.yaml")


def scored(request: dict, before: int) -> Reply:  # type: ignore[type-arg]
    user = request["messages"][1]["content"]
    return verdict(next(score for text, score in SCORES.items() if f"\n{text}\n" in user))


def test_the_figures_are_those_of_the_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = tmp_path / "labels.jsonl"
    labels.write_text('{"constraint": "kind", "response": "Fine.", "label": "fail"}\n', encoding="utf-8")
    with serving(scored) as server:
        rules, judge = files(tmp_path, server.url)
        assert main(["calibrate", rules, "--judge", judge, "--labels", str(labels), "--json"]) == 0
    total = json.loads(capsys.readouterr().out)[judge]["total"]
    counts = ("true_pass", "false_pass", "true_fail", "false_fail", "unknown")
    assert [total[one] for one in counts] == [1, 1, 2, 1, 0]
    assert total["agreement"] == 0.6
    assert total["kappa"] == pytest.approx(1 / 6)
    assert (total["true_pass_rate"], total["true_fail_rate"]) == (0.5, pytest.approx(2 / 3))
    # Scores of 5, 2, 1, 1 for 5, 4, 1, 2 on a scale of four steps.
    assert total["score_error"] == pytest.approx((0 + 0.5 + 0 + 0.25) / 4)


@pytest.mark.parametrize(("least", "status"), [(0.1, 0), (0.9, 1)])
def test_a_judge_that_agrees_too_little_fails(tmp_path: Path, least: float, status: int) -> None:
    with serving(scored) as server:
        rules, judge = files(tmp_path, server.url)
        assert main(["calibrate", rules, "--judge", judge, "--least-kappa", str(least)]) == status


def test_what_is_unknown_says_why_and_the_page_has_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(lambda request, before: Reply("no verdict")) as server:
        rules, judge = files(tmp_path, server.url)
        assert main(["calibrate", rules, "--judge", judge, "--page", str(tmp_path / "page.html")]) == 0
    shown = capsys.readouterr().out
    assert "4 unknown: the reply is not JSON: no verdict" in shown
    assert "no verdict" in (tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"constraint": "kidn", "response": "Fine.", "label": "pass"}, "did you mean `kind`?"),
        ({"constraint": "kind", "response": "Fine.", "label": "maybe"}, "`label`, which is pass or fail"),
        ({"constraint": "kind", "response": "Fine.", "score": 9}, "`score` from 1 to 5"),
        ({"constraint": "kind", "response": " ", "label": "pass"}, "blank"),
        ({"constraint": "kind", "response": "Fine.", "label": "pass", "with": {"n": 1}}, "n"),
    ],
)
def test_a_label_that_is_no_use_is_a_sentence(
    row: dict[str, object], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "labels.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    rules, judge = files(tmp_path, "http://127.0.0.1:9/v1")
    assert main(["calibrate", rules, "--judge", judge, "--labels", str(tmp_path / "labels.jsonl")]) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert "row 0" in told
    assert message in told
