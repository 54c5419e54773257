"""The page of a run: one file that shows what was measured, and everything that others wrote as text."""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import asdict, replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import verif_dsl
from tests.test_agreement import CASES
from verif_dsl.compiler.texts import prepare
from verif_dsl.trainer.config import Config
from verif_dsl.trainer.data import Row
from verif_dsl.trainer.measure import Measurement, keep_measurement, kept_measurement
from verif_dsl.trainer.page import page
from verif_dsl.trainer.plot import MOST_POINTS, chart, ticks
from verif_dsl.trainer.reading import Reading
from verif_dsl.trainer.report import Report, metrics, samples, write_report

RULES = """
constraint mention {
  param word: text = "tea"
  instruct "Mention {word:quoted}."
  check occurrences(response, word, whole_word=true, fold_case=true) >= 1
  accept "Green tea."
  reject "A team."
}
constraint no_commas {
  instruct "Use no commas."
  check len(find_all(response, re",")) == 0
  accept "tea"
  reject "tea, milk"
}
constraint short {
  instruct "Be short."
  check len(words(response)) <= 9
  accept "tea"
  reject "one two three four five six seven eight nine ten"
}
constraint tone {
  instruct "Be formal."
  judge {
    ask "Is it formal?"
    scale 1 to 5
    pass >= 4
    show response
    unknown mask
  }
  accept "We regret to say no." score 5
  reject "Nope." score 1
}
"""
VERIFIER = verif_dsl.compile(RULES)
HOSTILE = (
    '</script></style></div><script>alert(1)</script><img src="https://example.org/x" onerror=alert(1)> {{ 1 }} &lt;',
    '" onmouseover="alert(1)',
    "'><svg onload=alert(1)>",
    "<!--",
    "]]>",
    "\x00\x1b",
)


def line(constraint: str, verdict: str, **more: object) -> dict[str, object]:
    return {"constraint": constraint, "kind": "hard", "verdict": verdict, "reason": None, **more}


def measurement(answers: Sequence[str], rewards: Sequence[float | None], **more: Any) -> Measurement:
    """A measurement of rows that ask for one constraint, `mention`, by default."""
    verdicts = [[line("mention", "fail")] for _ in answers]
    rates = {"mention": 0.25, "no_commas": None}
    return Measurement(**{"answers": answers, "rewards": rewards, "verdicts": verdicts, "pass_rates": rates, **more})


def report(**changes: Any) -> Report:
    """A run on two held-out rows, without any step in its log."""
    rows = [Row(f"Write about {what}.", '[{"use": "mention"}]') for what in ("leaves", "water")]
    before, after = measurement(["A team.", "milk"], [0.0, None]), measurement(["Tea!", "Teas"], [1.0, 0.5])
    config = Config(constraints="/home/somebody/rules.vif", output="/home/somebody/out", model="/home/somebody/small")
    whole = Report(config, rows, before, after, [], 131.0, verifier=VERIFIER)
    return replace(whole, **changes)


def steps(count: int, **metrics: Any) -> list[dict[str, Any]]:
    return [{"step": step, "reward": step / count, **metrics} for step in range(1, count + 1)]


class Seen(HTMLParser):
    """A page as a browser takes it apart: its tags with their attributes, and the text inside elements of a class."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[tuple[str, str]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append((tag, dict(attrs).get("class") or ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop()[0] == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        self.texts.append((" ".join(f"{tag}.{kind}" for tag, kind in self.open), data))

    def inside(self, element: str) -> list[str]:
        """The texts inside elements such as `div.text`."""
        return [data for path, data in self.texts if element in path.split()]

    @property
    def shown(self) -> str:
        """All that a reader sees, on one line."""
        return on_one_line(self.inside("body."))


def on_one_line(texts: Sequence[str]) -> str:
    return " ".join(" ".join(texts).split())


def rows_of(seen: Seen) -> str:
    """The table of the constraints, on one line."""
    return on_one_line(seen.inside("table.rated"))


def test_it_is_one_file_that_asks_for_no_other() -> None:
    text = page(report(log=steps(30, **{"constraint/mention": 0.5})))
    seen = Seen(text)
    assert "://" not in text
    assert not {"script", "link", "img", "iframe", "object", "base", "form"} & {tag for tag, _ in seen.tags}
    assert not {"src", "href", "style"} & {name for _, attributes in seen.tags for name in attributes}
    assert "url(" not in text and "@import" not in text
    assert seen.open == []


def test_it_can_be_read_without_seeing_it() -> None:
    seen = Seen(page(report(log=steps(30, **{"constraint/mention": 0.5}))))
    ids = [attributes["id"] for _, attributes in seen.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {attributes["aria-labelledby"] for _, attributes in seen.tags if "aria-labelledby" in attributes} <= {*ids}
    for tag, attributes in seen.tags:
        assert tag != "th" or attributes["scope"] in ("col", "row")
        assert tag != "svg" or attributes.get("aria-hidden") == "true" or attributes["aria-label"]
    headings = [int(tag[1]) for tag, _ in seen.tags if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == 1
    assert all(lower - upper <= 1 for upper, lower in pairwise(headings))


def test_it_says_what_the_run_was_without_paths_of_the_machine() -> None:
    text = page(report(log=steps(30)))
    shown = Seen(text).shown
    assert "somebody" not in text
    assert "the mean reward was 0.00 before training and 0.75 after it." in shown
    for fact in ("Rules rules.vif", "Model small", "Held-out prompts 2", "Steps 30", "Seed 0", "Time 2 min 11 s"):
        assert fact in shown


def test_it_has_every_constraint_with_its_rates_and_a_dash_for_what_is_not_known() -> None:
    after = measurement(["a", "b"], [1.0, 0.5], pass_rates={"mention": 0.75, "no_commas": None})
    seen = Seen(page(report(after=after)))
    assert 'mention Mention "tea". 2 0.25 0.75 +0.50' in rows_of(seen)
    assert "no_commas Use no commas. 0 – – –" in rows_of(seen)
    assert "No verdict on no_commas was decided." in seen.shown


def test_rewards_that_nobody_decided_are_dashes() -> None:
    nothing = measurement(["a", "b"], [None, None], pass_rates={"mention": None})
    shown = Seen(page(report(before=nothing, after=nothing, log=steps(3, reward=None)))).shown
    assert "the mean reward was – before training and – after it." in shown
    assert "mean reward 2 – – –" in shown


def test_unknown_verdicts_are_counted_and_their_reasons_told() -> None:
    undecided = [[line("mention", "unknown", reason="limit")], [line("mention", "pass")]]
    seen = Seen(page(report(before=measurement(["a", "b"], [None, 1.0], verdicts=undecided))))
    assert "0.25 1 unknown" in rows_of(seen)
    assert "? unknown limit" in seen.shown


def test_the_other_name_of_a_constraint_is_counted_with_it() -> None:
    second = '{"use": "mention", "with": {"word": "milk"}, "as": "second"}'
    rows = [Row("?", f'[{{"use": "mention", "as": "first"}}, {second}]')]
    found = measurement(["a"], [0.0], verdicts=[[line("first", "fail"), line("second", "unknown")]])
    seen = Seen(page(report(held_out=rows, before=found, after=found)))
    assert 'mention Mention "tea". 2 0.25 1 unknown 0.25 1 unknown 0.00' in rows_of(seen)
    assert 'second Mention "milk".' in seen.shown


def test_without_a_verifier_and_without_steps_there_is_still_a_page() -> None:
    shown = Seen(page(report(verifier=None))).shown
    assert "The log has no step of training." in shown
    assert "Mention" not in shown


def test_what_a_judge_quotes_and_what_a_check_looks_for_is_marked() -> None:
    rows = [Row("?", '[{"use": "mention"}, {"use": "no_commas"}, {"use": "tone"}]')]
    verdicts = [
        [
            line("mention", "pass"),
            line("no_commas", "fail"),
            line("tone", "pass", score=0.75, evidence="Dear Sir", evidence_found=True),
        ]
    ]
    found = measurement(["Dear Sir, TEA for the team."], [0.5], verdicts=verdicts)
    text = page(report(held_out=rows, before=found, after=found))
    marked = '<mark class="quoted">Dear Sir</mark><mark class="sought">,</mark> <mark class="sought">TEA</mark> for the'
    assert text.count(marked) == 2
    assert "what a judge gave as its evidence" in text
    assert "score 0.75" in text


def test_a_quotation_that_the_completion_does_not_have_is_told_beside_the_verdict() -> None:
    rows = [Row("?", '[{"use": "tone"}]')]
    verdicts = [[line("tone", "fail", score=0.0, evidence="hey <b>you</b>", evidence_found=False)]]
    found = measurement(["Dear Sir."], [0.0], verdicts=verdicts)
    text = page(report(held_out=rows, before=found, after=found))
    assert "quotes what is not there: “hey &lt;b&gt;you&lt;/b&gt;”" in text
    assert "<mark" not in text


def test_thoughts_are_shown_as_such_and_not_marked() -> None:
    found = measurement(["<think>tea or milk?</think>\nGreen tea", "<think>tea"], [1.0, 0.0])
    seen = Seen(page(report(before=found)))
    assert seen.inside("span.thoughts")[1] == "<think>tea or milk?</think>\n"
    assert seen.inside("mark.sought") == ["sought", "tea", "Tea"]
    assert "(nothing but thoughts)" in seen.shown
    kept = Seen(page(report(before=found, reading=Reading(strip=False))))
    assert kept.inside("mark.sought") == ["sought", "tea", "tea", "Tea", "tea"]


def test_warnings_come_from_the_scores_of_degenerate_answers_given_or_logged() -> None:
    told = "After training, an empty answer scores 0.800 on average, and the model 0.750: a reward to be had for"
    assert told in Seen(page(report(wires={"empty": 0.8, "hash": None}))).shown
    assert told in Seen(page(report(log=[*steps(2), {"step": 2, "held_out/reward": 0.5, "tripwire/empty": 0.8}]))).shown
    assert "To look into" not in Seen(page(report(wires={"empty": 0.0}))).shown


def test_degenerate_answers_and_the_control_experiment_are_named() -> None:
    config = report().config.model_copy(update={"shuffle_rewards": True})
    shown = Seen(page(report(config=config, after=measurement(["#", "Teas"], [1.0, 0.0])))).shown
    assert "0 before training and 1 after it are degenerate" in shown
    assert "reward 1.00, degenerate" in shown
    assert "This is the control experiment" in shown


def test_what_was_measured_during_training_is_in_the_curves_and_kept_apart_from_the_steps() -> None:
    measured = [{"step": step, "held_out/reward": value} for step, value in ((2, 0.9), (4, 0.5))]
    run = report(log=[*steps(4), *measured, {"step": 4, "train_runtime": 3.0}])
    assert [len(metrics(run)[name]) for name in ("steps", "evaluations")] == [4, 2]
    text = page(run)
    assert "Reward: in training from 0.25 at step 1 to 0.62 at step 4; on held-out prompts from 0.00 at step 0" in text
    assert "The model that is kept is that of step 2" in text


def test_a_metric_that_is_zero_throughout_needs_no_curve() -> None:
    shown = Seen(page(report(log=steps(3, cut_off_share=0.0, undecided_share=0.5)))).shown
    assert "Zero at every step: completions cut off." in shown
    assert "Completions without a reward 0.50 → 0.50" in shown


@pytest.mark.parametrize("value", [math.nan, math.inf, None, "x"])
def test_what_is_no_number_in_a_log_is_left_out(value: object) -> None:
    text = page(report(log=[*steps(2), {"step": 3, "reward": value, "cut_off_share": value}]))
    assert not re.search(r'points="[^"]*(nan|inf)', text)


def test_a_long_run_makes_no_large_page() -> None:
    assert len(page(report(log=steps(20_000)))) < 60_000
    drawn = chart("Reward", "reward", steps(20_000))
    assert drawn is not None
    assert len(drawn.line(drawn.each).split()) <= MOST_POINTS


@pytest.mark.parametrize("hostile", HOSTILE)
def test_whatever_others_wrote_is_shown_as_text(hostile: str) -> None:
    rows = [Row(hostile, '[{"use": "mention"}]'), Row([{"role": "user", "content": hostile}], "[]")]
    verdicts = [[line("mention", "unknown", reason=hostile, evidence=hostile)], []]
    answers = [hostile, f"<think>{hostile}</think>"]
    found = measurement(answers, [0.0, 0.0], verdicts=verdicts, pass_rates={hostile: 0.5})
    config = report().config.model_copy(update={"reward": hostile, "model": hostile, "constraints": hostile})
    log = steps(2, **{f"constraint/{hostile}": 0.5})
    seen = Seen(page(report(config=config, held_out=rows, before=found, after=found, log=log)))
    plain = Seen(page(report(log=steps(2, **{"constraint/mention": 0.5}))))
    assert {tag for tag, _ in seen.tags} <= {*(tag for tag, _ in plain.tags), "mark"}
    names = {name for _, attributes in seen.tags for name in attributes}
    assert names <= {name for _, attributes in plain.tags for name in attributes}
    assert hostile in seen.inside("div.text")


@given(st.text(max_size=60), st.text(max_size=20))
@settings(max_examples=CASES // 4)
def test_a_completion_is_shown_whole_whatever_it_is_and_whatever_is_quoted(answer: str, evidence: str) -> None:
    verdicts = [[line("mention", "fail", evidence=evidence, evidence_found=True)], []]
    found = measurement([answer, ""], [0.0, 0.0], verdicts=verdicts)
    (prompt, before, *_) = _texts(page(report(before=found, reading=Reading(strip=False))))
    assert prompt == "Write about leaves."
    assert before == (prepare(answer) or "(nothing)")


def _texts(text: str) -> list[str]:
    """What stands in the boxes for prompts and completions, one after the other."""
    boxes = re.findall(r'<div class="text"[^>]*>(.*?)</div>', text, re.DOTALL)
    return ["".join(data for _, data in Seen(box).texts) for box in boxes]


def test_the_files_are_written_whole_and_the_same_again(tmp_path: Path) -> None:
    for _ in range(2):
        write_report(report(log=steps(3)), tmp_path)
        first = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.suffix != ".png"}
    assert sorted(first) == ["metrics.json", "report.html", "samples.md"]
    assert first["report.html"].decode().startswith("<!doctype html>")
    write_report(report(log=steps(3), before=measurement(["\ud800", "b"], [0.0, 0.0])), tmp_path)


def test_what_a_measurement_knows_outlives_a_stop(tmp_path: Path) -> None:
    verdicts = [[line("tone", "pass", score=0.75, evidence="a", evidence_found=True)], []]
    found = measurement(["a", "b"], [1.0, None], verdicts=verdicts)
    file = tmp_path / "before.json"
    assert kept_measurement(file) is None
    keep_measurement(found, file)
    assert kept_measurement(file) == found
    assert json.loads(file.read_bytes()) == asdict(found)
    assert "tone: pass" in samples(report(before=found))


@pytest.mark.parametrize("damaged", [b"", b"{", b"[]", b"null", b'{"answers": ["a"]}', b"\xff", b'{"answers": 3}'])
def test_a_damaged_measurement_is_made_again(tmp_path: Path, damaged: bytes) -> None:
    file = tmp_path / "before.json"
    file.write_bytes(damaged)
    assert kept_measurement(file) is None


@given(st.floats(-1e3, 1e3), st.floats(1e-2, 1e4), st.integers(1, 6))
def test_an_axis_holds_what_it_is_made_for(low: float, size: float, count: int) -> None:
    found = ticks(low, low + size, count)
    assert len(found) <= count + 3
    assert found == sorted(set(found))
    assert found[0] <= low + size * 1e-6
    assert found[-1] >= low + size * (1 - 1e-6)
