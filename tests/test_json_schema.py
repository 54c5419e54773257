"""The part of JSON Schema that `json_matches` understands: each keyword decides as draft 2020-12 says."""

import pytest

from verif_dsl.compiler.builtins.json_schema import BOUNDS, DRAFT, KEYWORDS, json_matches, unfit_schema

DECIDED = [
    # (schema, what it takes, what it does not)
    ("true", ["null", "[]"], ["", "{", "NaN", '{"a": 1, "a": 2}']),
    ("false", [], ["null", "1", "{}"]),
    ("{}", ["null", "1"], ["x"]),
    ('{"type": "object"}', ["{}"], ["[]", "null", '"object"']),
    ('{"type": "array"}', ["[]"], ["{}"]),
    ('{"type": "string"}', ['""'], ["1", "a"]),
    ('{"type": "boolean"}', ["true", "false"], ["0", '"true"', "null"]),
    ('{"type": "null"}', ["null"], ["false", "0"]),
    ('{"type": "number"}', ["1", "1.5", "-0", "1e400", "1e9999999999999999999"], ["true", '"1"']),
    ('{"type": "integer"}', ["1", "1.0", "1e3", "-0.0", "1e400"], ["1.5", "1e-3", "true", "1e9999999999999999999"]),
    ('{"type": ["integer", "null"]}', ["null", "2"], ["2.5", "false"]),
    ('{"const": 1}', ["1", "1.0", "10e-1"], ["true", '"1"', "[1]"]),
    ('{"const": {"a": [1, true], "b": null}}', ['{"b": null, "a": [1.0, true]}'], ['{"b": null, "a": [true, 1]}']),
    ('{"const": "\\u00e9"}', ['"e\\u0301"', '"é"'], ['"e"']),
    ('{"enum": [false, "a", [0]]}', ["false", '"a"', "[0]"], ["0", "[false]", "[]", '"A"']),
    ('{"enum": [1, 2], "const": 2}', ["2"], ["1"]),
    ('{"minimum": 1, "maximum": 2}', ["1", "2", "1.5", '"9"', "[]"], ["0.999", "2.001", "-1"]),
    ('{"minimum": 9007199254740993}', ["9007199254740993"], ["9007199254740992"]),
    ('{"exclusiveMinimum": 1, "exclusiveMaximum": 2}', ["1.5"], ["1", "2"]),
    ('{"minLength": 2, "maxLength": 3}', ['"ab"', '"éé"', '"👍👍👍"', "1"], ['"a"', '"abcd"']),
    ('{"minItems": 1, "maxItems": 2}', ["[0]", "[0, 0]", "{}"], ["[]", "[0, 0, 0]"]),
    ('{"minProperties": 1, "maxProperties": 1}', ['{"a": 1}', "[]"], ["{}", '{"a": 1, "b": 1}']),
    ('{"required": ["a", "b"]}', ['{"b": 1, "a": 1}', "[]", '"a"'], ['{"a": 1}', "{}"]),
    ('{"properties": {"a": {"type": "string"}}}', ['{"a": "b"}', "{}", '{"b": 1}'], ['{"a": 1}']),
    ('{"properties": {"a": true}, "additionalProperties": false}', ['{"a": 1}', "{}"], ['{"a": 1, "b": 1}']),
    ('{"additionalProperties": {"type": "number"}}', ['{"a": 1}'], ['{"a": "1"}']),
    ('{"items": {"type": "number"}}', ["[]", "[1, 2]", '"a"'], ['[1, "2"]', "[[1]]"]),
    ('{"items": {"items": {"required": ["a"]}}}', ['[[{"a": 1}], []]'], ["[[{}]]"]),
    (f'{{"$schema": "{DRAFT}", "title": "t", "description": "d", "examples": [1], "default": 2}}', ["1"], ["x"]),
]  # fmt: skip

REFUSED = [
    ("", "not valid JSON"),
    ('{"type": "string", "type": "string"}', "not valid JSON"),
    ("[]", "a schema has to be an object"),
    ('"string"', "a schema has to be an object"),
    ('{"type": "text"}', "`type`"),
    ('{"type": []}', "`type`"),
    ('{"type": ["null", "null"]}', "`type`"),
    ('{"required": ["a", "a"]}', "`required`"),
    ('{"required": [1]}', "`required`"),
    ('{"properties": []}', "`properties`"),
    ('{"enum": {}}', "`enum`"),
    ('{"$ref": "#"}', "`$ref` is refused"),
    ('{"$defs": {}}', "`$defs` is not among what is understood"),
    ('{"pattern": "a"}', "`pattern` is refused"),
    ('{"format": "date"}', "`format` is not among what is understood"),
    ('{"$schema": "http://json-schema.org/draft-07/schema#"}', "`$schema`"),
    ('{"properties": {"a": {"items": {"typ": "null"}}}}', "at `/properties/a/items`, `typ`"),
]


@pytest.mark.parametrize(
    ("schema", "taken", "refused"), DECIDED, ids=lambda part: part if isinstance(part, str) else ""
)
def test_a_schema_takes_what_it_says(schema: str, taken: list[str], refused: list[str]) -> None:
    assert unfit_schema(schema) is None
    assert [text for text in [*taken, *refused] if json_matches(text, schema)] == taken


@pytest.mark.parametrize(("schema", "why"), REFUSED)
def test_what_is_not_understood_is_refused(schema: str, why: str) -> None:
    problem = unfit_schema(schema)
    assert problem is not None
    assert why in problem
    assert not json_matches("{}", schema)


def test_every_keyword_is_tried() -> None:
    tried = "".join(schema for schema, *_ in DECIDED)
    assert [keyword for keyword in KEYWORDS if f'"{keyword}"' not in tried] == []


@pytest.mark.parametrize("keyword", BOUNDS)
@pytest.mark.parametrize("value", ['"1"', "true", "null"])
def test_a_bound_is_a_number(keyword: str, value: str) -> None:
    assert unfit_schema(f'{{"{keyword}": {value}}}') is not None


def test_a_schema_as_deep_as_json_may_be_is_read_and_used() -> None:
    schema = '{"items": ' * 63 + "true" + "}" * 63
    assert unfit_schema(schema) is None
    assert json_matches("[" * 64 + "]" * 64, schema)
    assert unfit_schema('{"items": ' * 65 + "true" + "}" * 65) == "this schema is not valid JSON"
