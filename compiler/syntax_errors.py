"""Why a text does not parse, in the user's terms: `explain` turns Lark's error into one diagnostic."""

from collections.abc import Iterable

from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from verif_dsl.compiler.diagnostics import Diagnostic, nearest
from verif_dsl.compiler.source import Source, Span

FOREIGN_HABITS = (
    ("&&", "write `and`"),
    ("||", "write `or`"),
    ("!", "write `not`"),
    ("/", "there is no division: multiply the other side, as in 2 * a <= b"),
    ("'", "texts stand in double quotes: \"...\" (or in ''' blocks)"),
    ('"', "a text ends on the line it starts on; use a ''' block for several lines"),
    ("=", "`==` compares; a single `=` only gives a parameter its value"),
    ("?", "there is no conditional expression: write `(a and b) or (not a and c)`"),
    (";", "clauses need no separator"),
    ("//", "comments start with `#`"),
    ("..", "write a range as `1 to 5`"),
)
"""What people bring from other languages: the characters where the parser stops, and what to write here."""

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


def explain(error: UnexpectedInput, source: Source, parser: Lark) -> Diagnostic:
    """The one diagnostic (V0101) for the place where Lark gave up."""
    match error:
        case UnexpectedToken(token=Token(type="$END")) | UnexpectedEOF():
            return _at_end(error, source, parser)
        case UnexpectedToken(token=token):
            start = token.start_pos or 0
            span = Span(start, start + len(token))
            return _unexpected(str(token), span, _spell(error.accepts or error.expected, parser), source)
        case UnexpectedCharacters():
            start = error.pos_in_stream or 0
            character = source.text[start]
            return _unexpected(character, Span(start, start + 1), _spell(error.allowed or (), parser), source)
    raise error


def _at_end(error: UnexpectedInput, source: Source, parser: Lark) -> Diagnostic:
    expected = _spell(getattr(error, "expected", ()) or (), parser)
    end = len(source.text.rstrip())
    span = Span(max(end - 1, 0), max(end, 1))
    if "`}`" in expected:
        return Diagnostic("V0101", "the file ends inside a `{ }` block", span, "close it with `}`")
    return Diagnostic("V0101", "the file ends too early", span, _expected(expected))


def _unexpected(found: str, span: Span, expected: list[str], source: Source) -> Diagnostic:
    message = f"`{found}` cannot stand here"
    rest = source.text[span.start :]
    habits = [hint for start, hint in FOREIGN_HABITS if rest.startswith(start) and f"`{start}`" not in expected]
    if habits:
        return Diagnostic("V0101", message, span, habits[0])
    if found[0].isupper():
        return Diagnostic("V0101", message, span, "names are lower case: letters, digits and `_`")
    keywords = [word[1:-1] for word in expected if word[1:-1].isidentifier()]
    if close := nearest(found, keywords):
        return Diagnostic("V0101", message, span, f"did you mean `{close}`?")
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
