"""The comments of a .vif text, each attached to the part of the file that it belongs to.

The grammar ignores comments, so they are found in the text itself, and attached by place: a comment on the line where a
part ends goes with that part, any other with the part that follows it. One inside a clause, between its words, is
taken for one above the clause.
"""

import re
from dataclasses import dataclass, field
from functools import cache

from verif_dsl.compiler import syntax
from verif_dsl.compiler.parser import parser
from verif_dsl.compiler.source import Source, Span


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as it is written, and whether a blank line follows it."""

    text: str
    before_blank: bool = False


@dataclass(slots=True)
class Comments:
    """The comments of a file, by the offset at which the part they belong to starts; the file itself starts at -1."""

    above: dict[int, list[Comment]] = field(default_factory=dict)
    beside: dict[int, str] = field(default_factory=dict)
    """At the end of a part's last line."""
    opening: dict[int, str] = field(default_factory=dict)
    """After the `{` of a part."""
    closing: dict[int, list[Comment]] = field(default_factory=dict)
    """After the last part within a part, before its `}`."""


WHOLE_FILE = -1
"""What stands for the file where other parts are known by their start."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of the file that is printed on lines of its own, and the pieces within its `{ }`."""

    span: Span
    inner: tuple["_Part", ...] | None = None
    brace: int = 0
    """Where the `{` stands, for a part that has one."""


def comments_of(source: Source, file: syntax.File) -> Comments:
    """The comments of a text, attached to the parts of its tree.

    >>> from verif_dsl.compiler.parser import parse
    >>> source = Source("<text>", "# Above.\\nconstraint c { # Opening.\\n  # Closing.\\n} # Beside.")
    >>> comments = comments_of(source, parse(source))
    >>> comments.above, comments.beside
    ({9: [Comment(text='# Above.', before_blank=False)]}, {9: '# Beside.'})
    >>> comments.opening, comments.closing
    ({9: '# Opening.'}, {9: [Comment(text='# Closing.', before_blank=False)]})
    """
    found = Comments()
    spans = comment_spans(source.text)
    if spans:
        whole = _Part(Span(WHOLE_FILE, len(source.text)), _parts_of_file(source.text, file), WHOLE_FILE)
        for span in spans:
            _attach(source.text, span, whole, found)
    return found


def comment_spans(text: str) -> list[Span]:
    """Where the comments stand in a text that follows the grammar."""
    return [Span(*match.span()) for match in _texts_and_comments().finditer(text) if match["COMMENT"]]


@cache
def _texts_and_comments() -> re.Pattern[str]:
    """The tokens that a `#` can stand in, so that one in a text is not taken for a comment.

    A regular expression needs none of its own: past the `re` it reads like a string.
    """
    terminals = ((name, parser().get_terminal(name).pattern.to_regexp()) for name in ("BLOCK", "STRING", "COMMENT"))
    return re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in terminals))


def _attach(text: str, span: Span, holder: _Part, found: Comments) -> None:
    written = text[span.start : span.end].rstrip()
    line_start = text.rfind("\n", 0, span.start) + 1
    alone = not text[line_start : span.start].strip()
    comment = Comment(written, before_blank=alone and _blank_line_follows(text, span.end))
    parts = holder.inner or ()
    before = [part for part in parts if part.span.start < span.start]
    last = before[-1] if before else None
    if last and span.start < last.span.end:
        if last.inner is not None and last.brace < span.start:
            _attach(text, span, last, found)
        else:
            found.above.setdefault(last.span.start, []).append(Comment(written))
    elif last and last.span.end > line_start:
        found.beside[last.span.start] = written
    elif not last and holder.brace >= line_start:
        found.opening[holder.span.start] = written
    elif len(before) < len(parts):
        found.above.setdefault(parts[len(before)].span.start, []).append(comment)
    else:
        found.closing.setdefault(holder.span.start, []).append(comment)


def _blank_line_follows(text: str, end: int) -> bool:
    return bool(re.compile(r"\r?\n[ \t\r]*\n").match(text, end))


def _parts_of_file(text: str, file: syntax.File) -> tuple[_Part, ...]:
    head = [_Part(file.edition.span)] if file.edition else []
    if file.pack:
        name, version = file.pack
        head.append(_Part(name.span.join(version.span) if version else name.span))
    return (*head, *(_Part(one.span) for one in file.imports), *(_part(text, one) for one in file.items))


def _part(
    text: str, node: syntax.Define | syntax.Constraint | syntax.Spec | syntax.Clause | syntax.Use | syntax.Reward
) -> _Part:
    if isinstance(node, syntax.Constraint | syntax.Spec):
        return _Part(node.span, tuple(_part(text, one) for one in node.clauses), _brace(text, node.name.span.end))
    if isinstance(node, syntax.Judge):
        return _Part(node.span, _parts_of_judge(node), _brace(text, node.span.start))
    return _Part(node.span)


def _parts_of_judge(judge: syntax.Judge) -> tuple[_Part, ...]:
    """The clauses of a judge block in the order written; `unknown` has no place in the tree, and stays out."""
    nodes: list[syntax.Text | syntax.Anchor | syntax.Number] = [*judge.asks, *judge.anchors, *judge.passes]
    spans = [node.span for node in nodes]
    spans += [low.span.join(high.span) for low, high in judge.scales]
    spans += [judge.shows[0].span.join(judge.shows[-1].span)] if judge.shows else []
    return tuple(_Part(span) for span in sorted(spans))


def _brace(text: str, start: int) -> int:
    """The first `{` from `start` on that is in no comment."""
    found = re.compile(r"(?:[^#{]|#[^\n]*)*\{").match(text, start)
    assert found, "the text follows the grammar"
    return found.end() - 1
