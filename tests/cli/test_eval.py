"""`vif eval`: the benchmark's own files in, its paper's accuracies out."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.test_ifeval import DATA
from verif_dsl.benchmarks import readings
from verif_dsl.cli import main
from verif_dsl.compiler.builtins import langdetect_profiles, nltk_rules

PROMPTS: list[dict[str, Any]] = [
    {
        "key": 7,
        "prompt": "Write a line without commas, and end it with Bye.",
        "instruction_id_list": ["punctuation:no_comma", "startend:end_checker"],
        "kwargs": [{}, {"end_phrase": "Bye.", "num_words": None}],
    },
    {"key": 8, "prompt": "No commas.", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]},
]
RESPONSES: list[dict[str, Any]] = [
    {"key": 8, "response": "Sure, here it is:\nOne line."},
    {"key": 7, "response": "One line. Bye."},
]


@pytest.fixture
def files(tmp_path: Path) -> "Files":
    return Files(tmp_path)


class Files:
    """Prompts and responses on disk, and the command on them."""

    def __init__(self, folder: Path) -> None:
        self.prompts, self.responses, self.out = (folder / f"{one}.jsonl" for one in ("prompts", "responses", "out"))
        self.write(PROMPTS, RESPONSES)

    def write(self, prompts: Sequence[Mapping[str, Any]], responses: Sequence[Mapping[str, Any]]) -> None:
        for path, rows in ((self.prompts, prompts), (self.responses, responses)):
            path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")

    def run(self, *options: str) -> int:
        return main(["eval", "ifeval", "--prompts", str(self.prompts), "--responses", str(self.responses), *options])


def test_the_accuracies_are_those_of_the_recorded_verdicts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if not DATA.is_dir():
        pytest.skip(f"no conformance data in {DATA}")
    for reason in (nltk_rules.punkt_lacking(), langdetect_profiles.langdetect_lacking()):
        if reason is not None:
            pytest.skip(reason)
    prompts, responses, out = DATA / "prompts.jsonl", DATA / "gpt4_responses.jsonl", tmp_path / "out.jsonl"
    done = ["eval", "ifeval", "-p", str(prompts), "-r", str(responses), "--json", "-o", str(out)]
    assert main(done) == 0
    figures = json.loads(capsys.readouterr().out)
    rates = [round(100 * figures[how][what]["rate"], 2) for how in ("strict", "loose") for what in WHAT]
    assert rates == [77.08, 83.69, 79.67, 85.61]  # the paper's 76.89, 83.57, 79.30, 85.37 draw two letters at random
    assert figures["random_in_the_reference"] == [1122, 1129]
    recorded = [json.loads(line) for line in responses.read_text(encoding="utf-8").splitlines()]
    found = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert found == [{name: row[name] for name in ("key", "strict", "loose")} for row in recorded]


WHAT = ("prompts", "instructions")


def test_responses_are_matched_by_key_and_read_loosely(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    assert files.run("--json", "--out", str(files.out)) == 0
    assert [json.loads(line) for line in files.out.read_text(encoding="utf-8").splitlines()] == [
        {"key": 7, "strict": [True, True], "loose": [True, True]},
        {"key": 8, "strict": [False], "loose": [True]},
    ]
    figures = json.loads(capsys.readouterr().out)
    assert figures["strict"]["prompts"] == {"rate": 0.5, "held": 1, "decided": 2, "unknown": 0}
    assert figures["ids"]["punctuation:no_comma"]["loose"]["rate"] == 1.0


def test_responses_without_keys_are_matched_by_prompt(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    prompts = {row["key"]: row["prompt"] for row in PROMPTS}
    files.write(PROMPTS, [{"prompt": prompts[row["key"]], "response": row["response"]} for row in RESPONSES])
    assert files.run() == 0
    shown = capsys.readouterr().out
    assert "50.00" in shown
    assert "100.00" in shown


def test_what_is_unknown_is_left_out_and_told(
    files: Files, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(langdetect_profiles, "find_spec", lambda name: None)
    ids = ["punctuation:no_comma", "change_case:english_lowercase"]
    files.write([{**PROMPTS[1], "instruction_id_list": ids, "kwargs": [{}, {}]}], [{"key": 8, "response": "a line"}])
    assert files.run("--out", str(files.out)) == 0
    shown = capsys.readouterr().out
    assert "1 instruction is left out, unknown for this reason: data: langdetect is not installed" in shown
    row = json.loads(files.out.read_text(encoding="utf-8"))
    assert (row["strict"], row["loose"]) == ([True, None], [True, None])
    assert row["reasons"][1].startswith("data: langdetect")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"instruction_id_list": ["punctuation:no_commas"]}, "row 1: there is no instruction `punctuation:no_commas`"),
        ({"kwargs": []}, "row 1: `kwargs` is a list of 1 objects, one for each id"),
        ({"kwargs": [{"n": 1}]}, "row 1: `punctuation_no_comma` has no parameter `n`"),
        ({"instruction_id_list": []}, "row 1: `instruction_id_list` is a list of ids, not []"),
        ({"key": 9}, "row 0: no prompt has this key, 8"),
        ({"key": 7}, "row 1: its key 7 is also that of"),
        ({"key": [8]}, "row 1: `key` is a text or a whole number, not [8]"),
    ],
)
def test_a_mistake_in_the_files_names_the_row(
    files: Files, capsys: pytest.CaptureFixture[str], change: dict[str, Any], message: str
) -> None:
    files.write([PROMPTS[0], {**PROMPTS[1], **change}], RESPONSES)
    assert files.run("--out", str(files.out)) == 1
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1
    assert not files.out.exists()


@pytest.mark.parametrize("name", ["prompts.jsonl", "no/such/folder.jsonl", "out.csv", "out.parquet"])
def test_a_place_where_verdicts_cannot_go_is_refused_before_anything_is_graded(
    files: Files, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    before = files.prompts.read_bytes()
    assert files.run("--out", str(files.prompts.parent / name)) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert files.prompts.read_bytes() == before


def test_a_prompt_without_a_response_is_named(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    files.write(PROMPTS, RESPONSES[:1])
    assert files.run() == 1
    assert f"{files.prompts}, row 0: there is no response to it in {files.responses}" in capsys.readouterr().err


def test_a_second_response_to_a_key_is_refused(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    files.write(PROMPTS, [*RESPONSES, RESPONSES[0]])
    assert files.run() == 1
    assert "row 2: a second response to key 8" in capsys.readouterr().err


def test_the_eight_readings_are_those_of_the_paper() -> None:
    assert readings("a\n*b*\nc") == ["a\n*b*\nc", "*b*\nc", "a\n*b*", "*b*", "a\nb\nc", "b\nc", "a\nb", "b"]
