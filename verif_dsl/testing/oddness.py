"""How odd a response looks beside the examples of a constraint, so that of several the plainest is shown."""

import re
from collections import Counter
from collections.abc import Iterable

CHUNK = re.compile(r"\S+|[^\S ]\s*| \s+")
"""What stands between two spaces, and blanks other than a single space."""

MARKS = ".,!?;:\"'*_()-"
"""What may stand around a word and leave it the word that it is."""

AGAIN, NEW, GLUED, RAGGED = 1, 2, 3, 2
"""What counts: a known word once more or with other marks, a new one, two known ones glued, and blanks at the ends."""


class Oddness:
    """How odd texts are beside some that are plain: whatever none of these has, or has as often, counts.

    >>> odd = Oddness(["Tea is hot.", "Coffee is not."])
    >>> odd("Coffee is hot."), odd("Is tea hot?"), odd("Tea is hot hot!"), odd("Tea is coffeehot.")
    (0, 3, 2, 3)
    """

    def __init__(self, plain: Iterable[str]) -> None:
        self.chunks: Counter[str] = Counter()
        for text in plain:
            self.chunks |= Counter(CHUNK.findall(text))
        self.words = {_word(chunk) for chunk in self.chunks}

    def __call__(self, text: str) -> int:
        more = Counter(CHUNK.findall(text)) - self.chunks
        ragged = RAGGED if text != text.strip() else 0
        return ragged + sum(times * self._cost(chunk) for chunk, times in more.items())

    def _cost(self, chunk: str) -> int:
        word = _word(chunk)
        if word in self.words:
            return AGAIN
        glued = any(one and word.startswith(one) and _word(word[len(one) :]) in self.words for one in self.words)
        return GLUED if glued else NEW


def _word(chunk: str) -> str:
    return chunk.strip(MARKS).casefold()
