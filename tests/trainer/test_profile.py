"""`vif profile`: which prompts give a gradient, what nobody can satisfy, and the rows that are left to train on."""

import json
from itertools import combinations, product
from pathlib import Path
from typing import Any

import polars
import pytest
import torch
import yaml

from tests.cli.commands import jsonl, read_jsonl
from tests.judging.models import save_random_judge
from tests.trainer.test_training import JUDGED, SMALL
from verif_dsl import load
from verif_dsl.cli import main
from verif_dsl.trainer import profile
from verif_dsl.trainer.config import TinyConfig, load_config
from verif_dsl.trainer.groups import settle
from verif_dsl.trainer.profile import Found, Outcome, Profile, Tally, flat_chance
from verif_dsl.trainer.tiny import random_model, train_tokenizer
from verif_dsl.trainer.train import train

RULES = """
constraint lowercase { instruct "Small." check lower(response) == response accept "a" reject "A" }
constraint never { instruct "Magic." check "abracadabra" in response accept "abracadabra" reject "A" }
"""
ASKED = ("[]", '[{"use": "lowercase"}]', '[{"use": "never"}]', '[{"use": "tone"}]')
ROWS: list[dict[str, Any]] = [
    {"key": number, "prompt": f"Say {number}.", "constraints": ASKED[number % 4], "more": {"é": [number, 1.50]}}
    for number in range(12)
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of random weights, which writes bytes at random: now and then a capital letter."""
    folder = tmp_path_factory.mktemp("model")
    torch.manual_seed(0)
    tokenizer = train_tokenizer(["write some text, in small letters"], 300)
    random_model(tokenizer, TinyConfig(vocabulary=300, hidden=16, layers=1)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def config(model: Path, tmp_path: Path) -> Path:
    return written(tmp_path, model=str(model))


def written(folder: Path, **changes: Any) -> Path:
    """A configuration in the folder, beside its rules, its data and its held-out rows."""
    (folder / "rules.vif").write_text(RULES + JUDGED, encoding="utf-8")
    jsonl(folder / "rows.jsonl", ROWS)
    jsonl(folder / "held_out.jsonl", ROWS[:1])
    settings = {"max_completion_length": 8, "num_generations": 4, "per_device_train_batch_size": 8}
    files = {"constraints": "rules.vif", "data": "rows.jsonl", "held_out": "held_out.jsonl", "output": "out"}
    path = folder / "train.yaml"
    path.write_text(yaml.safe_dump({**files, "grpo": settings, **changes}), encoding="utf-8")
    return path


def run(*arguments: object) -> int:
    return main(["profile", *map(str, arguments)])


def figures(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


# -------------------------------------------------------------------------------------------------------- definitions


@pytest.mark.parametrize(
    ("rewards", "passes", "outcome"),
    [
        ([1.0, 0.5, 1.0], [True, False, True], Outcome.MIXED),
        ([1.0, 1.0, 1.0], [True, True, True], Outcome.ALL_PASS),
        ([0.5, 0.5, 0.5], [False, False, False], Outcome.ALL_FAIL),
        ([0.0, 0.0, 0.0], [False, False, False], Outcome.ALL_FAIL),
        ([0.5, 0.5, 0.5], [True, False, False], Outcome.LEVEL),
        ([0.1 + 0.2, 0.3, 0.3], [True, True, True], Outcome.ALL_PASS),
        ([1.0, None, 1.0], [True, False, True], Outcome.ALL_PASS),
        ([1.0, None, 0.0], [True, False, False], Outcome.MIXED),
        ([1.0, None, None], [True, False, False], Outcome.UNDECIDED),
        ([None, None, None], [False, False, False], Outcome.UNDECIDED),
    ],
)
def test_the_outcome_of_a_prompt(rewards: list[float | None], passes: list[bool], outcome: Outcome) -> None:
    assert Found(rewards, passes, []).outcome(least_decided=2) is outcome


@pytest.mark.parametrize("least", [1, 2, 3])
def test_the_chance_of_no_gradient_is_that_of_the_groups_themselves(least: int) -> None:
    """`settle` says of each group whether training has a gradient from it."""
    rewards = [1.0, 1.0, 1.0, 0.5, 0.5, None, None]
    for draws in (2, 3, 5, 7):
        groups = list(combinations(rewards, draws))
        flat = sum(settle(group, [range(draws)], least).without_gradient for group in groups)
        assert flat_chance(rewards, draws, least) == pytest.approx(flat / len(groups))
    few: list[float | None] = [1.0, 0.0, None]
    for draws in (4, 5):
        groups = list(product(few, repeat=draws))
        flat = sum(settle(group, [range(draws)], least).without_gradient for group in groups)
        assert flat_chance(few, draws, least) == pytest.approx(flat / len(groups))


def test_a_profile_counts_prompts_and_constraints() -> None:
    found = Profile(4, 4, 2, 2, 1, {"a": Tally(), "b": Tally()}, stamp=(0, 0))
    found.add(3, Found([1.0, 0.0, 0.0, 0.0], [True, False, False, False], [("a", ["pass", "fail", "fail", "fail"])]))
    found.add(5, Found([0.0] * 4, [False] * 4, [("a", ["fail"] * 4), ("a", ["pass"] * 4)]))
    found.add(6, Found([1.0] * 4, [True] * 4, []))
    found.add(8, Found([None] * 4, [False] * 4, [("b", ["unknown"] * 4)]))
    assert found.to_dict() == {
        "prompts": 4,
        "wanted": 4,
        "samples": 4,
        "num_generations": 2,
        "outcomes": {"mixed": 1, "all_pass": 1, "all_fail": 1, "level": 0, "undecided": 1},
        "without_gradient": 0.75,
        "expected_without_gradient": 0.875,
        "mean_reward": 5 / 12,
        "constraints": {
            "a": {
                "prompts": 3,
                "prompts_unmet": 1,
                "passed": 5,
                "failed": 7,
                "unknown": 0,
                "pass_rate": 5 / 12,
                "nobody_passed": False,
            },
            "b": {
                "prompts": 1,
                "prompts_unmet": 0,
                "passed": 0,
                "failed": 0,
                "unknown": 4,
                "pass_rate": None,
                "nobody_passed": False,
            },
        },
        "rows": [
            {"row": 3, "outcome": "mixed", "rewards": [1.0, 0.0, 0.0, 0.0]},
            {"row": 5, "outcome": "all_fail", "rewards": [0.0] * 4},
            {"row": 6, "outcome": "all_pass", "rewards": [1.0] * 4},
            {"row": 8, "outcome": "undecided", "rewards": [None] * 4},
        ],
    }


# --------------------------------------------------------------------------------------------------------- the command


def test_prompts_are_told_apart_and_the_mixed_rows_are_written_as_they_were(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mixed.jsonl"
    assert run(config, "--out", out, "--json") == 0
    found = figures(capsys)
    outcomes = {row["row"]: row["outcome"] for row in found["rows"]}
    assert list(outcomes) == list(range(12))
    assert {outcomes[number] for number in (0, 4, 8)} == {"all_pass"}  # nothing is asked
    assert {outcomes[number] for number in (2, 6, 10)} == {"all_fail"}  # a model of random weights does no magic
    assert {outcomes[number] for number in (3, 7, 11)} == {"undecided"}  # there is no judge
    mixed = [number for number, outcome in outcomes.items() if outcome == "mixed"]
    assert mixed
    assert set(mixed) <= {1, 5, 9}
    lines = (tmp_path / "rows.jsonl").read_text(encoding="utf-8").splitlines()
    assert out.read_text(encoding="utf-8").splitlines() == [lines[number] for number in mixed]
    assert found["constraints"]["never"]["nobody_passed"]
    assert found["constraints"]["never"]["failed"] == 3 * 8
    assert found["constraints"]["tone"]["unknown"] == 3 * 8
    assert not (tmp_path / "out").exists()


def test_the_mixed_rows_can_be_trained_on(config: Path, tmp_path: Path, model: Path) -> None:
    assert run(config, "--out", tmp_path / "mixed.jsonl", "--samples", 4) == 0
    settings = {"max_completion_length": 4, "num_generations": 2, "per_device_train_batch_size": 2, "max_steps": 1}
    train(written(tmp_path, model=str(model), data="mixed.jsonl", grpo=settings))
    assert (tmp_path / "out" / "model").is_dir()


def test_the_table_says_it_in_words(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(config, "--samples", 2, "--out", tmp_path / "mixed.jsonl", "--seed", 1) == 0
    told = capsys.readouterr()
    for line in ("all pass", "all fail", "undecided", "lowercase", "tone"):
        assert line in told.out
    assert "of the prompts give no gradient\n" in told.out
    assert "in training, with 4 completions of each, " in told.out
    assert "warning: nobody passed `never` in 6 completions\n" in told.out
    assert f"The mixed rows are in {tmp_path / 'mixed.jsonl'}\n" in told.out
    assert "Sampling 2 completions for each of 12 prompts" in told.err


def test_the_same_seed_gives_the_same_profile(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = []
    for seed in (5, 5, 6):
        assert run(config, "--samples", 4, "--rows", 5, "--seed", seed, "--json") == 0
        found.append(figures(capsys))
    assert found[0] == found[1] != found[2]
    assert len(found[0]["rows"]) == 5


def test_rows_that_are_held_out_are_not_profiled(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from random import Random

    from verif_dsl.trainer.train import Made, rows_of

    path = written(tmp_path, model=str(model), held_out=4)
    out = tmp_path / "mixed.jsonl"
    assert run(path, "--samples", 2, "--json", "--out", out) == 0
    told = capsys.readouterr()
    profiled = [row["row"] for row in json.loads(told.out)["rows"]]
    config, rng = load_config(path), Random(0)
    rows, _ = rows_of(config, load(config.constraints), Made.of(config, rng), rng)
    assert [f"Say {number}." for number in profiled] == [row.prompt for row in rows]
    assert len(profiled) == 8
    assert "`held_out: 4` will be drawn from them" in told.err


def test_parquet_and_conversations_are_filtered_as_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_random_judge(tmp_path / "chat")
    path = written(tmp_path, model="chat", data="rows.parquet")
    prompts = [[{"role": "user", "content": row["prompt"]}] for row in ROWS]
    frame = polars.DataFrame(
        {"prompt": prompts, "constraints": [ASKED[number % 2] for number in range(12)], "n": list(range(12))},
        schema_overrides={"n": polars.Int8},
    )
    frame.write_parquet(tmp_path / "rows.parquet")
    assert run(path, "--out", tmp_path / "mixed.jsonl") == 1
    assert "mixed.jsonl: it needs a name that ends in .parquet" in capsys.readouterr().err
    assert run(path, "--out", tmp_path / "mixed.parquet", "--json") == 0
    mixed = [row["row"] for row in figures(capsys)["rows"] if row["outcome"] == "mixed"]
    assert polars.read_parquet(tmp_path / "mixed.parquet").equals(frame[mixed])


def test_the_embedded_model_is_made_as_training_makes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, **{name: SMALL[name] for name in ("tiny", "grpo", "held_out")}, data="made")
    out = tmp_path / "mixed.jsonl"
    assert run(path, "--rows", 6, "--json", "--out", out) == 0
    found = figures(capsys)
    assert not (tmp_path / "out").exists()
    assert set(read_jsonl(out)[0]) == {"prompt", "constraints"}
    train(path)
    capsys.readouterr()
    assert run(path, "--rows", 6, "--json", "--model", tmp_path / "out" / "start") == 0
    assert figures(capsys) == found


@pytest.mark.parametrize(
    ("policy", "outcome", "told"),
    [
        ("zero", "all fail", "mean reward 0.000; 100.0% of the prompts give no gradient"),
        ("leave_out", "undecided", "no reward is decided; 100.0% of the prompts give no gradient"),
    ],
)
def test_completions_are_read_as_in_training(
    tmp_path: Path,
    model: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    policy: str,
    outcome: str,
    told: str,
) -> None:
    def cut_off(model: Any, tokenizer: Any, read: Any, *_: Any, **__: Any) -> Any:
        yield [tokenizer("so far")["input_ids"] for _ in read]

    monkeypatch.setattr(profile, "completions", cut_off)
    assert run(written(tmp_path, model=str(model), truncated={"policy": policy}), "--samples", 2) == 0
    shown = capsys.readouterr().out
    assert told in shown
    assert "warning: a step of training takes 2 rows, and 0 are mixed" in shown
    (line,) = (line for line in shown.splitlines() if outcome in line)
    assert "12" in line


def test_a_stop_shows_what_is_known_and_keeps_it(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = profile.completions

    def stopped(*arguments: Any, **options: Any) -> Any:
        batches = real(*arguments, **options)
        yield next(batches)
        yield next(batches)
        raise KeyboardInterrupt

    monkeypatch.setattr(profile, "completions", stopped)
    out = tmp_path / "mixed.jsonl"
    assert run(config, "--batch", 24, "--json", "--out", out) == 130
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert (found["prompts"], found["wanted"]) == (6, 12)
    assert "stopped after 6 of 12 prompts" in told.err
    assert len(read_jsonl(out)) == found["outcomes"]["mixed"]


def test_a_stop_before_anything_is_known_writes_nothing(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(profile, "completions", stopped)
    assert run(config, "--out", tmp_path / "mixed.jsonl") == 130
    assert capsys.readouterr().out == ""
    assert not (tmp_path / "mixed.jsonl").exists()


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({}, ("--out", "rows.jsonl"), "is also an input, which the output would replace"),
        ({}, ("--out", "mixed.parquet"), "mixed.parquet: it needs a name that ends in .jsonl"),
        ({}, ("--model", "none"), "none: there is no such folder"),
        ({"reward": "mean(hrd, if_empty=1)"}, (), "hrd"),
        ({"grpo": {"num_generation": 8}}, (), "there is no key `grpo.num_generation`"),
        ({"data": "none.jsonl"}, (), "none.jsonl: there is no such file"),
    ],
)
def test_a_mistake_is_found_before_anything_is_sampled(
    tmp_path: Path,
    model: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, Any],
    options: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(written(tmp_path, model=str(model), **changes), *options) == 1
    told = capsys.readouterr()
    assert message in told.err
    assert "Sampling" not in told.err
    assert told.out == ""


def test_data_that_changed_meanwhile_and_no_mixed_rows_are_not_written(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = written(tmp_path, model=str(model)), tmp_path / "mixed.jsonl"
    jsonl(tmp_path / "rows.jsonl", [ROWS[0], ROWS[2]])
    assert run(path, "--samples", 2, "--out", out) == 1
    assert "mixed.jsonl: no row is mixed, so that there is nothing to write" in capsys.readouterr().err
    jsonl(tmp_path / "rows.jsonl", ROWS)
    real = profile.completions

    def changing(*arguments: Any, **options: Any) -> Any:
        jsonl(tmp_path / "rows.jsonl", ROWS[:3])
        return real(*arguments, **options)

    monkeypatch.setattr(profile, "completions", changing)
    assert run(path, "--out", out) == 1
    assert "rows.jsonl: has changed since it was profiled" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("options", [("--samples", 1), ("--rows", 0), ("--seed", -1)])
def test_wrong_usage_is_status_2(config: Path, options: tuple[object, ...]) -> None:
    assert run(config, *options) == 2
