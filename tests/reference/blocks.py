"""The parts of the reference that are written from the code, `BLOCKS`, and the Markdown that they are written in."""

import re
from collections.abc import Callable, Iterable
from fractions import Fraction
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from textwrap import fill

from verif_dsl.compiler import (
    cost,
    expressions,
    intervals,
    ir,
    kinds,
    locales,
    modules,
    parser,
    rewards,
    specs,
    syntax,
)
from verif_dsl.compiler.builtins import (
    BUILTINS,
    INTERNAL,
    OPERATOR_NAMES,
    REQUIRED,
    TOPICS,
    Builtin,
    documents,
    markdown,
    segments,
)
from verif_dsl.compiler.conversation import PROMPT
from verif_dsl.compiler.formats import FORMATS
from verif_dsl.compiler.ir import Value
from verif_dsl.compiler.patterns import charset, pattern
from verif_dsl.compiler.printer import CONSTRAINT_ORDER, SPEC_ORDER
from verif_dsl.compiler.source import Source
from verif_dsl.compiler.texts import LARGEST_RESPONSE
from verif_dsl.compiler.tree_builder import LONGEST_NUMBER, RESERVED, SIMPLE_ESCAPES
from verif_dsl.compiler.values import written
from verif_dsl.pages import code, fenced, table

FOLDER = Path(__file__).parent.parent.parent / "docs" / "reference"
PAGES = sorted(FOLDER.glob("*.md"))
MARKED = re.compile(r"(<!-- generated: ([\w-]+) -->\n)(.*?)(?=<!-- end -->)", re.DOTALL)
WIDTH = 120


def read(page: str) -> str:
    return (FOLDER / page).read_text(encoding="utf-8")


# ------------------------------------------------------------------------------------------- Markdown, and the language


def listed(words: Iterable[str]) -> str:
    return fill(", ".join(map(code, words)), WIDTH, break_on_hyphens=False, break_long_words=False)


def cells(line: str) -> list[str]:
    """The cells of a line of a table, those that are code without their backticks."""
    found = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    return [re.sub(r"^(`+)(.*[^`])\1$", r"\2", cell) for cell in found]


def shown(value: Value, kind: kinds.Kind | None = None) -> str:
    """A value as the language writes it; a pair in parentheses, and a fraction that is no decimal as it is."""
    if value is None:
        return "undecided"
    if isinstance(value, tuple):
        inside = ", ".join(shown(one, kind.parts[0] if kind and kind.name == "list" else None) for one in value)
        return f"({inside})" if kind and kind.name == "pair" else f"[{inside}]"
    if isinstance(value, Fraction) and (value * intervals.FINEST).denominator > 1:
        return str(value)
    return written(value)


# ------------------------------------------------------------------------------------------------- generated: builtins

TITLES = (
    "Operators",
    "Pieces of a text",
    "Texts",
    "Lists and numbers",
    "Decimals",
    "Documents",
    "Markdown",
    "Languages",
    "Languages of langdetect",
    "Words and sentences of NLTK",
    "Sentences of IFEval",
    "Syllables of syllapy",
    "What may be undecided",
)
"""Those of `TOPICS`."""

CONVERSIONS = ("as decimal", "as maybe")


def symbol(builtin: Builtin) -> str:
    """How an operator is written, whatever its operands."""
    return builtin.name.partition(" ")[0].replace("negate", "-")


def builtin_list() -> str:
    """Every function and operator, by topic; an operator once, with all it is defined for."""
    operators: dict[str, list[Builtin]] = {}
    for one in BUILTINS.values():
        if one.name in OPERATOR_NAMES - INTERNAL and one.name not in CONVERSIONS:
            operators.setdefault(symbol(one), []).append(one)
    index = [f"- [Operators](#operators): {', '.join(map(code, operators))}"]
    parts = ["## Operators"]
    for name, variants in operators.items():
        parts += [f"### {code(name)}", *map(operator_entry, variants)]
    for title, topic in zip(TITLES, TOPICS, strict=True):
        if functions := [one for one in topic if one.name not in OPERATOR_NAMES]:
            names = ", ".join(code(one.name) for one in functions)
            index.append(f"- [{title}](#{title.lower().replace(' ', '-')}): {names}")
            parts += [f"## {title}", *map(function_entry, functions)]
    wrapped = (fill(line, WIDTH, subsequent_indent="  ", break_on_hyphens=False) for line in index)
    return "\n".join(wrapped) + "\n\n" + "\n\n".join(parts)


def operator_entry(builtin: Builtin) -> str:
    signature = application(builtin, [str(one.kind) for one in builtin.parameters])
    examples = [
        (application(builtin, [shown(one) for one in arguments]), shown(result))
        for arguments, result in builtin.examples
    ]
    return entry(f"{signature} -> {builtin.result}", builtin, examples)


def application(builtin: Builtin, operands: list[str]) -> str:
    if len(operands) == 2:
        return f"{operands[0]} {symbol(builtin)} {operands[1]}"
    return f"{symbol(builtin)}{'' if symbol(builtin) == '-' else ' '}{operands[0]}"


def function_entry(builtin: Builtin) -> str:
    examples = [(called(builtin, arguments), shown(result, builtin.result)) for arguments, result in builtin.examples]
    return f"### {code(builtin.name)}\n\n" + entry(str(builtin), builtin, examples)


def called(builtin: Builtin, arguments: tuple[Value, ...]) -> str:
    """A call as people write it: options by name, and only where they are not what they are without."""
    found = []
    for parameter, value in zip(builtin.parameters, arguments, strict=True):
        text = f're"{value}"' if parameter.kind == kinds.REGEX else shown(value)
        if parameter.default is REQUIRED:
            found.append(text)
        elif value != parameter.default:
            found.append(f"{parameter.name}={text}")
    return f"{builtin.name}({', '.join(found)})"


def entry(signature: str, builtin: Builtin, examples: list[tuple[str, str]]) -> str:
    lines = [f"    {signature}", "", fill(builtin.meaning, WIDTH, break_on_hyphens=False)]
    if builtin.needs_match:
        lines[-1] += " Not every pattern will do: see [regexes.md](regexes.md#what-is-refused)."
    if builtin.values:
        lines += ["", f"One of these {len(builtin.values())}:", listed(builtin.values())]
    return "\n".join([*lines, "", *(f"- {code(call)} gives {code(result)}" for call, result in examples)])


# ---------------------------------------------------------------------------------------------- generated: other blocks


def grammar() -> str:
    return fenced(files("verif_dsl.grammar").joinpath("verif.lark").read_text(encoding="utf-8"), "lark")


def clause_order() -> str:
    def order(clauses: Iterable[type]) -> str:
        return ", ".join(code(one.__name__.lower()) for one in clauses if one is not syntax.Example)

    lines = (
        f"- In a constraint: {order(CONSTRAINT_ORDER)}, then `accept` and `reject` as they stand.",
        f"- In a spec: {order(SPEC_ORDER)}, then `accept` and `reject` as they stand.",
    )
    return "\n".join(fill(line, WIDTH, subsequent_indent="  ") for line in lines)


def code_points(ranges: charset.Ranges) -> str:
    ends = ((f"U+{low:04X}", f"U+{high:04X}") for low, high in ranges)
    return fill(", ".join(low if low == high else f"{low} to {high}" for low, high in ends), WIDTH) + "."


def pieces() -> str:
    """The patterns of the pieces of a text, each in terms of those before it."""
    values = {
        name.strip("_"): value
        for name, value in vars(segments).items()
        if isinstance(value, str) and name.strip("_").isupper() and not name.startswith("__")
    }
    lines: list[str] = []
    for name, value in values.items():
        shorter = value
        for other in sorted(values, key=lambda one: -len(values[one])):
            # Only a text that stands for something: one character could be anything.
            if len(values[other]) < len(value) and len(values[other]) > 2:
                shorter = shorter.replace(values[other], f"<{other}>")
        lines.append(f"{name} = {every_nth(shorter)}")
    return fenced("\n".join(lines))


def every_nth(value: str) -> str:
    """A pattern without the middle of a long row of code points at one distance."""
    points = [int(point, 16) for point in re.findall(r"\\u\{(\w+)\}", value)]
    steps = {after - before for before, after in pairwise(points)}
    if len(points) < 50 or len(steps) != 1:
        return value
    return rf"[\u{{{points[0]:x}}} and every {steps.pop()}th code point from there to \u{{{points[-1]:x}}}]"


def markdown_patterns() -> str:
    """What `prose` and `strip_markup` erase, in order."""

    def lines(name: str, erasures: Iterable[markdown.Erasure]) -> Iterable[str]:
        yield f"{name}:"
        for one in erasures:
            parts = [("erase", one.before), ("keep", one.kept), ("erase", one.after)]
            yield "  " + ", ".join(f"{verb} {part}" for verb, part in parts if part).replace("\n", "\\n")

    return fenced("\n".join([*lines("prose", markdown.PROSE), *lines("strip_markup", markdown.MARKUP)]))


def formats() -> str:
    return table(
        ["Hole", "For", "What is shown", "In"],
        [
            (
                code(f"{{x:{name}}}" if name else "{x}"),
                ", ".join(map(str, one.kinds)),
                one.meaning,
                "English" if one.english else "every language",
            )
            for name, one in FORMATS.items()
        ],
    )


PLURALS = ("en", "fr", "de", "es", "ru", "pl", "cs", "he", "sl", "ar", "ja", "zh")


def plurals() -> str:
    return table(
        ["Language", "Forms"],
        [(code(lang), ", ".join(map(code, locales.needed_plurals(lang)))) for lang in PLURALS],
    )


def aggregations() -> str:
    return table(
        ["Aggregation", "Over nothing"],
        [
            (code(name), "has to be said: `if_empty=1`" if value is None else f"{value:g}")
            for name, value in rewards.EMPTY.items()
        ],
    )


def properties() -> str:
    named = [name for name in charset.property_names() if len(name) > 2]
    categories = [name for name in charset.property_names() if len(name) <= 2]
    return (
        f"General categories of Unicode {charset.unicode_version()}:\n{listed(categories)}.\n\n"
        f"Properties:\n{listed(named)}."
    )


SIZES = ("a", "[a-z]", "[^a]", "é", "[à-ü]", ".", r"\p{L}", r"\s", "[a-z]{3}", "[a-z]*", "^a$", "a|b")


def pattern_sizes() -> str:
    return table(["Pattern", "Size"], [(code(one), f"{pattern.size(pattern.parse_pattern(one)):,}") for one in SIZES])


CHECKS = (
    'response == "Tea"',
    '"," in response',
    "len(words(response)) <= 100",
    "all(len(chars(w)) <= 10 for w in words(response))",
    "every(any(is_upper(w) for w in words(s)) for s in sentences(response))",
    "len(unique(words(response))) == len(words(response))",
    "shared(words(response), lines(response)) == 0",
    "any(w in response for w in words(prompt))",
    "all(count(w == v for v in words(response)) == 1 for w in words(response))",
)


def limits() -> str:
    return table(
        ["What", "Most", "Beyond it"],
        [
            ("Characters of a file", f"{parser.LARGEST_SOURCE:,}", "V0104"),
            ("Levels of its parse tree; a call inside a call adds three", f"{parser.DEEPEST_NESTING:,}", "V0104"),
            ("Operands of a chain, as in `a + b + c`", f"{parser.LONGEST_CHAIN:,}", "V0104"),
            ("Parts of an expression, with its names written out", f"{expressions.LARGEST_EXPRESSION:,}", "V0104"),
            ("Levels of an expression, with its names written out", f"{expressions.DEEPEST_EXPRESSION:,}", "V0104"),
            ("Parts of all expressions, those of definitions once a call", f"{expressions.MOST_WORK:,}", "V0104"),
            ("Files of a program", f"{modules.MOST_MODULES:,}", "V0104"),
            ("Imports inside imports", f"{specs.DEEPEST_IMPORTS:,}", "V0104"),
            ("Characters of a number", f"{LONGEST_NUMBER:,}", "V0207"),
            ("A whole number, without its sign", f"2^{intervals.LARGEST.bit_length() - 1}", "V0207"),
            ("A bound, a decimal, an item of a list, without its sign", f"{intervals.WIDEST:,}", "V0207"),
            ("Places of a decimal", f"{len(str(intervals.FINEST)) - 1}", "V0207"),
            ("Repeats in `{n,m}` of a pattern", f"{pattern.MOST_REPEATS:,}", "V0208"),
            ("Groups inside groups of a pattern", f"{pattern.DEEPEST_GROUPS:,}", "V0208"),
            ("Size of a pattern, its repeats written out", f"{pattern.LARGEST_PROGRAM:,}", "V0208"),
            ("Steps of a check", f"{cost.LARGEST_COST:,}", "V0211"),
            ("Code points of a text argument", f"{cost.LONGEST_ARGUMENT:,}", "V0501"),
            ("Items of a list argument", f"{cost.LONGEST_LIST:,}", "V0501"),
            ("Its code points, and 1 for each number and list", f"{cost.LARGEST_LIST:,}", "V0501"),
            ("Bytes of a response, in UTF-8 and NFC", f"{LARGEST_RESPONSE:,}", "the verdict is unknown"),
            ("Nested brackets of a JSON text", f"{documents.DEEPEST_JSON:,}", '`json_kind(x)` is `"invalid"`'),
        ],
    )


def alone(check: str, clauses: str = "") -> str:
    """A constraint for one check."""
    examples = 'accept "a" after user "a" reject "b" after user "b"'
    return f'constraint c {{ instruct "x" {clauses}\ncheck {check}\n{examples} }}'


def steps(check: str) -> int:
    """What a check can cost at most, though it be refused for that."""
    (constraint,) = parser.parse(Source("<row>", alone(check))).items
    assert isinstance(constraint, syntax.Constraint)
    (condition,) = (one.condition for one in constraint.clauses if isinstance(one, syntax.Check))
    node = expressions.Typer().typed(condition, {"response": ir.Input("response"), "prompt": PROMPT.node})
    assert node is not None
    return cost.cost_of(node)


def costs() -> str:
    return table(["Check", "Steps"], [(code(check), f"{steps(check):,}") for check in CHECKS])


BLOCKS: dict[str, Callable[[], str]] = {
    "grammar": grammar,
    "reserved": lambda: listed(sorted(RESERVED)) + ".",
    "clause-order": clause_order,
    "escapes": lambda: table(
        ["Escape", "Character"], [(code(f"\\{one}"), f"U+{ord(text):04X}") for one, text in SIMPLE_ESCAPES.items()]
    ),
    "white-space": lambda: code_points(charset.WHITE_SPACE),
    "pictographic": lambda: code_points(charset.EMOJI),
    "pieces": pieces,
    "markdown-patterns": markdown_patterns,
    "properties": properties,
    "refused-escapes": lambda: table(
        ["Not in the language", "Instead"], [(code(f"\\{one}"), code(hint)) for one, hint in pattern.REFUSED.items()]
    ),
    "pattern-sizes": pattern_sizes,
    "builtins": builtin_list,
    "formats": formats,
    "plurals": plurals,
    "aggregations": aggregations,
    "presets": lambda: table(
        ["Preset", "Reward"], [(code(f'"{name}"'), code(one)) for name, one in rewards.PRESETS.items()]
    ),
    "limits": limits,
    "costs": costs,
    "standard-modules": lambda: listed(modules.standard_modules()) + ".",
}
"""What stands in each marked part of a page."""


def filled(page: str) -> str:
    return MARKED.sub(lambda match: f"{match[1]}\n{BLOCKS[match[2]]()}\n\n", page)
