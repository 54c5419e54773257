"""The language that a text is written in, by a pinned model: naive Bayes over byte n-grams, that of py3langid 0.4.0.

The package carries its model, needs no network, and its probabilities are calibrated, so that a text too short or too
mixed to tell is undecided instead of guessed. Another model would be another meaning: its version is exact.
"""

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from verif_dsl.compiler.builtins.base import Builtin, Parameter, over_distinct
from verif_dsl.compiler.kinds import TEXT, maybe
from verif_dsl.compiler.patterns.matcher import find_all
from verif_dsl.compiler.patterns.pattern import to_rust

if TYPE_CHECKING:
    import polars as pl

LETTER_RUN = r"[\p{L}\p{M}]+"
LEAST_CONFIDENCE = 0.5
LEAST_LETTERS = 20
"""Bytes of UTF-8 that the letters of a text have to make: 20 Latin letters, 10 Cyrillic ones, 7 Chinese ones."""

NO_LANGUAGE = "zxx"
"""What ISO 639-2 calls "no linguistic content", one of the model's answers."""


@cache
def _model() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def codes() -> tuple[str, ...]:
    """The languages that the model tells apart, by their ISO 639 codes (of two letters where there is one)."""
    return tuple(sorted(set(_model().labels) - {NO_LANGUAGE}))


def language(x: str) -> str | None:
    letters = sum(len(run.encode()) for run in find_all(LETTER_RUN, x))
    return classified(x) if letters >= LEAST_LETTERS else None


@lru_cache(maxsize=1024)
def classified(x: str) -> str | None:
    code, confidence = _model().classify(x)
    return str(code) if confidence >= LEAST_CONFIDENCE and code != NO_LANGUAGE else None


def language_column(x: "pl.Expr") -> "pl.Expr":
    import polars as pl

    letters = x.str.extract_all(to_rust(LETTER_RUN)).list.join("").str.len_bytes()
    told = pl.when(letters >= LEAST_LETTERS).then(x)
    return over_distinct(classified, pl.String(), told)


LANGUAGES = (
    Builtin(
        "language",
        (Parameter("x", TEXT),),
        maybe(TEXT),
        "The ISO 639 code of the language that the text is written in (`en`, `fr`, `zh`); undecided when its letters "
        "make fewer than 20 bytes of UTF-8, or the model (py3langid 0.4.0) gives no language half of the probability.",
        language,
        language_column,
        (
            (("The committee will publish its report in the spring.",), "en"),
            (("Le comit\u00e9 publiera son rapport au printemps prochain.",), "fr"),
            (("42",), None),
        ),
        values=codes,
    ),
)
