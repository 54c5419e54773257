r"""The syntax of regular expressions: text to tree, tree to the Rust dialect that Polars runs.

The subset: literals, `.`, classes, `\p{..}`, `\s` (the White_Space property), groups, `| * + ?`, bounded repeats, `^`
and `$` for the ends of the whole text, and a leading `(?i)`. Left out, because engines disagree about them or because
they cannot run in linear time: `\w \d \b`, look-around, back-references, lazy and possessive repeats.
"""

from dataclasses import dataclass
from functools import cache
from math import inf

from verif_dsl.compiler.diagnostics import nearest
from verif_dsl.compiler.patterns import charset
from verif_dsl.compiler.patterns.charset import Ranges

MOST_REPEATS = 1000
LARGEST_PROGRAM = 8 << 20
"""Bytes that a compiled pattern may take; Rust's engine refuses those of more than 10 MiB when they first run."""

DEEPEST_GROUPS = 50


class PatternError(ValueError):
    """A pattern outside the subset: a sentence, the offset in the pattern, and what to write instead."""

    def __init__(self, message: str, offset: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.message, self.offset, self.hint = message, offset, hint


@dataclass(frozen=True, slots=True)
class Set:
    """One code point out of a set."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after another; empty matches the empty text."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The first alternative that leads to a match, tried in order."""

    options: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """Between `low` and `high` times (None: no limit), as often as possible."""

    part: "Node"
    low: int
    high: int | None


@dataclass(frozen=True, slots=True)
class Edge:
    """The start (`^`) or the end (`$`) of the whole text."""

    start: bool


Node = Set | Sequence | Choice | Repeat | Edge


@cache
def parse_pattern(text: str) -> Node:
    """The tree of a pattern.

    Raises `PatternError` for anything outside the subset, or too large.

    >>> parse_pattern("ab?")
    Sequence(parts=(Set(ranges=((97, 97),)), Repeat(part=Set(ranges=((98, 98),)), low=0, high=1)))
    """
    node = _Parser(text).parse()
    if size(node) > LARGEST_PROGRAM:
        raise PatternError("the pattern is too large once its repeats are unrolled", 0, "use smaller repeat counts")
    return node


def size(node: Node) -> int:
    """Bytes, at most, that the pattern takes in Rust's engine, repeats unrolled.

    A class becomes automata over the bytes of UTF-8. What they take was measured on classes of every sort, by how many
    copies of one the engine accepts: at most 72 bytes for an ASCII class, else at most 1,140 and 125 a range.

    >>> size(parse_pattern("[a-z]{3}")), size(parse_pattern("."))
    (360, 1650)
    """
    match node:
        case Set(ranges):
            ascii_only = not ranges or ranges[-1][1] < 0x80
            return 40 + 80 * len(ranges) if ascii_only else 1200 + 150 * len(ranges)
        case Sequence(parts) | Choice(parts):
            return sum(map(size, parts)) + 40 * len(parts)
        case Repeat(part, low, high):
            return size(part) * max(low if high is None else high, 1)
        case Edge():
            return 40


def nullable(node: Node) -> bool:
    """Whether the pattern can match the empty text.

    >>> nullable(parse_pattern("a*")), nullable(parse_pattern("a+"))
    (True, False)
    """
    match node:
        case Set():
            return False
        case Sequence(parts):
            return all(map(nullable, parts))
        case Choice(options):
            return any(map(nullable, options))
        case Repeat(part, low, _):
            return low == 0 or nullable(part)
        case Edge():
            return True


def longest(node: Node) -> float:
    """How many code points a match can have, infinity where there is no limit.

    >>> longest(parse_pattern("a{2,3}b?")), longest(parse_pattern("a+"))
    (4, inf)
    """
    match node:
        case Set():
            return 1
        case Sequence(parts):
            return sum(map(longest, parts))
        case Choice(options):
            return max(map(longest, options))
        case Repeat(part, _, high):
            return longest(part) * (inf if high is None else high)
        case Edge():
            return 0


@cache
def to_rust(text: str) -> str:
    r"""The pattern for Rust's `regex` crate (which Polars uses), with every class spelled out.

    >>> print(to_rust("^a[0-9]+$"))
    \A\x{61}[\x{30}-\x{39}]+\z
    """
    return _rust(parse_pattern(text))


def _rust(node: Node) -> str:
    match node:
        case Set(ranges) if not ranges:
            return r"[^\x{0}-\x{10FFFF}]"
        case Set(((low, high),)) if low == high:
            return rf"\x{{{low:X}}}"
        case Set(ranges):
            spelled = (rf"\x{{{low:X}}}-\x{{{high:X}}}" for low, high in ranges)
            return "[" + "".join(spelled) + "]"
        case Sequence(parts):
            return "".join(f"(?:{_rust(part)})" if isinstance(part, Choice) else _rust(part) for part in parts)
        case Choice(options):
            return "|".join(map(_rust, options))
        case Repeat(part, low, high):
            inner = _rust(part) if isinstance(part, Set) else f"(?:{_rust(part)})"
            suffix = {(0, None): "*", (1, None): "+", (0, 1): "?"}.get((low, high))
            return inner + (suffix or f"{{{low},{'' if high is None else high}}}")
        case Edge(start):
            return r"\A" if start else r"\z"


REFUSED = {
    "w": r"write [\p{L}\p{N}_]",
    "W": r"write [^\p{L}\p{N}_]",
    "d": r"write [0-9] or \p{Nd}",
    "D": "write [^0-9]",
    "b": "use words(x), or occurrences(x, word, whole_word=true)",
    "B": "use words(x)",
    "A": "write ^",
    "z": "write $",
    "Z": "write $",
}
CONTROLS = {"n": "\n", "t": "\t", "r": "\r"}


class _Parser:
    """Recursive descent over one pattern."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth = text, 0, 0
        self.fold = text.startswith("(?i)")
        if self.fold:
            self.at = 4

    def parse(self) -> Node:
        node = self.choice()
        if self.at < len(self.text):
            raise PatternError("this `)` closes nothing", self.at, r"write \) for the character")
        return node

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self, expected: str) -> bool:
        if expected and self.text.startswith(expected, self.at):
            self.at += len(expected)
            return True
        return False

    def choice(self) -> Node:
        options = [self.sequence()]
        while self.take("|"):
            options.append(self.sequence())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def sequence(self) -> Node:
        parts: list[Node] = []
        while self.peek() not in ("", "|", ")"):
            parts.append(self.repeated())
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def repeated(self) -> Node:
        node, start = self.atom(), self.at
        low, high = 1, 1
        if self.take("*"):
            low, high = 0, -1
        elif self.take("+"):
            low, high = 1, -1
        elif self.take("?"):
            low, high = 0, 1
        elif self.peek() == "{":
            low, high = self.counts()
        else:
            return node
        if self.peek() in ("?", "+"):
            raise PatternError("lazy and possessive repeats are not in the language", self.at, "use a class: [^x]*x")
        if self.peek() in ("*", "{"):
            raise PatternError("a repeat of a repeat", self.at, "put the inner one in a group: (?:...)")
        if isinstance(node, Edge):
            raise PatternError("`^` and `$` cannot be repeated", start)
        if high != 1 and nullable(node):
            raise PatternError("a repeat of what can match the empty text", start, "let the inner part match something")
        return Repeat(node, low, None if high < 0 else high)

    def counts(self) -> tuple[int, int]:
        start = self.at
        end = self.text.find("}", start)
        low, comma, high = self.text[start + 1 : end].partition(",")
        if end < 0 or not low.isdecimal() or not (high.isdecimal() or high == ""):
            raise PatternError("a repeat is {n}, {n,} or {n,m}", start, r"write \{ for the character")
        self.at = end + 1
        if max(len(low), len(high)) > len(str(MOST_REPEATS)):  # before `int`, which refuses more than 4,300 digits
            raise PatternError(f"more than {MOST_REPEATS} repeats", start)
        first = int(low)
        last = (int(high) if high else -1) if comma else first
        if max(first, last) > MOST_REPEATS:
            raise PatternError(f"more than {MOST_REPEATS} repeats", start)
        if 0 <= last < first:
            raise PatternError("the lower count is above the upper one", start)
        return first, last

    def atom(self) -> Node:
        start, character = self.at, self.peek()
        self.at += 1
        match character:
            case "(":
                return self.group(start)
            case "[":
                return Set(self.folded(self.bracketed(start)))
            case ".":
                return Set(charset.complement(((0x0A, 0x0A),)))
            case "^" | "$":
                return Edge(character == "^")
            case "\\":
                return Set(self.folded(self.escape(start)))
            case "*" | "+" | "?" | "{":
                raise PatternError(f"`{character}` repeats nothing", start, f"write \\{character} for the character")
            case "]" | "}":
                raise PatternError(f"this `{character}` closes nothing", start, f"write \\{character} for it")
        return Set(self.folded(((ord(character), ord(character)),)))

    def folded(self, ranges: Ranges) -> Ranges:
        return charset.fold_case(ranges) if self.fold else ranges

    def group(self, start: int) -> Node:
        self.depth += 1
        if self.depth > DEEPEST_GROUPS:
            raise PatternError("groups are nested too deeply", start)
        if self.take("?") and not self.take(":"):
            raise PatternError(
                "look-around, named groups and inner flags are not in the language", start, "(?i) may stand first"
            )
        node = self.choice()
        if not self.take(")"):
            raise PatternError("this group is not closed", start, "close it with `)`")
        self.depth -= 1
        return node

    def escape(self, start: int) -> Ranges:
        character = self.peek()
        self.at += 1
        if character in REFUSED:
            raise PatternError(
                f"`\\{character}` means different things in different engines", start, REFUSED[character]
            )
        if character in ("p", "P"):
            return self.property(start, negated=character == "P")
        if character == "s":
            return charset.WHITE_SPACE
        if character == "S":
            return charset.complement(charset.WHITE_SPACE)
        if character == "u" and self.peek() == "{":
            return self.code_point(start)
        if character in CONTROLS:
            character = CONTROLS[character]
        elif not character or character.isalnum():
            raise PatternError(
                f"`\\{character}` is not an escape", start, r"the escapes are \n \t \r \s \S \p{..} \u{..}"
            )
        return ((ord(character), ord(character)),)

    def code_point(self, start: int) -> Ranges:
        end = self.text.find("}", self.at)
        try:
            point = int(self.text[self.at + 1 : end], 16)
            chr(point).encode()
        except (ValueError, OverflowError):
            raise PatternError("not a code point", start, r"write \u{1F600}, in hexadecimal") from None
        self.at = end + 1
        return ((point, point),)

    def property(self, start: int, *, negated: bool) -> Ranges:
        end = self.text.find("}", self.at)
        if self.peek() != "{" or end < 0:
            raise PatternError(r"a property is written \p{L}", start)
        name = self.text[self.at + 1 : end]
        ranges = charset.of_property(name)
        if ranges is None:
            close = nearest(name, charset.property_names())
            hint = rf"did you mean \p{{{close}}}?" if close else r"for example \p{L}, \p{Lu}, \p{N}, \p{P}, \p{Sc}"
            if name == "Emoji":  # Unicode's property of that name holds the digits, too
                hint = r"write \p{Extended_Pictographic}"
            raise PatternError(f"there is no property `{name}`", start, hint)
        self.at = end + 1
        return charset.complement(ranges) if negated else ranges

    def bracketed(self, start: int) -> Ranges:
        negated = self.take("^")
        found: list[Ranges] = []
        while not self.take("]"):
            at, low = self.at, self.member(start)
            if self.peek() == "-" and self.text[self.at + 1 : self.at + 2] not in ("]", ""):
                self.at += 1
                high = self.member(start)
                if len(low) != 1 or len(high) != 1 or low[0][0] != low[0][1] or high[0][0] != high[0][1]:
                    raise PatternError("a range goes from one character to another", at)
                if low[0][0] > high[0][0]:
                    raise PatternError("this range is empty: its ends are the wrong way round", at)
                low = ((low[0][0], high[0][0]),)
            found.append(low)
        if not found:
            raise PatternError("an empty class", start, "put the characters it may be inside")
        # One property alone, with its hundreds of ranges, is in order already.
        ranges = found[0] if len(found) == 1 else charset.normalise(pair for one in found for pair in one)
        # Fold before negating: (?i)[^a] excludes both a and A.
        return charset.complement(self.folded(ranges)) if negated else ranges

    def member(self, start: int) -> Ranges:
        character = self.peek()
        if not character:
            raise PatternError("this class is not closed", start, "close it with `]`")
        self.at += 1
        if character == "\\":
            return self.escape(self.at - 1)
        if character == "[":
            raise PatternError("a class inside a class", self.at - 1, r"write \[ for the character")
        return ((ord(character), ord(character)),)
