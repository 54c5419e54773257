r"""Sets of code points as sorted ranges, and the Unicode properties that `\p{...}` may name.

Engines disagree about `\w`, `\d`, `\s` and even about `\p{L}` (each has its own Unicode tables), so a class is always
spelled out as explicit ranges from the tables in `unicode.toml`, and every back end receives those same ranges. Those
tables are not this Python's, so a verdict does not depend on where it is reached; what does follow the running Python
is NFC and the case mappings of the builtins.
"""

import sys
import tomllib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import Any

Ranges = tuple[tuple[int, int], ...]
"""Inclusive, sorted, disjoint and not adjacent."""

LAST = sys.maxunicode
SURROGATES = (0xD800, 0xDFFF)

WHITE_SPACE: Ranges = (
    (0x09, 0x0D), (0x20, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A),
    (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000),
)  # fmt: skip
"""The White_Space property (Unicode PropList.txt), which has not changed since Unicode 6.3."""

EMOJI: Ranges = (
    (0xA9, 0xA9), (0xAE, 0xAE), (0x203C, 0x203C), (0x2049, 0x2049), (0x2122, 0x2122), (0x2139, 0x2139),
    (0x2194, 0x2199), (0x21A9, 0x21AA), (0x231A, 0x231B), (0x2328, 0x2328), (0x23CF, 0x23CF), (0x23E9, 0x23F3),
    (0x23F8, 0x23FA), (0x24C2, 0x24C2), (0x25AA, 0x25AB), (0x25B6, 0x25B6), (0x25C0, 0x25C0), (0x25FB, 0x25FE),
    (0x2600, 0x2605), (0x2607, 0x2612), (0x2614, 0x2685), (0x2690, 0x2705), (0x2708, 0x2712), (0x2714, 0x2714),
    (0x2716, 0x2716), (0x271D, 0x271D), (0x2721, 0x2721), (0x2728, 0x2728), (0x2733, 0x2734), (0x2744, 0x2744),
    (0x2747, 0x2747), (0x274C, 0x274C), (0x274E, 0x274E), (0x2753, 0x2755), (0x2757, 0x2757), (0x2763, 0x2767),
    (0x2795, 0x2797), (0x27A1, 0x27A1), (0x27B0, 0x27B0), (0x27BF, 0x27BF), (0x2934, 0x2935), (0x2B05, 0x2B07),
    (0x2B1B, 0x2B1C), (0x2B50, 0x2B50), (0x2B55, 0x2B55), (0x3030, 0x3030), (0x303D, 0x303D), (0x3297, 0x3297),
    (0x3299, 0x3299), (0x1F000, 0x1F0FF), (0x1F10D, 0x1F10F), (0x1F12F, 0x1F12F), (0x1F16C, 0x1F171),
    (0x1F17E, 0x1F17F), (0x1F18E, 0x1F18E), (0x1F191, 0x1F19A), (0x1F1AD, 0x1F1E5), (0x1F201, 0x1F20F),
    (0x1F21A, 0x1F21A), (0x1F22F, 0x1F22F), (0x1F232, 0x1F23A), (0x1F23C, 0x1F23F), (0x1F249, 0x1F3FA),
    (0x1F400, 0x1F53D), (0x1F546, 0x1F64F), (0x1F680, 0x1F6FF), (0x1F774, 0x1F77F), (0x1F7D5, 0x1F7FF),
    (0x1F80C, 0x1F80F), (0x1F848, 0x1F84F), (0x1F85A, 0x1F85F), (0x1F888, 0x1F88F), (0x1F8AE, 0x1F8FF),
    (0x1F90C, 0x1F93A), (0x1F93C, 0x1F945), (0x1F947, 0x1FAFF), (0x1FC00, 0x1FFFD),
)  # fmt: skip
"""Extended_Pictographic (Unicode emoji-data.txt 15.1), which names a block once for all versions to come."""

REGIONAL: Ranges = ((0x1F1E6, 0x1F1FF),)


def normalise(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Sorted, merged ranges.

    >>> normalise([(5, 9), (1, 4), (20, 20)])
    ((1, 9), (20, 20))
    """
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return tuple(merged)


def complement(ranges: Ranges) -> Ranges:
    """Every code point that can stand in a text (no surrogates) and is not in `ranges`.

    >>> complement(((0, 0xD7FF), (0xE000, 0x10FFFE)))
    ((1114111, 1114111),)
    """
    out, start = [], 0
    for low, high in normalise([*ranges, SURROGATES]):
        if start < low:
            out.append((start, low - 1))
        start = high + 1
    if start <= LAST:
        out.append((start, LAST))
    return tuple(out)


def contains(ranges: Ranges, character: str) -> bool:
    """Whether one character is in the set.

    >>> contains(((97, 122),), "k")
    True
    """
    point = ord(character)
    index = bisect_right(ranges, (point, LAST)) - 1
    return index >= 0 and point <= ranges[index][1]


@cache
def _tables() -> dict[str, Any]:
    """What `unicode_tables` wrote."""
    return tomllib.loads(files("verif_dsl.compiler.patterns").joinpath("unicode.toml").read_text(encoding="utf-8"))


def unicode_version() -> str:
    """The version of Unicode that the tables are from."""
    version: str = _tables()["version"]
    return version


@cache
def _categories() -> dict[str, Ranges]:
    """General categories, two-letter and one-letter; Cs is none of them, since no text holds a surrogate."""
    found: dict[str, Ranges] = {}
    for name, written in _tables()["categories"].items():
        pairs = (pair.partition("-") for pair in written.split())
        found[name] = tuple((int(low, 16), int(high or low, 16)) for low, _, high in pairs)
    found["Cn"] = complement(normalise(chain.from_iterable(found.values())))
    for letter in sorted({name[0] for name in found}):
        found[letter] = normalise(chain.from_iterable(found[name] for name in list(found) if name[0] == letter))
    return found


NAMED: dict[str, Ranges] = {
    "White_Space": WHITE_SPACE,
    "Extended_Pictographic": EMOJI,
    "Regional_Indicator": REGIONAL,
}


def property_names() -> list[str]:
    r"""Every name that `\p{...}` accepts."""
    return sorted([*_categories(), *NAMED])


def of_property(name: str) -> Ranges | None:
    r"""The set a `\p{name}` stands for, or None when there is no such property.

    >>> contains(of_property("Lu"), "Ж")
    True
    """
    return NAMED.get(name) or _categories().get(name)


@cache
def _fold_orbits() -> dict[int, Ranges]:
    """Code points that simple case folding treats as one (Unicode CaseFolding.txt, status C and S), in order."""
    orbits = ([int(point, 16) for point in orbit.split("/")] for orbit in _tables()["case"]["orbits"].split())
    return dict(sorted((point, tuple((other, other) for other in orbit)) for orbit in orbits for point in orbit))


def fold_case(ranges: Ranges) -> Ranges:
    """The set closed under simple case folding, for `(?i)`.

    >>> fold_case(((107, 107),))
    ((75, 75), (107, 107), (8490, 8490))
    """
    orbits = _fold_orbits()
    points = list(orbits)
    inside = (points[bisect_left(points, low) : bisect_right(points, high)] for low, high in ranges)
    return normalise([*ranges, *chain.from_iterable(orbits[point] for point in chain.from_iterable(inside))])
