r"""Sentences as NLTK 3.10.4 cuts them: those of Punkt (Kiss and Strunk 2006), with what it learnt of English news.

What it learnt lies in four tables, abbreviations above all, which people install themselves: without them nothing is
cut. NLTK's patterns run in the package `regex`, whose classes are not those of `re`; they are spelled out here.
"""

import os
import re
import sys
import unicodedata
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from verif_dsl.compiler.builtins.base import Builtin, Parameter, absence_of, over_distinct
from verif_dsl.compiler.kinds import TEXT, list_of

if TYPE_CHECKING:
    import polars as pl

PUNKT_ABSENT = "the punkt tables are not installed (python -m nltk.downloader punkt_tab)"

PUNKT_WHITE = r"\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
r"""What `\s` means to the package `regex`; `re` has U+001C to U+001F as well."""

PUNKT_SIGNS = r")\";}\]*:@'({\[‘’“”«»?!"
"""What no word goes across, and what may follow a mark directly."""

PUNKT_MANY = rf"(?:-{{2,}}|\.{{2,}}|(?:\.[{PUNKT_WHITE}]){{2,}}\.)"
PUNKT_TOKEN = re.compile(
    rf"""{PUNKT_MANY}|(?=[^("`{{\[:;&#*@)}}\]\-,])[^{PUNKT_WHITE}]+?"""
    rf"(?=[{PUNKT_WHITE}]|$|[{PUNKT_SIGNS}]|{PUNKT_MANY}|,(?=$|[{PUNKT_WHITE}]|[{PUNKT_SIGNS}]|{PUNKT_MANY}))"
    rf"|[^{PUNKT_WHITE}]"
)
PUNKT_MARK = re.compile(rf"[.?!](?:(?=[{PUNKT_WHITE}]+([^{PUNKT_WHITE}]+))|(?=[{PUNKT_SIGNS}]))")
PUNKT_CLOSERS = "\"')]}‘’“”«»"
PUNKT_CLOSING = re.compile(rf"([\"')\]}}‘’“”«»]+?)(?:[{PUNKT_WHITE}]+|(?=--)|$)", re.MULTILINE)
PUNKT_NUMBER = re.compile(r"-?[.,]?\d[\d,.\-]*\.?")
PUNKT_DOTS = re.compile(r"\.\.+")

# How a word was written where Punkt met it: after a mark, inside a sentence or either; with a capital or without.
BEGAN_LOWER = 1 << 4
INSIDE_UPPER = 1 << 2
ANY_UPPER = 1 << 1 | 1 << 2 | 1 << 3
ANY_LOWER = 1 << 4 | 1 << 5 | 1 << 6

LONGEST_REMEMBERED = 128
"""Longer texts are not kept in memory for their decision."""


class PunktTables(NamedTuple):
    """What Punkt learnt; words are in lower case, and numbers are all the same word."""

    abbreviations: frozenset[str]
    pairs: frozenset[tuple[str, ...]]
    """Two words that belong together across a full stop."""
    starters: frozenset[str]
    """Words that often begin a sentence."""
    written: dict[str, int]
    """How each word was written where Punkt met it."""
    doubtful: frozenset[str]
    """Words after which a full stop does not always end the sentence."""


def nltk_folders() -> list[Path]:
    """Where NLTK looks for data, in its order."""
    named = [*os.environ.get("NLTK_DATA", "").split(os.pathsep), "~/nltk_data"]
    at_home = [Path(os.path.expanduser(one)) for one in named if one]  # noqa: PTH111 (which fails without a home)
    own = [Path(sys.prefix, place, "nltk_data") for place in ("", "share", "lib")]
    shared = [Path(place, "nltk_data") for place in ("/usr/share", "/usr/local/share", "/usr/lib", "/usr/local/lib")]
    return [*at_home, *own, *shared]


@lru_cache(maxsize=1)
def punkt_tables() -> PunktTables:
    """The tables of the first folder that has any."""
    found = (folder / "tokenizers" / "punkt_tab" / "english" for folder in nltk_folders())
    folder = next(filter(Path.is_dir, found), None)
    try:
        if folder is not None:
            return read_punkt_tables(folder)
    except (OSError, ValueError):  # not all of them, or not what they should be
        pass
    raise FileNotFoundError(PUNKT_ABSENT)


def read_punkt_tables(folder: Path) -> PunktTables:
    lines = {}
    for name in ("abbrev_types.txt", "collocations.tab", "sent_starters.txt", "ortho_context.tab"):
        with (folder / name).open(encoding="utf-8") as file:
            lines[name] = [line.removesuffix("\n") for line in file]
    abbreviations = frozenset(lines["abbrev_types.txt"])
    pairs = frozenset(tuple(line.split("\t")) for line in lines["collocations.tab"])
    written = {word: int(bits) for word, bits in (line.split("\t") for line in lines["ortho_context.tab"])}
    doubtful = abbreviations | {first for first, *_ in pairs}
    return PunktTables(abbreviations, pairs, frozenset(lines["sent_starters.txt"]), written, doubtful)


def word_character(character: str) -> bool:
    r"""Whether `\w` of the package `regex` matches; marks do, and fractions do not."""
    if character.isascii():
        return character.isalnum() or character == "_"
    kind = unicodedata.category(character)
    if kind[0] in "LM" or kind in ("Nl", "Nd", "Pc"):
        return True
    letters_in_circles = ("\u24b6", "\u24e9"), ("\U0001f130", "\U0001f149"), ("\U0001f150", "\U0001f169")
    joiners_and_more = ("\u200c", "\u200d"), ("\U0001f170", "\U0001f189")
    return any(low <= character <= high for low, high in (*letters_in_circles, *joiners_and_more))


def punkt_type(token: str, ends: bool) -> str:
    """The word that a token is in the tables; a full stop at its end is dropped where it `ends` a sentence."""
    lowered = token.lower()
    if PUNKT_NUMBER.fullmatch(lowered):
        return "##number##"
    return lowered[:-1] if ends and len(lowered) > 1 and lowered.endswith(".") else lowered


def punkt_first(token: str) -> str:
    """What a token is by itself: "end" of a sentence, "abbreviation", "dots" or nothing of these."""
    if token in (".", "?", "!"):
        return "end"
    if PUNKT_DOTS.fullmatch(token):
        return "dots"
    if not token.endswith(".") or token.endswith(".."):
        return ""
    word = token[:-1].lower()
    known = punkt_tables().abbreviations
    return "abbreviation" if word in known or word.rpartition("-")[2] in known else "end"


def punkt_begins(token: str, word: str) -> bool | None:
    """Whether a token begins a sentence, by its first letter and how Punkt met the word; None where it cannot tell."""
    if token in (";", ":", ",", ".", "!", "?"):
        return False
    written = punkt_tables().written.get(word, 0)
    if token[0].isupper() and written & ANY_LOWER and not written & INSIDE_UPPER:
        return True
    if token[0].islower() and (written & ANY_UPPER or not written & BEGAN_LOWER):
        return False
    return None


def punkt_ends(token: str, after: str) -> bool:
    """Whether a sentence ends with a token that has another one after it."""
    kind = punkt_first(token)
    if not token.endswith("."):
        return kind == "end"
    tables = punkt_tables()
    word, follower = punkt_type(token, True), punkt_type(after, punkt_first(after) == "end")
    if (word, follower) in tables.pairs:
        return False
    initial = len(token) == 2 and word_character(token[0]) and not token[0].isdecimal()
    begins = punkt_begins(after, follower)
    if kind in ("abbreviation", "dots") and not initial:
        return begins is True or (after[0].isupper() and follower in tables.starters)
    if (initial or word == "##number##") and begins is False:
        return False
    never_lower = not tables.written.get(follower, 0) & ANY_LOWER
    if initial and begins is None and after[0].isupper() and never_lower:
        return False
    return kind == "end"


def punkt_decided(context: str) -> bool:
    """Whether a sentence ends in a context: a word, its mark, and the sign or the word after that."""
    tokens = [one for line in context.split("\n") if line.strip() for one in PUNKT_TOKEN.findall(line)]
    return any(punkt_ends(one, other) for one, other in pairwise(tokens))


remembered_decision = lru_cache(maxsize=1 << 14)(punkt_decided)


def punkt_breaks(text: str) -> list[tuple[int, int]]:
    """Where a sentence ends, and where the next one begins."""
    doubtful = punkt_tables().doubtful
    rare = [blank for blank in "\t\r\v\f" if blank in text]
    breaks = []
    begin = mark = follower = end = -1
    for match in [*PUNKT_MARK.finditer(text), None]:
        if match is None:
            next_begin = len(text)
        else:
            # The word before the mark, back to white space; without any the marks belong to one word.
            at, since = match.start(), max(mark, 0)
            blank = max(text.rfind(" ", since, at), text.rfind("\n", since, at))
            if rare:
                blank = max(blank, *(text.rfind(one, since, at) for one in rare))
            next_begin = blank + 1 if blank > since else max(begin, 0)
        if 0 <= mark <= next_begin:
            # Most marks follow a word that the tables do not know, or are no full stops: they end a sentence.
            word = text[begin:mark]
            plain = text[mark] != "." or (len(word) > 1 and word.isalpha() and word.lower() not in doubtful)
            if not (plain and not text[follower:end].isspace()):
                context = text[begin:end]
                plain = (remembered_decision if len(context) <= LONGEST_REMEMBERED else punkt_decided)(context)
            if plain:
                breaks.append((mark + 1, follower))
        if match is not None:
            begin, mark = next_begin, at
            follower, end = match.span(1)
            if follower < 0:
                follower, end = at + 1, at + 2
    return breaks


def punkt_spans(text: str) -> list[tuple[int, int]]:
    """The sentences as places; signs that close after a mark go to the sentence before them."""
    spans = []
    begin = moved = 0
    breaks = punkt_breaks(text)
    last = len(text.rstrip())
    for index, (end, follower) in enumerate(breaks):
        begin += moved
        moved = 0
        if text[follower : follower + 1] in PUNKT_CLOSERS:
            follower_end = breaks[index + 1][0] if index + 1 < len(breaks) else last
            closing = PUNKT_CLOSING.match(text, follower, follower_end)
            if closing is not None:
                end, moved = closing.end(1), closing.end() - follower
        if begin < end:
            spans.append((begin, end))
        begin = follower
    if begin + moved < last:
        spans.append((begin + moved, last))
    return spans


def sentences_punkt(x: str) -> tuple[str, ...]:
    return tuple([x[begin:end] for begin, end in punkt_spans(x)])


def count_punkt(x: str) -> int:
    return len(punkt_spans(x))


def sentences_punkt_column(x: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return over_distinct(sentences_punkt, pl.List(pl.String()), x)


def sentences_punkt_counted(x: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return over_distinct(count_punkt, pl.UInt32(), x)


PUNKT = (
    Builtin(
        "sentences_punkt",
        (Parameter("x", TEXT),),
        list_of(TEXT),
        "The sentences that `sent_tokenize` of NLTK 3.10.4 gives for English, by the tables `punkt_tab`, which have to "
        "be installed: without them a verdict is unknown.",
        sentences_punkt,
        sentences_punkt_column,
        (
            (
                ("Mr. Smith left. He was ill (or so he said.) We stayed",),
                ("Mr. Smith left.", "He was ill (or so he said.)", "We stayed"),
            ),
            (("1. One\n2. Two!! Three",), ("1.", "One\n2.", "Two!!", "Three")),
            ((" \n",), ()),
        ),
        sentences_punkt_counted,
        dear=True,
        lacking=partial(absence_of, punkt_tables),
    ),
)
