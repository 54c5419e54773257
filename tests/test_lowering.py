"""How everything lowers to columns: each node of the IR, and each builtin, as an expression or as a named kernel."""

from typing import get_args

import polars as pl
import pytest

from verif_dsl.compiler.backends.columns import Check, run
from verif_dsl.compiler.backends.lowering import Scope, lower, wanted
from verif_dsl.compiler.backends.steps import Apply, Column, Counted
from verif_dsl.compiler.builtins import BUILTINS, REQUIRED, Builtin
from verif_dsl.compiler.ir import Argument, Call, Constant, Input, Items, Local, Node, Quantifier, walk
from verif_dsl.compiler.kinds import BOOL, INT, REGEX, TEXT, list_of, pair_of

KERNELS = {
    "bracket_depth": "brackets need a stack",
    "csv": "a parser",
    "json_kind": "a parser",
    "json_keys": "a parser",
    "json_value": "a parser",
    "json_items": "a parser",
    "json_text": "a parser",
    "json_matches": "a parser",
    "python_json": "a parser",
    "code_blocks": "a fence is closed by one as long",
    "without_code": "a fence is closed by one as long",
    "tables": "a parser",
    "language": "a detector",
    "language_langdetect": "a detector",
    "sentences_punkt": "a look-up of words around each mark",
    "words_treebank": "a look-up of pieces that were cut before",
    "sentences_ifeval": "substitutions that hang on one another",
    "spans": "two texts to look for in turn, other ones on each line",
    "first_codepoint": "Polars gives bytes, and no code points",
    "replace_codepoints": "NFC beyond ASCII, for Python's version of Unicode",
    "tags_perceptron": "a tagger, word after word",
    "syllables_syllapy": "a look-up of words",
    "ngrams": "runs that overlap",
    "without": "NFC beyond ASCII, for Python's version of Unicode",
    "without_accents": "beyond ASCII, for Python's version of Unicode",
    "fold": "beyond ASCII, for Python's version of Unicode",
    "lower": "beyond ASCII, for Python's version of Unicode",
    "occurrences": "`fold`, for the parts and texts beyond ASCII",
    "prose": "NFC beyond ASCII, for Python's version of Unicode",
    "strip_markup": "NFC beyond ASCII, for Python's version of Unicode",
}
"""What no Polars expression can do, and why: a function over the distinct values of a column, called once a batch."""

WORDS = Call("words", (Input("response"),), list_of(TEXT))
FIRST = Call("first", (WORDS, Constant("", TEXT)), TEXT)
NODES: dict[type, Node] = {
    Constant: Constant(True, BOOL),
    Argument: Argument("flag", BOOL),
    Input: Call("==", (Input("response"), Constant("a b", TEXT)), BOOL),
    Local: Quantifier("any", 1, 1, WORDS, None, Call("==", (Local(1, 0, TEXT), Constant("a", TEXT)), BOOL)),
    Call: Call("matches", (Input("response"), Constant("a b", REGEX)), BOOL),
    Items: Call("in list", (Constant("a", TEXT), Items((Input("response"), FIRST), list_of(TEXT))), BOOL),
    Quantifier: Call("==", (Quantifier("count", 1, 1, WORDS, None, Constant(True, BOOL)), Constant(2, INT)), BOOL),
}  # fmt: skip
"""For each sort of node a condition that holds it and is true of "a b"."""


def test_every_sort_of_node_is_listed() -> None:
    assert set(NODES) == set(get_args(Node))
    assert all(any(isinstance(one, sort) for one in walk(node)) for sort, node in NODES.items())


@pytest.mark.parametrize("sort", NODES, ids=lambda sort: sort.__name__)
def test_every_sort_of_node_lowers(sort: type) -> None:
    check = Check(NODES[sort], [0], {"flag": (BOOL, [True])})
    assert run({"response": ["a b"]}, [check])[0].to_list() == [True]


def test_a_list_is_made_only_where_more_than_its_length_is_wanted() -> None:
    length = Call("len", (WORDS,), INT)
    two = Call("==", (length, Constant(2, INT)), BOOL)
    alone, beside = (
        Scope("rows", 0, wanted=wanted(two)),
        Scope("rows", 0, wanted=wanted(Call("and", (two, NODES[Local]), BOOL))),
    )
    assert isinstance(lower(length, alone), Counted)
    assert not alone.steps
    lower(NODES[Local], beside)
    assert lower(length, beside) == Apply("len", (Column("words 1"),), INT)


def test_what_is_asked_twice_is_computed_once() -> None:
    length = Call("len", (WORDS,), INT)
    between = Call(
        "and", (Call("<", (Constant(1, INT), length), BOOL), Call("<", (length, Constant(9, INT)), BOOL)), BOOL
    )
    scope = Scope("rows", 0, wanted=wanted(between))
    lower(between, scope)
    assert [step.node for step in scope.steps] == [length]


def test_what_is_the_same_on_all_lines_has_a_value_a_line() -> None:
    # Polars keeps such a column as one value.
    pairs = Call("adjacent", (Constant((), list_of(TEXT)),), list_of(pair_of(TEXT, TEXT)))
    found = Quantifier("any", 1, 2, pairs, None, Argument("flag", BOOL))
    where = Call("text where", (Constant("a", TEXT), found), TEXT)
    check = Check(Call("==", (Constant("", TEXT), where), BOOL), [0, 1, 2], {"flag": (BOOL, [True] * 3)})
    assert run({"response": ["a", "b", "c"]}, [check])[0].to_list() == [True] * 3


@pytest.mark.parametrize("builtin", BUILTINS.values(), ids=lambda builtin: builtin.name)
def test_every_builtin_is_one_expression_or_a_kernel_that_is_listed(builtin: Builtin) -> None:
    options = {bool: True}
    arguments = [
        "a" if one.kind == REGEX else pl.col(one.name) if one.default is REQUIRED else options[type(one.default)]
        for one in builtin.parameters
    ]
    columns = builtin.columns(*arguments)
    written = " ".join(str(one) for one in (columns if isinstance(columns, tuple) else (columns,)))
    assert ("python_udf" in written) is (builtin.name in KERNELS)
