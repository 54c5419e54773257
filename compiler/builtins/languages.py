"""The language that a text is written in, by a pinned model: naive Bayes over byte n-grams, that of py3langid 0.4.0.

The package carries its model, needs no network, and its probabilities are calibrated, so that a text too short or too
mixed to tell is undecided instead of guessed. Another model would be another meaning: its version is exact.
"""

import math
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from verif_dsl.compiler.builtins.base import Builtin, Parameter
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


FEW = 8
"""Texts that go through the model's automaton side by side; fewer go one after the other."""

TEXTS_AT_ONCE = 128


@cache
def _model() -> Any:
    import numpy as np
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    model.nb_ptc = model.nb_ptc.astype(np.float32)  # what it would make of the lines that it needs, each time
    return model


@cache
def _automaton() -> tuple[Any, Any, Any]:
    """The model's automaton over bytes: the next states, where those of a state begin, the feature of each state."""
    import numpy as np

    model = _model()
    return np.asarray(model.tk_nextmove), np.asarray(model._rowbase), np.asarray(model.tk_output)


def codes() -> tuple[str, ...]:
    """The languages that the model tells apart, by their ISO 639 codes (of two letters where there is one)."""
    return tuple(sorted(set(_model().labels) - {NO_LANGUAGE}))


def language(x: str) -> str | None:
    letters = sum(len(run.encode()) for run in find_all(LETTER_RUN, x))
    return classified(x) if letters >= LEAST_LETTERS else None


@lru_cache(maxsize=1024)
def classified(x: str) -> str | None:
    return all_classified([x])[0]


def all_classified(texts: list[str]) -> list[str | None]:
    """What the model's `classify` says of each text, in half the time; None where it is not sure of a language."""
    found: list[str | None] = []
    for start in range(0, len(texts), TEXTS_AT_ONCE):
        encoded = [_model()._encode(text) for text in texts[start : start + TEXTS_AT_ONCE]]
        found += [_decided(seen, len(text)) for seen, text in zip(_features(encoded), encoded, strict=True)]
    return found


def _features(texts: list[bytes]) -> list[Any]:
    """The features of each text, in their order: the automaton reads a byte of all texts at a time, and of the few
    longest it reads the rest one after the other.
    """
    import numpy as np

    moves, begins, outputs = _automaton()
    order = sorted(range(len(texts)), key=lambda text: -len(texts[text]))
    lengths = np.array([len(texts[text]) for text in order])
    together = int(lengths[FEW - 1]) if len(texts) >= FEW else 0
    read = np.zeros((len(texts), together), dtype=np.uint8)
    for line, text in enumerate(order):
        start = texts[text][:together]
        read[line, : len(start)] = np.frombuffer(start, dtype=np.uint8)
    read = np.ascontiguousarray(read.T)
    states = np.zeros(len(texts), dtype=np.int64)
    seen = np.full((together, len(texts)), -1, dtype=np.int32)
    reading = np.searchsorted(-lengths, -np.arange(together), side="left")
    for at, count in enumerate(reading.tolist()):
        states[:count] = moves[begins[states[:count]] + read[at, :count]]
        seen[at, :count] = outputs[states[:count]]
    found: list[Any] = [None] * len(texts)
    for line, text in enumerate(order):
        begun, rest = seen[:, line], _features_from(int(states[line]), texts[text][together:])
        found[text] = np.concatenate([begun[begun >= 0], np.array(rest, dtype=np.int32)])
    return found


def _features_from(state: int, text: bytes) -> list[int]:
    model = _model()
    found = []
    for byte in text:
        state = model.tk_nextmove[model._rowbase[state] + byte]
        if (feature := model.tk_output[state]) >= 0:
            found.append(feature)
    return found


def _decided(features: Any, size: int) -> str | None:
    """What `classify` does with the features of a text of so many bytes."""
    import numpy as np

    if not len(features):
        return None
    model = _model()
    different, counts = np.unique(features, return_counts=True)
    scores = np.log1p(counts.astype(np.float32)) @ model.nb_ptc[different] + model.nb_pc
    scores *= 1.0 / math.sqrt(size)
    np.exp(scores - scores.max(), out=scores)
    scores /= scores.sum()
    for first, again in model._alias_pairs:
        scores[first] += scores[again]
        scores[again] = 0.0
    best = int(scores.argmax())
    code = str(model.nb_classes[best])
    return code if float(scores[best]) >= LEAST_CONFIDENCE and code != NO_LANGUAGE else None


def language_column(x: "pl.Expr") -> "pl.Expr":
    import polars as pl

    def run(texts: "pl.Series") -> "pl.Series":
        told = texts.unique().drop_nulls().to_list()
        known = dict(zip(told, all_classified(told), strict=True))
        return pl.Series([known.get(text) for text in texts], dtype=pl.String)

    def enough(text: pl.Expr) -> pl.Expr:
        return text.str.extract_all(to_rust(LETTER_RUN)).list.join("").str.len_bytes() >= LEAST_LETTERS

    soon = enough(x.str.head(4 * LEAST_LETTERS))  # of most texts, without a look at the rest
    return pl.when(soon | enough(pl.when(~soon).then(x))).then(x).map_batches(run, return_dtype=pl.String)


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
        dear=True,
    ),
)
