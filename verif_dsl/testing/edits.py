"""Texts that differ a little from a given one, in what checks are about: words, lines, case, marks, keywords."""

import re
from collections.abc import Iterator, Sequence

MARKS = ".,!?;:"

MOST_PARTS = 12
"""Parts of a text, from its beginning, that are changed one by one."""

GENERIC = (
    "a",
    "A",
    "One.",
    "One. Two.",
    "One. Two. Three.",
    "One two.\nThree four.",
    "One.\n\nTwo.",
    "One.\n\nTwo.\n\nThree.",
    "one two three four five",
    "ONE TWO",
    "A well-known café, isn't it?",
    "It is 3.14 or 42!",
    "!!!",
    "- one\n- two\n- three",
    "1. one\n2. two",
    "# Title\n\nText.",
    "**bold** and *slanted*",
    "```\ncode\n```",
    "| a | b |\n| --- | --- |\n| 1 | 2 |",
    '{"a": 1}',
    '"quoted"',
    "Yes 👍",
    "你好。",
)
"""Texts that have little to do with any one constraint."""


def edits(text: str, inserted: Sequence[str] = ()) -> Iterator[str]:
    """Texts close to one, without the text itself; `inserted` are parts to put in and to take out.

    >>> found = list(edits("One, two.", ["six"]))
    >>> [one in found for one in ("One,", "one, two.", "ONE, TWO.", "One two.", "One, two. six")]
    [True, True, True, True, True]
    """
    seen = {text}
    for one in _all(text, inserted):
        if one not in seen:
            seen.add(one)
            yield one


def _all(text: str, inserted: Sequence[str]) -> Iterator[str]:
    yield from _pieces(text, " ")
    yield from _pieces(text, "\n")
    yield from _pieces(text, "\n\n")
    yield from _cases(text)
    yield from _marks(text)
    for part in inserted:
        yield from _with_part(text, part)
    yield from _numbers(text)
    yield from _whole(text)


def _pieces(text: str, between: str) -> Iterator[str]:
    """Words, lines or paragraphs that are left out, doubled, swapped, put together or set apart."""
    pieces = text.split(between)
    if len(pieces) < 2 and between != " ":
        return
    for index, piece in enumerate(pieces[:MOST_PARTS]):
        before, after = pieces[:index], pieces[index + 1 :]
        if after or before:
            yield between.join([*before, *after])
        yield between.join([*before, piece, piece, *after])
        if after:
            yield between.join([*before, after[0], piece, *after[1:]])
            for other in (" ", "\n", "\n\n", ""):  # one of them is the text itself, which no one wants
                yield between.join([*before, f"{piece}{other}{after[0]}", *after[1:]])
    for other in (" ", "\n", "\n\n"):
        if other != between:
            yield other.join(pieces)
    for cut in (len(pieces) // 2, len(pieces) - 2):
        if cut > 0:
            yield between.join(pieces[:cut])
            yield between.join(pieces[cut:])


def _cases(text: str) -> Iterator[str]:
    yield text.lower()
    yield text.upper()
    yield text[:1].swapcase() + text[1:]
    yield text.title()
    for found in [*re.finditer(r"\w+", text)][:MOST_PARTS]:
        word = found[0]
        for other in (word.lower(), word.upper(), word.capitalize()):
            yield text[: found.start()] + other + text[found.end() :]


def _marks(text: str) -> Iterator[str]:
    """Marks of punctuation that are left out, doubled, changed or put in."""
    for found in [*re.finditer(r"[^\w\s]", text)][:MOST_PARTS]:
        yield text[: found.start()] + text[found.end() :]
        yield text[: found.end()] + text[found.start() :]
    bare = text.rstrip(MARKS)
    for mark in MARKS:
        yield bare + mark
    yield bare
    yield re.sub(r"[^\w\s]", "", text)
    for found in [*re.finditer(r" ", text)][: MOST_PARTS // 2]:
        for mark in (",", ".", " -"):
            yield text[: found.start()] + mark + text[found.start() :]


def _with_part(text: str, part: str) -> Iterator[str]:
    """The part before and behind, once and again, in another case, grown together with a word, or gone."""
    if not part:
        return
    yield from (f"{text} {part}", f"{part} {text}", f"{text} {part} {part}", f"{text} {part} {part} {part}", part)
    yield from (f"{text} {part.upper()}", f"{text} {part.lower()}", f"{text} {part}s", f"{text}{part}", f"{part}{text}")
    yield from (f"{text}\n{part}", f"{part}\n{text}", f"{text}\n\n{part}", f"{part}\n\n{text}", f"{text} {part}.")
    yield from (f"{part}, {text}", f"{part} {text} {part}")
    for found in [*re.finditer(re.escape(part), text, re.IGNORECASE)][:4]:
        for other in (
            "",
            part,
            part.upper(),
            part.lower(),
            part.capitalize(),
            f"{part}s",
            f"x{part}",
            f"{part} {part}",
        ):
            yield text[: found.start()] + other + text[found.end() :]
    yield re.sub(re.escape(part), "", text, flags=re.IGNORECASE)


def _numbers(text: str) -> Iterator[str]:
    for found in [*re.finditer(r"\d+", text)][: MOST_PARTS // 2]:
        if len(found[0]) < 10:
            for other in (int(found[0]) + 1, int(found[0]) - 1, int(found[0]) * 10):
                yield text[: found.start()] + str(other) + text[found.end() :]
        yield text[: found.start()] + text[found.end() :]


def _whole(text: str) -> Iterator[str]:
    yield from (f"{text}\n", f"\n{text}", f" {text}", f"{text} ", f"  {text}", text.strip())
    yield from (f"{text} {text}", f"{text}\n{text}", f"{text}\n\n{text}")
    yield from (f"{text} Yes.", f"Yes. {text}", f"{text}\nYes.", f"Yes.\n{text}", f"{text}\n\nYes.", f"Yes.\n\n{text}")
    yield from (f"{text}\nyes", f"{text} yes", f"yes {text}", f"{text} and so on", f"{text} 7", f"{text} Café")
    yield from (f"{text} -", f"{text} !!!", f"{text}\n\n***", f"!!!\n{text}", f"*{text}*", f'"{text}"', f"({text})")
    yield from (f"```\n{text}\n```", f"{text}\n```\ncode\n```", f"`{text}`", f"- {text}", f"# {text}", f"> {text}")
    yield from (text.replace(" ", "  "), text.replace("\n", "\n  "), text.replace("\n\n", "\n"), text.replace("\n", ""))
    for index in range(min(len(text), MOST_PARTS)):
        yield text[:index] + text[index + 1 :]
    for index in range(len(text) - 1, max(len(text) - MOST_PARTS, 0), -1):
        yield text[:index]
