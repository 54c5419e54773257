"""A small part of JSON Schema, draft 2020-12: what is understood is decided exactly, and all else is refused.

There are no references, so nothing is ever fetched, and no patterns. A schema is read once, into checks that are plain
data, before any text is looked at.
"""

import json
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from verif_dsl.compiler.builtins.base import Builtin, Parameter, over_distinct
from verif_dsl.compiler.builtins.documents import json_kind, unique_keys
from verif_dsl.compiler.kinds import BOOL, TEXT
from verif_dsl.compiler.texts import prepare

if TYPE_CHECKING:
    import polars as pl

X = Parameter("x", TEXT)
DRAFT = "https://json-schema.org/draft/2020-12/schema"
ANNOTATIONS = ("$comment", "default", "description", "examples", "title")
TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
BOUNDS: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "minimum": ("number", operator.ge),
    "maximum": ("number", operator.le),
    "exclusiveMinimum": ("number", operator.gt),
    "exclusiveMaximum": ("number", operator.lt),
    "minLength": ("string", operator.ge),
    "maxLength": ("string", operator.le),
    "minItems": ("array", operator.ge),
    "maxItems": ("array", operator.le),
    "minProperties": ("object", operator.ge),
    "maxProperties": ("object", operator.le),
}
"""Each keyword that bounds a number, or how long something is: what it applies to, and how that is compared."""
KEYWORDS = ("type", "enum", "const", "required", "properties", "additionalProperties", "items", *BOUNDS)


class SchemaError(ValueError):
    """Why a text is no schema that is understood."""


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema as read; what is None or empty asks for nothing."""

    allowed: bool = True
    types: frozenset[str] | None = None
    values: frozenset[Any] | None = None
    bounds: tuple[tuple[str, Decimal], ...] = ()
    required: frozenset[str] = frozenset()
    properties: Mapping[str, "Schema"] = field(default_factory=dict)
    additional: "Schema | None" = None
    items: "Schema | None" = None


@lru_cache(maxsize=64)
def schema_of(text: str) -> Schema:
    """The schema that a text is; raises `SchemaError` for what is not understood."""
    if json_kind(text) == "invalid":
        raise SchemaError("this schema is not valid JSON")
    return _schema_at(_json_value_of(text), "")


def _json_value_of(text: str) -> Any:
    """A valid JSON text as a value, its numbers exact and its texts in NFC."""
    return _in_nfc(json.loads(text, parse_int=Decimal, parse_float=_exact, object_pairs_hook=unique_keys))


def _exact(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent of nineteen digits
        return Decimal(float(text))


def _in_nfc(value: Any) -> Any:
    match value:
        case str():
            return prepare(value)
        case list():
            return [_in_nfc(one) for one in value]
        case dict():
            return {key: _in_nfc(one) for key, one in value.items()}
    return value


def _schema_at(value: Any, place: str) -> Schema:
    if isinstance(value, bool):
        return Schema(allowed=value)
    _demand(isinstance(value, dict), place, "a schema has to be an object, or true or false")
    for keyword in value:
        if keyword == "$schema":
            _demand(value[keyword] == DRAFT, place, f"`$schema` can only be {DRAFT}")
        elif keyword == "$ref":
            raise SchemaError(_placed(place, "`$ref` is refused: write the schema out where it is used"))
        elif keyword == "pattern":
            raise SchemaError(_placed(place, "`pattern` is refused: use matches(json_text(json_value(x, key)), ...)"))
        elif keyword not in KEYWORDS and keyword not in ANNOTATIONS:
            raise SchemaError(_placed(place, f"`{keyword}` is not among what is understood: {', '.join(KEYWORDS)}"))
    types, required = value.get("type"), value.get("required", [])
    if isinstance(types, str):
        types = [types]
    _demand(
        types is None or _different_texts(types, TYPES), place, f"`type` has to be one or several of {', '.join(TYPES)}"
    )
    _demand(_different_texts(required), place, "`required` has to be a list of different keys")
    return Schema(
        types=None if types is None else frozenset(types),
        values=_values_left(value, place),
        bounds=tuple((name, _bound_of(value[name], name, place)) for name in BOUNDS if name in value),
        required=frozenset(required),
        properties=_properties(value.get("properties", {}), place),
        additional=_schema_below(value, "additionalProperties", place),
        items=_schema_below(value, "items", place),
    )


def _schema_below(value: Mapping[str, Any], keyword: str, place: str) -> Schema | None:
    return _schema_at(value[keyword], f"{place}/{keyword}") if keyword in value else None


def _properties(value: Any, place: str) -> Mapping[str, Schema]:
    _demand(isinstance(value, dict), place, "`properties` has to be an object of schemas")
    return {key: _schema_at(one, f"{place}/properties/{key}") for key, one in value.items()}


def _values_left(value: Mapping[str, Any], place: str) -> frozenset[Any] | None:
    """What `enum` and `const` leave, or None where there is neither."""
    found: list[frozenset[Any]] = []
    if "enum" in value:
        _demand(
            isinstance(value["enum"], list) and value["enum"], place, "`enum` has to be a list of at least one value"
        )
        found.append(frozenset(map(comparable, value["enum"])))
    if "const" in value:
        found.append(frozenset([comparable(value["const"])]))
    return frozenset.intersection(*found) if found else None


def _bound_of(value: Any, keyword: str, place: str) -> Decimal:
    if BOUNDS[keyword][0] == "number":
        _demand(isinstance(value, Decimal), place, f"`{keyword}` has to be a number")
    else:
        _demand(
            isinstance(value, Decimal) and is_whole(value) and value >= 0,
            place,
            f"`{keyword}` has to be a whole number, 0 or more",
        )
    return Decimal(value)


def _different_texts(value: Any, among: tuple[str, ...] | None = None) -> bool:
    """Whether it is a list of different texts, all of them `among` some."""
    texts = isinstance(value, list) and all(isinstance(one, str) and one in (among or (one,)) for one in value)
    return texts and len(set(value)) == len(value) and (among is None or len(value) > 0)


def _demand(holds: object, place: str, message: str) -> None:
    if not holds:
        raise SchemaError(_placed(place, message))


def _placed(place: str, message: str) -> str:
    return f"at `{place}`, {message}" if place else message


def is_whole(number: Decimal) -> bool:
    return number.is_finite() and number == number.to_integral_value()


def comparable(value: Any) -> Any:
    """The value such that two are equal when JSON Schema says so: 1 and 1.0 are, 1 and true are not."""
    match value:
        case list():
            return "array", tuple(map(comparable, value))
        case dict():
            return "object", frozenset((key, comparable(one)) for key, one in value.items())
    return type(value).__name__, value


def types_of(value: Any) -> tuple[str, ...]:
    """The types that a value is of."""
    if isinstance(value, Decimal):
        return ("number", "integer") if is_whole(value) else ("number",)
    return ({str: "string", list: "array", dict: "object", bool: "boolean", type(None): "null"}[type(value)],)


def conforms(value: Any, schema: Schema) -> bool:
    """Whether a value is as a schema says."""
    types = types_of(value)
    if not schema.allowed or (schema.types is not None and schema.types.isdisjoint(types)):
        return False
    if schema.values is not None and comparable(value) not in schema.values:
        return False
    for keyword, bound in schema.bounds:
        kind, compare = BOUNDS[keyword]
        if kind in types and not compare(value if kind == "number" else len(value), bound):
            return False
    if isinstance(value, list):
        return schema.items is None or all(conforms(one, schema.items) for one in value)
    if not isinstance(value, dict):
        return True
    inner = {key: schema.properties.get(key, schema.additional) for key in value}
    return schema.required <= value.keys() and all(
        one is None or conforms(value[key], one) for key, one in inner.items()
    )


def unfit_schema(text: str) -> str | None:
    """What is wrong with a schema, if anything."""
    try:
        schema_of(text)
    except SchemaError as error:
        return str(error)
    return None


def json_matches(x: str, schema: str) -> bool:
    if json_kind(x) == "invalid" or unfit_schema(schema) is not None:
        return False
    return conforms(_json_value_of(x), schema_of(schema))


def json_matches_column(x: "pl.Expr", schema: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return over_distinct(json_matches, pl.Boolean(), x, schema)


PERSON = '{"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "age": {"minimum": 0}}}'

JSON_SCHEMA = (
    Builtin(
        "json_matches",
        (X, Parameter("schema", TEXT, unfit=unfit_schema)),
        BOOL,
        "The text is JSON (RFC 8259) that is as a JSON Schema of draft 2020-12 says, of which a part is understood. "
        "The schema has to be written out.",
        json_matches,
        json_matches_column,
        (
            (('{"name": "Zoë", "age": 7}', PERSON), True),
            (('{"name": "Zoë", "age": -1}', PERSON), False),
            (('{"age": 7}', PERSON), False),
            (("1.0", '{"const": 1}'), True),
            (("[1, 2", "true"), False),
        ),
    ),
)
