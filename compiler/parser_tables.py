"""The parser's tables, made beforehand: building them from the grammar takes a fifth of a small `vif check`.

They are JSON, not Lark's own cache, which is a pickle, and count only for the grammar and the Lark they were made of.
`pytest --update-expected tests/test_parser.py` makes them anew.
"""

import hashlib
import json
from importlib.resources import files
from typing import Any

import lark
from lark import Lark
from lark.grammar import Rule
from lark.lexer import TerminalDef

NAME = "verif.tables.json"


def grammar_text() -> str:
    """The grammar file."""
    return files("verif_dsl.grammar").joinpath("verif.lark").read_text(encoding="utf-8")


def built() -> Lark:
    """The LALR parser, from the grammar."""
    return Lark(grammar_text(), parser="lalr", propagate_positions=True, maybe_placeholders=False)


def loaded() -> Lark | None:
    """The same parser from its tables, or None where there are none for this grammar and this Lark."""
    file = files("verif_dsl.grammar").joinpath(NAME)
    if not file.is_file():
        return None
    tables = json.loads(file.read_text(encoding="utf-8"))
    if tables["made of"] != _made_of():
        return None
    parser: Lark = Lark._load_from_dict(_numbered(tables["data"]), _numbered(tables["memo"]))  # type: ignore[no-untyped-call]
    return parser


def tables_text() -> str:
    """What the tables file should hold."""
    data, memo = built().memo_serialize([TerminalDef, Rule])
    return json.dumps({"made of": _made_of(), "data": data, "memo": memo}, separators=(",", ":"), sort_keys=True) + "\n"


def _made_of() -> list[str]:
    return [lark.__version__, hashlib.sha256(grammar_text().encode()).hexdigest()]


def _numbered(value: Any) -> Any:
    """The value with its numbers for keys again, of which JSON makes texts."""
    if isinstance(value, dict):
        return {int(key) if key.isdecimal() else key: _numbered(item) for key, item in value.items()}
    return [_numbered(item) for item in value] if isinstance(value, list) else value
