"""A text of an example made fit for other arguments: their texts in place of its own, and as many of a list's."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from verif_dsl.compiler.ir import Value

WAYS = 4
"""How many guesses there are of what stands between the items of a list where an example has only one."""


def adapted(text: str, own: Mapping[str, Value], others: Mapping[str, Value]) -> Iterator[str]:
    """A text that goes with some arguments, as it might be for others; likely ones first.

    >>> next(adapted('{"a": 1, "b": 2}', {"keys": ("a", "b")}, {"keys": ("x", "y", "z")}))
    '{"x": 1, "y": 1, "z": 2}'
    """
    seen = {text}
    for numbers in (False, True):
        for way in range(WAYS):
            changed = text
            for name, value in others.items():
                changed = _exchanged(changed, own.get(name), value, way, numbers)
            if changed not in seen:
                seen.add(changed)
                yield changed


def _exchanged(text: str, old: Value, new: Value, way: int, numbers: bool) -> str:
    match old, new:
        case int(), int() if numbers:
            return re.sub(rf"(?<!\d){old}(?!\d)", str(new), text)
        case str(), str() if old:
            return _with_items(text, [old], [new], way)
        case tuple(), tuple():
            before, after = ([one for one in items if isinstance(one, str) and one] for items in (old, new))
            return _with_items(text, before, after, way) if before else text
    return text


def _with_items(text: str, old: Sequence[str], new: Sequence[str], way: int) -> str:
    """The items of one list in place of those of another, wherever all of these stand one after another."""
    known = {one.casefold(): one for one in old}
    made, place = [], 0
    for run in _runs([*re.finditer(_pattern(old), text)]):
        if len(run) < len(known):
            continue
        gaps = [text[one.end() : other.start()] for one, other in pairwise(run)] or [_gap(text, run[0], way)]
        made.append(text[place : run[0].start()])
        for index, item in enumerate(new):
            found = run[min(index, len(run) - 1)][0]
            made.append(gaps[min(index, len(gaps)) - 1] if index else "")
            made.append(_styled(item, known[found.casefold()], found))
        place = run[-1].end()
    return "".join(made) + text[place:]


def _pattern(texts: Sequence[str]) -> str:
    """Any of some texts, in any case, and not inside a word."""
    parts = (
        (r"(?<!\w)" if one[0].isalnum() else "") + re.escape(one) + (r"(?!\w)" if one[-1].isalnum() else "")
        for one in sorted(texts, key=len, reverse=True)
    )
    return f"(?i:{'|'.join(parts)})"


def _runs(found: list[re.Match[str]]) -> list[list[re.Match[str]]]:
    """What was found, cut before each one that comes again."""
    runs: list[list[re.Match[str]]] = []
    for one in found:
        if not runs or one[0].casefold() in {other[0].casefold() for other in runs[-1]}:
            runs.append([])
        runs[-1].append(one)
    return runs


def _gap(text: str, only: re.Match[str], way: int) -> str:
    """What may stand between the only item of a list and one more.

    >>> text = '{"a": 1}'
    >>> _gap(text, re.search("a", text), 0)
    '": 1, "'
    """
    before, after = text[: only.start()].rpartition("\n")[2], text[only.end() :].partition("\n")[0]
    return (f"{after[:-1]}, {before[1:]}", f"{after}\n{before}", ", ", " ")[way]


def _styled(new: str, old: str, found: str) -> str:
    """A text in the case in which another was found."""
    styles = (style for style in (str, str.lower, str.upper, str.capitalize) if style(old) == found)
    return next(styles, str)(new)
