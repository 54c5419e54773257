"""`vif import`: a benchmark's prompts in, .vif source and rows to train on out."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import verif_dsl
from tests.recorded import existing
from verif_dsl.benchmarks import importing
from verif_dsl.benchmarks.prompts import Asked
from verif_dsl.cli import main
from verif_dsl.compiler.printer import format_source
from verif_dsl.compiler.program import Use
from verif_dsl.compiler.source import Source
from verif_dsl.trainer.data import rows_from

NO_COMMA = Use("ifeval.punctuation_no_comma", {}, 1.0, "")

PROMPTS: list[dict[str, Any]] = [
    {
        "key": 7,
        "prompt": "Write an egg.\n  No commas.",
        "instruction_id_list": ["punctuation:no_comma", "keywords:existence", "keywords:existence"],
        "kwargs": [{}, {"keywords": ["egg", 'a "b"']}, {"keywords": ["hen"], "n": None}],
    },
    {"key": 8, "prompt": "Two numbers.", "instruction_id_list": ["count:numbers"], "kwargs": [{"N": 2.0}]},
]
SOURCE = r'''vif 1

# Prompts of ifeval, a spec for each.

import "std/ifeval" as ifeval
import "std/ifbench" as ifbench

spec prompt_7 {
  doc """
    Write an egg.
      No commas.
    """
  use ifeval.punctuation_no_comma()
  use ifeval.keywords_existence(keywords = ["egg", "a \"b\""])
  use ifeval.keywords_existence(keywords = ["hen"]) as keywords_existence_2
}

spec prompt_8 {
  doc "Two numbers."
  use ifbench.count_numbers(n = 2)
}
'''.replace('"""', "'''")


@pytest.fixture
def files(tmp_path: Path) -> "Files":
    return Files(tmp_path)


class Files:
    """Prompts on disk, and the command on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.prompts, self.source, self.rows = (folder / one for one in ("prompts.jsonl", "out.vif", "out.jsonl"))
        self.write(PROMPTS)

    def write(self, prompts: Sequence[Mapping[str, Any]]) -> None:
        self.prompts.write_text("".join(f"{json.dumps(row)}\n" for row in prompts), encoding="utf-8")

    def run(self, *outs: Path, benchmark: str = "ifeval") -> int:
        options = [part for out in outs for part in ("--out", str(out))]
        return main(["import", benchmark, "--prompts", str(self.prompts), *options])


def test_each_prompt_becomes_a_spec_of_a_file_that_compiles_in_the_one_style(
    files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    assert files.run(files.source) == 0
    assert capsys.readouterr().out == f"2 prompts with 4 instructions, in {files.source}\n"
    assert files.source.read_text(encoding="utf-8") == SOURCE
    assert main(["check", str(files.source)]) == 0
    assert main(["fmt", "--check", str(files.source)]) == 0
    assert capsys.readouterr().out == "1 file, 0 errors, 0 examples, 0 failed\n"
    verifier = verif_dsl.load(files.source)
    assert verifier.check(["An egg."], constraints="prompt_7").by_row()[0][0]["verdict"] == "pass"
    assert verifier.specs["prompt_7"].doc == PROMPTS[0]["prompt"]


def test_rows_are_what_scoring_and_training_read(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    assert files.run(files.rows) == 0
    lines = 'import "std/ifeval" as ifeval\nimport "std/ifbench" as ifbench\n'
    assert lines in capsys.readouterr().out
    rows = [json.loads(line) for line in files.rows.read_text(encoding="utf-8").splitlines()]
    assert [(row["key"], row["prompt"]) for row in rows] == [(row["key"], row["prompt"]) for row in PROMPTS]
    assert json.loads(rows[0]["constraints"]) == [
        {"use": "ifeval.punctuation_no_comma", "with": {}},
        {"use": "ifeval.keywords_existence", "with": {"keywords": ["egg", 'a "b"']}},
        {"use": "ifeval.keywords_existence", "with": {"keywords": ["hen"]}, "as": "keywords_existence_2"},
    ]
    verifier = verif_dsl.compile(lines)
    assert [row.constraints for row in rows_from(files.rows, verifier)] == [row["constraints"] for row in rows]
    assert verifier.check(["1 2", "1"], constraints=[rows[1]["constraints"]] * 2).column("count_numbers") == [
        "pass",
        "fail",
    ]


@pytest.mark.parametrize(
    ("keys", "kept"), [((7, 8), [7, 8]), ((7, "x"), ["7", "x"]), ((7, 1 << 70), ["7", str(1 << 70)])]
)
def test_parquet_has_one_type_for_all_keys(files: Files, keys: tuple[object, object], kept: list[object]) -> None:
    files.write([{**row, "key": key} for row, key in zip(PROMPTS, keys, strict=True)])
    out = files.folder / "out.parquet"
    assert files.run(out) == 0
    table = polars.read_parquet(out)
    assert table.columns == ["key", "prompt", "constraints"]
    assert table["key"].to_list() == kept
    assert table["prompt"].to_list() == [row["prompt"] for row in PROMPTS]


def test_the_specs_and_the_rows_of_one_import_ask_for_the_same(
    files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    assert files.run(files.source, files.rows) == 0
    assert capsys.readouterr().out == f"2 prompts with 4 instructions, in {files.source} and {files.rows}\n"
    verifier = verif_dsl.load(files.source)
    rows = [json.loads(line) for line in files.rows.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        assert verifier.requirements(row["constraints"]).uses == verifier.specs[f"prompt_{row['key']}"].uses


AWKWARD = [
    "two\nlines",
    "three quotes ''' in\ntwo lines",
    "ends with a quote\n'",
    "ends with a line\n",
    "spaces\n   \nalone",
    "a\r\nb",
    "  indented\n    more",
    "trailing \nspace ",
    "# a comment?\n# no",
]


@settings(max_examples=20)
@given(texts=st.lists(st.text() | st.text("ab '\"\\\n\t{}#"), min_size=1, max_size=30))
@example(texts=AWKWARD)
def test_every_prompt_is_kept_to_the_letter_and_in_the_one_style(texts: list[str]) -> None:
    asked = [Asked("", key, text, ("punctuation:no_comma",), (NO_COMMA,)) for key, text in enumerate(texts)]
    source = importing.to_source(asked, "ifeval")
    assert [spec.doc for spec in verif_dsl.compile(source).specs.values()] == texts
    assert format_source(Source("<text>", source)) == source


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ((1, "2"), ["prompt_1", "prompt_2"]),
        (("ai2/Tülu_3-17", "b"), ["prompt_ai2_t_lu_3_17", "prompt_b"]),
        (("a/b", "a-b"), ["prompt_0", "prompt_1"]),
        (("", "B"), ["prompt_", "prompt_b"]),
        ((None, None), ["prompt_0", "prompt_1"]),
    ],
)
def test_specs_are_called_by_the_keys_as_far_as_names_can_hold_them(
    files: Files, keys: tuple[object, object], names: list[str]
) -> None:
    files.write([{**row, "key": key} for row, key in zip(PROMPTS, keys, strict=True)])
    assert files.run(files.source) == 0
    assert list(verif_dsl.load(files.source).specs) == names


def test_training_data_is_imported_too(files: Files) -> None:
    truth = "[{'instruction_id': ['copy:copying_multiple'], 'kwargs': [{'prompt_to_repeat': 'Hi', 'N': 2}]}]"
    files.write([{"key": "k", "messages": [{"role": "user", "content": "Say it."}], "ground_truth": truth}])
    assert files.run(files.rows, benchmark="iftrain") == 0
    assert json.loads(files.rows.read_text(encoding="utf-8")) == {
        "key": "k",
        "prompt": "Say it.",
        "constraints": '[{"use": "iftrain.copy_copying_multiple", "with": {"prompt_to_repeat": "Hi", "n": 2}}]',
    }


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["prompts.jsonl"], "is also an input, which the output would replace"),
        (["out.vif", "prompts.jsonl"], "is also an input"),
        (["out.vif", "out.vif"], "is named twice"),
        (["out.csv"], "ends in .vif or .jsonl or .parquet"),
        (["no/such/folder.vif"], "does not exist; make it first"),
    ],
)
def test_a_place_where_nothing_can_go_is_refused_before_anything_is_written(
    files: Files, capsys: pytest.CaptureFixture[str], names: list[str], message: str
) -> None:
    before = files.prompts.read_bytes()
    assert files.run(*(files.folder / name for name in names)) == 1
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1
    assert files.prompts.read_bytes() == before
    assert list(files.folder.iterdir()) == [files.prompts]


def test_prompts_that_are_too_many_for_a_vif_file_are_told_and_nothing_is_written(
    files: Files, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "LARGEST_SOURCE", 300)
    assert files.run(files.rows, files.source) == 1
    error = capsys.readouterr().err
    assert f"error: {files.source}: 2 prompts make a .vif file of" in error
    assert "more than the 300 allowed; write them as rows (.jsonl or .parquet)" in error
    assert list(files.folder.iterdir()) == [files.prompts]


def test_a_mistake_names_the_row_and_nothing_is_written(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    files.write([PROMPTS[0], {**PROMPTS[1], "kwargs": [{}]}])
    assert files.run(files.source, files.rows) == 1
    assert f"{files.prompts}, row 1: `count:numbers` needs the argument `n`" in capsys.readouterr().err
    assert list(files.folder.iterdir()) == [files.prompts]


@pytest.mark.parametrize(("benchmark", "prompts", "instructions"), [("ifeval", 541, 834), ("ifbench", 300, 344)])
def test_all_of_a_benchmark_becomes_one_file(
    files: Files, capsys: pytest.CaptureFixture[str], benchmark: str, prompts: int, instructions: int
) -> None:
    files.prompts = existing(benchmark) / "prompts.jsonl"
    assert files.run(files.source, benchmark=benchmark) == 0
    counted = f"{prompts} prompts with {instructions} instructions"
    assert capsys.readouterr().out == f"{counted}, in {files.source}\n"
    asked = [json.loads(line) for line in files.prompts.read_text(encoding="utf-8").splitlines()]
    specs = verif_dsl.load(files.source).specs
    assert [(name, one.doc, len(one.uses)) for name, one in specs.items()] == [
        (f"prompt_{row['key']}", row["prompt"], len(row["instruction_id_list"])) for row in asked
    ]
    assert main(["fmt", "--check", str(files.source)]) == 0
