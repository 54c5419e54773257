"""Responses that no plan gives: texts changed step by step, each step nearer to the verdict that is wanted."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from random import Random

from verif_dsl.compiler.backends.reference import Row
from verif_dsl.compiler.ir import Call, Constant, Node, walk
from verif_dsl.compiler.kinds import REGEX
from verif_dsl.compiler.texts import is_blank, prepare
from verif_dsl.testing.choosing import Seeded
from verif_dsl.testing.distance import distance
from verif_dsl.testing.edits import edits
from verif_dsl.testing.pattern_texts import text_for

PATIENCE = 1200
"""Texts that are looked at without one that is nearer."""

LOOKS = 8000
"""Texts that are looked at in all."""

STARTS = 2
"""Texts to set out from, of each sort."""

LONGEST = 3000
"""Characters that a text on the way has at most."""

PARTS, TOKENS, STRETCH = 24, 40, 8
"""Parts that are put in; words and signs that are changed one by one; how many of these are doubled together."""

AT_ONCE = 400
"""Changes of one kind that are looked at before those of other kinds."""

TOKEN = re.compile(r'"[^"\n]*"|-?\d[\d.]*\w*|\w+|\n+|[^\w\n]')
JOINTS = (" ", "", ", ", "\n")
LITERALS = ("{}", "[]", '""', "true", "1", "1.5", "null")
"""What JSON is made of."""


def search(check: Node, want: bool, near: Sequence[str]) -> str | None:
    """A text for which a check comes out as wanted; None where none was found.

    It sets out from the best of some texts that are likely to be near, and of what the check names.

    >>> from verif_dsl.compiler.ir import Input
    >>> from verif_dsl.compiler.kinds import BOOL, INT, TEXT, list_of
    >>> words = Call("len", (Call("words", (Input("response"),), list_of(TEXT)),), INT)
    >>> len(search(Call("==", (words, Constant(4, INT)), BOOL), True, ["So it is"]).split())
    4
    """
    far = _Measure(check, want)
    parts = parts_of(check)

    def best(texts: Sequence[str]) -> list[str]:
        usable = [one for one in dict.fromkeys(map(prepare, texts)) if far.fits(one)]
        return sorted(usable, key=lambda one: (far(one), len(one)))[:STARTS]

    for start in (*best(near), *best([*lists_of(check), *parts])):
        if (found := _climb(start, far, parts)) is not None:
            return found
    return None


class _Measure:
    """How far texts are from a verdict, each looked at once."""

    def __init__(self, check: Node, want: bool) -> None:
        self.check, self.want = check, want
        self.known: dict[str, float] = {}

    def __call__(self, text: str) -> float:
        if text not in self.known:
            self.known[text] = distance(self.check, self.want, Row(text))
        return self.known[text]

    def fits(self, text: str) -> bool:
        return len(text) <= LONGEST and not is_blank(text)


def _climb(text: str, far: _Measure, parts: Sequence[str]) -> str | None:
    """The first text at the goal on a way on which each is nearer to it than the one before."""
    moves = [*MOVES]
    while far(text) > 0:
        found = _nearer(text, far, moves, parts, min(len(far.known) + PATIENCE, LOOKS))
        if found is None:
            return None
        text, move = found
        moves.remove(move)
        moves.insert(0, move)  # what helped once may help again: one more item, and one more
    return text


def _nearer(
    text: str, far: _Measure, moves: "list[Move]", parts: Sequence[str], most: int
) -> "tuple[str, Move] | None":
    """A text near one that is nearer to the goal, and the move to it."""
    for one, move in _changes(text, moves, parts):
        if len(far.known) >= most:
            return None
        if far.fits(one) and far(one) < far(text):
            return one, move
    return None


def _changes(text: str, moves: "list[Move]", parts: Sequence[str]) -> "Iterator[tuple[str, Move]]":
    """What the moves make of a text: first a good many of the first move, then of all in turn."""
    pools = []
    for move in moves:
        changed = [*dict.fromkeys(move(text, parts))]
        Random(text).shuffle(changed)  # those at the beginning of a text are no better than others
        pools.append([(prepare(one), move) for one in changed])
    yield from pools[0][:AT_ONCE]
    for several in zip_longest(*pools):
        yield from (one for one in several if one is not None)


def parts_of(check: Node) -> list[str]:
    """What a check names: its texts, items of its lists, its numbers, matches of its patterns."""
    found: dict[str, None] = {}
    for node in walk(check):
        match node:
            case Constant(str(pattern), kind) if kind == REGEX:
                found.update(dict.fromkeys(text_for(pattern, Seeded(seed)) for seed in range(2)))
            case Constant(tuple(items)):
                found.update(dict.fromkeys(str(one) for one in items if isinstance(one, str | int)))
            case Constant(str() | int() as value) if not isinstance(value, bool):
                found[str(value)] = None
            case Call(name) if name.startswith("json"):
                found.update(dict.fromkeys(LITERALS))
    return [one for one in found if one.strip()][:PARTS]


def lists_of(check: Node) -> list[str]:
    """The lists that a check names, as texts: their items side by side, forwards and backwards."""
    found = []
    for node in walk(check):
        match node:
            case Constant(tuple(items)):
                texts = [str(one) for one in items if isinstance(one, str | int)]
                found += [joint.join(order) for order in (texts, texts[::-1]) for joint in JOINTS]
    return found


# ------------------------------------------------------------------------------------------------------------- moves


def _pieces(text: str, parts: Sequence[str]) -> Iterator[str]:
    """A piece between two signs or parts doubled, gone, or followed by the next of its kind: after `1.` comes `2.`."""
    for between in ("\n\n", "\n", " ", ", ", ",", *parts):
        pieces = text.split(between)
        if len(pieces) < 2 and between != "\n":
            continue
        for index, piece in list(enumerate(pieces))[:TOKENS]:
            before, after = pieces[:index], pieces[index + 1 :]
            for more in ([], [piece, piece], [piece, _following(piece)]):
                yield between.join([*before, *more, *after])


def _following(piece: str) -> str:
    """The piece with the next numbers and letters: `B) 3` after `A) 2`.

    >>> _following("Question 9: A) yes")
    'Question 10: B) yes'
    """
    piece = re.sub(r"(?<!\d)\d{1,9}(?!\d)", lambda found: str(int(found[0]) + 1), piece)
    return re.sub(r"\b[A-Ya-y](?=[.):])", lambda found: chr(ord(found[0]) + 1), piece)


def _stretches(text: str, _: Sequence[str]) -> Iterator[str]:
    """A few words and signs doubled, or left out."""
    ends = [0, *(one.end() for one in TOKEN.finditer(text))][: TOKENS + 1]
    for place, start in enumerate(ends):
        for end in ends[place + 1 : place + 1 + STRETCH]:
            yield text[:end] + text[start:end] + text[end:]
            yield text[:start] + text[end:]


def _exchanged(text: str, parts: Sequence[str]) -> Iterator[str]:
    """A part in place of a word or sign."""
    for one in [*TOKEN.finditer(text)][:TOKENS]:
        yield from (text[: one.start()] + part + text[one.end() :] for part in parts)


def _inserted(text: str, parts: Sequence[str]) -> Iterator[str]:
    """A part before a word or sign."""
    for one in [*TOKEN.finditer(text)][:TOKENS]:
        yield from (text[: one.start()] + part + text[one.start() :] for part in parts)


def _columns(text: str, _: Sequence[str]) -> Iterator[str]:
    """A cell of each line, or of each but the first, doubled or left out."""
    for between in (",", "|", "\t"):
        rows = [line.split(between) for line in text.split("\n")]
        for first in (0, 1):
            for more in (0, 2):
                changed = [
                    [*cells[:1], *cells[1:2] * more, *cells[2:]] if len(cells) > 1 and place >= first else cells
                    for place, cells in enumerate(rows)
                ]
                yield "\n".join(between.join(cells) for cells in changed)


Move = Callable[[str, Sequence[str]], Iterator[str]]

MOVES: tuple[Move, ...] = (_pieces, _columns, _exchanged, _inserted, _stretches, edits)
"""Each yields texts that differ from one a little."""
