"""Configurations: what is accepted, and the one sentence about each mistake."""

from pathlib import Path

import pytest

from verif_dsl import VerifError
from verif_dsl.trainer.config import TinyConfig, load_config

SMALLEST = "constraints: rules.vif\noutput: out\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "train.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_smallest_configuration_has_defaults_and_absolute_paths(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, SMALLEST))
    assert config.constraints == str(tmp_path / "rules.vif")
    assert config.output == str(tmp_path / "out")
    assert (config.model, config.data, config.seed, config.tiny) == ("tiny", "made", 0, TinyConfig())


def test_the_quickstart_is_a_configuration() -> None:
    config = load_config(Path(__file__).parents[2] / "examples" / "quickstart.yaml")
    assert Path(config.constraints).is_file()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SMALLEST + "sed: 1\n", r"train.yaml: there is no key `sed` \(did you mean `seed`\?\)"),
        (SMALLEST + "tiny:\n  layrs: 1\n", r"no key `tiny.layrs` \(did you mean `layers`\?\)"),
        ("output: out\n", "the key `constraints` is missing"),
        (SMALLEST + "seed: many\n", "`seed` should be a valid integer, not 'many'"),
        (SMALLEST + "seed: true\n", "`seed` should be a valid integer, not True"),
        (SMALLEST + "seed: -1\n", "`seed` should be greater than or equal to 0, not -1"),
        (SMALLEST + "shuffle_rewards: 1\n", "`shuffle_rewards` should be a valid boolean, not 1"),
        (SMALLEST + "held_out: 0\n", "`held_out` should be a number of rows, 1 or more, or the name of a file, not 0"),
        (SMALLEST + "held_out: 1.5\n", "`held_out` should be a number of rows"),
        (SMALLEST + "grpo: 3\n", "`grpo` should have `key: value` lines of its own, not be 3"),
        (SMALLEST + "tiny:\n  steps: 0\n", "`tiny.steps` should be greater than 0, not 0"),
        (SMALLEST + "model: nowhere\n", "`model` is `tiny` or a folder .* there is no folder"),
        (SMALLEST + "tiny: 3\n", "`tiny` should have `key: value` lines of its own, not be 3"),
        (SMALLEST + "1: 2\n", "the key `1` should be text"),
        (SMALLEST + "grpo:\n  1: 2\n", "the key `grpo.1` should be text"),
        (SMALLEST + "\x00", "this is not YAML"),
        ("a: [1\n", "train.yaml, line 2: this is not YAML"),
        ("just text", "a configuration is a list of `key: value` lines"),
        ("", "a configuration is a list of `key: value` lines"),
    ],
)
def test_a_mistake_is_one_sentence_that_names_the_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(VerifError, match=message) as raised:
        load_config(written(tmp_path, text))
    assert "\n" not in str(raised.value)


def test_the_marks_of_thoughts_are_a_list_of_two_texts(tmp_path: Path) -> None:
    text = SMALLEST + "thinking:\n  marks: [<reason>, </reason>]\n"
    assert load_config(written(tmp_path, text)).thinking.marks == ("<reason>", "</reason>")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(VerifError, match=r"none\.yaml: cannot be read"):
        load_config(tmp_path / "none.yaml")


def test_a_folder_that_holds_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(VerifError, match=r"holds no model \(it has no config\.json\)"):
        load_config(written(tmp_path, SMALLEST + "model: model\n"))
    (tmp_path / "model" / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(VerifError, match="holds a model without its tokenizer"):
        load_config(written(tmp_path, SMALLEST + "model: model\n"))
