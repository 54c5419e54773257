"""The typed program as JSON: nothing of a check is lost in it, and its hash is that of the meaning."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

import verif_dsl
from tests.strategies import conditions
from verif_dsl.cli import main
from verif_dsl.compiler.artefact import artefact, meaning_hash, node_json
from verif_dsl.compiler.ir import Argument, Call, Constant, Input, Items, Local, Node, Quantifier, Value
from verif_dsl.compiler.kinds import BOOL, DECIMAL, INT, REGEX, TEXT, Kind, list_of, maybe, pair_of

EXAMPLES = Path(__file__).parent.parent / "examples"
RULE = """
constraint c {
  param n: int in 1 to 9 = 2
  instruct "Use {n} words." when n > 1
  instruct "One word." when n == 1
  check len(words(response)) == n
  accept "a b"
  reject "a"
}
"""
SIMPLE = {str(kind): kind for kind in (BOOL, INT, DECIMAL, TEXT, REGEX)}


def kind(text: str) -> Kind:
    if text in SIMPLE:
        return SIMPLE[text]
    if text.endswith("?"):
        return maybe(kind(text[:-1]))
    if text.startswith("list of pairs of "):
        left, right = text.removeprefix("list of pairs of ").split(" and ")
        return list_of(pair_of(kind(left), kind(right)))
    return list_of(kind(text.removeprefix("list of ")))


def value(written: Any) -> Value:
    if isinstance(written, dict):
        return Fraction(written["n"], written["d"])
    return tuple(map(value, written)) if isinstance(written, list) else written


def node(written: dict[str, Any]) -> Node:
    """The node that `node_json` gave."""
    match written:
        case {"constant": constant, "type": text}:
            return Constant(value(constant), kind(text))
        case {"argument": name, "type": text}:
            return Argument(name, kind(text))
        case {"input": name}:
            return Input(name)
        case {"local": [depth, index], "type": text}:
            return Local(depth, index, kind(text))
        case {"call": name, "arguments": arguments, "type": text}:
            return Call(name, tuple(map(node, arguments)), kind(text))
        case {"items": items, "type": text}:
            return Items(tuple(map(node, items)), kind(text))
    kept = None if written["if"] is None else node(written["if"])
    source, body = node(written["source"]), node(written["body"])
    return Quantifier(written["quantifier"], written["depth"], written["arity"], source, kept, body)


@given(conditions())
def test_nothing_of_a_check_is_lost(condition: Node) -> None:
    assert node(json.loads(json.dumps(node_json(condition)))) == condition


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("Use {n} words.", "Write {n} words.", True),
        ("constraint c", "constraint other", True),
        ('accept "a b"', 'accept "b a"', True),
        ("int in 1 to 9", "int in 1 to 8", False),
        ("= 2", "= 3", False),
        ("== n\\n", "== n + 0\\n", False),
        ("words(response)", "tokens_ws(response)", False),
    ],
)
def test_the_hash_changes_with_what_verdicts_come_from(before: str, after: str, same: bool) -> None:
    changed = RULE.replace(before.encode().decode("unicode_escape"), after.encode().decode("unicode_escape"))
    assert changed != RULE
    if after == "= 3":
        changed = changed.replace('"a b"', '"a b c"')
    hashes = {meaning_hash(one) for text in (RULE, changed) for one in verif_dsl.compile(text).constraints.values()}
    assert (len(hashes) == 1) is same


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.vif")), ids=lambda path: path.stem)
def test_vif_emit_prints_the_typed_program(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["emit", "--json", str(path)]) == 0
    document = json.loads(capsys.readouterr().out)
    program = verif_dsl.load(path).program
    assert document == json.loads(artefact(program))
    assert set(program.constraints) <= set(document["constraints"])
    assert set(program.specs) == set(document["specs"])
    for name, constraint in program.constraints.items():
        written = document["constraints"][name]
        assert written["check"] is None or node(written["check"]) == constraint.check
        assert len(written["sha256"]) == 64


@pytest.mark.parametrize("arguments", [["--json"], ["--language-card", "a.vif"]])
def test_a_file_goes_with_json_only(arguments: list[str]) -> None:
    assert main(["emit", *arguments]) == 2
