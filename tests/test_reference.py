"""The reference, docs/reference, is held to the code: parts of its pages are written from it, and its tables are run.

What stands between `<!-- generated: name -->` and `<!-- end -->` is what `BLOCKS[name]` gives; `pytest
--update-expected` writes it. A table is known by its heads: see the tests that ask `rows` for them. errors.md has a
test of its own, and test_docs.py compiles the .vif blocks of all pages.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from importlib.metadata import version
from importlib.resources import files
from itertools import pairwise
from math import log10
from pathlib import Path
from textwrap import fill

import polars as pl
import pytest

import verif_dsl
from verif_dsl.compiler import (
    check_source,
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
from verif_dsl.compiler.backends.reference import Judged, Row, evaluate, evaluate_reward
from verif_dsl.compiler.backends.rewards import decided, reward_ends
from verif_dsl.compiler.binding import DRAWS
from verif_dsl.compiler.builtins import (
    BUILTINS,
    OPERATOR_NAMES,
    REQUIRED,
    TOPICS,
    Builtin,
    documents,
    languages,
    markdown,
    segments,
)
from verif_dsl.compiler.conversation import PROMPT
from verif_dsl.compiler.domains import literal
from verif_dsl.compiler.formats import FORMATS
from verif_dsl.compiler.ir import Value
from verif_dsl.compiler.modules import ModuleError, check_version, find_module
from verif_dsl.compiler.outline import CLAUSE_WORDS, ITEM_WORDS
from verif_dsl.compiler.patterns import charset, pattern, rescans
from verif_dsl.compiler.printer import CONSTRAINT_ORDER, SPEC_ORDER, format_source
from verif_dsl.compiler.source import Source
from verif_dsl.compiler.specs import build
from verif_dsl.compiler.templates import TemplateError, parse_template
from verif_dsl.compiler.texts import LARGEST_RESPONSE, is_blank, prepare, too_large
from verif_dsl.compiler.tree_builder import LONGEST_NUMBER, RESERVED, SIMPLE_ESCAPES
from verif_dsl.compiler.values import written
from verif_dsl.grading import LIMIT, NO_JUDGE

FOLDER = Path(__file__).parent.parent / "docs" / "reference"
PAGES = sorted(FOLDER.glob("*.md"))
MARKED = re.compile(r"(<!-- generated: ([\w-]+) -->\n)(.*?)(?=<!-- end -->)", re.DOTALL)
WIDTH = 120


def read(page: str) -> str:
    return (FOLDER / page).read_text(encoding="utf-8")


# ------------------------------------------------------------------------------------------- Markdown, and the language


def code(text: str) -> str:
    """The text in as many backticks as it needs."""
    marks = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return marks + pad + text + pad + marks


def fenced(text: str, language: str = "text") -> str:
    return f"```{language}\n{text.rstrip()}\n```"


def table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    escaped = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in [heads, ["---"] * len(heads), *escaped])


def listed(words: Iterable[str]) -> str:
    return fill(", ".join(map(code, words)), WIDTH, break_on_hyphens=False, break_long_words=False)


def cells(line: str) -> list[str]:
    """The cells of a line of a table, those that are code without their backticks."""
    found = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    return [re.sub(r"^(`+)(.*[^`])\1$", r"\2", cell) for cell in found]


def rows(*heads: str) -> pytest.MarkDecorator:
    """The rows of the tables with these heads, on all pages."""
    found = []
    for page in PAGES:
        inside = False
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
            inside = line.startswith("|") and (inside or cells(line) == list(heads))
            if inside and cells(line) != list(heads) and not line.startswith("| ---"):
                found.append(pytest.param(cells(line), id=f"{page.stem}:{number}"))
    assert found, f"no page has a table {heads}"
    return pytest.mark.parametrize("row", found)


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
        if one.name in OPERATOR_NAMES and one.name not in CONVERSIONS:
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
        f"- In a spec: {order(SPEC_ORDER)}.",
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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_is_generated_is_the_code(page: Path, update_expected: bool) -> None:
    """`pytest --update-expected` writes the marked parts anew."""
    text = page.read_text(encoding="utf-8")
    if update_expected and text != filled(text):
        page.write_text(filled(text), encoding="utf-8")
    assert page.read_text(encoding="utf-8") == filled(text)


def test_every_block_stands_on_one_page_and_the_index_names_every_page() -> None:
    names = [match[2] for page in PAGES for match in MARKED.finditer(page.read_text(encoding="utf-8"))]
    assert sorted(names) == sorted(BLOCKS)
    assert {page.name for page in PAGES} - {"README.md"} == set(re.findall(r"\]\((\w+\.md)\)", read("README.md")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_blocks_of_a_page_are_in_the_one_style_and_give_no_warning(page: Path) -> None:
    for text in re.findall(r"^```vif\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
        source = Source(page.name, text)
        assert format_source(source) == text
        assert {one.code for one in check_source(source)[1].diagnostics} <= {"V0602"}


# ------------------------------------------------------------------------------------------------- tables of behaviour


def alone(check: str, clauses: str = "") -> str:
    """A constraint for one check."""
    examples = 'accept "a" after user "a" reject "b" after user "b"'
    return f'constraint c {{ instruct "x" {clauses}\ncheck {check}\n{examples} }}'


def verdict(check: str, response: str) -> str:
    """What both back ends say of a response."""
    program, diagnostics = build(Source("<row>", alone(check)))
    assert diagnostics == ()
    condition, text = program.constraints["c"].check, prepare(response)
    assert condition is not None
    if is_blank(text):
        found = "fail"
    elif too_large(text):
        found = "unknown"
    else:
        found = "pass" if evaluate(condition, Row(text)) else "fail"
    assert verif_dsl.Verifier(program).check([response]).column("c") == [found]
    return found


def steps(check: str) -> int:
    """What a check can cost at most, though it be refused for that."""
    (constraint,) = parser.parse(Source("<row>", alone(check))).items
    assert isinstance(constraint, syntax.Constraint)
    (condition,) = (one.condition for one in constraint.clauses if isinstance(one, syntax.Check))
    node = expressions.Typer().typed(condition, {"response": ir.Input("response"), "prompt": PROMPT.node})
    assert node is not None
    return cost.cost_of(node)


def values_of(binds: str) -> dict[str, Value]:
    """The values in `a = 1, b = "x"`."""
    (spec,) = parser.parse(Source("<cell>", f"spec s {{ use c({binds}) }}")).items
    assert isinstance(spec, syntax.Spec)
    (use,) = spec.clauses
    assert isinstance(use, syntax.Use)
    return {one.name.name: literal(one.value) for one in use.arguments}


def text_of(written: str) -> str:
    """The text that stands in quotes."""
    value = values_of(f"x = {written}")["x"]
    assert isinstance(value, str)
    return value


@rows("Expression", "Response", "Value")
def test_an_expression_has_the_value_that_a_page_gives_it(row: list[str]) -> None:
    expression, response, value = row
    if value == "undecided":
        assert verdict(f"decide({expression}, if_unknown=true)", text_of(response)) == "pass"
        assert verdict(f"decide({expression}, if_unknown=false)", text_of(response)) == "fail"
    else:
        assert verdict(f"({expression}) == {value}", text_of(response)) == "pass"


@rows("Check", "Response", "Verdict")
def test_a_check_gives_the_verdict_of_a_page(row: list[str]) -> None:
    check, response, expected = row
    assert verdict(check, text_of(response)) == expected


@rows("Refused", "Code")
def test_what_a_page_calls_refused_is(row: list[str]) -> None:
    """An expression, clauses of a constraint, or an item of a file."""
    refused, code = row
    word = refused.split()[0]
    if word in ITEM_WORDS | {"vif"}:
        text = f"{refused}\n{alone('true')}"
    else:
        text = alone("true", refused) if word in CLAUSE_WORDS else alone(refused)
    _, report = check_source(Source("<row>", text))
    assert {one.code for one in report.diagnostics if one.severity == "error"} - {"V0401"} == {code}


@rows("Text", "With", "Language", "Shown")
def test_a_template_shows_what_a_page_says(row: list[str]) -> None:
    text, binds, language, shown = row
    if shown == "refused":
        with pytest.raises(TemplateError):
            parse_template(text_of(text), language)
    else:
        assert parse_template(text_of(text), language).render(values_of(binds)) == text_of(shown)


@rows("Reward", "Hard", "Soft", "Value")
def test_a_reward_is_what_a_page_says(row: list[str]) -> None:
    reward, hard, soft, value = row
    lines = [*judged("hard", hard, "abcdefgh"), *judged("soft", soft, "stuvwxyz")]
    ends = re.fullmatch(r"none: (\S+) to (\S+)", value) or re.fullmatch(r"((\S+))", value)
    assert ends is not None
    low, high = float(ends[1]), float(ends[2])
    tree = rewards.parse_reward(reward.strip('"') if reward.startswith('"') else reward)
    passes = {"pass": True, "fail": False, "unknown": None}
    verdicts = [Judged(name, kind, weight, passes[verdict]) for _, name, kind, weight, verdict in lines]
    assert evaluate_reward(tree, verdicts) == (low, high)
    schema = {"row": pl.Int64, "constraint": pl.String, "kind": pl.String, "weight": pl.Float64, "verdict": pl.String}
    columns = reward_ends(tree, pl.DataFrame(lines, schema=schema, orient="row"), 1)
    assert [one.to_list() for one in columns] == [[low], [high]]
    assert decided(columns) == [low if low == high else None]


def judged(kind: str, cell: str, names: str) -> list[tuple[int, str, str, float, str]]:
    """The verdicts in `pass ×3, fail`, as lines of a table of verdicts."""
    written = [one.strip().partition(" ×") for one in cell.split(",") if one]
    return [
        (0, name, kind, float(weight or 1), verdict) for name, (verdict, _, weight) in zip(names, written, strict=False)
    ]


@rows("Path", "Code")
def test_a_path_that_is_none_has_its_code(row: list[str]) -> None:
    path, code = row
    with pytest.raises(ModuleError) as error:
        find_module(path, None)
    assert error.value.code == code


@rows("Asked for", "Found", "Fits")
def test_a_version_fits_where_a_page_says_so(row: list[str]) -> None:
    asked, found, fits = row
    try:
        check_version("tone", asked, None if found == "none" else found)
    except ModuleError as error:
        assert (error.code, fits) == ("V0214", "no")
    else:
        assert fits == "yes"


# --------------------------------------------------------------------------------------------- what is said in passing

(EMOJI_VERSION,) = re.findall(r"Unicode emoji-data.txt ([0-9.]+)", Path(charset.__file__).read_text(encoding="utf-8"))
"""Of `charset.EMOJI`, whose docstring tells it."""


def calls() -> list[tuple[str, str]]:
    """The examples of the functions, as builtins.md shows them, where the language has a way to write all of them."""
    found = [
        (called(one, arguments), shown(result))
        for one in BUILTINS.values()
        for arguments, result in one.examples
        if one.name not in OPERATOR_NAMES and "pair" not in str(one.result)
    ]
    return [
        (call, result) for call, result in found if not re.search(r"\d/\d|undecided", call) and result != "undecided"
    ]


@pytest.mark.parametrize(("call", "result"), calls())
def test_the_examples_of_functions_are_written_as_people_write_them(call: str, result: str) -> None:
    if number := re.fullmatch(r"(-?\d+)/(\d+)", result):
        result = f"ratio({number[1]}, {number[2]}, if_zero=0)"
    check = f"{call} == {result}"
    assert verdict(f"decide({check}, if_unknown=false)" if call.startswith("language(") else check, "x") == "pass"


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("README.md", f"over {LARGEST_RESPONSE // 1024} KiB"),
        ("README.md", f"{languages.LEAST_LETTERS} bytes of letters"),
        ("constraints.md", LIMIT),
        ("constraints.md", f"more than {LARGEST_RESPONSE // 1024} KiB"),
        ("constraints.md", NO_JUDGE),
        ("texts.md", f"{LARGEST_RESPONSE:,} bytes"),
        ("types.md", f"2^{intervals.LARGEST.bit_length() - 1}"),
        ("types.md", f"plus and minus 10^{len(str(intervals.WIDEST)) - 1}"),
        ("types.md", f"10^{len(str(intervals.FINEST)) - 1} times"),
        ("types.md", f"{cost.LONGEST_ARGUMENT:,} code points"),
        ("types.md", f"is {cost.LONGEST_LIST:,}"),
        ("types.md", f"up to {DRAWS} times"),
        ("specs.md", f"within 10^{round(log10(rewards.CLOSE))} "),
        ("imports.md", f"the current one, {specs.EDITION}"),
        ("builtins.md", f"fewer than {languages.LEAST_LETTERS} bytes"),
        ("builtins.md", {0.5: "half of the probability"}[languages.LEAST_CONFIDENCE]),
        ("builtins.md", f"py3langid {version('py3langid')} "),
        ("cost.md", f"2^{cost.LARGEST_COST.bit_length() - 1}"),
        ("cost.md", f"count {LARGEST_RESPONSE:,}; a text parameter {cost.LONGEST_ARGUMENT:,};"),
        ("cost.md", f"else {cost.LARGEST_LIST:,};"),
        ("regexes.md", f"`emoji-data.txt` {EMOJI_VERSION}:"),
        ("regexes.md", f"most {rescans.LONGEST_REREAD:,} code points"),
        ("types.md", f"and {cost.LARGEST_LIST:,} code points together"),
    ],
)
def test_the_numbers_on_a_page_are_those_of_the_code(page: str, said: str) -> None:
    assert said in " ".join(read(page).split())
