"""Each builtin does in every back end what its own examples say, and none lacks a part."""

from fractions import Fraction

import pytest

from verif_dsl.compiler.backends.columns import Check, run
from verif_dsl.compiler.builtins import BUILTINS, REQUIRED, Builtin
from verif_dsl.compiler.ir import Argument, Call, Constant, Local, Node, Quantifier, Value
from verif_dsl.compiler.kinds import BOOL, DECIMAL, INT, ITEM, REGEX, TEXT, Kind, fill, list_of, maybe, unify


def needing_data(builtin: Builtin) -> list[pytest.MarkDecorator]:
    """Skips a test of a builtin whose data is not installed, and says so."""
    reason = builtin.lacking() if builtin.lacking is not None else None
    return [] if reason is None else [pytest.mark.skip(reason=f"{builtin.name}: {reason}")]


EXAMPLES = [
    pytest.param(builtin, *example, marks=needing_data(builtin))
    for builtin in BUILTINS.values()
    for example in builtin.examples
]


@pytest.mark.parametrize("builtin", BUILTINS.values(), ids=lambda builtin: builtin.name)
def test_every_builtin_has_a_meaning_and_an_example(builtin: Builtin) -> None:
    assert builtin.meaning.endswith(".")
    assert builtin.examples


@pytest.mark.parametrize(("builtin", "arguments", "expected"), EXAMPLES, ids=lambda part: getattr(part, "name", None))
def test_the_reference_does_what_the_examples_say(
    builtin: Builtin, arguments: tuple[Value, ...], expected: Value
) -> None:
    assert builtin.reference(*arguments) == expected


@pytest.mark.parametrize(("builtin", "arguments", "expected"), EXAMPLES, ids=lambda part: getattr(part, "name", None))
def test_the_columns_do_what_the_examples_say(builtin: Builtin, arguments: tuple[Value, ...], expected: Value) -> None:
    item: Kind | None = None
    nodes: list[Node] = []
    columns: dict[str, tuple[Kind, list[Value]]] = {}
    for parameter, value in zip(builtin.parameters, arguments, strict=True):
        _, item = unify(
            parameter.kind, kind_of(value) if ITEM in (parameter.kind, *parameter.kind.parts) else parameter.kind, item
        )
        kind = fill(parameter.kind, item)
        if parameter.kind == REGEX or parameter.default is not REQUIRED:
            nodes.append(Constant(value, kind))
        else:
            nodes.append(Argument(parameter.name, kind))
            columns[parameter.name] = (kind, [value])
    call = Call(builtin.name, tuple(nodes), fill(builtin.result, item))
    for condition in equals(call, expected):
        assert run({"response": ["a"]}, [Check(condition, [0], columns)])[0].to_list() == [True]


def kind_of(value: Value) -> Kind:
    if isinstance(value, tuple):
        return list_of(kind_of(value[0]) if value else TEXT)
    return {bool: BOOL, int: INT, str: TEXT, Fraction: DECIMAL, type(None): TEXT}[type(value)]


def equals(node: Call, expected: Value) -> list[Node]:
    """Conditions that hold when the node has the expected value; lists and pairs are compared item by item."""
    if node.kind.name == "maybe":
        # What is undecided equals nothing, and is not decided to differ from it either.
        same = Call("== maybe", (node, Constant(expected, node.kind)), maybe(BOOL))
        outcomes = [Call("decide", (same, Constant(otherwise, BOOL)), BOOL) for otherwise in (True, False)]
        return outcomes if expected is not None else [outcomes[0], Call("not", (outcomes[1],), BOOL)]
    if not isinstance(expected, tuple):
        return [Call("== decimal" if node.kind == DECIMAL else "==", (node, Constant(expected, node.kind)), BOOL)]
    (item,) = node.kind.parts
    kinds = item.parts if item.name == "pair" else (item,)
    size = Quantifier("count", 1, len(kinds), node, None, Constant(True, BOOL))
    conditions: list[Node] = [Call("==", (size, Constant(len(expected), INT)), BOOL)]
    for value in expected:
        parts = value if item.name == "pair" and isinstance(value, tuple) else (value,)
        matches = [
            Call("==", (Local(1, index, kind), Constant(part, kind)), BOOL)
            for index, (kind, part) in enumerate(zip(kinds, parts, strict=True))
        ]
        both = matches[0] if len(matches) == 1 else Call("and", tuple(matches), BOOL)
        conditions.append(Quantifier("any", 1, len(kinds), node, None, both))
    return conditions
