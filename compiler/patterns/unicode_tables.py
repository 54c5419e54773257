"""Writes `unicode.toml`, the tables of one version of Unicode that patterns are read with:

    python -m verif_dsl.compiler.patterns.unicode_tables https://www.unicode.org/Public/18.0.0/ucd

The argument is the address of that version's Unicode Character Database; `file:///...` is an address too.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill
from urllib.request import urlopen

from verif_dsl.compiler.patterns.charset import Ranges, normalise

OUTPUT = Path(__file__).with_name("unicode.toml")
HEADER = """\
# Written by the module `unicode_tables` out of the Unicode Character Database, whose licence is
# https://www.unicode.org/license.txt. Code points are in hexadecimal.

version = "{version}"
"""
CATEGORIES = """
# The general categories, but for Cs (surrogates, which no text holds) and Cn (unassigned: all that is not listed).
[categories]
"""
CASE = """
# The sets of code points that simple case folding (status C and S) takes for one another.
[case]
"""


def fields(text: str) -> Iterator[list[str]]:
    """The fields of each line of a file of the database.

    >>> list(fields("# A comment\\n\\n0041; C; 0061; # LATIN CAPITAL LETTER A"))
    [['0041', 'C', '0061', '']]
    """
    for line in text.splitlines():
        content = line.partition("#")[0]
        if content.strip():
            yield [one.strip() for one in content.split(";")]


def categories(text: str) -> dict[str, Ranges]:
    """DerivedGeneralCategory.txt, by category.

    >>> categories("0041..005A ; Lu\\n00C0 ; Lu\\n0378..0379 ; Cn")
    {'Lu': ((65, 90), (192, 192))}
    """
    found: dict[str, list[tuple[int, int]]] = {}
    for points, name in fields(text):
        low, _, high = points.partition("..")
        found.setdefault(name, []).append((int(low, 16), int(high or low, 16)))
    return {name: normalise(found[name]) for name in sorted(found) if name not in ("Cn", "Cs")}


def orbits(text: str) -> list[list[int]]:
    """CaseFolding.txt, as sets of code points with one simple folding.

    >>> orbits("004B; C; 006B;\\n00DF; F; 0073 0073;\\n212A; C; 006B;")
    [[75, 107, 8490]]
    """
    found: dict[int, set[int]] = {}
    for point, status, folded, _ in fields(text):
        if status in ("C", "S"):
            target = int(folded, 16)
            found.setdefault(target, {target}).add(int(point, 16))
    return sorted(map(sorted, found.values()))


def tables(category_text: str, folding_text: str) -> str:
    """The text of `unicode.toml`."""
    # Each begins with its name, as in "# CaseFolding-18.0.0.txt".
    (version,) = {text.partition("-")[2].partition(".txt")[0] for text in (category_text, folding_text)}
    parts = [HEADER.format(version=version), CATEGORIES]
    for name, ranges in categories(category_text).items():
        parts.append(entry(name, (f"{low:X}" if low == high else f"{low:X}-{high:X}" for low, high in ranges)))
    parts += CASE, entry("orbits", ("/".join(f"{point:X}" for point in orbit) for orbit in orbits(folding_text)))
    return "".join(parts)


def entry(name: str, words: Iterator[str]) -> str:
    return f"{name} = '''\n{fill(' '.join(words), width=120, break_on_hyphens=False)}\n'''\n"


def main() -> None:
    names = ("extracted/DerivedGeneralCategory.txt", "CaseFolding.txt")
    texts = []
    for name in names:
        with urlopen(f"{sys.argv[1]}/{name}") as answer:
            texts.append(answer.read().decode("utf-8"))
    OUTPUT.write_text(tables(*texts), encoding="utf-8")


if __name__ == "__main__":
    main()
