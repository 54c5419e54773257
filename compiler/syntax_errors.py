"""Why a text does not parse, in the user's terms: `explain` turns Lark's error into one diagnostic.

What to say comes from `grammar/syntax_errors.toml`, a table of the mistakes that people make.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from lark import Lark
from lark.exceptions import UnexpectedInput, UnexpectedToken

from verif_dsl.compiler.diagnostics import Diagnostic, Note, nearest
from verif_dsl.compiler.outline import ITEM_WORDS, Outline, Part, Token
from verif_dsl.compiler.source import Source, Span

DISPLAY = {
    "NAME": "a name",
    "NUM": "a number",
    "STRING": 'a text ("...")',
    "BLOCK": "a ''' block",
    "REGEX": 'a regular expression (re"...")',
    "ROLE": "`user`, `assistant` or `system`",
    "POLICY": "`mask` or `fail`",
    "POLARITY": "`accept` or `reject`",
    "$END": "the end of the file",
}
KEYWORD_GROUPS = {
    "POLARITY": ("accept", "reject"),
    "ROLE": ("user", "assistant", "system"),
    "POLICY": ("mask", "fail"),
}
MANY = 6


@dataclass(frozen=True, slots=True)
class Mistake:
    """One entry of the table: how the mistake is recognised, and what to say about it.

    `stop` matches the text from where the parser stopped, and is what the diagnostic marks. `before` matches what
    stands before it, back to the start of the clause. `complete` says whether a clause could end there.
    """

    stop: re.Pattern[str]
    before: re.Pattern[str] | None
    complete: bool | None
    message: str
    hint: str
    examples: tuple[str, ...]


@cache
def mistakes() -> tuple[Mistake, ...]:
    """The table; of the entries that fit, the first one speaks."""
    text = files("verif_dsl.grammar").joinpath("syntax_errors.toml").read_text(encoding="utf-8")
    return tuple(
        Mistake(
            stop=re.compile(entry["stop"]),
            before=re.compile(entry["before"]) if "before" in entry else None,
            complete=entry.get("complete"),
            message=entry.get("message", "`{found}` cannot stand here"),
            hint=entry["hint"],
            examples=tuple(entry["examples"]),
        )
        for entry in tomllib.loads(text)["mistake"]
    )


@dataclass(frozen=True, slots=True)
class Stop:
    """Where the parser stopped: at a token, with these terminals possible instead, in this part of the text."""

    start: int
    found: str
    accepted: frozenset[str]
    part: Part | None

    @property
    def complete(self) -> bool:
        """Whether what stands before could have ended here."""
        return not self.accepted.isdisjoint({"RBRACE", "$END"})


def stop_of(error: UnexpectedInput, outline: Outline) -> Stop | None:
    """The place of Lark's error; None at the end of the text."""
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return None
    accepted = frozenset(error.interactive_parser.accepts())  # type: ignore[no-untyped-call]
    start = error.pos_in_stream or 0
    history = getattr(error, "token_history", None) or ()
    # Where a name is possible a clause keyword is read as one, and Lark stops only behind it.
    if history and history[-1] and history[-1].type == "NAME" and history[-1].start_pos in outline.starts:
        start, accepted = history[-1].start_pos, frozenset()
    found = str(error.token) if isinstance(error, UnexpectedToken) and start == error.pos_in_stream else ""
    if not found:
        word = re.compile(r"\w+|").match(outline.text, start)
        found = (word[0] if word else "") or outline.text[start]
    before = start - 1 if start in outline.starts else start
    return Stop(start, found, accepted, outline.part_at(max(before, 0)))


def open_judge(stop: Stop, outline: Outline) -> Token | None:
    """The brace of a `judge` block that lacks its end where another clause starts."""
    part = stop.part
    if part is None or part.word != "judge" or stop.start not in outline.starts or not stop.complete:
        return None
    return outline.unclosed(part.span) if outline.unclosed(part.item.span) else None


def explain(error: UnexpectedInput, source: Source, parser: Lark) -> Diagnostic:
    """The one diagnostic (V0101) for the place where Lark gave up."""
    outline = Outline(source.text)
    stop = stop_of(error, outline)
    if stop is None:
        return _at_end(error, outline, parser)
    before = source.text[stop.part.span.start if stop.part else 0 : stop.start]
    for mistake in mistakes():
        match = mistake.stop.match(source.text, stop.start)
        if (
            match
            and (mistake.before is None or mistake.before.search(before.rstrip()))
            and mistake.complete in (None, stop.complete)
        ):
            span = Span(stop.start, max(match.end(), stop.start + 1))
            words = {"found": source.text[span.start : span.end], "lower": match[0].lower()}
            return Diagnostic("V0101", fill(mistake.message, words), span, fill(mistake.hint, words))
    return _unexpected(stop, outline, parser)


def fill(text: str, words: dict[str, str]) -> str:
    """A sentence of the table with `{found}` and `{lower}` replaced; other braces are meant as they stand.

    >>> fill("write `{lower}` in { }", {"lower": "and"})
    'write `and` in { }'
    """
    return re.sub(r"\{(found|lower)\}", lambda match: words[match[1]], text)


def _at_end(error: UnexpectedInput, outline: Outline, parser: Lark) -> Diagnostic:
    accepted = error.interactive_parser.accepts()  # type: ignore[no-untyped-call]
    end = len(outline.text.rstrip())
    span = Span(max(end - 1, 0), max(end, 1))
    part = outline.parts[-1] if outline.parts else None
    opened = outline.unclosed(part.item.span) if part else None
    notes = (Note("opened here", opened.span),) if opened else ()
    if "RBRACE" in accepted:
        return Diagnostic("V0101", "the file ends inside a `{ }` block", span, "close it with `}`", notes=notes)
    return Diagnostic("V0101", "the file ends too early", span, _expected(_spell(accepted, parser)), notes=notes)


def _unexpected(stop: Stop, outline: Outline, parser: Lark) -> Diagnostic:
    span = Span(stop.start, stop.start + len(stop.found))
    message = f"`{stop.found}` cannot stand here"
    expected = _spell(stop.accepted, parser)
    if stop.start in outline.starts and stop.part:
        if stop.complete and stop.found in ITEM_WORDS:
            opened = outline.unclosed(stop.part.item.span)
            notes = (Note("opened here", opened.span),) if opened else ()
            message = f"a `{{ }}` block is still open where `{stop.found}` starts"
            return Diagnostic("V0101", message, span, "close it with `}` before this", notes=notes)
        if brace := open_judge(stop, outline):
            message = f"the block of the `judge` is still open where `{stop.found}` starts"
            notes = (Note("opened here", brace.span),)
            return Diagnostic("V0101", message, span, "close it with `}` before this", notes=notes)
        if not stop.complete:
            opened = outline.unclosed(stop.part.span)
            if opened and opened.text != "{":
                close = {"(": ")", "[": "]"}[opened.text]
                notes = (Note("opened here", opened.span),)
                message = f"the `{opened.text}` is still open where `{stop.found}` starts"
                return Diagnostic("V0101", message, span, f"close it with `{close}`", notes=notes)
            what = f"the `{stop.part.word}` before it is not finished"
            return Diagnostic("V0101", message, span, f"{what}; {_expected(expected)}" if expected else what)
    keywords = [word[1:-1] for word in expected if word[1:-1].isidentifier()]
    if close_word := nearest(stop.found, keywords):
        return Diagnostic("V0101", message, span, f"did you mean `{close_word}`?")
    return Diagnostic("V0101", message, span, _expected(expected))


def _spell(terminals: Iterable[str], parser: Lark) -> list[str]:
    """How each expected terminal is written, clause keywords included."""
    words: set[str] = set()
    for terminal in terminals:
        if terminal in KEYWORD_GROUPS:
            words.update(f"`{word}`" for word in KEYWORD_GROUPS[terminal])
        elif terminal in DISPLAY:
            words.add(DISPLAY[terminal])
        elif terminal not in ("WS", "COMMENT"):
            words.add(f"`{parser.get_terminal(terminal).pattern.value}`")
    return sorted(words)


def _expected(expected: list[str]) -> str | None:
    if not expected:
        return None
    if len(expected) == 1:
        return f"expected {expected[0]}"
    shown = expected[:MANY]
    if len(expected) > MANY:
        return "expected one of " + ", ".join(shown) + ", ..."
    return "expected " + ", ".join(shown[:-1]) + f" or {shown[-1]}"
