"""The ids of IFEval, IFTrain and IFBench, and the constraints of the standard library that port them.

No id stands in two of them, and any of the 112 may stand in any benchmark's file.
"""

from collections.abc import Iterable, Mapping

from verif_dsl.benchmarks import BENCHMARKS
from verif_dsl.compiler.diagnostics import VerifError, suggestion

IDS: Mapping[str, tuple[str, ...]] = {
    "ifeval": (
        "change_case:capital_word_frequency",
        "change_case:english_capital",
        "change_case:english_lowercase",
        "combination:repeat_prompt",
        "combination:two_responses",
        "detectable_content:number_placeholders",
        "detectable_content:postscript",
        "detectable_format:constrained_response",
        "detectable_format:json_format",
        "detectable_format:multiple_sections",
        "detectable_format:number_bullet_lists",
        "detectable_format:number_highlighted_sections",
        "detectable_format:title",
        "keywords:existence",
        "keywords:forbidden_words",
        "keywords:frequency",
        "keywords:letter_frequency",
        "language:response_language",
        "length_constraints:nth_paragraph_first_word",
        "length_constraints:number_paragraphs",
        "length_constraints:number_sentences",
        "length_constraints:number_words",
        "punctuation:no_comma",
        "startend:end_checker",
        "startend:quotation",
    ),
    "iftrain": (
        "copy:copy",
        "copy:copying_multiple",
        "copy:copying_simple",
        "copy:repeat_phrase",
        "count:count_increment_word",
        "count:count_unique",
        "count:counting_composition",
        "count:lowercase_counting",
        "detectable_format:bigram_wrapping",
        "detectable_format:sentence_hyphens",
        "detectable_format:square_brackets",
        "first_word:first_word_answer",
        "first_word:first_word_sent",
        "keywords:exclude_word_harder",
        "keywords:keyword_specific_position",
        "keywords:no_adjacent_consecutive",
        "keywords:palindrome",
        "keywords:start_end",
        "keywords:word_count_different_numbers",
        "keywords:word_once",
        "last_word:last_word_answer",
        "last_word:last_word_sent",
        "letters:letter_counting",
        "letters:letter_counting2",
        "new:copy_span_idx",
        "paragraphs:paragraphs",
        "paragraphs:paragraphs2",
        "punctuation:punctuation_dot",
        "punctuation:punctuation_exclamation",
    ),
    "ifbench": (
        "count:conjunctions",
        "count:keywords_multiple",
        "count:numbers",
        "count:person_names",
        "count:pronouns",
        "count:punctuation",
        "count:unique_word_count",
        "count:word_count_range",
        "count:words_japanese",
        "custom:character_reverse",
        "custom:csv_city",
        "custom:csv_quotes",
        "custom:csv_special_character",
        "custom:date_format_list",
        "custom:european_capitals_sort",
        "custom:mcq_count_length",
        "custom:multiples",
        "custom:reverse_newline",
        "custom:sentence_alphabet",
        "custom:word_reverse",
        "format:emoji",
        "format:line_indent",
        "format:list",
        "format:newline",
        "format:no_bullets_bullets",
        "format:no_whitespace",
        "format:options",
        "format:output_template",
        "format:parentheses",
        "format:quote_unquote",
        "format:quotes",
        "format:sub-bullets",
        "format:thesis",
        "format:title_case",
        "ratio:overlap",
        "ratio:sentence_balance",
        "ratio:sentence_type",
        "ratio:sentence_words",
        "ratio:stop_words",
        "repeat:repeat_change",
        "repeat:repeat_simple",
        "repeat:repeat_span",
        "sentence:alliteration_increment",
        "sentence:increment",
        "sentence:keyword",
        "words:alphabet",
        "words:consonants",
        "words:keywords_specific_position",
        "words:last_first",
        "words:no_consecutive",
        "words:odd_even_syllables",
        "words:palindrome",
        "words:paragraph_last_first",
        "words:prime_lengths",
        "words:repeats",
        "words:start_verb",
        "words:vowel",
        "words:words_position",
    ),
}
"""The ids of each benchmark; the module `std/NAME` has their ports."""

MODULE_OF: Mapping[str, str] = {id: module for module, ids in IDS.items() for id in ids}


def port(instruction: str) -> str:
    """The constraint that ports an instruction, in a program that imports each module by its own name.

    Raises `VerifError` for an id of no benchmark.

    >>> port("format:sub-bullets")
    'ifbench.format_sub_bullets'
    """
    if instruction not in MODULE_OF:
        hint = suggestion(instruction, MODULE_OF)
        raise VerifError(f"there is no instruction `{instruction}`" + (f" ({hint})" if hint else ""))
    return f"{MODULE_OF[instruction]}.{port_name(instruction)}"


def port_name(instruction: str) -> str:
    """What the port is called in its module.

    >>> port_name("format:sub-bullets")
    'format_sub_bullets'
    """
    return instruction.replace(":", "_").replace("-", "_")


def imports(modules: Iterable[str] = BENCHMARKS) -> str:
    """The lines of a .vif file that make the ports known under the names that `port` gives.

    >>> print(imports(("ifeval",)), end="")
    import "std/ifeval" as ifeval
    """
    return "".join(f'import "std/{module}" as {module}\n' for module in modules)
