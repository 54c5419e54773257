"""The language of a text by the profiles of langdetect 1.0.9, which IFEval's checkers ask (Shuyo, "Language Detection
Library for Java", 2010).

langdetect draws n-grams of the text at random until one language has nearly all of the probability, so that a short
text may have another language at the next call. What it tends to is a sum: of the logarithms of the shares, smoothed,
that the text's n-grams have in a language. This is that sum, over n-grams at evenly spaced places and in whole numbers,
so that it hangs on no order. langdetect itself normalises the text, and its profiles are read where it is installed.
"""

import json
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from verif_dsl.compiler.builtins.base import Builtin, Parameter
from verif_dsl.compiler.kinds import TEXT, maybe

if TYPE_CHECKING:
    import polars as pl

PLACES = 128
"""How many places of a text are looked at; langdetect is done after some fifty n-grams, seven times over."""

SMOOTHING = 0.5 / 10000
"""What langdetect adds to the share of each n-gram."""

SCALE = 3200
"""Logarithms are kept as whole numbers of 1/3200, which fit into 16 bits."""

LONGEST_READ = 10_000
"""langdetect reads so many code points of a text."""

TEXTS_AT_ONCE = 64
BITS = 18
PLACES_OF_GRAMS = 1 << BITS
SHIFT = 64 - BITS
MULTIPLIER = 0x9E3779B97F4A7C15
"""The odd number that Knuth's multiplicative hashing takes: 2^64 by the golden ratio."""

SPACE = 32
CODE_POINTS = 0x110000


class Profiles(NamedTuple):
    """What is known of the languages; an n-gram is a number made of those of its characters, 0 where it has fewer."""

    languages: tuple[str, ...]
    characters: Any
    """The number of each code point; that of all which occur in no profile is `base - 1`."""
    base: int
    known: Any
    """Whether each code point is an n-gram of its own."""
    grams: Any
    """The n-grams as numbers, by their places in a hash table (see `_lines_of`); -1 where there is none."""
    lines: Any
    """The line of the n-gram at each place, and of what is nowhere: the last."""
    weights: Any
    """A line for each n-gram, and one of zeros for those that no profile has: the logarithms by language."""


def langdetect_lacking() -> str | None:
    """Why the profiles cannot be read."""
    if find_spec("langdetect") is None:
        return "langdetect is not installed (pip install 'verif-dsl[ifeval]')"
    return None


@cache
def _profiles() -> Profiles:
    import langdetect
    import numpy as np

    shares: dict[str, dict[str, float]] = {}
    languages: list[str] = []
    for path in sorted((Path(langdetect.__file__).parent / "profiles").iterdir()):
        profile = json.loads(path.read_text(encoding="utf-8"))
        languages.append(profile["name"])
        for gram, count in profile["freq"].items():
            if 1 <= len(gram) <= 3:
                shares.setdefault(gram, {})[profile["name"]] = count / profile["n_words"][len(gram) - 1]
    characters = np.zeros(CODE_POINTS, dtype=np.int64)
    alphabet = sorted({ord(character) for gram in shares for character in gram} | {SPACE})
    base = len(alphabet) + 2
    characters[:] = base - 1
    characters[alphabet] = np.arange(1, base - 1)
    known = np.zeros(CODE_POINTS, dtype=bool)
    known[[ord(gram) for gram in shares if len(gram) == 1]] = True
    numbered = sorted((_number([int(characters[ord(one)]) for one in gram], base), gram) for gram in shares)
    weights = np.zeros((len(numbered) + 1, len(languages)), dtype=np.int16)
    table = np.full((len(numbered), len(languages)), SMOOTHING)
    places = {name: place for place, name in enumerate(languages)}
    for line, (_, gram) in enumerate(numbered):
        for name, share in shares[gram].items():
            table[line, places[name]] += share
    weights[:-1] = np.round(np.log(table) * SCALE)
    grams, lines = np.full(PLACES_OF_GRAMS, -1), np.full(PLACES_OF_GRAMS, len(numbered))
    for line, (number, _) in enumerate(numbered):
        place = number * MULTIPLIER % 2**64 >> SHIFT
        while grams[place] >= 0:
            place = (place + 1) % PLACES_OF_GRAMS
        grams[place], lines[place] = number, line
    return Profiles(tuple(languages), characters, base, known, grams, lines, weights)


def _lines_of(grams: Any) -> Any:
    """The line of each n-gram, found by linear probing (Knuth, "The Art of Computer Programming", vol. 3, 6.4)."""
    import numpy as np

    profiles = _profiles()
    places = (grams.astype(np.uint64) * np.uint64(MULTIPLIER) >> np.uint64(SHIFT)).astype(np.int64)
    asked = np.arange(len(grams))
    while len(asked):
        there = profiles.grams[places[asked]]
        asked = asked[(there != grams[asked]) & (there >= 0)]
        places[asked] = (places[asked] + 1) % PLACES_OF_GRAMS
    return profiles.lines[places]


def _number(characters: Iterable[int], base: int) -> int:
    number = 0
    for character in characters:
        number = number * base + character
    return number


@cache
def _normalised() -> tuple[Any, Any, Any]:
    """For each code point: what langdetect makes of it, whether that is a capital letter, and whether it was asked."""
    import numpy as np

    return (
        np.zeros(CODE_POINTS, dtype=np.uint32),
        np.zeros(CODE_POINTS, dtype=bool),
        np.zeros(CODE_POINTS, dtype=bool),
    )


def _read(text: str) -> str:
    """What langdetect reads of a text: no addresses, and one code point for a Vietnamese letter."""
    from langdetect.detector import Detector
    from langdetect.utils.ngram import NGram

    if "http" in text:
        text = Detector.URL_RE.sub(" ", text)
    if "@" in text:
        text = Detector.MAIL_RE.sub(" ", text)
    return (text if text.isascii() else NGram.normalize_vi(text))[:LONGEST_READ]


def languages_of(texts: list[str]) -> list[str | None]:
    """The language of each text, None where langdetect finds nothing to go by."""
    found: list[str | None] = []
    for start in range(0, len(texts), TEXTS_AT_ONCE):
        found += _languages_of([_read(text) for text in texts[start : start + TEXTS_AT_ONCE]])
    return found


def _languages_of(texts: list[str]) -> list[str | None]:
    import numpy as np

    profiles = _profiles()
    size = len(texts)
    points = np.frombuffer("".join(" " + text for text in texts).encode("utf-32-le"), dtype=np.uint32)
    lengths = np.array([len(text) + 1 for text in texts])
    owner = np.repeat(np.arange(size), lengths)
    before = np.zeros(len(points), dtype=bool)  # the space in front of each text, which is not of it
    starts = np.cumsum(lengths) - lengths
    before[starts] = True
    kept = _written_in_its_letters(points, owner, starts) | before
    points, owner, before = (one[kept] for one in (points, owner, before))
    letters, capital = _normal(points)
    once = ~((letters == SPACE) & (_shifted(letters, 1) == SPACE))  # langdetect sees one of several spaces
    letters, capital, owner, before = (one[once] for one in (letters, capital, owner, before))
    # Words in capitals are left out from their second letter on.
    place = ~before & ~(capital & _shifted(capital, 1)) & ((letters == SPACE) | profiles.known[letters])
    at, text = _evenly_spaced(np.flatnonzero(place), owner, size)
    numbers = profiles.characters[letters]
    last, middle, first = numbers[at], _shifted(numbers, 1)[at], _shifted(numbers, 2)[at]
    space = profiles.characters[SPACE]
    base = profiles.base
    grams = np.stack([last, middle * base + last, (first * base + middle) * base + last], axis=1)
    nowhere = len(profiles.weights) - 1
    lines = _lines_of(grams.ravel()).reshape(grams.shape)
    lines[last == space, 0] = nowhere
    lines[middle == space, 2] = nowhere
    there = lines != nowhere
    sums = np.zeros((size, len(profiles.languages)), dtype=np.int32)
    for one, begin, count in zip(*np.unique(text, return_index=True, return_counts=True), strict=True):
        sums[one] = profiles.weights[lines[begin : begin + count].ravel()].sum(axis=0, dtype=np.int32)
    told = np.bincount(text, weights=there.any(axis=1), minlength=size) > 0
    best = sums.argmax(axis=1)
    return [profiles.languages[best[one]] if told[one] else None for one in range(size)]


def _shifted(values: Any, by: int) -> Any:
    """Each value's neighbour so many before it; 0 where there is none."""
    import numpy as np

    return np.concatenate([np.zeros(by, dtype=values.dtype), values])[: len(values)]


def _written_in_its_letters(points: Any, owner: Any, starts: Any) -> Any:
    """Leaves Latin letters out of texts that have more than twice as many others (langdetect's `cleaning_text`)."""
    import numpy as np

    latin = (points >= ord("A")) & (points <= ord("z"))
    others = (points >= 0x300) & ((points < 0x1E00) | (points > 0x1EFF))
    if not others.any():
        return np.ones(len(points), dtype=bool)
    counts = [np.add.reduceat(one.view(np.int8), starts, dtype=np.int64) for one in (latin, others)]
    foreign = counts[0] * 2 < counts[1]
    return ~(latin & foreign[owner]) if foreign.any() else np.ones(len(points), dtype=bool)


def _normal(points: Any) -> tuple[Any, Any]:
    """What langdetect makes of the code points, and which of that are capital letters."""
    import numpy as np
    from langdetect.utils.ngram import NGram

    normal, capital, asked = _normalised()
    for point in np.unique(points[~asked[points]]).tolist():
        letter = NGram.normalize(chr(point))
        normal[point], capital[point], asked[point] = ord(letter), letter.isupper(), True
    return normal[points], capital[points]


def _evenly_spaced(places: Any, owner: Any, size: int) -> tuple[Any, Any]:
    """At most `PLACES` places of each text, and the text of each."""
    import numpy as np

    counts = np.bincount(owner[places], minlength=size)
    chosen = np.minimum(counts, PLACES)
    text = np.repeat(np.arange(size), chosen)
    nth = np.arange(len(text)) - (np.cumsum(chosen) - chosen)[text]
    return places[(np.cumsum(counts) - counts)[text] + nth * counts[text] // chosen[text]], text


def language_langdetect(x: str) -> str | None:
    return languages_of([x])[0]


def language_langdetect_column(x: "pl.Expr") -> "pl.Expr":
    import polars as pl

    def run(texts: "pl.Series") -> "pl.Series":
        return pl.Series(languages_of(texts.to_list()), dtype=pl.String)

    return x.map_batches(run, return_dtype=pl.String)


CODES = (
    "af ar bg bn ca cs cy da de el en es et fa fi fr gu he hi hr hu id it ja kn ko lt lv mk ml mr ne nl no pa pl pt ro "
    "ru sk sl so sq sv sw ta te th tl tr uk ur vi zh-cn zh-tw"
)
"""The languages that langdetect tells apart."""


def langdetect_codes() -> tuple[str, ...]:
    return tuple(CODES.split())


LANGDETECT = (
    Builtin(
        "language_langdetect",
        (Parameter("x", TEXT),),
        maybe(TEXT),
        "The code of the language that langdetect 1.0.9 tends to (`en`, `fr`, `zh-cn`), by its profiles and without "
        "its random draws; undecided where it finds nothing to go by. A verdict is unknown without langdetect.",
        language_langdetect,
        language_langdetect_column,
        (
            (("The committee will publish its report in the spring.",), "en"),
            (("Le comit\u00e9 publiera son rapport au printemps prochain.",), "fr"),
            (("12345 !!!",), None),
        ),
        dear=True,
        lacking=langdetect_lacking,
        values=langdetect_codes,
    ),
)
