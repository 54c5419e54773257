"""Text to syntax tree: the whole grammar, places, escapes, and limits against hostile files."""

from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lark import Tree

from verif_dsl.compiler import parser_tables, syntax
from verif_dsl.compiler.diagnostics import SourceError
from verif_dsl.compiler.parser import LARGEST_SOURCE, parse, parser
from verif_dsl.compiler.source import Source

WHOLE = (Path(__file__).parent / "data" / "whole_language.vif").read_text(encoding="utf-8")


TABLES = Path(__file__).parent.parent / "grammar" / parser_tables.NAME


def tree_of(text: str) -> syntax.File:
    return parse(Source("<text>", text))


def test_the_whole_language_parses_and_the_fixture_uses_every_rule() -> None:
    used = {str(tree.data) for tree in parser().parse(WHOLE).iter_subtrees() if isinstance(tree, Tree)}
    inlined = {str(rule.alias or rule.origin.name) for rule in parser().rules if not rule.options.expand1 or rule.alias}
    generated = {name for name in inlined if name.startswith("_")}
    assert inlined - generated - used == set()
    assert len(tree_of(WHOLE).items) == 6


def test_nodes_know_their_place() -> None:
    text = 'constraint c { check len(words(response)) <= 5 and "é" in response }'
    (constraint,) = tree_of(text).items
    assert isinstance(constraint, syntax.Constraint)
    (check,) = constraint.clauses
    assert isinstance(check, syntax.Check) and isinstance(check.condition, syntax.Binary)
    left, right = check.condition.left, check.condition.right
    assert text[left.span.start : left.span.end] == "len(words(response)) <= 5"
    assert text[right.span.start : right.span.end] == '"é" in response'


def test_a_spec_has_examples_as_a_constraint_has() -> None:
    (spec,) = tree_of('spec s { use c() reject "b" reward hard accept "a" after user "x" because "y" }').items
    assert isinstance(spec, syntax.Spec)
    examples = [one for one in spec.clauses if isinstance(one, syntax.Example)]
    assert [(one.accepts, one.response.value) for one in examples] == [(False, "b"), (True, "a")]
    assert [(turn.role, turn.text.value) for turn in examples[1].after] == [("user", "x")]
    assert examples[1].because and examples[1].because.value == "y"


def test_strings_and_blocks_are_read_as_written() -> None:
    text = """constraint c {
      instruct "a\\n\\"b\\" \\\\ \\u{1F600}"
      instruct '''
        one
          two
        '''
      instruct '''{"json": "it's"}'''
    }"""
    (constraint,) = tree_of(text).items
    texts = [clause.text.value for clause in constraint.clauses]  # type: ignore[union-attr]
    assert texts == ['a\n"b" \\ 😀', "one\n  two", '{"json": "it\'s"}']


def test_chained_comparisons_and_signs_keep_their_shape() -> None:
    (constraint,) = tree_of("constraint c { check -1 <= -n < 2 and not a in b }").items
    condition = constraint.clauses[0].condition  # type: ignore[union-attr]
    assert isinstance(condition, syntax.Binary)
    assert isinstance(condition.left, syntax.Comparison)
    assert condition.left.comparators == ("<=", "<")
    assert condition.left.operands[0] == syntax.Number("-1", condition.left.operands[0].span)
    assert isinstance(condition.right, syntax.Unary)


@pytest.mark.parametrize(
    "text",
    [
        "a" * (LARGEST_SOURCE + 1),
        "constraint c { check " + "f(" * 5000 + "1" + ")" * 5000 + " }",
        "constraint c { check " + "not " * 5000 + "true }",
        "constraint c { check " + "-" * 5000 + "n }",
        "constraint c { check " + " and ".join(["a"] * 5000) + " }",
        "constraint c { check " + " + ".join(["1"] * 5000) + " > 0 }",
        "constraint c { check " + "[" * 5000 + "]" * 5000 + " == 1 }",
        "define f() -> " + "list of " * 5000 + "int = 1",
    ],
    ids=["size", "calls", "not", "minus", "and", "plus", "lists", "types"],
)
def test_a_hostile_file_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(SourceError) as caught:
        tree_of(text)
    assert caught.value.diagnostics[0].code == "V0104"


@given(st.lists(st.sampled_from(WHOLE.split() + list("{}()[]\"',.=:#\\-!/é\n")), max_size=60).map(" ".join))
def test_no_text_makes_the_parser_raise_anything_but_its_own_error(text: str) -> None:
    try:
        tree_of(text)
    except SourceError as error:
        assert all(one.code.startswith("V01") and one.message for one in error.diagnostics)


SAMPLES = {
    "whole": (WHOLE[WHOLE.index("vif 1") :].strip(), True),  # decoding starts at the first word
    "smallest": ('constraint c { check "a" in response }', True),
    "no space needed": ("constraint c{check-1<n}", True),
    "missing brace": ("constraint c { check true", False),
    "two dots": ("constraint c { param n: int in 1..5 }", False),
    "no expression": ("constraint c { check }", False),
    "single equals": ("constraint c { check a = b }", False),
}


@pytest.mark.parametrize(("text", "accepted"), SAMPLES.values(), ids=SAMPLES)
def test_constrained_decoding_accepts_what_the_parser_accepts(text: str, accepted: bool) -> None:
    llguidance = pytest.importorskip("llguidance", reason="llguidance is not installed (extra: test)")
    grammar = files("verif_dsl.grammar").joinpath("verif.lark").read_text(encoding="utf-8")
    matcher = llguidance.LLMatcher(llguidance.LLTokenizer("byte"), llguidance.LLMatcher.grammar_from_lark(grammar))
    tokens = list(text.encode())
    complete = (
        matcher.validate_tokens(tokens) == len(tokens) and matcher.consume_tokens(tokens) and matcher.is_accepting()
    )
    assert complete is accepted
    try:
        tree_of(text)
        assert accepted
    except SourceError:
        assert not accepted


def test_the_tables_are_those_of_the_grammar(update_expected: bool) -> None:
    """`pytest --update-expected` makes them anew."""
    if update_expected:
        TABLES.write_text(parser_tables.tables_text(), encoding="utf-8")
    loaded, built = parser_tables.loaded(), parser_tables.built()
    assert loaded is not None, "the grammar or Lark has changed"
    assert loaded.parse(WHOLE) == built.parse(WHOLE)
    assert {one.name for one in loaded.terminals} == {one.name for one in built.terminals}


def test_tables_of_another_grammar_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser_tables, "grammar_text", lambda: 'start: "a"')
    assert parser_tables.loaded() is None
    assert parser_tables.built().parse("a")
