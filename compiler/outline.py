"""The clauses and items of a text, found without parsing it: also where the text does not follow the grammar.

Clause keywords are reserved words, so that one outside texts and comments starts a clause wherever it stands. What is
said about a mistake, and how much of the text is set aside because of it, goes by these parts.

>>> text = 'constraint c { check a && b accept "check" }'
>>> [(part.word, text[part.span.start : part.span.end]) for part in Outline(text).parts]
[('constraint', 'constraint c {'), ('check', 'check a && b '), ('accept', 'accept "check" ')]
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from verif_dsl.compiler.source import Span

ITEM_WORDS = frozenset({"constraint", "spec", "define"})
CLAUSE_WORDS = frozenset(
    """doc tags deprecated param require given let instruct feedback check judge accept reject use reward""".split()  # noqa: SIM905
)
JUDGE_WORDS = frozenset({"ask", "scale", "anchor", "pass", "show", "unknown"})
"""What starts an entry in the block of a `judge`. They are no reserved words."""
NAMING_WORDS = ITEM_WORDS | {"param", "let", "given", "as"}
"""After one of these stands a name, whatever it is spelt like."""

BRACKETS = {")": "(", "]": "[", "}": "{"}

TokenKind = Literal["text", "word", "mark"]

_TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
      | (?P<text>'''(?:[^']|'[^']|''[^'])*'''|(?:\bre)?"(?:[^"\\\n]|\\[^\n])*"|"[^\n]*)
      | (?P<word>[^\W\d]\w*)
      | (?P<mark>.)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a text (one that nothing closes runs to the end of its line), or any other character."""

    kind: TokenKind
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Item:
    """A constraint, a spec or a definition, up to its closing brace or to the next item."""

    word: str
    span: Span


@dataclass(frozen=True, slots=True)
class Part:
    """A clause, or the head of an item up to its `{`; `word` is its keyword, empty where it starts with none."""

    word: str
    span: Span
    item: Item


@dataclass(frozen=True)
class Outline:
    """What a text consists of."""

    text: str

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """All tokens, without spaces and comments."""
        return tuple(
            Token(match.lastgroup, match[0], Span(*match.span()))  # type: ignore[arg-type]
            for match in _TOKEN.finditer(self.text)
            if match.lastgroup != "space"
        )

    @cached_property
    def _token_starts(self) -> list[int]:
        return [token.span.start for token in self.tokens]

    @cached_property
    def starts(self) -> dict[int, str]:
        """Where items and clauses start, and with which keyword."""
        return dict(self._find_starts())

    def _find_starts(self) -> Iterator[tuple[int, str]]:
        clause, before = "", None
        for token in self.tokens:
            named = before is not None and before.text in NAMING_WORDS
            replacement = clause == "deprecated" and token.text == "use"  # `deprecated "..." use other`
            if token.kind == "word" and token.text in ITEM_WORDS | CLAUSE_WORDS and not named and not replacement:
                clause = token.text
                yield token.span.start, clause
            before = token

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Clauses and heads, in order; what stands outside of all items is in none."""
        found: list[Part] = []
        for item in self.items:
            edges: list[tuple[int, str]] = []
            depth = 0
            for token in self.tokens_in(item.span):
                start = token.span.start
                if start in self.starts:
                    edges.append((start, token.text))
                depth += (token.text == "{") - (token.text == "}")
                if token.text == "{" and depth == 1:
                    edges.append((token.span.end, ""))
                if token.text == "}" and depth <= 0:
                    edges.append((start, "}"))
            ends = [*(start for start, _ in edges[1:]), item.span.end]
            found += [
                Part(word, Span(start, end), item)
                for (start, word), end in zip(edges, ends, strict=True)
                if word != "}" and (word or self.text[start:end].strip())
            ]
        return tuple(found)

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """Constraints, specs and definitions, in order."""
        starts = list(self.starts.items())
        following = [*(word for _, word in starts[1:]), ""]
        heads = [
            (start, word)
            for (start, word), after in zip(starts, following, strict=False)
            # A `define` that clauses follow stands inside a constraint, by mistake, and is one of its clauses.
            if word in ITEM_WORDS and not (word == "define" and after in CLAUSE_WORDS)
        ]
        ends = [*(start for start, _ in heads[1:]), len(self.text)]
        return tuple(
            Item(word, Span(start, self._closing(start, end))) for (start, word), end in zip(heads, ends, strict=False)
        )

    def _closing(self, start: int, end: int) -> int:
        depth = 0
        for token in self.tokens_in(Span(start, end)):
            depth += (token.text == "{") - (token.text == "}")
            if token.text == "}" and depth <= 0:
                return token.span.end
        return end

    def tokens_in(self, span: Span) -> Iterator[Token]:
        """The tokens that start in a span."""
        first = bisect_left(self._token_starts, span.start)
        return iter(self.tokens[first : bisect_left(self._token_starts, span.end)])

    def part_at(self, offset: int) -> Part | None:
        """The part that a place is in."""
        return next((part for part in self.parts if part.span.start <= offset < part.span.end), None)

    def end_of_entry(self, start: int, part: Part) -> int:
        """Where an entry of a `judge` block ends that starts at a place: at the next entry, or the end of the block.

        >>> outline = Outline('constraint c { judge { aks "?" scale 1 to 5 } accept "a" }')
        >>> outline.end_of_entry(23, outline.parts[1])
        31
        """
        for token in self.tokens_in(Span(start + 1, part.span.end)):
            if token.text == "}" or (token.kind == "word" and token.text in JUDGE_WORDS):
                return token.span.start
        return part.span.end

    def balanced(self, span: Span) -> Span:
        """A span up to the first brace that closes what is not opened in it.

        >>> Outline('feedback "x" } accept').balanced(Span(0, 21))
        Span(start=0, end=13)
        """
        depth = 0
        for token in self.tokens_in(span):
            depth += (token.text == "{") - (token.text == "}")
            if depth < 0:
                return Span(span.start, token.span.start)
        return span

    def unclosed(self, span: Span) -> Token | None:
        """The innermost bracket that is opened in a span and not closed there.

        >>> Outline("len(words(response)").unclosed(Span(0, 19)).span
        Span(start=3, end=4)
        """
        open_brackets: list[Token] = []
        for token in self.tokens_in(span):
            if token.text in BRACKETS.values():
                open_brackets.append(token)
            elif open_brackets and BRACKETS.get(token.text) == open_brackets[-1].text:
                open_brackets.pop()
        return open_brackets[-1] if open_brackets else None
