"""YAML files with typed keys: a mistake in one is told in a sentence that names the file and the key."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import ClassVar, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from verif_dsl.compiler.diagnostics import VerifError, suggestion


class Typed(BaseModel):
    """A model whose unknown keys are refused."""

    # Strict, because "8" for 8 or 1 for true is more likely a slip than a wish.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    wanted: ClassVar[Mapping[str, str]] = {}
    """What a key should be, in words, where its types do not say it well."""


Model = TypeVar("Model", bound=Typed)


def read_typed(path: Path, model: type[Model], example: str) -> Model:
    """The values of a YAML file; `example` is a line of one, for a file that holds something else.

    Raises `VerifError` for a file that is missing or not YAML, an unknown key (with the nearest known one) and a value
    of the wrong type.
    """
    import yaml

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
        raise VerifError(f"{path}: a configuration is a list of `key: value` lines, such as `{example}`")
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise VerifError(f"{path}: {_sentence(error, model)}") from None


def _sentence(error: ValidationError, model: type[Typed]) -> str:
    """The first thing wrong, with the key's full name; an unknown key before the missing one that it may stand for."""
    # A value that is neither of two types is reported once for each, with the type at the end of its place.
    first = min(error.errors(include_url=False), key=lambda one: one["type"] != "extra_forbidden")
    extra = ("constrained-int", "str", "[key]")
    parts = [str(part) for part in first["loc"] if part not in extra]
    key = ".".join(parts)
    if first["type"] == "invalid_key" or "[key]" in first["loc"]:
        return f"the key `{key}` should be text"
    if first["type"] == "extra_forbidden":
        return unknown_key(key, _known_keys(model, parts[:-1]))
    if first["type"] == "missing":
        return f"the key `{key}` is missing"
    if first["type"] == "value_error":
        return str(first["ctx"]["error"])
    if key in model.wanted:
        return f"`{key}` should be {model.wanted[key]}, not {first['input']!r}"
    if first["type"] in ("model_type", "dict_type"):
        return f"`{key}` should have `key: value` lines of its own, not be {first['input']!r}"
    problem = first["msg"].removeprefix("Input ").partition(" or instance of ")[0]
    return f"`{key}` {problem}, not {first['input']!r}"


def unknown_key(key: str, known: Iterable[str]) -> str:
    """The sentence about a key that does not exist, with the one that was probably meant.

    >>> unknown_key("sed", ["seed", "data"])
    'there is no key `sed` (did you mean `seed`?)'
    """
    hint = suggestion(key.rpartition(".")[2], known)
    return f"there is no key `{key}`" + (f" ({hint})" if hint else "")


def _known_keys(model: type[Typed], parents: list[str]) -> Iterable[str]:
    for parent in parents:
        kind = model.model_fields[parent].annotation
        sections = [one for one in (kind, *get_args(kind)) if isinstance(one, type) and issubclass(one, Typed)]
        if not sections:
            return ()
        (model,) = sections
    return model.model_fields
