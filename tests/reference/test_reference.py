"""The reference, docs/reference, is held to the code: parts of its pages are written from it, and its tables are run.

What stands between `<!-- generated: name -->` and `<!-- end -->` is what `BLOCKS[name]` gives; `pytest
--update-expected` writes it. A table is known by its heads: see the tests that ask `rows` for them. errors.md has a
test of its own, and test_docs.py compiles the .vif blocks of all pages.
"""

import re
from importlib.metadata import version
from math import log10
from pathlib import Path

import polars as pl
import pytest

import verif_dsl
from tests.reference.blocks import BLOCKS, MARKED, PAGES, alone, called, cells, filled, read, shown
from tests.test_builtins import needing_data
from verif_dsl.compiler import (
    check_source,
    cost,
    intervals,
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
    languages,
)
from verif_dsl.compiler.domains import literal
from verif_dsl.compiler.ir import Value
from verif_dsl.compiler.modules import ModuleError, check_version, find_module
from verif_dsl.compiler.outline import CLAUSE_WORDS, ITEM_WORDS
from verif_dsl.compiler.patterns import charset, rescans
from verif_dsl.compiler.printer import format_source
from verif_dsl.compiler.source import Source
from verif_dsl.compiler.specs import build
from verif_dsl.compiler.templates import TemplateError, parse_template
from verif_dsl.compiler.texts import LARGEST_RESPONSE, is_blank, prepare, too_large
from verif_dsl.grading import LIMIT, NO_JUDGE


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
        assert not check_source(source)[1].diagnostics


# ------------------------------------------------------------------------------------------------- tables of behaviour


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
    table = pl.DataFrame(lines, schema=schema, orient="row").with_columns(score=pl.lit(None, dtype=pl.Float64))
    columns = reward_ends(tree, table, 1)
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


def calls() -> list[pytest.ParameterSet]:
    """The examples of the functions, as builtins.md shows them, where the language has a way to write all of them."""
    found = [
        (one, called(one, arguments), shown(result))
        for one in BUILTINS.values()
        for arguments, result in one.examples
        if one.name not in OPERATOR_NAMES and "pair" not in str(one.result)
    ]
    return [
        pytest.param(call, result, marks=needing_data(one))
        for one, call, result in found
        if not re.search(r"\d/\d|undecided", call) and result != "undecided"
    ]


@pytest.mark.parametrize(("call", "result"), calls())
def test_the_examples_of_functions_are_written_as_people_write_them(call: str, result: str) -> None:
    if number := re.fullmatch(r"(-?\d+)/(\d+)", result):
        result = f"ratio({number[1]}, {number[2]}, if_zero=0)"
    check = f"{call} == {result}"
    assert verdict(f"decide({check}, if_unknown=false)" if call.startswith("language") else check, "x") == "pass"


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
