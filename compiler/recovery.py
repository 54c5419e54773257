"""All mistakes of a text that does not parse: each one sets aside the clause it is in, and the rest is read again.

What is set aside becomes spaces, so that every place stays where it is. Mistakes that only come of it (a constraint now
without its check, a name whose definition is gone) are told apart by `Recovered.follows`, and not reported.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise

from lark.exceptions import UnexpectedInput

from verif_dsl.compiler.diagnostics import Diagnostic, SourceError, nearest
from verif_dsl.compiler.outline import CLAUSE_WORDS, ITEM_WORDS, NAMING_WORDS, Item, Outline, Part
from verif_dsl.compiler.parser import build_tree, parser, read
from verif_dsl.compiler.source import Source, Span
from verif_dsl.compiler.syntax_errors import explain, open_judge, stop_of

MOST_RECOVERIES = 20
"""How often the rest is read again; more mistakes than these are for the next run."""

MOST_READ = 1_000_000
"""Characters read again in all, so that a large hostile file costs no more than a few files of honest size."""


@dataclass
class Recovered:
    """What was found wrong, and what is left of the text.

    `source` has the places of the original. `parses` tells whether it follows the grammar by now.
    """

    source: Source
    parses: bool = False
    diagnostics: list[Diagnostic] = field(default_factory=list)
    _lost_names: set[str] = field(default_factory=set)
    _damaged: list[Item] = field(default_factory=list)
    _touched: list[Span] = field(default_factory=list)

    def follows(self, diagnostic: Diagnostic) -> bool:
        """Whether a later mistake may only come of what was set aside."""
        span = diagnostic.span
        if any(touched.start <= span.start < touched.end for touched in self._touched):
            return True
        if diagnostic.code in ("V0206", "V0302") and any(self._heads(item, span) for item in self._damaged):
            return True
        if diagnostic.code == "V0206" and any(self._judges(item, span) for item in self._damaged):
            return True
        if diagnostic.code == "V0401" and any(self._in_spec(item, span) for item in self._damaged):
            return True  # what the spec has lost may be the use that fails on its `reject`
        quoted = " ".join(re.findall(r"`[^`]*`|\w+ =", diagnostic.message))
        named = re.findall(r"\w+", f"{quoted} {self.source.text[span.start : span.end]}")
        return not self._lost_names.isdisjoint(named)

    def _heads(self, item: Item, span: Span) -> bool:
        """Whether a place is in the head of an item, where what it lacks is reported."""
        opening = self.source.text.find("{", item.span.start, item.span.end)
        return item.span.start <= span.start < (item.span.end if opening < 0 else opening)

    def _judges(self, item: Item, span: Span) -> bool:
        """Whether a place is at a `judge` of an item, where what the judge lacks is reported."""
        return item.span.start <= span.start < item.span.end and self.source.text.startswith("judge", span.start)

    def _in_spec(self, item: Item, span: Span) -> bool:
        return item.word == "spec" and item.span.start <= span.start < item.span.end

    def remove(self, spans: Iterable[Span]) -> None:
        """Sets parts of the text aside."""
        for span in spans:
            self._forget(self.source.text[span.start : span.end])
            self.write(re.sub(r"\S", " ", self.source.text[span.start : span.end]), span)

    def write(self, text: str, span: Span) -> None:
        """Puts a text in the place of another."""
        before, after = self.source.text[: span.start], self.source.text[span.end :]
        self.source = replace(self.source, text=before + text + after)

    def damage(self, item: Item | None, touched: Span | None = None) -> None:
        """Remembers that an item lacks something from now on."""
        if item:
            self._damaged.append(item)
        if touched:
            self._touched.append(touched)

    def _forget(self, text: str) -> None:
        """Names that the text may have defined: after a keyword that names, or after one that was misspelt."""
        words = [token.text for token in Outline(text).tokens if token.kind == "word"]
        naming = [after for word, after in pairwise(words) if word in NAMING_WORDS]
        misspelt = words[1:2] if words and words[0] not in CLAUSE_WORDS | ITEM_WORDS else []
        self._lost_names.update(naming, misspelt)


def recover(source: Source) -> Recovered:
    """Everything that keeps a text from being read, and what is left without it.

    >>> found = recover(Source("a.vif", 'constraint c { check true && false accept "a" reject b }'))
    >>> [one.hint for one in found.diagnostics]
    ['write `and`', 'texts stand in double quotes: "..."']
    >>> found.source.text.split()
    ['constraint', 'c', '{', 'accept', '"a"', '}']
    """
    state = Recovered(source)
    for attempt in range(MOST_RECOVERIES):
        if attempt and attempt * len(source.text) > MOST_READ:
            break
        text = state.source.text
        try:
            build_tree(state.source, read(state.source))
        except UnexpectedInput as error:
            _set_aside(error, state)
        except SourceError as error:
            state.diagnostics += error.diagnostics
            if not text.strip() or len(text) > 2 * len(source.text) + MOST_RECOVERIES:
                break
            outline = Outline(text)
            for one in error.diagnostics:
                _remove_around(one.span, outline, state)
        else:
            state.parses = True
            break
        if state.source.text == text:  # nothing left to set aside: never twice the same mistake
            break
    state.diagnostics.sort(key=lambda one: one.span)
    return state


def _set_aside(error: UnexpectedInput, state: Recovered) -> None:
    """Reports where Lark stopped, and changes the text so that it gets further."""
    outline = Outline(state.source.text)
    diagnostic = explain(error, state.source, parser())
    stop = stop_of(error, outline)
    if stop is None:
        _at_end(error, diagnostic, outline, state)
        return
    state.diagnostics.append(diagnostic)
    part, start = stop.part, stop.start
    starts_item = stop.complete and part and any(item.span.start == start for item in outline.items)
    if (starts_item or open_judge(stop, outline)) and outline.text[start - 1].isspace():
        state.write("}", Span(start - 1, start))  # what is open before this ends here
    elif stop.complete and part and part.word == "judge" and start < part.span.end:
        state.damage(part.item)
        state.remove([Span(start, outline.end_of_entry(start, part))])
    elif stop.complete and part and part.word not in ITEM_WORDS and _is_new_clause(start, stop.found, outline):
        state.damage(part.item)
        following = (at for at in sorted(outline.starts) if at > start)
        last = min(next(following, part.item.span.end), _end_of(part, start, outline))
        state.remove([outline.balanced(Span(start, last))])
    else:
        _remove_around(Span(start, start + 1), outline, state, part)


def _at_end(error: UnexpectedInput, diagnostic: Diagnostic, outline: Outline, state: Recovered) -> None:
    """The end of the file is missing something; that is no news when what stood there has just been set aside."""
    last = outline.items[-1] if outline.items else None
    if not any(item.span.start == last.span.start for item in state._damaged if last):
        state.diagnostics.append(diagnostic)
    if "RBRACE" in error.interactive_parser.accepts():  # type: ignore[no-untyped-call]
        state.write("}", Span(len(outline.text), len(outline.text)))
    elif outline.parts:
        _remove_around(Span(outline.parts[-1].span.start, outline.parts[-1].span.end), outline, state)
    else:
        state.remove([Span(0, len(outline.text))])


def _is_new_clause(start: int, found: str, outline: Outline) -> bool:
    """Whether a word begins a clause (misspelt, or one that belongs elsewhere): the one before is then whole."""
    if not found[0].isalpha():
        return False
    first_of_line = not outline.text[outline.text.rfind("\n", 0, start) + 1 : start].strip()
    return first_of_line or start in outline.starts or nearest(found, CLAUSE_WORDS) is not None


def _end_of(part: Part, start: int, outline: Outline) -> int:
    """Where the part ends that a place is in: it may be the one after `part`."""
    around = outline.part_at(start) or part
    return max(around.span.end, start + 1)


def _remove_around(span: Span, outline: Outline, state: Recovered, part: Part | None = None) -> None:
    """Sets aside the clause at a place; a whole item where its head is wrong; up to the next item outside of items."""
    part = part or outline.part_at(span.start)
    if part is None:
        before = [item for item in outline.items if item.span.end <= span.start]
        after = [item.span.start for item in outline.items if item.span.start > span.start]
        state.damage(before[-1] if before else None)
        state.remove([Span(span.start, after[0] if after else len(outline.text))])
    elif part.word in ITEM_WORDS:
        state.remove([part.item.span])
    else:
        state.damage(part.item)
        state.remove([Span(part.span.start, max(part.span.end, part.span.start + 1))])
