r"""How a text is cut into words, sentences, paragraphs, lines and characters: one regular expression each.

The pieces of a text are the leftmost, longest-as-written matches of the expression, so every back end cuts alike, in
linear time. These are the rules of the language; a benchmark's own rule (IFEval's `\w+`, say) is a `find_all` of its
own.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from verif_dsl.compiler.builtins.base import Builtin, Parameter
from verif_dsl.compiler.kinds import TEXT, list_of
from verif_dsl.compiler.patterns.matcher import find_all
from verif_dsl.compiler.patterns.pattern import to_rust

if TYPE_CHECKING:
    import polars as pl

LETTERS = r"[\p{L}\p{M}\p{N}_]"
_RUN = rf"[\p{{L}}\p{{N}}_]{LETTERS}*"
WORD = rf"{_RUN}(?:['’\-‐‑]{_RUN})*"

# What ends a line: the mandatory breaks of UAX #14.
_LINE_END = r"\n\r\u{b}\u{c}\u{85}\u{2028}\u{2029}"
LINE = rf"[^{_LINE_END}]*[^\s][^{_LINE_END}]*"
PARAGRAPH = rf"{LINE}(?:(?:\r\n|[{_LINE_END}]){LINE})*"

# The parts of a sentence. A terminator followed by something other than a space (3.14, example.com) does not end one.
_GAP = r"[ \t\u{a0}\u{1680}\u{2000}-\u{200a}\u{202f}\u{205f}\u{3000}]"
_STOP, _FULL_STOP, _CLOSE = r".!?…", r"。！？", r"""\)\]"'’”»」』*_"""
_LETTER = r"[\p{L}\p{M}\p{N}]"
_PLAIN = rf"[^\s{_STOP}{_FULL_STOP}]"
_OTHER = rf"[^\s\p{{L}}\p{{N}}{_STOP}{_FULL_STOP}]"
_AFTER_STOP = rf"[{_STOP}]+[{_CLOSE}]*"
_NOT_CLOSE = rf"[^\s\p{{Extended_Pictographic}}{_STOP}{_FULL_STOP}{_CLOSE}]"
_NOT_CLOSE_OTHER = rf"[^\s\p{{L}}\p{{N}}\p{{Extended_Pictographic}}{_STOP}{_FULL_STOP}{_CLOSE}]"
_TITLE = r"(?:Mr|Mrs|Ms|Dr|Prof|St|Mt|vs|cf|e\.g|i\.e)\."
_LEAD = rf"(?:{_OTHER}|{_AFTER_STOP}{_NOT_CLOSE_OTHER})"
_UNIT = rf"(?:{_TITLE}|{_LETTER}+|{_PLAIN}|{_AFTER_STOP}{_NOT_CLOSE})"
_EMOJI_TAIL = r"(?:[\p{Extended_Pictographic}\p{Regional_Indicator}\u{200d}\u{fe0f}\u{1f3fb}-\u{1f3ff}]+)"
SENTENCE = (
    rf"(?:[0-9]{{1,3}}[.\)]{_GAP}+)?"  # the number of a list item belongs to the sentence it introduces
    rf"(?:{_LEAD}(?:{_GAP}*{_LEAD})*{_GAP}*)?(?:{_AFTER_STOP})?(?:{_TITLE}|[\p{{L}}\p{{N}}]{_LETTER}*)"
    rf"(?:{_GAP}*{_UNIT})*"
    rf"(?:{_GAP}*[{_STOP}{_FULL_STOP}]+[{_CLOSE}]*)?(?:{_GAP}*{_EMOJI_TAIL})*"
)

# Grapheme clusters (UAX #29 without Prepend and the conjuncts of Indic scripts). What extends one: marks, but some of
# Myanmar, Tai Tham, Meetei Mayek and Ahom, and a few letters that behave as marks.
_NO_EXTEND = (
    r"\u{102b}\u{102c}\u{1038}\u{1062}-\u{1064}\u{1067}-\u{106d}\u{1083}\u{1087}-\u{108c}\u{108f}\u{109a}-\u{109c}"
    r"\u{1a61}\u{1a63}\u{1a64}\u{aa7b}\u{aa7d}\u{11720}\u{11721}"
)
_EXTEND = (
    rf"(?:[^\P{{M}}{_NO_EXTEND}]|[\u{{200c}}\u{{200d}}\u{{e33}}\u{{eb3}}\u{{ff9e}}\u{{ff9f}}"
    r"\u{1f3fb}-\u{1f3ff}\u{e0020}-\u{e007f}])"
)
_CONTROL = (
    r"[\p{Cc}\p{Zl}\p{Zp}\u{ad}\u{61c}\u{180e}\u{200b}\u{200e}\u{200f}\u{202a}-\u{202e}\u{2060}-\u{206f}\u{feff}"
    r"\u{fff9}-\u{fffb}]"
)
_PICTURE = rf"\p{{Extended_Pictographic}}(?:{_EXTEND}*\u{{200d}}\p{{Extended_Pictographic}})*{_EXTEND}*"
# Of the Hangul syllables, those without a final consonant stand 28 apart.
_OPEN_SYLLABLE = "[" + "".join(rf"\u{{{point:x}}}" for point in range(0xAC00, 0xD7A4, 28)) + "]"
_INITIAL, _VOWEL, _FINAL = (
    r"[\u{1100}-\u{115f}\u{a960}-\u{a97c}]",
    r"[\u{1160}-\u{11a7}\u{d7b0}-\u{d7c6}]",
    r"[\u{11a8}-\u{11ff}\u{d7cb}-\u{d7fb}]",
)
_HANGUL = (
    rf"(?:{_INITIAL}*(?:(?:{_OPEN_SYLLABLE}{_VOWEL}*|{_VOWEL}+){_FINAL}*|[\u{{ac00}}-\u{{d7a3}}]{_FINAL}*)"
    rf"|{_INITIAL}+|{_FINAL}+)"
)
CHARACTER = (
    rf"\r\n|{_CONTROL}|\p{{Regional_Indicator}}{{2}}{_EXTEND}*|{_PICTURE}|{_HANGUL}{_EXTEND}*"
    rf"|[\u{{0}}-\u{{10ffff}}]{_EXTEND}*"
)
EMOJI_ONLY = rf"^(?:\p{{Regional_Indicator}}{{2}}|{_PICTURE}|[0-9#*]\u{{fe0f}}?\u{{20e3}})$"


def words_column(x: "pl.Expr") -> "pl.Expr":
    return x.str.extract_all(to_rust(WORD))


def words_counted(x: "pl.Expr") -> "pl.Expr":
    return x.str.count_matches(to_rust(WORD))


def sentences_column(x: "pl.Expr") -> "pl.Expr":
    return x.str.extract_all(to_rust(SENTENCE))


def sentences_counted(x: "pl.Expr") -> "pl.Expr":
    return x.str.count_matches(to_rust(SENTENCE))


def paragraphs_column(x: "pl.Expr") -> "pl.Expr":
    return x.str.extract_all(to_rust(PARAGRAPH))


def paragraphs_counted(x: "pl.Expr") -> "pl.Expr":
    return x.str.count_matches(to_rust(PARAGRAPH))


def lines_column(x: "pl.Expr") -> "pl.Expr":
    return x.str.extract_all(to_rust(LINE))


def lines_counted(x: "pl.Expr") -> "pl.Expr":
    return x.str.count_matches(to_rust(LINE))


def tokens_column(x: "pl.Expr") -> "pl.Expr":
    return x.str.extract_all(to_rust(r"[^\s]+"))


def tokens_counted(x: "pl.Expr") -> "pl.Expr":
    return x.str.count_matches(to_rust(r"[^\s]+"))


def chars_column(x: "pl.Expr") -> "pl.Expr":
    return x.str.extract_all(to_rust(CHARACTER))


def chars_counted(x: "pl.Expr") -> "pl.Expr":
    return x.str.count_matches(to_rust(CHARACTER))


def _segmenter(
    name: str,
    pattern: str,
    column: "Callable[[pl.Expr], pl.Expr]",
    counted: "Callable[[pl.Expr], pl.Expr]",
    meaning: str,
    *examples: tuple[str, tuple[str, ...]],
) -> Builtin:
    return Builtin(
        name,
        (Parameter("x", TEXT),),
        list_of(TEXT),
        meaning,
        partial(find_all, pattern),
        column,
        tuple(((text,), pieces) for text, pieces in examples),
        counted,
    )


SEGMENTS = (
    _segmenter(
        "words",
        WORD,
        words_column,
        words_counted,
        "Runs of letters, digits and `_` with their marks, joined across a single inner apostrophe or hyphen.",
        ("Don't re-do 3.14!", ("Don't", "re-do", "3", "14")),
        ("rock 'n' roll -- ok", ("rock", "n", "roll", "ok")),
        ("... \u2764\ufe0f", ()),
    ),
    _segmenter(
        "sentences",
        SENTENCE,
        sentences_column,
        sentences_counted,
        "Stretches of one line that hold a letter or digit, each up to `.` `!` `?` `…` before a space or the line's "
        "end (or `。` `！` `？` anywhere), with the closing quotes and emoji that follow; titles such as `Dr.` and "
        "the numbers of list items end none.",
        ("Hi. It is 3.14, Dr. Who! Ok", ("Hi.", "It is 3.14, Dr. Who!", "Ok")),
        ('He said "Go." Then left... 👍 Done', ('He said "Go."', "Then left... 👍", "Done")),
        ("1. First item\n2. Second one.", ("1. First item", "2. Second one.")),
        ("你好。世界！", ("你好。", "世界！")),
        ("***\n!!!", ()),
    ),
    _segmenter(
        "paragraphs",
        PARAGRAPH,
        paragraphs_column,
        paragraphs_counted,
        "Stretches of lines that are not blank, kept apart by one or more blank lines.",
        ("a\nb\n\nc", ("a\nb", "c")),
        ("\n \n", ()),
    ),
    _segmenter(
        "lines",
        LINE,
        lines_column,
        lines_counted,
        "The lines that are not blank, without their line ends.",
        ("a\n\n b\r\nc", ("a", " b", "c")),
    ),
    _segmenter(
        "tokens_ws",
        r"[^\s]+",
        tokens_column,
        tokens_counted,
        "Runs of anything between white space, as `split()` gives them in many languages.",
        ("a-b  c,\nd!", ("a-b", "c,", "d!")),
    ),
    _segmenter(
        "chars",
        CHARACTER,
        chars_column,
        chars_counted,
        "Characters as readers count them: a letter with its marks, a whole emoji sequence, a flag, a Hangul syllable "
        "(grapheme clusters of UAX #29 without its rules for Prepend and for conjuncts of Indic scripts).",
        ("né👍🏽", ("n", "é", "👍🏽")),
        ("👨‍👩‍👧!", ("👨‍👩‍👧", "!")),
        ("🇫🇷🇩🇪", ("🇫🇷", "🇩🇪")),
    ),
)
