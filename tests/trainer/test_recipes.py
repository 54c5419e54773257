"""The recipes that `vif train --recipes` writes: they hold together, and say what their papers say."""

import json
import os
import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

import verif_dsl
from verif_dsl.cli import main
from verif_dsl.trainer import processes
from verif_dsl.trainer.config import Config, load_config
from verif_dsl.trainer.grpo import grpo_arguments

PAPERS = ("r1-distill-qwen-7b", "tulu3-8b")
CONFIGS = ("cpu", *PAPERS, "single-gpu-lora")
SERVERS = ("serve-judge", "serve-policy")
LAUNCHES = ("launch-fsdp", "launch-zero3")


@pytest.fixture(scope="module")
def recipes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the recipes, and stand-ins for the models that they name."""
    folder = tmp_path_factory.mktemp("recipes")
    assert main(["train", "--recipes", str(folder / "mine")]) == 0
    for name in CONFIGS:
        model = yaml.safe_load((folder / "mine" / f"{name}.yaml").read_text("utf-8"))["model"]
        if model != "tiny":
            (folder / "mine" / model).mkdir(exist_ok=True)
            for needed in ("config.json", "tokenizer_config.json"):
                (folder / "mine" / model / needed).write_text("{}")
    return folder / "mine"


def loaded(recipes: Path, name: str) -> Config:
    return load_config(recipes / f"{name}.yaml")


def test_recipes_are_written_once(recipes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = {path.stem for path in recipes.iterdir() if path.suffix == ".yaml"}
    assert names == {*CONFIGS, *SERVERS, *LAUNCHES}
    (recipes / "cpu.yaml").write_text((recipes / "cpu.yaml").read_text("utf-8") + "# mine\n", encoding="utf-8")
    assert main(["train", "--recipes", str(recipes)]) == 1
    assert "cpu.yaml" in capsys.readouterr().err
    assert (recipes / "cpu.yaml").read_text("utf-8").endswith("# mine\n")


def test_recipes_that_cannot_be_written_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["train", "--recipes", str(tmp_path / "file")]) == 1
    assert "recipes cannot be written there" in capsys.readouterr().err


@pytest.mark.parametrize("name", CONFIGS)
def test_a_recipe_is_a_configuration_that_trl_takes(recipes: Path, tmp_path: Path, name: str) -> None:
    config = loaded(recipes, name)
    grpo_arguments(config, output=tmp_path, file=name)
    verifier = verif_dsl.load(config.constraints)
    verifier.check([""], constraints=["[]"]).rewards(config.reward)


@pytest.mark.parametrize("name", ["cpu", "instructions"])
def test_rules_of_recipes_are_in_the_one_style_and_hold(
    recipes: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(recipes / f"{name}.vif")]) == 0
    assert "warning" not in capsys.readouterr().out
    assert main(["fmt", "--check", str(recipes / f"{name}.vif")]) == 0


@pytest.mark.parametrize("name", PAPERS)
def test_the_papers_figures_are_the_papers(recipes: Path, name: str) -> None:
    config = loaded(recipes, name)
    grpo = config.grpo
    assert config.reward == "verif-paper"
    assert config.judge is not None and (config.judge.model, config.judge.mode) == ("QwQ-32B", "joint")
    assert config.checkpoints.every == 20
    assert config.evaluation is not None and (config.evaluation.every, config.evaluation.patience) == (20, 5)
    assert (grpo["num_generations"], grpo["num_train_epochs"]) == (16, 1)
    assert (grpo["learning_rate"], grpo["beta"]) == (1e-6, 1e-3)
    assert (grpo["max_completion_length"], grpo["vllm_max_model_length"]) == (4096, 1024 + 4096)
    assert 8 * grpo["per_device_train_batch_size"] * grpo["gradient_accumulation_steps"] == 32 * 16


@pytest.mark.parametrize("name", PAPERS)
def test_every_figure_of_a_papers_recipe_says_where_it_comes_from(recipes: Path, name: str) -> None:
    text = (recipes / f"{name}.yaml").read_text("utf-8")
    body = text.partition("\nreward: ")[2].splitlines()
    block = body[body.index("grpo:") + 1 :]
    lines = [line for line in block if re.match(r"  \w+: ", line)]
    untold = [line for line in lines if not re.search(r"# .*(paper|script|code|verl|here)", line)]
    # These two stand below a comment about both.
    assert {line.split(":")[0].strip() for line in untold} <= {
        "per_device_train_batch_size",
        "gradient_accumulation_steps",
    }


# --------------------------------------------------------------------------------------------------- launching, serving


@pytest.mark.parametrize("name", LAUNCHES)
def test_a_launch_file_is_one_of_accelerates_and_starts_what_this_trainer_takes(
    recipes: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accelerate.commands import launch
    from accelerate.commands.config.config_args import load_config_from_file

    file = recipes / f"{name}.yaml"
    found = load_config_from_file(str(file))
    assert found.num_processes == 8
    command = ["--config_file", str(file), "-m", "verif_dsl", "train", "tulu3-8b.yaml"]
    arguments, *_ = launch._validate_launch_command(launch.launch_command_parser().parse_args(command))
    if found.deepspeed_config:
        arguments.deepspeed_fields_from_accelerate_config = ",".join(found.deepspeed_config)
    for variable, value in environment_of(arguments).items():
        monkeypatch.setenv(variable, value)
    used = [one for one in ("FSDP", "DEEPSPEED") if f"ACCELERATE_USE_{one}" in os.environ]
    assert used == (["FSDP"] if name == "launch-fsdp" else ["DEEPSPEED"])
    assert os.environ.get("ACCELERATE_DEEPSPEED_ZERO3_INIT", "false") == "false"
    processes.check_launch(adapter=False)


def environment_of(arguments: Any) -> Mapping[str, str]:
    """The variables that accelerate would set for these arguments, and that are about spreading a model."""
    from accelerate.utils.launch import prepare_deepspeed_cmd_env, prepare_multi_gpu_env

    if arguments.use_deepspeed:
        _, found = prepare_deepspeed_cmd_env(arguments)
    else:
        found = prepare_multi_gpu_env(arguments)
    return {name: value for name, value in found.items() if name.startswith(("ACCELERATE_", "FSDP_"))}


def test_what_samples_is_served_as_trl_asks(recipes: Path) -> None:
    from trl.scripts.vllm_serve import ScriptArguments, build_command

    served = yaml.safe_load((recipes / "serve-policy.yaml").read_text("utf-8"))
    wanted = build_command(ScriptArguments(model="m"))
    for flag in ("--weight-transfer-config", "--logprobs-mode", "--max-logprobs"):
        assert str(served[flag.removeprefix("--")]) == wanted[wanted.index(flag) + 1]
    assert served["enable-scale-out"] is True  # which TRL asks for where vLLM is 0.30 or later
    assert served["model"] == Path(loaded(recipes, "tulu3-8b").model).name


def test_the_judge_is_served_under_the_name_that_it_is_asked_by(recipes: Path) -> None:
    served = yaml.safe_load((recipes / "serve-judge.yaml").read_text("utf-8"))
    assert json.loads(served["structured-outputs-config"])["backend"] == "guidance"
    for name in PAPERS:
        judge = loaded(recipes, name).judge
        assert judge is not None and judge.model == served["served-model-name"]


# -------------------------------------------------------------------------------------------------------------- schema


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    from verif_dsl.trainer.schema import config_schema

    return config_schema()


def test_the_schema_is_printed_as_json(capsys: pytest.CaptureFixture[str], schema: dict[str, Any]) -> None:
    assert main(["train", "--print-schema"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(schema))


def test_the_schema_knows_every_key_and_says_what_it_is(recipes: Path, schema: dict[str, Any]) -> None:
    assert set(schema["properties"]) == set(Config.model_fields)
    assert all("description" in one or "$ref" in one for one in schema["properties"].values())
    assert schema["properties"]["grpo"]["properties"]["learning_rate"]["default"] == 1e-6
    assert schema["properties"]["grpo"]["properties"]["logging_steps"]["default"] == 1  # ours, not TRL's
    for name in CONFIGS:
        found = yaml.safe_load((recipes / f"{name}.yaml").read_text("utf-8"))
        assert set(found) <= set(schema["properties"])
        assert set(found["grpo"]) <= set(schema["properties"]["grpo"]["properties"])


def test_the_schema_leaves_out_what_is_a_key_of_its_own(schema: dict[str, Any]) -> None:
    assert {"output_dir", "seed", "use_vllm", "save_steps"}.isdisjoint(schema["properties"]["grpo"]["properties"])


def test_what_the_schema_refers_to_is_there(schema: dict[str, Any]) -> None:
    text = json.dumps(schema)
    assert text.count('"$defs": ') == 1
    assert set(re.findall(r'"#/\$defs/(\w+)"', text)) == set(schema["$defs"])


def test_without_trl_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    needing = import_module("verif_dsl.cli.generate")  # the package has its command under the name
    monkeypatch.setattr(needing, "find_spec", lambda name: None if name == "trl" else object())
    assert main(["train", "--print-schema"]) == 1
    assert "not installed (trl): pip install 'verif-dsl[train]'" in capsys.readouterr().err
