"""The configuration of `vif train`: a YAML file, checked key by key before anything heavy is imported."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from verif_dsl import VerifError
from verif_dsl.compiler.diagnostics import suggestion

TINY = "tiny"
MADE = "made"

Count = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Checked(BaseModel):
    # Strict, because "8" for 8 or 1 for true is more likely a slip than a wish.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class TinyConfig(_Checked):
    """The embedded model's size, and its warm start. The defaults take half a minute on one CPU core.

    `vocabulary` counts token ids, `hidden` is the width and a multiple of 8, `examples` the made sentences that `steps`
    supervised steps of `batch` sentences each draw from, and `obedient_share` the share of these sentences whose
    instructions were chosen to be true of them; the rest are told things at random.
    """

    vocabulary: Annotated[int, Field(ge=300)] = 768
    hidden: Annotated[int, Field(ge=16, multiple_of=8)] = 128
    layers: Count = 2
    examples: Count = 6000
    steps: Count = 400
    batch: Count = 32
    learning_rate: Annotated[float, Field(gt=0)] = 2e-3
    obedient_share: Share = 0.75


class Config(_Checked):
    """What to train, on what, and how. Paths are relative to the folder of the configuration file.

    Keys:
        constraints: the .vif file that says what an answer must be.
        model: `tiny`, the embedded model, or a folder that holds a saved transformers model and its tokenizer.
        data: `made`, rows drawn from the .vif file, or a .jsonl or .parquet file with the columns `prompt` and
            `constraints`.
        held_out: how many rows are kept from training to measure on, or a file of such rows.
        reward: a reward expression or the name of a preset; by default each row's own, else `verif-code`.
        seed: of everything that is drawn; on one machine, the same seed gives the same result.
        output: the folder for the trained model, the plot, the samples and the metrics.
        shuffle_rewards: the control experiment: rewards are dealt out at random, and nothing should be learnt.
        tiny: the size and the warm start of the embedded model (see `TinyConfig`).
        grpo: arguments of TRL's `GRPOConfig`, under its own names.
    """

    constraints: str
    model: str = TINY
    data: str = MADE
    held_out: Count | str = 192
    reward: str | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    output: str
    shuffle_rewards: bool = False
    tiny: TinyConfig = TinyConfig()
    grpo: dict[str, Any] = {}


def load_config(path: Path) -> Config:
    """The configuration in a YAML file, its paths made absolute.

    Raises `VerifError` for a file that is missing or not YAML, an unknown key (with the nearest known one), a value of
    the wrong type, and a model folder that holds no model.
    """
    import yaml

    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise VerifError(f"{path}: cannot be read ({reason})") from None
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        problem = " ".join(str(getattr(error, "problem", None) or error).split())
        raise VerifError(f"{path}{place}: this is not YAML ({problem})") from None
    if not isinstance(values, dict):
        raise VerifError(f"{path}: a configuration is a list of `key: value` lines, such as `constraints: rules.vif`")
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        raise VerifError(f"{path}: {_sentence(error)}") from None
    return _with_absolute_paths(config, path)


def _with_absolute_paths(config: Config, path: Path) -> Config:
    folder = path.resolve().parent
    relative = {"constraints": config.constraints, "output": config.output}
    if config.data != MADE:
        relative["data"] = config.data
    if isinstance(config.held_out, str):
        relative["held_out"] = config.held_out
    if config.model != TINY:
        relative["model"] = config.model
    absolute = {key: (folder / name).resolve() for key, name in relative.items()}
    if config.model != TINY:
        _check_model_folder(absolute["model"], path)
    return config.model_copy(update={key: str(name) for key, name in absolute.items()})


def _check_model_folder(folder: Path, path: Path) -> None:
    """Refuse what does not look like a saved model. Names on a hub are refused too: only the disk is read."""
    wanted = "`model` is `tiny` or a folder that holds a saved transformers model"
    if not folder.is_dir():
        raise VerifError(f"{path}: {wanted}, and there is no folder {folder}")
    for needed, what in (("config.json", "no model"), ("tokenizer_config.json", "a model without its tokenizer")):
        if not (folder / needed).is_file():
            raise VerifError(f"{path}: {wanted}, and {folder} holds {what} (it has no {needed})")


def _sentence(error: ValidationError) -> str:
    """The first thing wrong, with the key's full name."""
    # A value that is neither of two types is reported once for each, with the type at the end of its place.
    first = error.errors(include_url=False)[0]
    extra = ("constrained-int", "str", "[key]")
    parts = [str(part) for part in first["loc"] if part not in extra]
    key = ".".join(parts)
    if first["type"] == "invalid_key" or "[key]" in first["loc"]:
        return f"the key `{key}` should be text"
    if first["type"] == "extra_forbidden":
        return unknown_key(key, _known_keys(parts[:-1]))
    if first["type"] == "missing":
        return f"the key `{key}` is missing"
    if parts == ["held_out"]:
        return f"`held_out` should be a number of rows, 1 or more, or the name of a file, not {first['input']!r}"
    problem = first["msg"].removeprefix("Input ").removesuffix(" or instance of TinyConfig")
    return f"`{key}` {problem}, not {first['input']!r}"


def unknown_key(key: str, known: Iterable[str]) -> str:
    """The sentence about a key that does not exist, with the one that was probably meant.

    >>> unknown_key("sed", ["seed", "data"])
    'there is no key `sed` (did you mean `seed`?)'
    """
    hint = suggestion(key.rpartition(".")[2], known)
    return f"there is no key `{key}`" + (f" ({hint})" if hint else "")


def _known_keys(parents: list[str]) -> Iterable[str]:
    return TinyConfig.model_fields if parents == ["tiny"] else Config.model_fields
