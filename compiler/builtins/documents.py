"""Builtins that read a text as a document: fenced blocks, brackets, CSV, JSON.

Brackets, CSV and JSON need a stack, which no regular expression has: their columnar form is the reference function run
over the distinct values of a column.
"""

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from verif_dsl.compiler.builtins.base import Builtin, Parameter, over_distinct
from verif_dsl.compiler.kinds import BOOL, INT, TEXT, list_of
from verif_dsl.compiler.texts import SPACES, prepare

if TYPE_CHECKING:
    import polars as pl

X = Parameter("x", TEXT)
FENCE = "```"
DEEPEST_JSON = 64
JSON_KINDS = {dict: "object", list: "array", str: "text", float: "number", bool: "boolean", type(None): "null"}


def unfence(x: str) -> str:
    text = x.strip(SPACES)
    opening, _, rest = text.partition("\n")
    if text.count(FENCE) != 2 or not opening.startswith(FENCE) or not f"\n{rest}".endswith(f"\n{FENCE}"):
        return x
    return rest.removesuffix(FENCE).removesuffix("\n").removesuffix("\r")


def unfence_column(x: "pl.Expr") -> "pl.Expr":
    import polars as pl

    text = x.str.strip_chars(SPACES)
    rest = text.str.extract(r"\A```[^\n]*(\n(?s:.*))\z")
    fenced = (text.str.count_matches(FENCE, literal=True) == 2) & rest.str.ends_with(f"\n{FENCE}").fill_null(False)
    inside = rest.str.strip_suffix(FENCE).str.strip_suffix("\n").str.strip_suffix("\r").str.slice(1)
    return pl.when(fenced).then(inside.fill_null("")).otherwise(x)


def bracket_depth(x: str, pairs: str) -> int:
    closers = dict(zip(pairs[::2], pairs[1::2], strict=False))
    closing = set(closers.values())
    deepest = 0
    waiting: list[tuple[str, int]] = []  # each open bracket: what closes it, and the depth of the pairs inside it
    for character in x:
        if waiting and character == waiting[-1][0]:
            depth = waiting.pop()[1] + 1
            deepest = max(deepest, depth)
            if waiting:
                waiting[-1] = (waiting[-1][0], max(waiting[-1][1], depth))
        elif character in closers and character not in closing:
            waiting.append((closers[character], 0))
    return deepest


def bracket_depth_column(x: "pl.Expr", pairs: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return over_distinct(bracket_depth, pl.Int64(), x, pairs)


RECORD_END = re.compile(r"\r?\n|\Z")
BARE = re.compile(r'[^",\r\n]*')


def csv(x: str) -> tuple[tuple[str, ...], ...]:
    """The records of a CSV text (RFC 4180, line ends LF or CRLF), or none when it is malformed."""
    records: list[tuple[str, ...]] = []
    fields: list[str] = []
    position = 0
    while position < len(x) or fields:
        if x[position : position + 1] == '"':
            end = position + 1
            while (end := x.find('"', end)) >= 0 and x[end + 1 : end + 2] == '"':
                end += 2
            if end < 0:
                return ()
            field, position = x[position + 1 : end].replace('""', '"'), end + 1
        else:
            bare = BARE.match(x, position)
            assert bare is not None
            field, position = bare[0], bare.end()
        fields.append(field)
        if x[position : position + 1] == ",":
            position += 1
        elif end_of_record := RECORD_END.match(x, position):
            records.append(tuple(fields))
            fields, position = [], end_of_record.end()
        else:
            return ()
    return tuple(records)


def csv_column(x: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return over_distinct(lambda text: [list(row) for row in csv(text)], pl.List(pl.List(pl.String())), x)


class _NotJson(ValueError):
    pass


def _no_constant(name: str) -> None:
    raise _NotJson(name)


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = {prepare(name): value for name, value in pairs}
    if len(found) < len(pairs):
        raise _NotJson("a key stands twice")
    return found


@lru_cache(maxsize=256)
def _json(x: str) -> tuple[str, tuple[str, ...]]:
    """What a JSON text is, and its keys when it is an object."""
    if _json_depth(x) > DEEPEST_JSON:
        return "invalid", ()
    try:
        value = json.loads(x, parse_constant=_no_constant, object_pairs_hook=unique_keys, parse_int=float)
    except (ValueError, OverflowError):
        return "invalid", ()
    return JSON_KINDS[type(value)], tuple(value) if isinstance(value, dict) else ()


def _json_depth(x: str) -> int:
    """How deep brackets nest outside strings, where that could be too deep: no text can exhaust the parser's stack."""
    if x.count("[") + x.count("{") <= DEEPEST_JSON:
        return 0  # as good as any that is not too deep
    depth = deepest = 0
    in_string = escaped = False
    for character in x:
        if escaped:
            escaped = False
        elif in_string:
            escaped, in_string = character == "\\", character != '"'
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def json_kind(x: str) -> str:
    return _json(x)[0]


def python_json(x: str) -> bool:
    if _json_depth(x) > DEEPEST_JSON:
        return False
    try:
        json.loads(x)
    except ValueError:
        return False
    return True


def python_json_column(x: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return over_distinct(python_json, pl.Boolean(), x)


def json_kind_column(x: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return over_distinct(json_kind, pl.String(), x)


def json_keys_column(x: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return over_distinct(lambda text: list(_json(text)[1]), pl.List(pl.String()), x)


DOCUMENTS = (
    Builtin(
        "unfence",
        (X,),
        TEXT,
        "What stands between the fences when the whole text is one block between two lines that begin with three "
        "backticks, the last of them nothing else; otherwise the text.",
        unfence,
        unfence_column,
        ((("```json\n{}\n```",), "{}"), (("a ```b```",), "a ```b```"), (("``````",), "``````"), (("```\n```",), "")),
    ),
    Builtin(
        "bracket_depth",
        (X, Parameter("pairs", TEXT)),
        INT,
        "How deep brackets nest, counting only pairs closed by their own kind; `pairs` lists them, as `()[]{}`.",
        bracket_depth,
        bracket_depth_column,
        ((("a (b [c {d}])", "()[]{}"), 3), (("((((", "()"), 0), (("(a) [b", "()[]"), 1), (("([)]", "()[]"), 1)),
    ),
    Builtin(
        "csv",
        (X,),
        list_of(list_of(TEXT)),
        "The records of a CSV text with their fields (RFC 4180); no records when it is malformed.",
        csv,
        csv_column,
        (
            (('a,"b ""c"", d"\n1,',), (("a", 'b "c", d'), ("1", ""))),
            (("a\r\nb\r\n",), (("a",), ("b",))),
            (('a"b',), ()),
            (("",), ()),
        ),
    ),
    Builtin(
        "json_kind",
        (X,),
        TEXT,
        "What a JSON text (RFC 8259) is: `object`, `array`, `text`, `number`, `boolean` or `null`; `invalid` when it "
        "is none, holds a key twice in one object, or nests more than 64 deep.",
        json_kind,
        json_kind_column,
        (
            (('{"a": 1}',), "object"),
            (('{"a": 1, "a": 2}',), "invalid"),
            (("NaN",), "invalid"),
            ((" 1e3 ",), "number"),
        ),
        values=lambda: (*JSON_KINDS.values(), "invalid"),
    ),
    Builtin(
        "json_keys",
        (X,),
        list_of(TEXT),
        "The keys of a JSON object in their order, in NFC; none when the text is anything else.",
        lambda x: _json(x)[1],
        json_keys_column,
        ((('{"b": 1, "a": {"c": 2}}',), ("b", "a")), (("[1]",), ())),
    ),
    Builtin(
        "python_json",
        (X,),
        BOOL,
        "Python's `json.loads` takes the text, which besides JSON takes `NaN`, `Infinity` and a key given twice; not "
        "when it nests more than 64 deep.",
        python_json,
        python_json_column,
        ((('{"a": 1, "a": 2}',), True), (("NaN",), True), (("{'a': 1}",), False), (("",), False)),
    ),
)
