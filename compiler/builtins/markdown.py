r"""Builtins that read a text as Markdown: a few regular expressions one after another, so that all back ends agree.

They follow how models write, and not all of CommonMark: what is nested inside other marks is not looked into.
"""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from verif_dsl.compiler.builtins.base import Builtin, Parameter
from verif_dsl.compiler.builtins.texts import nfc, nfc_column
from verif_dsl.compiler.kinds import TEXT
from verif_dsl.compiler.patterns.matcher import find
from verif_dsl.compiler.patterns.pattern import to_rust

if TYPE_CHECKING:
    import polars as pl

X = Parameter("x", TEXT)


@dataclass(frozen=True, slots=True)
class Erasure:
    """What is taken out of a text: in each match of `before`, `kept` and `after` in a row, all but `kept`."""

    before: str
    kept: str = ""
    after: str = ""

    def reference(self, x: str) -> str:
        out, position = [], 0
        while match := find(f"(?:{self.before})(?:{self.kept})(?:{self.after})", x, position):
            start, end = match
            out.append(x[position:start])
            position = end
            if self.kept:
                piece = x[start:end]
                first = find(f"^(?:{self.before})", piece)
                last = find(f"(?:{self.after})$", piece)
                assert first and last, "the parts of a match match"
                out.append(piece[first[1] : last[0]])
        return "".join([*out, x[position:]])

    def pattern(self) -> str:
        """For Rust's engine; what is kept is its one capture."""
        kept = f"({to_rust(self.kept)})" if self.kept else "()"
        return f"(?:{to_rust(self.before)}){kept}(?:{to_rust(self.after)})"


_FENCE = "(?:```|~~~)[^\n]*"
_NO_FENCE = r"[ \t]*(?:[^ \t\n`~][^\n]*|`{1,2}(?:[^`\n][^\n]*)?|~{1,2}(?:[^~\n][^\n]*)?)?"
_START = r"(?:^|\n)"

PROSE = (
    # A fenced block, up to its closing fence or the end of the text.
    Erasure(rf"{_START}[ \t]*{_FENCE}(?:\n(?:{_NO_FENCE}\n)*(?:[ \t]*{_FENCE}|{_NO_FENCE}$)?)?"),
    Erasure(rf"{_START}[ \t]*(?:#{{1,6}}[ \t]|[\-*+][ \t]|[0-9]{{1,3}}[.\)][ \t]|>|\|)[^\n]*"),
)

MARKUP = (
    Erasure(rf"{_START}[ \t]*{_FENCE}"),
    Erasure("", _START, r"[ \t]*(?:>[ \t]?)+"),
    Erasure("", _START, r"[ \t]*(?:#{1,6}|[\-*+])[ \t]+"),
    Erasure(r"!?\[", r"[^\[\]\n]*", r"\]\([^()\s]*\)"),
    Erasure("`", r"[^`\n]+", "`"),
    Erasure("~~", r"[^~\n]+", "~~"),
    *(Erasure(r"\*" * count, r"[^*\s](?:[^*\n]*[^*\s])?", r"\*" * count) for count in (3, 2, 1)),
    # Of underscores, those inside a word belong to it.
    Erasure("", r"(?:^|[^\p{L}\p{M}\p{N}_])", "_+"),
    Erasure("_+", r"(?:[^\p{L}\p{M}\p{N}_]|$)"),
)


def _erased(erasures: tuple[Erasure, ...], x: str) -> str:
    for one in erasures:
        x = one.reference(x)
    return nfc(x)  # a mark may now follow a letter that it did not follow


@cache
def patterns_of(erasures: tuple[Erasure, ...]) -> tuple[str, ...]:
    return tuple(one.pattern() for one in erasures)


def erased_column(patterns: tuple[str, ...], x: "pl.Expr") -> "pl.Expr":
    for pattern in patterns:
        x = x.str.replace_all(pattern, "${1}")
    return nfc_column(x)


def prose_column(x: "pl.Expr") -> "pl.Expr":
    patterns = patterns_of(PROSE)
    return erased_column(patterns, x)


def strip_markup_column(x: "pl.Expr") -> "pl.Expr":
    patterns = patterns_of(MARKUP)
    return erased_column(patterns, x)


MARKDOWN = (
    Builtin(
        "prose",
        (X,),
        TEXT,
        "The running text of Markdown: what is left without fenced blocks and without the lines that are headings, "
        "list items, quotes or rows of a table.",
        lambda x: _erased(PROSE, x),
        prose_column,
        (
            (("# Plan\nWe go.\n- first\n```\ncode\n```\nThen home.",), "\nWe go.\nThen home."),
            (("```\nnever closed\n`x`",), ""),
            (("2. Go\n| a | b |\n> said",), ""),
        ),
    ),
    Builtin(
        "strip_markup",
        (X,),
        TEXT,
        "The text without the marks of Markdown: fence lines, `#` of headings, bullets, `>`, code ticks, `~~`, `*` and "
        "`_` around emphasis; a link or an image gives its text.",
        lambda x: _erased(MARKUP, x),
        strip_markup_column,
        (
            (("## A **bold** [link](http://x.y)\n* `one` two_three",), "A bold link\none two_three"),
            (("***a*** _b_ ~~c~~ 2 * 3 * 4",), "a b c 2 * 3 * 4"),
            (("```py\nx = 1\n```",), "\nx = 1"),
        ),
    ),
)
