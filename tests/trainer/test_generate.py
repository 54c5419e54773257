"""`vif generate` and `vif eval --model`: a saved model answers prompts, and its answers are scored as they are."""

import json
from pathlib import Path
from typing import Any

import polars
import pytest
import torch

from tests.cli.commands import CONSTRAINTS, jsonl, read_jsonl
from tests.judging.models import save_random_judge
from verif_dsl import VerifError
from verif_dsl.cli import main
from verif_dsl.trainer import generate
from verif_dsl.trainer.config import TinyConfig
from verif_dsl.trainer.generate import Answering, load_model, respond
from verif_dsl.trainer.sampling import completions, encoded
from verif_dsl.trainer.tiny import random_model, train_tokenizer

ROWS: list[dict[str, Any]] = [
    {"key": 7, "prompt": "Say seven.", "constraints": "brief", "more": {"a": [1]}},
    {"key": "x", "prompt": "Zwölf Boxkämpfer jagen Viktor quer über den Sylter Deich.", "constraints": "plain"},
]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of random weights without a chat template, where `vif train` leaves one: `model` in its output."""
    folder = tmp_path_factory.mktemp("run")
    torch.manual_seed(0)
    tokenizer = train_tokenizer(["write some text, in small letters"], 300)
    random_model(tokenizer, TinyConfig(vocabulary=300, hidden=16, layers=1)).save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "model")
    return folder


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of random weights with a chat template."""
    folder = tmp_path_factory.mktemp("chat")
    save_random_judge(folder, room=256)
    return folder


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    return jsonl(tmp_path / "prompts.jsonl", ROWS)


def run(*arguments: object) -> int:
    return main(["generate", *map(str, arguments)])


# ------------------------------------------------------------------------------------------------------- vif generate


def test_every_row_gets_a_response_and_keeps_its_columns(
    plain: Path, prompts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.jsonl"
    assert run(plain, prompts, "--out", out, "--max-tokens", 6) == 0
    rows = read_jsonl(out)
    assert [{name: row[name] for name in row if name != "response"} for row in rows] == ROWS
    assert all(isinstance(row["response"], str) for row in rows)
    assert "2 responses, 2 cut off at 6 tokens, in " in " ".join(capsys.readouterr().out.split())
    assert sorted(tmp_path.iterdir()) == [out, prompts]


def test_the_seed_decides_what_is_drawn(plain: Path, prompts: Path, tmp_path: Path) -> None:
    found = []
    for number, seed in enumerate((3, 3, 4)):
        out = tmp_path / f"{number}.jsonl"
        sampled = ("--samples", 3, "--temperature", 1, "--top-p", 0.9, "--top-k", 200, "--max-tokens", 6)
        assert run(plain, prompts, "--out", out, *sampled, "--seed", seed) == 0
        found.append(read_jsonl(out))
    assert found[0] == found[1] != found[2]
    assert [(row["key"], row["sample"]) for row in found[0]] == [(key, n) for key in (7, "x") for n in range(3)]
    assert len({row["response"] for row in found[0]}) > 2


def test_the_likeliest_tokens_do_not_depend_on_the_batch(plain: Path, prompts: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "1.jsonl", tmp_path / "2.jsonl"
    for out, batch in ((one, 1), (two, 2)):
        assert run(plain, prompts, "--out", out, "--max-tokens", 6, "--batch", batch) == 0
    assert one.read_bytes() == two.read_bytes()


def test_responses_are_scored_as_they_are(
    plain: Path, prompts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules, out, verdicts = tmp_path / "rules.vif", tmp_path / "out.jsonl", tmp_path / "verdicts.jsonl"
    rules.write_text(CONSTRAINTS)
    jsonl(prompts, [{**row, "key": number} for number, row in enumerate(ROWS)])
    assert run(plain, prompts, "--out", out, "--max-tokens", 6) == 0
    assert main(["score", str(rules), str(out), "--out", str(verdicts)]) == 0
    assert [(row["key"], len(row["verdicts"])) for row in read_jsonl(verdicts)] == [(0, 2), (1, 1)]
    assert "2 rows, 0 undecided" in capsys.readouterr().out


def test_columns_of_parquet_keep_their_types(plain: Path, tmp_path: Path) -> None:
    given, out = tmp_path / "prompts.parquet", tmp_path / "out.parquet"
    frame = polars.DataFrame(
        {"prompt": ["a", "b"], "n": [1, None], "day": [None, None]},
        {"n": polars.Int8, "day": polars.Date, "prompt": str},
    )
    frame.write_parquet(given)
    assert run(plain, given, "--out", out, "--max-tokens", 3, "--samples", 2, "--temperature", 0.7) == 0
    found = polars.read_parquet(out)
    assert dict(found.schema) == {**frame.schema, "response": polars.String, "sample": polars.Int64}
    assert found["n"].to_list() == [1, 1, None, None]


def test_responses_have_the_format_of_the_prompts(
    plain: Path, prompts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The columns of JSONL have no types, and would change in Parquet."""
    assert run(plain, prompts, "--out", tmp_path / "out.parquet") == 1
    assert "out.parquet: it needs a name that ends in .jsonl\n" in capsys.readouterr().err


def test_texts_get_the_chat_template_as_training_gives_it(chat: Path, prompts: Path, tmp_path: Path) -> None:
    messages = jsonl(
        tmp_path / "conversations.jsonl", [{"prompt": [{"role": "user", "content": row["prompt"]}]} for row in ROWS]
    )
    outs = [tmp_path / f"{name}.jsonl" for name in ("texts", "messages", "bare")]
    for given, out, *more in ((prompts, outs[0]), (messages, outs[1]), (prompts, outs[2], "--no-chat")):
        assert run(chat, given, "--out", out, "--max-tokens", 8, *more) == 0
    texts, of_messages, bare = ([row["response"] for row in read_jsonl(out)] for out in outs)
    assert texts == of_messages != bare


def test_thoughts_are_left_out_unless_they_are_asked_for(
    plain: Path, prompts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def thinking(model: Any, tokenizer: Any, read: Any, *_: object, **__: object) -> Any:
        yield [tokenizer("<think>Hm.</think> Yes.")["input_ids"] for _ in read]

    monkeypatch.setattr(generate, "completions", thinking)
    out = tmp_path / "out.jsonl"
    assert run(plain, prompts, "--out", out) == 0
    assert [row["response"] for row in read_jsonl(out)] == ["Yes.", "Yes."]
    assert run(plain, prompts, "--out", out, "--keep-thoughts") == 0
    assert [row["response"] for row in read_jsonl(out)] == ["<think>Hm.</think> Yes."] * 2


def test_an_answer_ends_with_its_end(plain: Path) -> None:
    model, tokenizer = load_model(plain / "model")
    ids = encoded(tokenizer, "Say.", "here")
    arguments = {"do_sample": True, "max_new_tokens": 200, "top_k": 2}
    model.generation_config.eos_token_id = [tokenizer.eos_token_id, *range(100, 200)]
    for one in next(completions(model, tokenizer, [ids] * 4, arguments, seed=0, batch=4)):
        assert [place for place, token in enumerate(one) if 100 <= token < 200][:1] in ([], [len(one) - 1])


def test_a_batch_that_the_gpu_has_no_room_for_is_halved(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, tokenizer = load_model(plain / "model")
    read = [encoded(tokenizer, f"Say {number}.", "here") for number in range(9)]
    arguments = {"do_sample": False, "max_new_tokens": 4}
    wanted = [one for some in completions(model, tokenizer, read, arguments, seed=0) for one in some]
    generated, tried, room = model.generate, list[int](), 3

    def in_little_room(**given: Any) -> Any:
        tried.append(len(given["input_ids"]))
        if tried[-1] > room:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return generated(**given)

    monkeypatch.setattr(model, "generate", in_little_room)
    assert [one for some in completions(model, tokenizer, read, arguments, seed=0) for one in some] == wanted
    assert tried == [9, 4, 2, 2, 2, 2, 1]
    room = 0
    with pytest.raises(VerifError, match="the GPU has no room for an answer"):
        list(completions(model, tokenizer, read, arguments, seed=0))
    tried.clear()
    model._is_fsdp_managed_module = True  # so says accelerate of a model that FSDP2 spreads
    with pytest.raises(VerifError, match="the GPU has no room for 9 answers at a time"):
        list(completions(model, tokenizer, read, arguments, seed=0))
    assert tried == [9]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"key": 1, "promt": "a"}], "prompts.jsonl: there is no column `prompt` in it"),
        ([{"prompt": "a"}, {"prompt": 3}], "prompts.jsonl, row 1: a prompt is a text or a list of messages, not int"),
        ([{"prompt": "a"}, {"key": 2}], "prompts.jsonl, row 1: a prompt is a text or a list of messages, not NoneType"),
        ([{"prompt": "a \ud800"}], "prompts.jsonl, row 0: its prompt holds half a character"),
        ([{"prompt": ""}], "prompts.jsonl, row 0: its prompt is empty"),
        (
            [{"prompt": [{"role": "user", "content": "Hi"}]}],
            "prompts.jsonl, row 0: its prompt is a list of messages, and the model has no chat template",
        ),
        ([], "prompts.jsonl: there are no rows in it"),
    ],
)
def test_a_mistake_in_the_prompts_names_the_row(
    plain: Path, prompts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: Any, message: str
) -> None:
    jsonl(prompts, rows)
    assert run(plain, prompts, "--out", tmp_path / "out.jsonl", "--max-tokens", 3) == 1
    assert f"{message}\n" in capsys.readouterr().err
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("all", "there is no such folder"),
        (
            "config.json",
            "there is no model in it (no config.json), and it is not the output of a training that has ended",
        ),
        ("tokenizer_config.json", "the model is without its tokenizer (there is no tokenizer_config.json)"),
        ("model.safetensors", "transformers cannot load a model from it ("),
    ],
)
def test_a_folder_without_a_whole_model_is_refused(
    chat: Path, prompts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], missing: str, message: str
) -> None:
    folder = tmp_path / "folder"
    if missing != "all":
        folder.mkdir()
        for file in chat.iterdir():
            if file.name != missing:
                (folder / file.name).symlink_to(file)
    assert run(folder, prompts, "--out", tmp_path / "out.jsonl") == 1
    assert f"folder: {message}" in capsys.readouterr().err


def test_outputs_that_cannot_be_are_refused_before_the_model_is_loaded(
    plain: Path, prompts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for out, message in (
        (tmp_path / "out.txt", "out.txt: it needs a name that ends in .jsonl"),
        (tmp_path / "none" / "out.jsonl", "does not exist; make it first"),
        (prompts, "is also an input, which the output would replace"),
    ):
        assert run(plain, prompts, "--out", out) == 1
        error = capsys.readouterr().err
        assert message in error
        assert "Loading" not in error


def test_the_model_has_to_have_room_for_prompt_and_answer(
    chat: Path, prompts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.jsonl"
    assert run(chat, prompts, "--out", out, "--max-tokens", 250) == 1
    error = capsys.readouterr().err
    assert "row 1: its prompt has " in error
    assert " tokens and its answer up to 250, and the model reads 256 in all" in error
    jsonl(prompts, [{"prompt": "word " * 200}])
    assert run(chat, prompts, "--out", out) == 1
    assert "row 0: its prompt has " in capsys.readouterr().err


def test_without_a_longest_answer_it_is_what_the_model_has_room_for(chat: Path) -> None:
    told = SilentStages()
    found = respond(chat, ["Why?"], Answering(), told, places=["here"])  # type: ignore[arg-type]
    assert 200 < found.limit < 256
    assert told.stages == ["Loading the model", "Writing 1 response"]


def test_a_prompt_that_a_template_refuses_names_the_row(chat: Path) -> None:
    _, tokenizer = load_model(chat)
    tokenizer.chat_template = "{{ raise_exception('no system role') }}"
    message = "here: the model's chat template does not take this prompt (no system role)"
    with pytest.raises(VerifError, match=message.replace("(", r"\(").replace(")", r"\)")):
        encoded(tokenizer, [{"role": "system", "content": "Hi"}], "here")


def test_several_samples_need_a_temperature(plain: Path, prompts: Path, tmp_path: Path) -> None:
    assert run(plain, prompts, "--out", tmp_path / "out.jsonl", "--samples", 2) == 2


def test_packages_that_are_missing_are_named(
    plain: Path,
    prompts: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import sys

    monkeypatch.setattr(sys.modules["verif_dsl.cli.generate"], "find_spec", lambda name: None)
    assert run(plain, prompts, "--out", tmp_path / "out.jsonl") == 1
    told = "running a model needs packages that are not installed (torch, transformers): pip install 'verif-dsl[train]'"
    assert told in capsys.readouterr().err


class SilentStages:
    """Stands for what shows progress, and remembers the stages."""

    def __init__(self) -> None:
        self.stages: list[str] = []

    def start(self, description: str) -> None:
        self.stages.append(description)

    def step(self, step: int, last: int) -> None:
        assert 0 < step <= last


# ----------------------------------------------------------------------------------------------------------- vif eval

ASKED: list[dict[str, Any]] = [
    {"key": 7, "prompt": "No commas.", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]},
    {"key": 8, "prompt": "Say no commas.", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]},
]


def test_a_benchmark_is_answered_and_graded_at_once_as_in_two_steps(
    plain: Path, prompts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    jsonl(prompts, ASKED)
    by_eval, out = tmp_path / "by_eval.jsonl", tmp_path / "out.jsonl"
    evaluated = ["eval", "ifeval", "--prompts", str(prompts), "--json"]
    assert main([*evaluated, "--model", str(plain), "--max-tokens", "6", "--out-responses", str(by_eval)]) == 0
    at_once = capsys.readouterr()
    assert "2 of 2 responses were cut off at 6 tokens" in at_once.err
    assert run(plain, prompts, "--out", out, "--max-tokens", 6) == 0
    capsys.readouterr()
    for responses in (out, by_eval):
        assert main([*evaluated, "--responses", str(responses)]) == 0
        assert json.loads(capsys.readouterr().out) == json.loads(at_once.out)
    assert [(row["key"], row["response"]) for row in read_jsonl(by_eval)] == [
        (row["key"], row["response"]) for row in read_jsonl(out)
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "choose one of --responses and --model"),
        (("--responses", "a.jsonl", "--model", "m"), "choose one of --responses and --model"),
        (("--responses", "a.jsonl", "--max-tokens", "3"), "--max-tokens and --out-responses go with --model"),
        (("--responses", "a.jsonl", "--out-responses", "b.jsonl"), "--max-tokens and --out-responses go with --model"),
    ],
)
def test_responses_are_read_or_written_and_not_both(
    prompts: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], message: str
) -> None:
    assert main(["eval", "ifeval", "--prompts", str(prompts), *options]) == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_verdicts_and_responses_go_into_two_files(
    plain: Path, prompts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    jsonl(prompts, ASKED)
    out = str(tmp_path / "out.jsonl")
    asked = ["eval", "ifeval", "--prompts", str(prompts), "--model", str(plain), "--out", out, "--out-responses", out]
    assert main(asked) == 1
    assert "out.jsonl: is named twice" in capsys.readouterr().err
