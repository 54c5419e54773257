"""The standard modules: they compile, their examples run, and they ask for what a non-answer does not give."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

import pytest

import verif_dsl
from verif_dsl.compiler import check_file
from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.declarations import applicable
from verif_dsl.compiler.installed_data import lacking
from verif_dsl.compiler.ir import Value
from verif_dsl.compiler.program import Use
from verif_dsl.compiler.texts import is_blank
from verif_dsl.requirements import write_requirements

MODULES = sorted((Path(__file__).resolve().parents[1] / "stdlib").glob("*.vif"))
VERIFIERS = {path.stem: verif_dsl.load(path) for path in MODULES}
CONSTRAINTS = [
    pytest.param(module, name, marks=pytest.mark.skipif(reason is not None, reason=str(reason)), id=f"{module}-{name}")
    for module, verifier in VERIFIERS.items()
    for name, constraint in verifier.constraints.items()
    for reason in [None if constraint.check is None else lacking(constraint.check)]
]
"""Those whose data is not installed are skipped, and say what they lack."""
SEEDS = range(5)

BLANK = ["", " ", "\n\n", "\t\u3000\n"]
DEGENERATE = ["#", "!!!", "a"]

SATISFIED = {
    # Upper limits and bans: whoever says nothing keeps them.
    "capital_words_at_most": ["#", "!!!", "a"],
    "capital_words_fewer_than": ["#", "!!!", "a"],
    "exclude_keywords": ["#", "!!!", "a"],
    "keyword_fewer_than": ["#", "!!!", "a"],
    "keywords_forbidden_words": ["#", "!!!", "a"],
    "letter_fewer_than": ["#", "!!!", "a"],
    "no_commas": ["#", "!!!", "a"],
    "no_exclamation_marks": ["#", "a"],
    "punctuation_no_comma": ["#", "!!!", "a"],
    "sentences_at_most": ["#", "!!!", "a"],
    "sentences_fewer_than": ["#", "!!!", "a"],
    "sign_fewer_than": ["#", "a"],
    "words_at_most": ["#", "!!!", "a"],
    "words_fewer_than": ["#", "!!!", "a"],
    # One small letter is a short sentence in lower case.
    "all_lowercase": ["a"],
    "english_in_lowercase": ["a"],
    # To langdetect it is in no language; to punkt it is three sentences.
    "language_response_language": ["#", "!!!"],
    "length_constraints_number_sentences": ["!!!"],
    "short_sentences": ["a"],
    # Quirks of IFTrain: one character reads the same backwards, a lone word has no pair, and signs are words.
    "count_count_unique": ["#", "a"],
    "count_lowercase_counting": ["#", "!!!", "a"],
    "detectable_format_bigram_wrapping": ["#", "!!!", "a"],
    "keywords_exclude_word_harder": ["#", "!!!", "a"],
    "keywords_palindrome": ["#", "!!!", "a"],
    "keywords_start_end": ["!!!"],
    "punctuation_punctuation_dot": ["#", "!!!", "a"],
    "punctuation_punctuation_exclamation": ["#", "a"],
    # Quirks of IFBench: what has no bullets, quotes, second word or second sentence does nothing wrong.
    "format_line_indent": ["#", "!!!", "a"],
    "format_newline": ["#", "!!!", "a"],
    "format_no_whitespace": ["#", "!!!", "a"],
    "format_quote_unquote": ["#", "!!!", "a"],
    "format_sub_bullets": ["#", "!!!", "a"],
    "format_title_case": ["#", "!!!"],
    "ratio_sentence_balance": ["#", "a"],
    "ratio_sentence_type": ["#", "!!!", "a"],
    "ratio_sentence_words": ["!!!"],
    "sentence_alliteration_increment": ["#", "a"],
    "sentence_increment": ["#", "a"],
    "words_alphabet": ["a"],
    "words_last_first": ["#", "a"],
    "words_no_consecutive": ["#", "!!!", "a"],
    "words_paragraph_last_first": ["#", "!!!", "a"],
    "words_prime_lengths": ["#", "!!!"],
    "words_vowel": ["#", "!!!", "a"],
}
"""The degenerate texts that satisfy a constraint, with the arguments of its first `accept`; none where it is absent."""


def constraint_of(module: str, name: str) -> verif_dsl.Constraint:
    return VERIFIERS[module].constraints[name]


def passing(module: str, name: str, texts: Sequence[str], arguments: Mapping[str, Value]) -> list[str]:
    """The texts that pass, by the columnar back end."""
    requirements = write_requirements([Use(name, arguments, name=name)])
    column = VERIFIERS[module].check(texts, constraints=requirements).column(name)
    return [text for text, verdict in zip(texts, column, strict=True) if verdict == "pass"]


def test_there_are_standard_modules_with_constraints() -> None:
    assert {"case", "ifeval", "keywords", "length", "punctuation", "structure"} <= set(VERIFIERS)
    assert all(verifier.constraints for verifier in VERIFIERS.values())


EXPECTED = {
    # The benchmark's sentence says "the request", which is the prompt, and its code has it in an argument.
    "ifeval": [("V0303", "the verdict depends on `prompt_to_repeat`, and no instruct tells it")],
    # Its text of a number of keywords hides the relation, too.
    "iftrain": [
        ("V0303", "the verdict depends on `relation`, and no instruct tells it"),
        *[("V0303", "the verdict depends on `prompt_to_repeat`, and no instruct tells it")] * 4,
    ],
    # Both have the request in an argument.
    "ifbench": [("V0303", "the verdict depends on `prompt_to_repeat`, and no instruct tells it")] * 2,
}
"""Warnings about faithful ports of what does not fit together."""


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_compiles_without_diagnostics_and_runs_its_examples(path: Path) -> None:
    report = check_file(path)
    found = [(one.code, one.message) for one in report.diagnostics]
    assert found == EXPECTED.get(path.stem, []), report.render()
    assert report.examples > 0
    assert report.failed == 0


def test_names_are_unique_across_modules() -> None:
    names = [name for verifier in VERIFIERS.values() for name in verifier.constraints]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize(("module", "name"), CONSTRAINTS)
def test_a_constraint_is_documented_and_has_examples_of_both_kinds(module: str, name: str) -> None:
    constraint = constraint_of(module, name)
    assert constraint.doc
    assert {example.accepts for example in constraint.examples} == {True, False}


@pytest.mark.parametrize(("module", "name"), CONSTRAINTS)
def test_blank_and_degenerate_responses_do_not_satisfy_what_is_demanded(module: str, name: str) -> None:
    arguments = next(one.arguments for one in constraint_of(module, name).examples if one.accepts)
    assert passing(module, name, BLANK, arguments) == []
    assert passing(module, name, DEGENERATE, arguments) == SATISFIED.get(name, [])


@pytest.mark.parametrize(("module", "name"), CONSTRAINTS)
def test_drawn_arguments_give_an_instruction_in_several_wordings(module: str, name: str) -> None:
    verifier, constraint = VERIFIERS[module], constraint_of(module, name)
    # The benchmarks word each instruction once.
    wordings = 1 if module in ("ifbench", "ifeval", "iftrain") else 2
    for seed in SEEDS:
        arguments = verifier.draw(name, Random(seed))
        assert len(applicable(constraint.instructions, Row(arguments=arguments))) >= wordings, arguments
        assert verifier.instruct(write_requirements([Use(name, arguments, name=name)]), seed=seed).strip()


@pytest.mark.parametrize(("module", "name"), CONSTRAINTS)
def test_both_back_ends_agree_on_the_examples_of_the_module_with_drawn_arguments(module: str, name: str) -> None:
    verifier, check = VERIFIERS[module], constraint_of(module, name).check
    assert check is not None
    examples = [example.response for other in verifier.constraints.values() for example in other.examples]
    texts = [*dict.fromkeys([*examples, *DEGENERATE])]
    for seed in SEEDS:
        arguments = verifier.draw(name, Random(seed))
        expected = [text for text in texts if not is_blank(text) and evaluate(check, Row(text, arguments))]
        assert passing(module, name, texts, arguments) == expected, arguments
