"""A response that keeps every constraint at once, looked for and then proved by the reference evaluator.

It begins with the shortest texts that the patterns of the constraints allow and with the examples of each constraint,
and climbs from there on the number of conditions that hold, by edits that add words, sentences, lines and paragraphs.
"""

from collections.abc import Iterator, Sequence
from itertools import count, islice, product

from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.conflicts.automata import ALL, And, Formula, Linear, Or, Text
from verif_dsl.compiler.conflicts.verdict import Fact, shortest
from verif_dsl.compiler.ir import Call, Constant
from verif_dsl.compiler.patterns.pattern import Sequence as Chain
from verif_dsl.compiler.patterns.pattern import parse_pattern
from verif_dsl.compiler.texts import is_blank, prepare, too_large

MOST_READ = 150_000
"""Characters of candidates that are evaluated, all together; the examples and shortest texts are small."""

LONGEST = 4_000
WIDTH, ROUNDS = 4, 5
SHAPES = (r"[a-z]", r"[a-z]\.$", r"[a-z] [a-z]", r"^[A-Z][a-z]+ [a-z]+\.$", r"[0-9]", r"[.!?]\n\n[A-Z]")
"""Parts that a response is asked to have, each in turn, so that the search begins with different texts."""


def fillers() -> Iterator[str]:
    """Words without end, all different, none of them like another in the next place.

    >>> " ".join(islice(fillers(), 4))
    'bab cab dab fab'
    """
    consonants, vowels = "bcdfghklmnprst", "aeiou"
    for size in count(0):
        for middle in product(consonants, repeat=size):
            for vowel, last in product(vowels, "bcdgklmnprst"):
                for first in consonants:
                    yield first + "".join(f"a{one}" for one in middle) + vowel + last


class Search:
    """What has been tried: each text once, with the number of facts it meets."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self.conditions = [one.condition for one in facts]
        self.known: dict[str, int] = {}
        self.read = 0
        self.found: str | None = None

    def score(self, text: str) -> int:
        """How many conditions a text meets; -1 for one that cannot pass."""
        text = prepare(text)
        if text not in self.known:
            if self.read > MOST_READ or len(text) > LONGEST or is_blank(text) or too_large(text):
                return -1
            self.read += len(text) + 50
            self.known[text] = sum(evaluate(one, Row(text)) is True for one in self.conditions)
            full = self.known[text] == len(self.conditions)
            if full and (self.found is None or len(text) < len(self.found)):
                self.found = text
        return self.known[text]

    def shortest(self) -> str | None:
        """The shortest text so far that meets all conditions."""
        return self.found


def find(facts: Sequence[Fact], examples: Sequence[str]) -> str | None:
    """A text that meets all facts, by the reference evaluator; None where the search finds none.

    Raises `FileNotFoundError` where a condition reads data that is not installed.
    """
    search = Search(facts)
    if not facts:
        return "a"
    seeds: list[str] = []
    for shape in ("", *SHAPES):
        text = shortest(facts, Text(Chain((ALL, parse_pattern(shape), ALL))))
        if text is not None:
            seeds.append(text)
            search.score(text)
    for text in examples:
        seeds.append(text)
        search.score(text)
    if (found := search.shortest()) is not None:
        return found
    sizes = _sizes(facts)
    seeds += [joint.join([part] * number) for part in _repeated(facts) for number in sizes for joint in (" ", "-")]
    seeds += [f"{one}{gap}{other}" for one in seeds[:6] for other in seeds[:6] for gap in (" ", "\n\n") if one != other]
    best = sorted(dict.fromkeys(seeds), key=lambda one: (-search.score(one), len(one)))[:WIDTH]
    for _ in range(ROUNDS):
        tried = list(best)
        for text in best:
            for edited in _edits(text, sizes):
                search.score(edited)
                if (found := search.shortest()) is not None:
                    return found
                tried.append(edited)
        following = sorted(dict.fromkeys(tried), key=lambda one: (-search.score(one), len(one)))[:WIDTH]
        if following == best:
            break
        best = following
    return None


def _sizes(facts: Sequence[Fact]) -> list[int]:
    """The numbers that the facts compare measures with, each with its neighbour."""
    found: set[int] = {1, 2, 3}
    for fact in facts:
        for one in _sums(fact.formula):
            found.update(number for number in (abs(one.bound), abs(one.bound) + 1) if 0 < number <= LONGEST // 4)
    return sorted(found)[:12]


def _repeated(facts: Sequence[Fact]) -> list[str]:
    """The texts whose occurrences the facts count."""
    measures = (node for fact in facts for one in _sums(fact.formula) for node, _ in one.terms)
    found = [one.arguments[1] for one in measures if isinstance(one, Call) and one.builtin == "occurrences"]
    return list(dict.fromkeys(one.value for one in found if isinstance(one, Constant) and isinstance(one.value, str)))[
        :4
    ]


def _sums(formula: Formula) -> Iterator[Linear]:
    match formula:
        case Linear():
            yield formula
        case And(parts) | Or(parts):
            for one in parts:
                yield from _sums(one)


def _edits(text: str, sizes: Sequence[int]) -> Iterator[str]:
    """Texts a step away."""
    yield text.lower()
    yield text.upper()
    yield text + "."
    yield text.replace(",", "")
    words = len(text.split())
    for size in sizes:
        for number in dict.fromkeys((size, size - words)):
            if number > 0:
                for added in _added(number):
                    yield f"{text} {added}"
                    yield f"{added} {text}"
                    middle = text.find(" ", len(text) // 2)
                    if middle > 0:
                        yield f"{text[:middle]} {added}{text[middle:]}"
        yield text + "".join(f"\n\n{one.capitalize()} it." for one in islice(fillers(), size))
        yield text + "".join(f"\n{one}" for one in islice(fillers(), size))


def _added(number: int) -> Iterator[str]:
    words = list(islice(fillers(), number))
    yield " ".join(words)
    yield " ".join(f"{one.capitalize()} it." for one in words)
    yield " ".join(f"{one.capitalize()} it? Yes! It is." for one in words)
