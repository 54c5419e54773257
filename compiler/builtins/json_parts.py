"""Builtins that take JSON apart: what a key has, the items of an array, what a JSON string says.

A part is a piece of the text as it is written, so that parts can be taken apart in turn, and are no larger than the
whole.
"""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from verif_dsl.compiler.builtins.base import Builtin, Parameter, over_distinct
from verif_dsl.compiler.builtins.documents import json_kind
from verif_dsl.compiler.kinds import TEXT, list_of
from verif_dsl.compiler.texts import prepare

if TYPE_CHECKING:
    import polars as pl

X = Parameter("x", TEXT)
JSON_SPACE = re.compile(r"[ \t\n\r]*")
DECODER = json.JSONDecoder(parse_int=float)


@lru_cache(maxsize=256)
def json_members(x: str) -> dict[str, str]:
    """The parts of a JSON object by key, of an array by place; none for anything else."""
    if json_kind(x) not in ("object", "array"):
        return {}
    return {str(index) if key is None else key: part for index, (key, part) in enumerate(_parts(x))}


def _parts(x: str) -> Iterator[tuple[str | None, str]]:
    """The parts of a valid object, each with its key, or of an array."""
    position = _after_space(x, 0)
    keyed = x[position] == "{"
    position = _after_space(x, position + 1)
    while x[position] not in "]}":
        key = None
        if keyed:
            key, colon = DECODER.raw_decode(x, position)
            position = _after_space(x, _after_space(x, colon) + 1)
        end = DECODER.raw_decode(x, position)[1]
        yield None if key is None else prepare(key), x[position:end]
        position = _after_space(x, end)
        if x[position] == ",":
            position = _after_space(x, position + 1)


def _after_space(x: str, position: int) -> int:
    space = JSON_SPACE.match(x, position)
    assert space is not None
    return space.end()


def json_value(x: str, key: str) -> str:
    return json_members(x).get(key, "") if json_kind(x) == "object" else ""


def json_value_column(x: "pl.Expr", key: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return over_distinct(json_value, pl.String(), x, key)


def json_items(x: str) -> tuple[str, ...]:
    return tuple(json_members(x).values()) if json_kind(x) == "array" else ()


def json_items_column(x: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return over_distinct(lambda text: list(json_items(text)), pl.List(pl.String()), x)


def json_text(x: str) -> str:
    return prepare(json.loads(x)) if json_kind(x) == "text" else ""


def json_text_column(x: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return over_distinct(json_text, pl.String(), x)


JSON_PARTS = (
    Builtin(
        "json_value",
        (X, Parameter("key", TEXT)),
        TEXT,
        "What a key of a JSON object has, as it is written; empty when the text is no JSON object or has no such key.",
        json_value,
        json_value_column,
        (
            (('{"a": [1, 2.50], "b": {"c": "d"}}', "a"), "[1, 2.50]"),
            (('{"a": {"b": "c"}}', "b"), ""),
            (('[{"a": 1}]', "a"), ""),
        ),
    ),
    Builtin(
        "json_items",
        (X,),
        list_of(TEXT),
        "The items of a JSON array, each as it is written; none when the text is anything else.",
        json_items,
        json_items_column,
        ((('[1, "a", {"b": [2]}]',), ("1", '"a"', '{"b": [2]}')), (("[]",), ()), (('{"a": 1}',), ())),
    ),
    Builtin(
        "json_text",
        (X,),
        TEXT,
        "The text that a JSON string stands for, in NFC; empty when the text is anything else.",
        json_text,
        json_text_column,
        ((('"a\\u00e9\\n"',), "aé\n"), (("1",), ""), (('["a"]',), "")),
    ),
)
