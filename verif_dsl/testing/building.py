"""From the plan of a text to the text: its words, sentences, lines and paragraphs laid out, and the pieces put in."""

import re
from collections.abc import Sequence, Set
from functools import lru_cache

from verif_dsl.compiler.builtins import BUILTINS
from verif_dsl.compiler.ir import Call, Constant, walk
from verif_dsl.compiler.kinds import BOOL, REGEX
from verif_dsl.compiler.patterns.matcher import find, find_all
from verif_dsl.compiler.patterns.pattern import nullable, parse_pattern
from verif_dsl.testing.choosing import Chooser, Seeded, arranged, dealt
from verif_dsl.testing.facts import Facts, Piece, Trait
from verif_dsl.testing.normal import MANY
from verif_dsl.testing.pattern_texts import anchored, text_for
from verif_dsl.testing.shapes import BLOCKS, LINES, ODD_WORDS, PARAGRAPHS, SENTENCES, WORDS, made_word

CHARACTERS = ("a", "e", "x", "A", "1", "👍", "🎉", ",", "!", "—", "茶", "é")
SHAPES = {
    "chars": CHARACTERS,
    "words": WORDS + ODD_WORDS,
    "sentences": SENTENCES,
    "lines": LINES + SENTENCES,
    "paragraphs": PARAGRAPHS,
}
LEVELS = ("paragraphs", "lines", "sentences", "words")
TRIALS = 3
MANY_DRAWS = 80
"""Of more words or pieces than this, the later ones repeat the earlier ones: nobody learns more from drawing them."""
LINE_START = re.compile(r"\s*(?:[#>|]|[*+\-] |[0-9]+[.)] )")
"""How texts begin that mean something only at the start of a line."""


def words_of(text: str) -> int:
    """How many words a text has."""
    return len(BUILTINS["words"].reference(text))


def build(facts: Facts, chooser: Chooser, unit: str = "response") -> str:
    """A text of the plan; whether it is right in all it leaves open is for the caller to see.

    >>> from verif_dsl.testing.facts import Facts
    >>> build(Facts(sizes={"words": (3, 3), "sentences": (1, 1)}), Seeded(0)).count(" ")
    2
    """
    if facts.equals is not None:
        return facts.equals
    if unit == "words":
        return _word(facts, chooser)
    text = _Page(facts, chooser, unit).text()
    if facts.case:
        text = text.upper() if facts.case == "upper" else text.lower()
    return _fitted(text, facts) if "chars" in facts.sizes else text


def _word(facts: Facts, chooser: Chooser) -> str:
    low, high = facts.sizes.get("chars", (1, MANY))
    known = [one for one in SHAPES["words"] if low <= len(one) <= high and _keeps(facts.pieces, one, whole=True)]
    if facts.starts or facts.ends:
        known = [facts.starts + one + facts.ends for one in ("", "a", "on")]
    for piece in facts.pieces:
        if piece.low > 0 and not known:
            made = _piece_text([piece], facts.pieces, chooser)
            known = [] if made is None else [made]
    word = chooser.pick(known or ["a" * min(max(low, 1), 200)])
    return word.upper() if facts.case == "upper" else word.lower() if facts.case == "lower" else word


def _keeps(pieces: Sequence[Piece], text: str, whole: bool = False) -> bool:
    """Whether a filler brings none of what is limited (or, as a whole, just as many as wanted)."""
    for piece in pieces:
        if piece.high >= MANY and not (whole and piece.low > 0):
            continue
        if piece.kind == "pattern":
            number = _count(piece.source, text)
        elif piece.kind == "text":
            folded = (text.casefold(), piece.source.casefold()) if piece.fold_case else (text, piece.source)
            number = folded[0].count(folded[1]) if piece.source else 0
        else:
            continue
        if not (piece.low <= number <= piece.high if whole else number == 0):
            return False
    return True


def _count(pattern: str, text: str) -> int:
    """How often a pattern matches."""
    if find(pattern, text) is None:
        return 0
    return 1 if nullable(parse_pattern(pattern)) else len(find_all(pattern, text))


def _piece_text(
    group: Sequence[Piece], others: Sequence[Piece], chooser: Chooser, used: Sequence[str] = ()
) -> str | None:
    """A text to put in for a piece, which brings nothing that others limit; None where no such is known.

    It is none of those that are there already, if there are others, for some checks count different ones.
    """
    piece = group[0]
    if piece.kind == "text":
        return piece.source
    traits = [one.trait for one in group if one.trait is not None]
    traits += [one.trait.negated() for one in others if one.trait and one.source == piece.source and one.high == 0]
    known = _items(piece.source, piece.kind, _joined(traits) if traits else None)
    fit = [one for one in known if _keeps(others, one)] or [*known]
    fit = [one for one in fit if one not in used] or fit
    return chooser.pick(fit) if fit else None


@lru_cache(maxsize=4096)
def _items(source: str, kind: str, trait: Trait | None) -> tuple[str, ...]:
    """Matches of a pattern, or blocks, such as a trait asks for; each by itself is one."""
    if kind == "block":
        read = BUILTINS[source].reference
        alone = [one for one in BLOCKS[source] if len(read(one) if source != "spans" else (1,)) == 1]
        return tuple(one for one in alone if trait is None or trait.holds(read(one)[0]))
    made = dict.fromkeys(text_for(source, Seeded(seed)) for seed in range(40))
    if trait is not None:
        made = dict.fromkeys([*made, *_named(trait), *ODD_WORDS, *LINES])
    alone = [
        one
        for one in made
        if one
        and find(source, one) == (0, len(one))
        and _count(source, one) == 1
        and (trait is None or trait.holds(one))
    ]
    alone.sort(key=lambda one: (one.count("\n"), not one.isprintable(), len(one)))
    return tuple(alone[:12])


@lru_cache(maxsize=4096)
def _parts(unit: str, trait: Trait) -> tuple[str | Facts, ...]:
    """Known shapes of a part with a trait, and plans that were seen to give parts with it."""
    plans: list[str | Facts] = []
    for plan in trait.plans()[:8]:
        if all(trait.of_text(build(plan, Seeded(seed), unit)) for seed in range(TRIALS)):
            plans.append(plan)
    return (*plans[:4], *[one for one in (*SHAPES[unit], *_named(trait)) if trait.of_text(one)][:12])


def _named(trait: Trait) -> list[str]:
    """Texts that the condition itself names: its constants, and matches of its patterns."""
    found: list[str] = []
    for node in walk(trait.node):
        match node:
            case Constant(str(pattern), kind) if kind == REGEX:
                found += [text_for(pattern, Seeded(seed)) for seed in range(12)]
            case Constant(str(text)) if text:
                found += [text, text.upper(), f"- {text} one", f"- one {text}", f"{text} one"]
    return list(dict.fromkeys(found))


def part(unit: str, traits: Sequence[Trait], chooser: Chooser) -> str | None:
    """A part of a text that has some traits; None where no way to make one is known."""
    ways = _parts(unit, _joined(traits))
    if not ways:
        return None
    way = chooser.pick(ways)
    return way if isinstance(way, str) else build(way, chooser, unit)


def _joined(traits: Sequence[Trait]) -> Trait:
    first, *rest = traits
    node = first.node
    for one in rest:
        node = Call("and", (node, one.node), BOOL)
    return Trait(node, first.depth, first.source)


def _fitted(text: str, facts: Facts) -> str:
    """The text made longer or shorter until it has as many characters as planned."""
    low, high = facts.sizes["chars"]
    stem = text.rstrip(".")
    ending = text[len(stem) :]
    if len(text) > high:
        kept = stem[: max(high - len(ending), 0)].rstrip()
        text = (kept + ending)[:high]
        stem = text.rstrip(".")
    filler = next((one for one in "aex1" if _keeps(facts.pieces, one)), "a")
    filler = filler.upper() if facts.case == "upper" else filler
    return stem + filler * (low - len(text)) + ending


class _Page:
    """One text on its way."""

    def __init__(self, facts: Facts, chooser: Chooser, unit: str) -> None:
        self.facts, self.chooser, self.unit = facts, chooser, unit
        self.joiner = next((one for one in (" ", "\n", "-") if self.keeps(one)), "")
        self.whole: str | None = None
        self.before = self.behind = ""
        self.fillers = self._fillers()
        self.stop = next((one for one in (".", "!", "。") if self._stops(one)), "")

    def keeps(self, text: str) -> bool:
        return _keeps(self.facts.pieces, text)

    def _stops(self, sign: str) -> bool:
        """Whether sentences may end with a sign."""
        glued = [trait for trait in self.traits("words") if trait.source == "tokens_ws"]
        ended = [one + sign for one in self.fillers[:3]]
        return self.keeps(sign) and all(trait.holds(one) for trait in glued for one in ended)

    def _fits(self, word: str) -> bool:
        """Whether a word may stand anywhere."""
        characters = all(trait.holds(one) for trait in self.traits("chars") for one in word)
        return characters and self.keeps(word) and all(trait.holds(word) for trait in self.traits("words"))

    def _fillers(self) -> list[str]:
        traits = self.traits("words")
        fit = [one for one in WORDS if self._fits(one)]
        if len(fit) >= 5:
            return fit
        fit += [one for one in ODD_WORDS if self._fits(one)]
        if not fit and traits:
            built = (part("words", traits, Seeded(seed)) for seed in range(5))
            fit = [one for one in built if one is not None]
        return fit

    def traits(self, unit: str) -> list[Trait]:
        """What parts have to be that nothing else is said of."""
        rare = [trait.negated() for trait, _, high in self.facts.some.get(unit, ()) if high < MANY]
        return [*self.facts.each.get(unit, ()), *rare]

    def specials(self, unit: str) -> list[str]:
        """The parts that have to be of a kind."""
        found = []
        for trait, low, high in self.facts.some.get(unit, ()):
            for _ in range(self.chooser.integer(max(low, 0), min(high, max(low, 0) + 1))):
                made = part(unit, [trait, *self.facts.each.get(unit, ())], self.chooser)
                found += [] if made is None else [made]
        return found

    def fixed(self, unit: str) -> dict[int, str]:
        """The parts whose place is given."""
        around = words_of(self.facts.starts), words_of(self.facts.ends)
        return {
            index: build(plan, self.chooser, unit)
            for (of, index), plan in self.facts.at.items()
            # What the text starts and ends with brings its words along.
            if of == unit and not (unit == "words" and (0 <= index < around[0] or -around[1] <= index < 0))
        }

    def text(self) -> str:
        special = {unit: self.specials(unit) for unit in LEVELS}
        fixed = {unit: self.fixed(unit) for unit in LEVELS}
        inline, apart, blocks = self._pieces()
        special["lines"] += apart
        special["paragraphs"] += blocks
        inline += self.specials("chars")
        opaque = {unit: [*special[unit], *fixed[unit].values()] for unit in LEVELS}
        counts = self._counts({unit: len(parts) for unit, parts in opaque.items()})
        brought = sum(words_of(one) for unit in LEVELS for one in (*opaque[unit],))
        brought += sum(map(words_of, inline)) + words_of(self.facts.starts) + words_of(self.facts.ends)

        sentences = counts["sentences"] - sum(len(opaque[unit]) for unit in LEVELS[:3])
        lines = counts["lines"] - len(opaque["lines"]) - len(opaque["paragraphs"])
        most = self.facts.sizes.get("words", (0, MANY))[1]
        number = max(counts["words"] - brought, sentences if brought + sentences <= most else 0, 0)
        if self.traits("sentences"):
            whole = [part("sentences", self.traits("sentences"), self.chooser) for _ in range(max(sentences, 0))]
            composed = [one for one in whole if one is not None]
        else:
            free = sentences - (1 if (self.facts.starts or self.facts.ends) and number == 0 else 0)
            composed = self._sentences(max(free, 0), number, special["words"] + inline, fixed["words"])
        composed = arranged(composed, special["sentences"], fixed["sentences"], self.chooser)
        made_lines = [self.joiner.join(group) for group in dealt(composed, max(lines, 1))] if composed else []
        made_lines = self._whole("lines", made_lines)
        made_lines = arranged(made_lines, special["lines"], fixed["lines"], self.chooser)
        paragraphs = max(counts["paragraphs"] - len(opaque["paragraphs"]), 1)
        composed = ["\n".join(group) for group in dealt(made_lines, paragraphs)] if made_lines else []
        composed = self._whole("paragraphs", composed)
        return self._framed("\n\n".join(arranged(composed, special["paragraphs"], fixed["paragraphs"], self.chooser)))

    def _whole(self, unit: str, made: list[str]) -> list[str]:
        """Parts that have to have traits, made as wholes."""
        traits = self.traits(unit)
        if not traits or self.unit == unit:
            return made
        trait = _joined(traits)
        return [one if trait.holds(one) else part(unit, traits, self.chooser) or one for one in made]

    def _framed(self, text: str) -> str:
        if self.before:
            text = self.before + text
        if self.facts.starts:
            text = self.facts.starts + (self.joiner + text if text else "")
        if self.facts.ends:
            text = (text.rstrip(self.stop) + self.joiner if text else "") + self.facts.ends
        if self.behind:
            text = text.removesuffix(self.stop) + self.behind
        return text if self.whole is None else self.whole

    def _pieces(self) -> tuple[list[str], list[str], list[str]]:
        """The pieces to put among the words, those that stand on lines of their own, and the paragraphs."""
        inline: list[str] = []
        apart: list[str] = []
        blocks: list[str] = []
        for group in self._groups():
            others = [one for one in self.facts.pieces if one not in group]
            low, high = max(one.low for one in group), min(one.high for one in group)
            used: list[str] = []
            for _ in range(self.chooser.integer(low, min(high, low + 1)) if low > 0 else 0):
                repeated = used[-MANY_DRAWS] if len(used) >= MANY_DRAWS else None
                made = repeated or _piece_text(group, others, self.chooser, used)
                if made is None:
                    break
                used.append(made)
                source = group[0].source
                at_start, at_end = anchored(source) if group[0].kind == "pattern" else (False, False)
                if at_start and at_end:
                    self.whole = made
                elif at_start:
                    self.before = made
                elif at_end:
                    self.behind = made
                elif group[0].kind == "block":
                    blocks.append(made)
                elif "\n" in made or LINE_START.match(made) or "\\n)" in source:
                    apart.append(made.strip("\n"))
                else:
                    inline.append(made)
        return inline, apart, blocks

    def _groups(self) -> list[list[Piece]]:
        """The pieces that are wanted, with what else is said of the same: so many, all of them such."""
        groups: dict[tuple[str, str, bool, bool], list[Piece]] = {}
        for one in self.facts.pieces:
            if one.high > 0:
                groups.setdefault((one.source, one.kind, one.whole_word, one.fold_case), []).append(one)
        return list(groups.values())

    def _counts(self, opaque: dict[str, int]) -> dict[str, int]:
        """How many parts of each kind there are: each paragraph a line, each line a sentence, each sentence a word."""
        low = {unit: self.facts.sizes.get(unit, (0, MANY))[0] for unit in LEVELS}
        high = {unit: self.facts.sizes.get(unit, (0, MANY))[1] for unit in LEVELS}
        if self.unit in LEVELS:  # one of its own kind, and of those above
            for unit in LEVELS[: LEVELS.index(self.unit) + 1]:
                high[unit] = 1
        if "chars" in self.facts.sizes:
            high["words"] = min(high["words"], max(self.facts.sizes["chars"][1] // 6, low["words"], 1))
        counts: dict[str, int] = {}
        above = 1
        for place, unit in enumerate(LEVELS):
            least = max(
                low[unit], above if unit != "paragraphs" else 1, sum(opaque[one] for one in LEVELS[: place + 1])
            )
            most = max(min(high[one] for one in LEVELS[place:]), 1)
            usual = {"paragraphs": 2, "lines": above, "sentences": max(2 * above, low["words"] // 12)}.get(
                unit, 6 * above
            )
            least = least if least <= most else max(low[unit], min(least, most))
            above = counts[unit] = self.chooser.integer(least, min(most, max(least, usual)))
        return counts

    def _sentences(self, number: int, words: int, among: list[str], fixed: dict[int, str]) -> list[str]:
        """So many sentences of fillers, with other words and pieces put among them."""
        tokens = self._words(words) if self.fillers else []
        among, rest = among[:MANY_DRAWS], among[MANY_DRAWS:]
        for one in among:
            signs = not any(character.isalnum() for character in one) and one.strip() == one
            if signs and tokens:  # a comma goes with a word
                place = self.chooser.integer(0, len(tokens) - 1)
                tokens[place] += one
            else:
                tokens.insert(self.chooser.integer(0, len(tokens)), one)
        tokens = arranged([*tokens, *rest], [], fixed, self.chooser)
        if not tokens:
            return []
        exact = {*among, *rest}
        return [self._sentence(group, exact, bool(fixed)) for group in dealt(tokens, max(number, 1))]

    def _sentence(self, tokens: list[str], exact: Set[str], fixed: bool) -> str:
        first = tokens[0][:1].upper() + tokens[0][1:]
        if self._fits(first) and not fixed and tokens[0] not in exact:
            tokens = [first, *tokens[1:]]
        return self.joiner.join(tokens) + self.stop

    def _words(self, number: int) -> list[str]:
        if not self.facts.distinct:
            drawn = [self.chooser.pick(self.fillers) for _ in range(min(number, MANY_DRAWS))]
            return [drawn[index % MANY_DRAWS] for index in range(number)]
        distinct = list(dict.fromkeys(one.casefold() for one in self.fillers if "'" not in one and "-" not in one))
        return (distinct + [made_word(index) for index in range(max(number - len(distinct), 0))])[:number]
