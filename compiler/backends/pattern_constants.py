"""Long patterns as constants of an emitted module, each long class of characters by a name of its own."""

import re
from collections.abc import Iterator, Mapping, Sequence

from verif_dsl.compiler.backends.carried import raw
from verif_dsl.compiler.backends.python_code import STEP, WIDTH

CHUNK = 100
"""Characters of a long pattern on one line."""

LONG_CLASS = re.compile(r"(\[[^\]]{60,}\])")


def pattern_constants(patterns: Mapping[str, str]) -> Iterator[str]:
    """The long patterns, their long classes by names of their own."""
    classes: dict[str, str] = {}
    for name, pattern in patterns.items():
        parts: list[str] = []
        for index, piece in enumerate(LONG_CLASS.split(pattern)):
            is_class = index % 2 == 1
            if is_class and piece not in classes:
                classes[piece] = f"CLASS_{len(classes) + 1}"
                yield _constant(classes[piece], [raw(one) for one in _chunks(piece)], " ")
            parts += [classes[piece]] if is_class else [raw(one) for one in _chunks(piece)]
        yield _constant(name, parts, " + ")


def _constant(name: str, parts: Sequence[str], joint: str) -> str:
    line = f"{name} = {joint.join(parts)}"
    if len(line) <= WIDTH:
        return line
    inside = f"{STEP}{joint.join(parts)}"
    if joint.strip() and len(inside) <= WIDTH:
        return "\n".join([f"{name} = (", inside, ")"])
    lines = [f"{STEP}{joint.lstrip() if index else ''}{one}" for index, one in enumerate(parts)]
    return "\n".join([f"{name} = (", *lines, ")"])


def _chunks(pattern: str) -> list[str]:
    """A pattern cut between its code points."""
    found = [""]
    for piece in re.findall(r"\\x\{[0-9A-F]+\}-?|.", pattern):
        if len(found[-1]) + len(piece) > CHUNK:
            found.append("")
        found[-1] += piece
    return [one for one in found if one]
