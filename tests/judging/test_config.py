"""The file that says which judge: what is wrong in one is told in a sentence."""

from pathlib import Path

import pytest

from verif_dsl import VerifError
from verif_dsl.judging import load_judge_config

ENDPOINT = "model: m\nurl: http://localhost:8000/v1\n"


def load(folder: Path, text: str) -> object:
    path = folder / "judge.yaml"
    path.write_text(text, encoding="utf-8")
    return load_judge_config(path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("model: m", "an endpoint needs its `url`"),
        ("url: http://localhost", "the key `model` is missing"),
        ("model: m\nurl: localhost:8000/v1", "`url` should begin with http"),
        ("model: m\nurl: http://me:secret@localhost/v1", "`url` should hold no password"),
        (ENDPOINT + "engine: vllm", "`url` is for an endpoint, and the engine is vllm"),
        (ENDPOINT + "engine: sglang", "`engine`"),
        (ENDPOINT + "votes: 3", "`votes` above 1 need a `temperature` above 0"),
        (ENDPOINT + "grade: probabilities\nmode: joint", "`grade: probabilities` needs `mode: each`"),
        (ENDPOINT + "options: {when: 2026-01-01}", "`options` should hold what JSON can hold"),
        (ENDPOINT + "options: {top_p: .nan}", "`options` should hold what JSON can hold"),
        (ENDPOINT + "options: {1: 2, a: 3}", "should be text"),
        (ENDPOINT + "timeout: 0", "`timeout`"),
        (ENDPOINT + "budget: .nan", "`budget`"),
        (ENDPOINT + "at_once: 0", "`at_once`"),
        (ENDPOINT + "at_once: 5000", "`at_once`"),
        (ENDPOINT + "max_unknown: 1.5", "`max_unknown`"),
        (ENDPOINT + "max_unknown: .nan", "`max_unknown`"),
        (ENDPOINT + "retries: '8'", "`retries`"),
        (ENDPOINT + "vots: 3", "there is no key `vots` (did you mean `votes`?)"),
        ("modle: judge\nurl: http://localhost:8000/v1", "there is no key `modle` (did you mean `mode`?)"),
        (ENDPOINT + "key: sk-123", "there is no key `key`"),
    ],
)
def test_a_configuration_that_is_wrong_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(VerifError) as stop:
        load(tmp_path, text)
    assert sentence in str(stop.value)
    assert str(stop.value).startswith(f"{tmp_path / 'judge.yaml'}: ")
    assert "\n" not in str(stop.value)
    assert "secret" not in str(stop.value)


def test_folders_are_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "judge.yaml").write_text("model: models/judge\nengine: transformers\ncache: replies\n")
    config = load_judge_config(tmp_path / "judge.yaml")
    assert config.cache == str(tmp_path / "replies")
    assert config.model == str(tmp_path / "models" / "judge")
    (tmp_path / "judge.yaml").write_text(ENDPOINT + f"cache: {tmp_path}/elsewhere\n")
    config = load_judge_config(tmp_path / "judge.yaml")
    assert config.model == "m"
    assert config.cache == str(tmp_path / "elsewhere")
