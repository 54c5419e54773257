"""`vif eval`: a benchmark's own files in, its paper's accuracies out."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.recorded import existing
from verif_dsl.benchmarks import prompts as prompts_module
from verif_dsl.benchmarks.grading import readings
from verif_dsl.cli import main
from verif_dsl.compiler.builtins import langdetect_profiles, nltk_rules
from verif_dsl.compiler.builtins.base import absence_of

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

    def run(self, *options: str, benchmark: str = "ifeval") -> int:
        return main(["eval", benchmark, "--prompts", str(self.prompts), "--responses", str(self.responses), *options])

    def verdicts(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.read_text(encoding="utf-8").splitlines()]


def test_the_accuracies_are_those_of_the_recorded_verdicts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = existing("ifeval")
    for reason in (absence_of(nltk_rules.punkt_tables), langdetect_profiles.langdetect_lacking()):
        if reason is not None:
            pytest.skip(reason)
    prompts, responses, out = data / "prompts.jsonl", data / "gpt4_responses.jsonl", tmp_path / "out.jsonl"
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
    assert files.verdicts() == [
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
        (
            {"instruction_id_list": ["punctuation:no_commas"]},
            "row 1: there is no instruction `punctuation:no_commas` (did you mean `punctuation:no_comma`?)",
        ),
        (
            {"instruction_id_list": ["format:sub_bullets"]},
            "row 1: there is no instruction `format:sub_bullets` (did you mean `format:sub-bullets`?)",
        ),
        ({"instruction_id_list": ["keywords_existence"]}, "row 1: there is no instruction `keywords_existence`"),
        (
            {"instruction_id_list": ["keywords:existence"]},
            "row 1: `keywords:existence` needs the argument `keywords`, and has none",
        ),
        (
            {"instruction_id_list": ["keywords:existence"], "kwargs": [{"keyword": ["a"]}]},
            "row 1: `keywords:existence` needs the argument `keywords`, and has none",
        ),
        (
            {"instruction_id_list": ["keywords:existence"], "kwargs": [{"keywords": "a"}]},
            'row 1: `keywords` of `keywords:existence`: "a" is not a list of text',
        ),
        ({"kwargs": []}, "row 1: `kwargs` is a list of 1, one for each id, not []"),
        ({"kwargs": ["{}"]}, 'row 1: the `kwargs` of an id are an object, not "{}"'),
        ({"kwargs": [{"n": 1}]}, "row 1: `punctuation:no_comma` has no parameter `n` (it takes no arguments)"),
        (
            {"instruction_id_list": ["count:numbers"], "kwargs": [{"N": 1, "n": 2}]},
            "row 1: `count:numbers` has the argument `n` twice",
        ),
        ({"instruction_id_list": []}, "row 1: `instruction_id_list` is a list of ids, not []"),
        ({"key": 9}, "row 0: no prompt has this key, 8"),
        ({"key": "8"}, 'row 0: no prompt has this key, 8 (one has "8", which is another)'),
        ({"key": 7}, "row 1: its key 7 is also that of"),
        ({"key": [8]}, "row 1: `key` is a text or a whole number, not [8]"),
        ({"key": True}, "row 1: `key` is a text or a whole number, not true"),
        (
            {"instruction_id_list": ["startend:end_checker"], "kwargs": [{"end_phrase": "\ud800"}]},
            "row 1: it holds half a character (U+D800)",
        ),
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


def test_an_id_without_a_port_is_told_apart_from_one_that_does_not_exist(
    files: Files, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompts_module, "ports", dict)
    assert files.run() == 1
    assert "row 0: std/ifeval has no port of `punctuation:no_comma`" in capsys.readouterr().err


def test_an_id_that_stands_twice_has_two_verdicts(files: Files) -> None:
    ids = ["keywords:existence"] * 3
    kwargs: list[dict[str, Any]] = [{"keywords": ["a"]}, {"keywords": ["z"]}, {"keywords": ["a"]}]
    files.write([{**PROMPTS[1], "instruction_id_list": ids, "kwargs": kwargs}], [{"key": 8, "response": "a b"}])
    assert files.run("--out", str(files.out)) == 0
    assert files.verdicts() == [{"key": 8, "strict": [True, False, True], "loose": [True, False, True]}]


@pytest.mark.parametrize("benchmark", ["ifeval", "ifbench"])
def test_any_instruction_may_stand_in_any_file_and_numbers_may_be_decimals(files: Files, benchmark: str) -> None:
    ids = ["count:numbers", "length_constraints:number_words", "punctuation:punctuation_dot", "format:sub-bullets"]
    kwargs: list[Any] = [{"N": 2.0, "keyword": None}, {"num_words": 5.0, "relation": "less than"}, {}, None]
    response = "* 1 egg\n- 2 eggs"
    files.write(
        [{"prompt": "?", "instruction_id_list": ids, "kwargs": kwargs}], [{"prompt": "?", "response": response}]
    )
    assert files.run("--out", str(files.out), benchmark=benchmark) == 0
    assert files.verdicts() == [{"key": 0, "strict": [True] * 4, "loose": [True] * 4}]


ASKED = {"instruction_id": ["keywords:word_once", "detectable_format:title"], "kwargs": [{"keyword": "don't"}, None]}


@pytest.mark.parametrize(
    "truth",
    [
        pytest.param(repr([ASKED]), id="Python"),
        pytest.param([repr([ASKED])], id="a list of Python"),
        pytest.param(json.dumps([ASKED]), id="JSON"),
        pytest.param(json.dumps(ASKED), id="JSON without a list"),
        pytest.param(repr([json.dumps(ASKED)]), id="JSON in Python"),
        pytest.param(
            [{name: values[:1] for name, values in ASKED.items()}, {n: v[1:] for n, v in ASKED.items()}], id="2"
        ),
    ],
)
def test_the_ground_truth_of_training_data_is_read_in_all_its_forms(files: Files, truth: object) -> None:
    row = {
        "key": "a/1",
        "messages": [{"role": "user", "content": "Don't?"}],
        "ground_truth": truth,
        "dataset": "ifeval",
    }
    files.write([row], [{"prompt": "Don't?", "response": "Don't."}])
    assert files.run("--out", str(files.out), benchmark="iftrain") == 0
    assert files.verdicts() == [{"key": "a/1", "strict": [True, False], "loose": [True, False]}]


def test_a_written_conversation_is_read_without_the_role(files: Files) -> None:
    files.write([{"prompt": "user: Don't?", "ground_truth": [repr([ASKED])]}], [{"prompt": "Don't?", "response": "no"}])
    assert files.run("--out", str(files.out), benchmark="iftrain") == 0
    assert files.verdicts() == [{"key": 0, "strict": [False, False], "loose": [False, False]}]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ground_truth": None}, "there is no column `ground_truth` in it"),
        ({"ground_truth": "42"}, "row 0: `ground_truth` has no `instruction_id` in it: 42"),
        ({"ground_truth": "[]"}, "row 0: `ground_truth` has no `instruction_id` in it: []"),
        ({"ground_truth": "open('x')"}, "row 0: `ground_truth` is neither JSON nor a value of Python's"),
        ({"ground_truth": "{(1, 2): {3}}"}, "row 0: `ground_truth` is neither JSON nor a value of Python's"),
        (
            {"ground_truth": "{'instruction_id': ['detectable_format:title'], 'kwargs': [{1: 2}]}"},
            "row 0: `detectable_format:title` has no parameter `1`",
        ),
        ({"ground_truth": "(" * 5000}, "row 0: `ground_truth` is neither JSON nor a value of Python's"),
        ({"ground_truth": "'" + "x" * 70_000 + "'"}, "row 0: `ground_truth` has 70,002 characters, more than"),
        ({"ground_truth": [[[[[ASKED]]]]]}, "row 0: `ground_truth` has no `instruction_id` in it"),
        (
            {"ground_truth": '{"func_name": "verify_keywords", "N": null}'},
            'row 0: `ground_truth` names a function, "verify_keywords", as RLVR-IFeval does, and no id',
        ),
        ({"ground_truth": {**ASKED, "kwargs": [{}]}}, "row 0: `kwargs` is a list of 2, one for each id"),
        ({"messages": []}, "row 0: a prompt is one message of the user, and here speak: no one"),
        ({"messages": "Don't?"}, None),
        ({"messages": 5}, "row 0: its conversation cannot be read"),
        (
            {"messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Don't?"}]},
            "row 0: a prompt is one message of the user, and here speak: system, user",
        ),
    ],
)
def test_a_mistake_in_training_data_names_the_row(
    files: Files, capsys: pytest.CaptureFixture[str], change: dict[str, Any], message: str | None
) -> None:
    row = {"messages": [{"role": "user", "content": "Don't?"}], "ground_truth": repr([ASKED]), **change}
    rows = [{name: value for name, value in row.items() if value is not None}]
    files.write(rows, [{"prompt": "Don't?", "response": "Don't."}])
    assert files.run(benchmark="iftrain") == (0 if message is None else 1)
    error = capsys.readouterr().err
    assert (message or "") in error
    assert len(error.splitlines()) == (0 if message is None else 1)


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
    error = capsys.readouterr().err
    assert f"{files.prompts}, row 0: there is no response to it in {files.responses}; --answered-only" in error


def test_prompts_without_a_response_can_be_left_out_and_are_told(
    files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    files.write(PROMPTS, RESPONSES[:1])
    assert files.run("--answered-only", "--out", str(files.out)) == 0
    assert "1 prompt is left out, for want of a response\n" in capsys.readouterr().out
    assert files.verdicts() == [{"key": 8, "strict": [False], "loose": [True]}]
    assert files.run("--answered-only", "--json") == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["unanswered"] == 1
    assert figures["strict"]["prompts"]["decided"] == 1


def test_a_second_response_to_a_key_is_refused(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    files.write(PROMPTS, [*RESPONSES, RESPONSES[0]])
    assert files.run() == 1
    assert "row 2: a second response to key 8" in capsys.readouterr().err


def test_a_second_response_to_a_prompt_is_refused(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    files.write(PROMPTS, [{"prompt": "No commas.", "response": one} for one in ("a", "b")])
    assert files.run() == 1
    assert 'row 1: a second response to prompt "No commas."' in capsys.readouterr().err


def test_prompts_that_the_benchmarks_own_code_grades_by_chance_are_told(
    files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = ["keywords:letter_frequency"]
    kwargs = [{"letter": "#", "let_frequency": 1, "let_relation": "at least"}]
    files.write([PROMPTS[0], {**PROMPTS[1], "instruction_id_list": ids, "kwargs": kwargs}], RESPONSES)
    assert files.run() == 0
    assert "key 8 asks for a sign, for which the benchmark's own code counts a letter" in capsys.readouterr().out


def test_the_eight_readings_are_those_of_the_paper() -> None:
    assert readings("a\n*b*\nc") == ["a\n*b*\nc", "*b*\nc", "a\n*b*", "*b*", "a\nb\nc", "b\nc", "a\nb", "b"]
