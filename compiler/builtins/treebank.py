r"""Words as NLTK 3.10.4 cuts them: substitutions, one after another, put spaces around what is a word by itself.

A sentence goes through them in pieces, which are what stands between its spaces, and a piece that was met before is not
cut again. That gives the same words: but for the end of a sentence no substitution looks across a space, and all that
belongs to the end is one piece. A line end is a space where no quote or bracket is beside it.
"""

import re
from functools import lru_cache, partial
from itertools import chain
from typing import TYPE_CHECKING

from verif_dsl.compiler.builtins.base import Builtin, Parameter, absence_of, over_distinct
from verif_dsl.compiler.builtins.nltk_rules import (
    punkt_spans,
    punkt_tables,
    word_character,
)
from verif_dsl.compiler.kinds import TEXT, list_of

if TYPE_CHECKING:
    import polars as pl

TREEBANK_WHITE = r"\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
r"""What `\s` means to the package `regex`, which runs most of the substitutions."""
TREEBANK_BLANKS = re.compile(f"[{TREEBANK_WHITE}]+")
TREEBANK_CLOSERS = "])}>\"'»”’"
TREEBANK_CLOSING = re.compile(rf"[\])}}>\"'»”’{TREEBANK_WHITE}]*+")
TREEBANK_LINE_END = re.compile(rf"(?<=[^\])}}>\"'»”’{TREEBANK_WHITE}])\n[\n ]*+(?=[^\])}}>\"'»”’{TREEBANK_WHITE}])")

OPENING_SIGN = re.compile("[«“‘„]|`+")
OPENING_QUOTE = re.compile(r"([ (\[{<])(?:\"|'')")
APOSTROPHE = re.compile("'")
CLITIC = re.compile("(?i)(?:re|ve|ll|m|t|s|d|n)")
LAST_STOP = re.compile(rf"([^.])(\.)([\])}}>\"'»”’ ]*+)[{TREEBANK_WHITE}]*$")
LAST_PLAIN_STOP = re.compile(rf"([^.])(\.)([\])}}>\"']*+)[{TREEBANK_WHITE}]*$")
PAUSE = re.compile(r"([:,])(\D)")
LAST_PAUSE = re.compile("[:,]$")
DOTS = re.compile(r"\.{2,}")
SIGN = re.compile("[;@#$%&\u2012-\u2015]")
LONE_APOSTROPHE = re.compile("([^'])' ")
BRACKET = re.compile(r"[\]\[(){}<>]")
CLOSING_SIGN = re.compile("[»”’]")
SHORT_ENDING = re.compile("([^' ])('[sS]|'[mM]|'[dD]|') ")
LONG_ENDING = re.compile("([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) ")

IN_CONTRACTIONS = re.compile("(?i)nn|mm|tt|d'y|e'n|'ti|'tw|[^\\0-\x7f]")
"""What each contraction has a part of; letters beyond ASCII may be taken for some within."""
CONTRACTIONS = (
    re.compile(r"(?i)\b(can)(not)\b"),
    re.compile(r"(?i)\b(d)('ye)\b"),
    re.compile(r"(?i)\b(gim)(me)\b"),
    re.compile(r"(?i)\b(gon)(na)\b"),
    re.compile(r"(?i)\b(got)(ta)\b"),
    re.compile(r"(?i)\b(lem)(me)\b"),
    re.compile(r"(?i)\b(more)('n)\b"),
    re.compile(r"(?i)\b(wan)(na)(?=\s)"),
    re.compile(r"(?i) ('t)(is)\b"),
    re.compile(r"(?i) ('t)(was)\b"),
)
CONTRACTED_WORDS = frozenset(("cannot", "gimme", "gonna", "gotta", "lemme", "wanna"))

LONGEST_KEPT = 1024
"""The pieces of a longer sentence are only kept in memory one by one, where they are short."""
LONGEST_PIECE = 64


def opened(match: re.Match[str]) -> str:
    """An apostrophe before a word, with a space behind it unless it belongs to an ending such as `'re`."""
    text, at = match.string, match.start()
    if at + 1 == len(text) or not word_character(text[at + 1]) or (at and word_character(text[at - 1])):
        return "'"
    ending = CLITIC.match(text, at + 1)
    if ending is not None and (ending.end() == len(text) or not word_character(text[ending.end()])):
        return "'"
    return "' "


# Functions, and no templates: without a match, which is most often so, those take several times as long.


def padded(match: re.Match[str]) -> str:
    return f" {match[0]} "


def paused(match: re.Match[str]) -> str:
    return f" {match[1]} {match[2]}"


def parted(match: re.Match[str]) -> str:
    return f"{match[1]} {match[2]} "


def stopped(match: re.Match[str]) -> str:
    return f"{match[1]} {match[2]} {match[3]} "


def contracted(match: re.Match[str]) -> str:
    return f" {match[1]} {match[2]} "


def substituted(text: str, begins: bool, ends: bool) -> tuple[str, ...]:
    """The words of a text after all the substitutions; it `begins` or `ends` a sentence, or has spaces there.

    Substitutions whose signs are not there are left out.
    """
    ascii_only, quoted = text.isascii(), "'" in text or '"' in text
    if not ascii_only or "`" in text:
        text = OPENING_SIGN.sub(padded, text)
    if begins and text.startswith('"'):
        text = "``" + text[1:]
    text = text.replace("``", " `` ")
    if quoted:
        text = OPENING_QUOTE.sub(r"\1 `` ", text) if '"' in text or "''" in text else text
        text = APOSTROPHE.sub(opened, text)
    if ends and "." in text:
        text = LAST_STOP.sub(stopped, text)
    if ":" in text or "," in text:
        text = PAUSE.sub(paused, text)
        text = LAST_PAUSE.sub(padded, text) if ends else text
    if ".." in text:
        text = DOTS.sub(padded, text)
    text = SIGN.sub(padded, text)
    if ends and "." in text:
        text = LAST_PLAIN_STOP.sub(r"\1 \2\3 ", text)
    text = text.replace("?", " ? ").replace("!", " ! ")
    if "' " in text:
        text = LONE_APOSTROPHE.sub(r"\1 ' ", text)
    text = text.replace("*", " * ")
    text = BRACKET.sub(padded, text)
    text = " " + text.replace("--", " -- ") + " "
    if not ascii_only:
        text = CLOSING_SIGN.sub(padded, text)
    if quoted:
        text = text.replace("''", " '' ").replace('"', " '' ")
        text = TREEBANK_BLANKS.sub(" ", text)
        text = SHORT_ENDING.sub(parted, text)
        text = LONG_ENDING.sub(parted, text)
    if IN_CONTRACTIONS.search(text):
        for contraction in CONTRACTIONS:
            text = contraction.sub(contracted, text)
    return tuple(text.split())


def cut_middle(piece: str) -> tuple[str, ...]:
    """The words of a piece that does not end its sentence."""
    if piece.isascii():
        if piece.isalnum() and piece.lower() not in CONTRACTED_WORDS:
            return (piece,)
        word = piece[:-1]
        if word.isalnum() and piece[-1] in ",:;?!" and word.lower() not in CONTRACTED_WORDS:
            return (word, piece[-1])
    return substituted(f" {piece} ", False, False) if piece else ()


def cut_last(piece: str) -> tuple[str, ...]:
    """The words of the piece that ends a sentence."""
    word = piece[:-1]
    if word.isascii() and word.isalnum() and piece[-1] in ".?!,:;" and word.lower() not in CONTRACTED_WORDS:
        return (word, piece[-1])
    return substituted(f" {piece}", False, True)


remembered_middle = lru_cache(maxsize=1 << 15)(cut_middle)
remembered_last = lru_cache(maxsize=1 << 12)(cut_last)


def cut_any_middle(piece: str) -> tuple[str, ...]:
    return remembered_middle(piece) if len(piece) <= LONGEST_PIECE else cut_middle(piece)


def cut_sentence(sentence: str) -> list[tuple[str, ...]]:
    """The words of a sentence, piece by piece."""
    if "\n" in sentence:
        sentence = TREEBANK_LINE_END.sub(" ", sentence)
    pieces = sentence.split(" ")
    last = pieces.pop()
    if (last[:1] in TREEBANK_CLOSERS or last[:1].isspace()) and TREEBANK_CLOSING.fullmatch(last):
        # What closes after a full stop belongs to the end with it, be there spaces between or not.
        closing = [last]
        while pieces and TREEBANK_CLOSING.fullmatch(closing[-1]):
            closing.append(pieces.pop())
        last = " ".join(reversed(closing))
    if not pieces:
        return [substituted(sentence, True, True)]
    short = len(sentence) <= LONGEST_KEPT
    cut = remembered_middle if short else cut_any_middle
    if pieces[0][:1] in ("'", '"'):
        words = [substituted(f"{pieces[0]} ", True, False), *map(cut, pieces[1:])]
    else:
        words = list(map(cut, pieces))
    words.append((remembered_last if short else cut_last)(last))
    return words


def words_treebank(x: str) -> tuple[str, ...]:
    return tuple(chain.from_iterable(chain.from_iterable(cut_sentence(x[begin:end]) for begin, end in punkt_spans(x))))


def count_treebank(x: str) -> int:
    return sum(len(words) for begin, end in punkt_spans(x) for words in cut_sentence(x[begin:end]))


def words_treebank_column(x: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return over_distinct(words_treebank, pl.List(pl.String()), x)


def words_treebank_counted(x: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return over_distinct(count_treebank, pl.UInt32(), x)


TREEBANK = (
    Builtin(
        "words_treebank",
        (Parameter("x", TEXT),),
        list_of(TEXT),
        "The words and signs that `word_tokenize` of NLTK 3.10.4 gives for English: those of its Treebank tokenizer in "
        "each of `sentences_punkt`, whose tables have to be installed.",
        words_treebank,
        words_treebank_column,
        (
            (('They can\'t pay $3.50. "No"',), ("They", "ca", "n't", "pay", "$", "3.50", ".", "``", "No", "''")),
            (("I cannot go (again), he said.",), ("I", "can", "not", "go", "(", "again", ")", ",", "he", "said", ".")),
            ((" \n",), ()),
        ),
        words_treebank_counted,
        dear=True,
        lacking=partial(absence_of, punkt_tables),
    ),
)
