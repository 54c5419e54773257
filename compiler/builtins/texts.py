"""Builtins on texts: case, trimming, searching, counting."""

import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING

from verif_dsl.compiler.builtins.base import Builtin, Parameter, over_distinct
from verif_dsl.compiler.builtins.segments import EMOJI_ONLY, LETTERS
from verif_dsl.compiler.kinds import BOOL, INT, REGEX, TEXT, list_of
from verif_dsl.compiler.patterns.matcher import find, find_all
from verif_dsl.compiler.patterns.pattern import to_rust
from verif_dsl.compiler.texts import SPACES

if TYPE_CHECKING:
    import polars as pl

X = Parameter("x", TEXT)
PATTERN = Parameter("pattern", REGEX)
WORD_RUN = f"{LETTERS}+"


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def fold(x: str) -> str:
    """Full case folding of a text in NFC, again in NFC (Unicode 3.13, toCasefold)."""
    return nfc(nfc(x).casefold())


def lower(x: str) -> str:
    """Each code point's own lower case, without the rule for a Greek sigma at a word's end, in NFC."""
    # Only the sigma has a rule that looks around; code point by code point takes thirty times as long.
    return nfc("".join(character.lower() for character in x) if "Σ" in x else x.lower())


def beyond_ascii_column(function: Callable[[str], str], x: "pl.Expr", of_ascii: "pl.Expr") -> "pl.Expr":
    """`of_ascii` for texts in ASCII, which most are, and the reference function for the rest: its Unicode version is
    that of Python's tables, and Polars has others.
    """
    import polars as pl

    ascii_only = x.str.len_bytes() == x.str.len_chars()
    others = over_distinct(function, pl.String(), pl.when(~ascii_only).then(x))
    return pl.when(ascii_only).then(of_ascii).otherwise(others)


def nfc_column(x: "pl.Expr") -> "pl.Expr":
    return beyond_ascii_column(nfc, x, x)


def fold_column(x: "pl.Expr") -> "pl.Expr":
    return beyond_ascii_column(fold, x, x.str.to_lowercase())


def lower_column(x: "pl.Expr") -> "pl.Expr":
    return beyond_ascii_column(lower, x, x.str.to_lowercase())


def occurrences(x: str, part: str, whole_word: bool, fold_case: bool) -> int:
    if fold_case:
        x, part = fold(x), fold(part)
    count = position = 0
    while part and (position := x.find(part, position)) >= 0:
        end = position + len(part)
        if whole_word and not (_edge(x, position, part[0]) and _edge(x, end, part[-1])):
            position += 1
        else:
            count, position = count + 1, end
    return count


def _edge(x: str, position: int, inside: str) -> bool:
    """Whether no word runs across `position`; a part that begins or ends with a mark needs no edge there."""
    if not find(LETTERS, inside):
        return True
    neighbours = x[max(position - 1, 0) : position + 1]
    return position in (0, len(x)) or find(LETTERS + "{2}", neighbours) is None


WORD_FENCE = "\x1f"
ESCAPED = {"\x1c": "\x1e\x1c\x1c", "\x1d": "\x1e\x1c\x1d", "\x1e": "\x1e\x1d\x1c", WORD_FENCE: "\x1e\x1d\x1d"}
"""How a text makes room for fences: no code begins inside another, so that parts are found where they were before."""


def text_where(x: str, condition: bool) -> str:
    return x if condition else ""


def text_where_column(x: "pl.Expr", condition: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return pl.when(condition).then(x).otherwise(pl.lit(""))


def fence_words(x: str) -> str:
    """The text with a fence on both sides of every word run. Where a part is made likewise, a plain count of it finds
    exactly the whole words, and two neighbours need not share a fence.
    """
    escaped = "".join(ESCAPED.get(character, character) for character in x)
    fenced, position = [], 0
    for run in find_all(WORD_RUN, escaped):
        start = escaped.index(run, position)
        fenced += [escaped[position:start], WORD_FENCE, run, WORD_FENCE]
        position = start + len(run)
    return "".join([*fenced, escaped[position:]])


def fence_words_column(x: "pl.Expr") -> "pl.Expr":
    escaped = x.str.replace_many(list(ESCAPED), list(ESCAPED.values()))
    return escaped.str.replace_all(to_rust(WORD_RUN), f"{WORD_FENCE}${{0}}{WORD_FENCE}")


def occurrences_column(x: "pl.Expr", part: "pl.Expr", whole_word: bool, fold_case: bool) -> "pl.Expr":
    if fold_case:
        x, part = fold_column(x), fold_column(part)
    empty = part == ""
    if whole_word:
        x, part = fence_words_column(x), fence_words_column(part)
    import polars as pl

    return pl.when(empty).then(0).otherwise(x.str.count_matches(part, literal=True))


def split(x: str, separator: str) -> tuple[str, ...]:
    return tuple(x.split(separator)) if separator else (x,)


def split_column(x: "pl.Expr", separator: "pl.Expr") -> "pl.Expr":
    import polars as pl

    # `split` by the empty text would give single characters; the text itself is the total answer.
    return pl.when(separator == "").then(pl.concat_list(x)).otherwise(x.str.split(separator))


def is_upper_column(x: "pl.Expr") -> "pl.Expr":
    return x.str.contains(to_rust(r"[\p{Lu}\p{Lt}]")) & x.str.contains(to_rust(r"\p{Ll}")).not_()


def is_lower_column(x: "pl.Expr") -> "pl.Expr":
    return x.str.contains(to_rust(r"\p{Ll}")) & x.str.contains(to_rust(r"[\p{Lu}\p{Lt}]")).not_()


def trim_column(x: "pl.Expr") -> "pl.Expr":
    return x.str.strip_chars(SPACES)


def codepoints_column(x: "pl.Expr") -> "pl.Expr":
    return x.str.len_chars()


def starts_with_column(x: "pl.Expr", prefix: "pl.Expr") -> "pl.Expr":
    return x.str.starts_with(prefix)


def ends_with_column(x: "pl.Expr", suffix: "pl.Expr") -> "pl.Expr":
    return x.str.ends_with(suffix)


def without_prefix_column(x: "pl.Expr", prefix: "pl.Expr") -> "pl.Expr":
    return x.str.strip_prefix(prefix)


def without_suffix_column(x: "pl.Expr", suffix: "pl.Expr") -> "pl.Expr":
    return x.str.strip_suffix(suffix)


def matches_column(x: "pl.Expr", pattern: str) -> "pl.Expr":
    return x.str.contains(pattern)


def find_all_column(x: "pl.Expr", pattern: str) -> "pl.Expr":
    return x.str.extract_all(pattern)


def find_all_counted(x: "pl.Expr", pattern: str) -> "pl.Expr":
    return x.str.count_matches(pattern)


def is_emoji_column(x: "pl.Expr") -> "pl.Expr":
    return x.str.contains(to_rust(EMOJI_ONLY))


TEXTS = (
    Builtin(
        "fold",
        (X,),
        TEXT,
        "The text with differences of case removed (full case folding, then NFC).",
        fold,
        fold_column,
        ((("Straße",), "strasse"), (("ÉCLAIR",), "éclair")),
    ),
    Builtin(
        "lower",
        (X,),
        TEXT,
        "The text in lower case, code point by code point, then in NFC.",
        lower,
        lower_column,
        ((("ÄB",), "äb"), (("ΟΔΟΣ",), "οδοσ")),
    ),
    Builtin(
        "trim",
        (X,),
        TEXT,
        "The text without white space at its ends.",
        lambda x: x.strip(SPACES),
        trim_column,
        (((" a b\n",), "a b"),),
    ),
    Builtin(
        "is_upper",
        (X,),
        BOOL,
        "It has an upper-case letter and no lower-case one; letters without case do not matter.",
        lambda x: find(r"[\p{Lu}\p{Lt}]", x) is not None and find(r"\p{Ll}", x) is None,
        is_upper_column,
        ((("A1!",), True), (("Ab",), False), (("12",), False)),
    ),
    Builtin(
        "is_lower",
        (X,),
        BOOL,
        "It has a lower-case letter and no upper-case one; letters without case do not matter.",
        lambda x: find(r"\p{Ll}", x) is not None and find(r"[\p{Lu}\p{Lt}]", x) is None,
        is_lower_column,
        ((("a1!",), True), (("aB",), False), (("12",), False)),
    ),
    Builtin(
        "is_emoji",
        (X,),
        BOOL,
        "It is exactly one emoji: a picture with its modifiers, a joined sequence, a flag or a keycap.",
        lambda x: find(EMOJI_ONLY, x) is not None,
        is_emoji_column,
        ((("👍🏽",), True), (("👨‍👩‍👧",), True), (("a",), False), (("👍👍",), False)),
    ),
    Builtin(
        "starts_with",
        (X, Parameter("prefix", TEXT)),
        BOOL,
        "It begins with the prefix, exactly as written.",
        str.startswith,
        starts_with_column,
        ((("abc", "ab"), True), (("abc", "Ab"), False)),
    ),
    Builtin(
        "ends_with",
        (X, Parameter("suffix", TEXT)),
        BOOL,
        "It ends with the suffix, exactly as written.",
        str.endswith,
        ends_with_column,
        ((("abc", "bc"), True), (("abc ", "bc"), False)),
    ),
    Builtin(
        "without_prefix",
        (X, Parameter("prefix", TEXT)),
        TEXT,
        "The text without the prefix, once, where it begins with it.",
        str.removeprefix,
        without_prefix_column,
        ((("aab", "a"), "ab"), (("aab", "b"), "aab")),
    ),
    Builtin(
        "without_suffix",
        (X, Parameter("suffix", TEXT)),
        TEXT,
        "The text without the suffix, once, where it ends with it.",
        str.removesuffix,
        without_suffix_column,
        ((("abb", "b"), "ab"), (("abb", "a"), "abb")),
    ),
    Builtin(
        "matches",
        (X, PATTERN),
        BOOL,
        "The pattern matches somewhere in the text; `^` and `$` stand for the ends of the whole text.",
        lambda x, pattern: find(pattern, x) is not None,
        matches_column,
        ((("a1", "[0-9]$"), True), (("1a", "[0-9]$"), False)),
    ),
    Builtin(
        "find_all",
        (X, PATTERN),
        list_of(TEXT),
        "Every match of the pattern, left to right, not overlapping.",
        lambda x, pattern: find_all(pattern, x),
        find_all_column,
        ((("a1b22", "[0-9]+"), ("1", "22")),),
        find_all_counted,
        needs_match=True,
    ),
    Builtin(
        "occurrences",
        (X, Parameter("part", TEXT), Parameter("whole_word", BOOL, False), Parameter("fold_case", BOOL, False)),
        INT,
        "How often the part occurs, not overlapping; with `whole_word` only where no letter, mark, digit or `_` runs "
        "on at either end; with `fold_case` whatever the case. The empty text occurs 0 times.",
        occurrences,
        occurrences_column,
        (
            (("a river, riverbank", "river", True, False), 1),
            (("River river", "RIVER", True, True), 2),
            (("aaa", "aa", False, False), 1),
        ),
    ),
    Builtin(
        "text where",
        (X, Parameter("condition", BOOL)),
        TEXT,
        "The text where the condition holds, and an empty one elsewhere (see `passes.guard_dear`).",
        text_where,
        text_where_column,
        ((("a", True), "a"), (("a", False), "")),
    ),
    Builtin(
        "fence words",
        (X,),
        TEXT,
        "The text in which a plain count finds whole words (see `passes.split_occurrences`).",
        fence_words,
        fence_words_column,
        ((("a-b",), "\x1fa\x1f-\x1fb\x1f"), (("\x1f",), "\x1e\x1d\x1d")),
    ),
    Builtin(
        "split",
        (X, Parameter("separator", TEXT)),
        list_of(TEXT),
        "The parts between the separators, empty ones included; the whole text when the separator is empty.",
        split,
        split_column,
        ((("a,b,", ","), ("a", "b", "")), (("ab", ""), ("ab",))),
    ),
    Builtin(
        "codepoints",
        (X,),
        INT,
        "How many Unicode code points the text has (for characters as readers count them, `len(chars(x))`).",
        len,
        codepoints_column,
        ((("né",), 2),),
    ),
)
