"""The standard modules: they compile, their examples run, and they ask for what a non-answer does not give."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

import pytest

import verif_dsl
from verif_dsl.compiler import check_file
from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.conversation import turns_of
from verif_dsl.compiler.declarations import applicable
from verif_dsl.compiler.installed_data import lacking
from verif_dsl.compiler.ir import Value
from verif_dsl.compiler.program import Use
from verif_dsl.compiler.texts import is_blank, prepare
from verif_dsl.requirements import write_requirements

MODULES = sorted((Path(__file__).resolve().parents[1] / "stdlib").glob("*.vif"))
VERIFIERS = {path.stem: verif_dsl.load(path) for path in MODULES}
CONSTRAINTS = [
    pytest.param(module, name, marks=pytest.mark.skipif(reason is not None, reason=str(reason)), id=f"{module}-{name}")
    for module, verifier in VERIFIERS.items()
    for name, constraint in verifier.constraints.items()
    if constraint.check is not None  # the examples of judged ones are for `vif calibrate`
    for reason in [lacking(constraint.check)]
]
"""Those whose data is not installed are skipped, and say what they lack."""
STANDARD = [
    pytest.param(module, name, id=f"{module}-{name}")
    for module, verifier in VERIFIERS.items()
    if module not in ("ifbench", "ifeval", "iftrain")
    for name in verifier.constraints
]
SEEDS = range(5)

CONVERSATION = [
    {"role": "user", "content": "Name a drink, and its price in 1990."},
    {"role": "assistant", "content": "Tea is a drink.\nIt is hot.\n\nA cup was 50 cents."},
    {"role": "user", "content": "Why is tea so good in winter?"},
]
"""What came before, for the constraints that read it."""

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
    "no_bare_addresses": ["#", "!!!", "a"],
    "no_code_blocks": ["#", "!!!", "a"],
    "no_commas": ["#", "!!!", "a"],
    "no_digits": ["#", "!!!", "a"],
    "no_exclamation_marks": ["#", "a"],
    "no_headings": ["#", "!!!", "a"],
    "no_links": ["#", "!!!", "a"],
    "no_markdown": ["#", "!!!", "a"],
    "no_tables": ["#", "!!!", "a"],
    "punctuation_no_comma": ["#", "!!!", "a"],
    "sentences_at_most": ["#", "!!!", "a"],
    "sentences_fewer_than": ["#", "!!!", "a"],
    "sign_fewer_than": ["#", "a"],
    "words_at_most": ["#", "!!!", "a"],
    "words_fewer_than": ["#", "!!!", "a"],
    "keywords_each_at_most": ["#", "!!!", "a"],
    "line_characters_at_most": ["#", "!!!", "a"],
    "long_words_at_most_times": ["#", "!!!", "a"],
    "no_closing_offer": ["#", "!!!", "a"],
    "no_contractions": ["#", "!!!", "a"],
    "no_em_dashes": ["#", "!!!", "a"],
    "no_emoji": ["#", "!!!", "a"],
    "no_filler_opener": ["#", "!!!", "a"],
    "no_full_stops": ["#", "!!!", "a"],
    "no_hedging": ["#", "!!!", "a"],
    "no_line_twice": ["#", "!!!", "a"],
    "no_lists": ["#", "!!!", "a"],
    "no_mention_of_being_a_model": ["#", "!!!", "a"],
    "no_new_numbers": ["#", "!!!", "a"],
    "no_paragraph_twice": ["#", "!!!", "a"],
    "no_parentheses": ["#", "!!!", "a"],
    "no_person": ["#", "!!!", "a"],
    "no_questions": ["#", "!!!", "a"],
    "no_sentence_twice": ["#", "!!!", "a"],
    "no_word_twice_in_a_row": ["#", "!!!", "a"],
    "no_words_ending_in": ["#", "!!!", "a"],
    "words_at_most_times": ["#", "!!!", "a"],
    # Conditions that are not met ask for nothing.
    "list_has_items": ["#", "!!!", "a"],
    "long_answer_has_heading": ["#", "!!!", "a"],
    "long_answer_has_paragraphs": ["#", "!!!", "a"],
    "mention_brings_mention": ["#", "!!!", "a"],
    "message_brings_mention": ["#", "!!!", "a"],
    "message_brings_phrase_first": ["#", "!!!", "a"],
    "not_both": ["#", "!!!", "a"],
    "questions_come_last": ["#", "!!!", "a"],
    # One small letter is a short sentence in lower case.
    "all_lowercase": ["a"],
    "english_in_lowercase": ["a"],
    # One word is less than before, is another word than before, and has no space.
    "letter_total_fewer_than": ["a"],
    "lowercase_words_at_most": ["a"],
    "no_longer_than_message": ["a"],
    "no_sentence_of_previous_answer": ["a"],
    "no_white_space": ["a"],
    "other_first_word_than_previous_answer": ["a"],
    "share_of_previous_length": ["a"],
    "words_against_previous_answer": ["a"],
    # To langdetect it is in no language; to punkt it is three sentences.
    "language_response_language": ["#", "!!!"],
    "length_constraints_number_sentences": ["!!!"],
    "short_sentences": ["a"],
    # Quirks of IFTrain: one character reads the same backwards, a lone word has no pair, and signs are words.
    "count_count_unique": ["#", "a"],
    "count_lowercase_counting": ["#", "!!!", "a"],
    "detectable_format_bigram_wrapping": ["#", "!!!", "a"],
    "detectable_format_sentence_hyphens": ["#", "a"],
    "keywords_exclude_word_harder": ["#", "!!!", "a"],
    "keywords_no_adjacent_consecutive": ["#", "!!!", "a"],
    "keywords_palindrome": ["#", "!!!", "a"],
    "keywords_start_end": ["!!!"],
    "punctuation_punctuation_dot": ["#", "!!!", "a"],
    "punctuation_punctuation_exclamation": ["#", "a"],
    # Quirks of IFBench: what has no bullets, quotes, second word or second sentence does nothing wrong.
    "count_words_japanese": ["#", "!!!", "a"],
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
    "words_odd_even_syllables": ["#", "!!!", "a"],
    "words_paragraph_last_first": ["#", "!!!", "a"],
    "words_prime_lengths": ["#", "!!!"],
    "words_repeats": ["#", "!!!", "a"],
    "words_vowel": ["#", "!!!", "a"],
}
"""The degenerate texts that satisfy a constraint, with the arguments of its first `accept`; none where it is absent."""


def constraint_of(module: str, name: str) -> verif_dsl.Constraint:
    return VERIFIERS[module].constraints[name]


def given_to(constraint: verif_dsl.Constraint) -> dict[str, str]:
    """What the constraint reads of the conversation, by its key."""
    found = {given.key: given.find(turns_of(CONVERSATION), {}) for given in constraint.givens}
    return {key: prepare(text) for key, text in found.items() if text is not None}


def passing(module: str, name: str, texts: Sequence[str], arguments: Mapping[str, Value]) -> list[str]:
    """The texts that pass, by the columnar back end."""
    requirements = write_requirements([Use(name, arguments, name=name)])
    prompts = [CONVERSATION] * len(texts)
    column = VERIFIERS[module].check(texts, prompts=prompts, constraints=requirements).column(name)
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
    "ifbench": [
        *[("V0303", "the verdict depends on `prompt_to_repeat`, and no instruct tells it")] * 2,
        ("V0303", "the verdict depends on `reference_text`, and no instruct tells it"),
    ],
}
"""Warnings about faithful ports of what does not fit together."""


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_compiles_without_diagnostics_and_runs_its_examples(path: Path) -> None:
    report = check_file(path)
    found = [(one.code, one.message) for one in report.diagnostics]
    assert found == EXPECTED.get(path.stem, []), report.render()
    judged = all(one.check is None for one in VERIFIERS[path.stem].constraints.values())
    assert report.examples > 0 or judged
    assert report.failed == 0


def test_names_are_unique_across_modules() -> None:
    names = [name for verifier in VERIFIERS.values() for name in verifier.constraints]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize(("module", "name"), CONSTRAINTS)
def test_a_constraint_is_documented_and_has_examples_of_both_kinds(module: str, name: str) -> None:
    constraint = constraint_of(module, name)
    assert constraint.doc
    assert {example.accepts for example in constraint.examples} == {True, False}


@pytest.mark.parametrize(("module", "name"), STANDARD)
def test_whatever_is_rejected_has_feedback(module: str, name: str) -> None:
    constraint = constraint_of(module, name)
    assert constraint.feedback
    for example in constraint.examples:
        row = Row(prepare(example.response), example.arguments, example.given)
        assert example.accepts or applicable(constraint.feedback, row), example.response


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
    given = given_to(constraint_of(module, name))
    assert check is not None
    examples = [example.response for other in verifier.constraints.values() for example in other.examples]
    texts = [*dict.fromkeys([*examples, *DEGENERATE])]
    for seed in SEEDS:
        arguments = verifier.draw(name, Random(seed))
        expected = [text for text in texts if not is_blank(text) and evaluate(check, Row(text, arguments, given))]
        assert passing(module, name, texts, arguments) == expected, arguments
