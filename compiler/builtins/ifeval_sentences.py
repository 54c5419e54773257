r"""Sentences as the code of IFEval and IFTrain cuts them: substitutions, one after another, settle which full stops end
one, and then the text is cut behind each that is left, and behind each `?` and `!`.

The order is the rule: what a substitution has taken, the later ones no longer see. Each goes through the text once.
"""

import re
from typing import TYPE_CHECKING

from verif_dsl.compiler.builtins.base import Builtin, Parameter, over_distinct
from verif_dsl.compiler.kinds import TEXT, list_of

if TYPE_CHECKING:
    import polars as pl

INNER_STOP = "\ud800"
"""A full stop that ends nothing: half of a surrogate pair, which no text holds."""

SENTENCE_END = "\ud801"
"""A place where a sentence ends: likewise."""

COMPANY = "(?:Inc|Ltd|Jr|Sr|Co)"
OPENER = r"(?:Mr|Ms|Dr|Prof|Capt|Cpt|Lt|Wherever|(?:He|She|It|They|Their|Our|We|But|However|That|This)\s)"
"""What begins the next sentence behind an abbreviation."""


def stops_inside(match: re.Match[str]) -> str:
    return match[0].replace(".", INNER_STOP)


def dots(match: re.Match[str]) -> str:
    """Dots in a row, of which the last ends a sentence."""
    return INNER_STOP * len(match[0]) + SENTENCE_END


def initial_alone(match: re.Match[str]) -> str:
    return f" {match[1]}{INNER_STOP} "


def end_after(match: re.Match[str]) -> str:
    return f"{match[1]}{SENTENCE_END}{match[2]}"


IFEVAL_SUBSTITUTIONS = (
    (re.compile("(?:Mr|St|Mrs|Ms|Dr)[.]"), stops_inside),
    (re.compile("[.](?:com|net|org|io|gov|edu|me)"), stops_inside),
    (re.compile("[0-9][.][0-9]"), stops_inside),
    (re.compile("[.]{2,}"), dots),
    (re.compile("Ph[.]D[.]"), stops_inside),
    (re.compile(r"\s([A-Za-z])[.] "), initial_alone),
    (re.compile(f"((?:[A-Z][.]){{2,3}})( {OPENER})"), end_after),
    (re.compile("(?:[A-Za-z][.]){3}"), stops_inside),
    (re.compile("(?:[A-Za-z][.]){2}"), stops_inside),
    # The full stop is lost here.
    (re.compile(f"( {COMPANY})[.]( {OPENER})"), end_after),
    (re.compile(f" {COMPANY}[.]"), stops_inside),
    (re.compile(" [A-Za-z][.]"), stops_inside),
)


def sentences_ifeval(x: str) -> tuple[str, ...]:
    # The code writes its marks into the text, as <prd> and <stop>, and takes those of the text for its own.
    text = x.replace("<prd>", INNER_STOP).replace("<stop>", SENTENCE_END).replace("\n", " ")
    text = f" {text}  "
    if "." in text:
        for pattern, substitute in IFEVAL_SUBSTITUTIONS:
            text = pattern.sub(substitute, text)
    for sign in (".”", '."', '!"', '?"'):
        text = text.replace(sign, sign[::-1])
    for sign in ".?!":
        text = text.replace(sign, sign + SENTENCE_END)
    pieces = [piece.strip() for piece in text.replace(INNER_STOP, ".").split(SENTENCE_END)]
    return tuple(pieces if pieces[-1] else pieces[:-1])


def sentences_ifeval_column(x: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return over_distinct(sentences_ifeval, pl.List(pl.String()), x)


IFEVAL_SENTENCES = (
    Builtin(
        "sentences_ifeval",
        (Parameter("x", TEXT),),
        list_of(TEXT),
        "The sentences that the code of IFEval gives: up to each `.`, `?` or `!`, but for the full stops of titles, "
        "initials, numbers and web addresses; a line end parts nothing, signs in a row end empty ones, and a closing "
        "quote comes before its sign.",
        sentences_ifeval,
        sentences_ifeval_column,
        (
            (
                ('Dr. Who paid 3.50 at x.com. He said "Go!"',),
                ("Dr. Who paid 3.50 at x.com.", 'He said "Go"!'),
            ),
            (("One\ntwo?! Three",), ("One two?", "!", "Three")),
            (("Wait... A. Smith of Acme Inc. He left.",), ("Wait...", "A. Smith of Acme Inc", "He left.")),
            ((" \n",), ()),
        ),
        dear=True,
    ),
)
