"""The table of wrong examples is its own test: each one gets what its entry says."""

import pytest

from verif_dsl.compiler.diagnostics import Diagnostic, SourceError
from verif_dsl.compiler.parser import parse
from verif_dsl.compiler.source import Source
from verif_dsl.compiler.syntax_errors import Mistake, fill, mistakes

EXAMPLES = [pytest.param(entry, example, id=example) for entry in mistakes() for example in entry.examples]


def first_diagnostic(text: str) -> tuple[Source, Diagnostic]:
    source = Source("<text>", text)
    with pytest.raises(SourceError) as caught:
        parse(source)
    return source, caught.value.diagnostics[0]


def in_a_file(example: str) -> str:
    """The example as a whole file: most are clauses of a constraint."""
    if example.startswith(("constraint ", "spec ")):
        return example
    return example.removeprefix("file: ") if example.startswith("file: ") else f"constraint c {{ {example} }}"


@pytest.mark.parametrize(("entry", "example"), EXAMPLES)
def test_a_wrong_example_gets_the_message_and_the_hint_of_its_entry(entry: Mistake, example: str) -> None:
    source, found = first_diagnostic(in_a_file(example))
    marked = source.text[found.span.start : found.span.end]
    words = {"found": marked, "lower": marked.lower()}
    assert (found.code, found.message, found.hint) == ("V0101", fill(entry.message, words), fill(entry.hint, words))


def test_a_bracket_left_open_is_shown_where_it_opens() -> None:
    source, found = first_diagnostic('constraint c { check len(words(response) > 1 accept "a" }')
    assert found.message == "the `(` is still open where `accept` starts"
    assert source.text[found.notes[0].span.start - 3 : found.notes[0].span.end] == "len("


def test_a_clause_without_its_expression_is_named_and_not_the_next_ones_text() -> None:
    source, found = first_diagnostic('constraint c { check accept "a" }')
    assert source.text[found.span.start : found.span.end] == "accept"
    assert found.hint == "the `check` before it is not finished"


def test_a_misspelt_keyword_gets_the_nearest_one() -> None:
    assert first_diagnostic("constraint c { chekc true }")[1].hint == "did you mean `check`?"
    assert first_diagnostic("constrain c { check true }")[1].hint == "did you mean `constraint`?"
