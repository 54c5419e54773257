"""What `vif emit --python` writes: a module that needs Polars only and gives the verdicts that the engine gives."""

import ast
import doctest
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import verif_dsl
from tests.strategies import ARGUMENTS, PIECES, conditions, rows
from tests.test_agreement import CASES
from tests.test_builtins import EXAMPLES, equals, kind_of
from tests.test_lowering import NODES
from verif_dsl.cli import main
from verif_dsl.compiler.backends.emitted import emitted
from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.binding import BindError, bind
from verif_dsl.compiler.builtins import BUILTINS, REQUIRED, Builtin
from verif_dsl.compiler.conversation import PROMPT, Given
from verif_dsl.compiler.installed_data import lacking
from verif_dsl.compiler.ir import Call, Constant, Input, Node, Value
from verif_dsl.compiler.kinds import BOOL, DECIMAL, INT, ITEM, REGEX, TEXT, Kind, fill, list_of, unify
from verif_dsl.compiler.program import Constraint, Domain, Param, Program
from verif_dsl.compiler.source import Source, Span

ROOT = Path(__file__).parent.parent
FILES = sorted([*(ROOT / "stdlib").glob("*.vif"), *(ROOT / "examples").glob("*.vif")])
TEXTS = 60
"""Awkward texts for each constraint."""


def loaded(text: str) -> ModuleType:
    """An emitted module, imported from a file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rules.py"
        path.write_text(text, encoding="utf-8")
        spec = spec_from_file_location("rules", path)
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        sys.modules["rules"] = module  # where dataclasses look for the types of their fields
        spec.loader.exec_module(module)
        return module


def compiled(text: str) -> ModuleType:
    return loaded(emitted(verif_dsl.compile(text).program, "0"))


def constraint_of(
    check: Node, parameters: Sequence[tuple[str, Kind]] = (), givens: tuple[Given, ...] = ()
) -> Constraint:
    """A constraint of a check, whose parameters are as free as can be."""
    domains = [
        Param(name, Domain(kind, item=Domain(kind.parts[0]) if kind.parts else None)) for name, kind in parameters
    ]
    return Constraint(
        "c", 1, None, (), None, None, tuple(domains), givens, (), (), (), check, None, None, (), Span(0, 0)
    )  # fmt: skip


def module_of(constraint: Constraint) -> ModuleType:
    return loaded(emitted(Program(Source("generated.vif", ""), constraints={"c": constraint}), "0"))


@pytest.fixture(scope="module", params=FILES, ids=lambda path: path.stem)
def pair(request: pytest.FixtureRequest) -> tuple[verif_dsl.Verifier, ModuleType]:
    """A file as the engine and as a module."""
    verifier = verif_dsl.load(request.param)
    return verifier, loaded(emitted(verifier.program, "0"))


# ---------------------------------------------------------------------------------------------------- whole files

ALONE = """
import sys, runpy
runpy.run_path(sys.argv[1])
print(sorted({name.partition(".")[0] for name in sys.modules} & {"verif_dsl", "lark", "click", "babel", "py3langid"}))
"""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_module_needs_polars_only(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["emit", "--python", str(path)]) == 0
    module = tmp_path / "rules.py"
    module.write_text(capsys.readouterr().out, encoding="utf-8")
    found = subprocess.run(
        [sys.executable, "-I", "-c", ALONE, str(module)], capture_output=True, text=True, check=True, cwd=tmp_path
    ).stdout
    assert found == "[]\n"
    imported = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names])
    }
    assert imported <= {*sys.stdlib_module_names, "polars", "numpy", "py3langid", "langdetect"}
    if shutil.which("ruff"):
        ruff = ["ruff", "format", "--check", "--isolated", "--line-length", "120", str(module)]
        assert subprocess.run(ruff, capture_output=True).returncode == 0


def test_examples_get_the_verdicts_of_the_engine(pair: tuple[verif_dsl.Verifier, ModuleType]) -> None:
    verifier, module = pair
    assert set(module.CONSTRAINTS) == set(verifier.constraints)
    tried, untried = apart(verifier)
    for name, constraint in tried.items():
        for example in constraint.examples:
            found = called(module, name, constraint, [example.response], [example.arguments], [example.given])
            expected = "pass" if example.accepts else "fail"
            assert found == [expected if constraint.kind == "hard" else "unknown"], (name, example)
    if untried:
        pytest.skip(f"all but {untried}")


def apart(verifier: verif_dsl.Verifier) -> tuple[dict[str, Constraint], dict[str, str]]:
    """The constraints that can be tried here, and by name why the others cannot."""
    found = {name: one.check and lacking(one.check) for name, one in verifier.constraints.items()}
    untried = {name: reason for name, reason in found.items() if reason is not None}
    return {name: one for name, one in verifier.constraints.items() if name not in untried}, untried


def called(
    module: ModuleType,
    name: str,
    constraint: Constraint,
    responses: list[str],
    arguments: Sequence[Any],
    given: Sequence[Any],
) -> list[str]:
    """The verdicts of a function of a module, each response with arguments of its own."""
    columns = {one.name: [row[one.name] for row in arguments] for one in constraint.parameters}
    fields = [one for one in constraint.givens if one.role is None]
    extra: dict[str, Any] = {}
    if fields:
        extra["columns"] = {one.field: [row[one.key] for row in given] for one in fields}
    if len(fields) < len(constraint.givens):
        extra["prompts"] = [conversation(constraint, row) for row in given]
    found: list[str] = module.CONSTRAINTS[name](responses, **columns, **extra)
    return found


def conversation(constraint: Constraint, given: Any) -> list[dict[str, str]]:
    """Messages in which every turn that a constraint reads stands."""
    return [
        {"role": str(one.role), "content": given[one.key]}
        for one in sorted(constraint.givens, key=lambda one: one.index)
        if one.role is not None
    ]


def test_awkward_texts_get_the_verdicts_of_the_engine(pair: tuple[verif_dsl.Verifier, ModuleType]) -> None:
    verifier, module = pair
    random = Random(1)
    tried, untried = apart(verifier)
    for name, constraint in tried.items():
        texts = ["".join(random.choices(PIECES, k=random.randint(0, 25))) for _ in range(TEXTS)]
        texts += ["a " * 40_000, "", *(one.response for one in constraint.examples)]
        drawn = [dict(verifier.draw(name, random)) for _ in texts]
        given = [{one.key: random.choice(texts[:TEXTS]) for one in constraint.givens} for _ in texts]
        extra: dict[str, Any] = {}
        if constraint.givens:
            extra["prompts"] = [conversation(constraint, row) for row in given]
            extra["columns"] = {one.field: [row[one.key] for row in given] for one in constraint.givens if one.field}
        asked = [verif_dsl.requirements.write_requirements([verif_dsl.Use(name, one)]) for one in drawn]
        expected = verifier.check(texts, constraints=asked, **extra).column(name.rpartition(".")[2])
        assert called(module, name, constraint, texts, drawn, given) == expected, name
    if untried:
        pytest.skip(f"all but {untried}")


def test_specs_give_the_rewards_of_the_engine(pair: tuple[verif_dsl.Verifier, ModuleType]) -> None:
    verifier, module = pair
    random = Random(2)
    texts = ["".join(random.choices(PIECES, k=random.randint(0, 40))) for _ in range(TEXTS)]
    texts += [one.response for other in verifier.constraints.values() for one in other.examples]
    for name, spec in verifier.specs.items():
        reads = any(verifier.constraints[use.constraint].givens for use in spec.uses)
        before = {"prompts": ["Why?"] * len(texts)} if reads else {}
        found, rewards = getattr(module, name)(texts, **before)
        expected = verifier.check(texts, constraints=name, **before)
        assert rewards == expected.rewards()
        assert found == {use.name: expected.column(use.name) for use in verifier.specs[name].uses}


# ------------------------------------------------------------------------------------------- every part of a check


@pytest.mark.parametrize("sort", NODES, ids=lambda sort: sort.__name__)
def test_every_sort_of_node_is_written_out(sort: type) -> None:
    module = module_of(constraint_of(NODES[sort], [("flag", BOOL)]))
    assert module.c(["a b"], flag=True) == ["pass"]


@pytest.mark.parametrize(("builtin", "arguments", "expected"), EXAMPLES, ids=lambda part: getattr(part, "name", None))
def test_every_builtin_is_written_out(builtin: Builtin, arguments: tuple[Value, ...], expected: Value) -> None:
    item: Kind | None = None
    nodes: list[Node] = []
    for parameter, value in zip(builtin.parameters, arguments, strict=True):
        own = kind_of(value) if ITEM in (parameter.kind, *parameter.kind.parts) else parameter.kind
        _, item = unify(parameter.kind, own, item)
        nodes.append(Constant(value, fill(parameter.kind, item)))
    # One of them computed, so that no constant is folded: the response is the first text that is not written out.
    response = "a"
    for index, (parameter, node) in enumerate(zip(builtin.parameters, list(nodes), strict=True)):
        if (
            node.kind == TEXT
            and parameter.kind != REGEX
            and parameter.default is REQUIRED
            and str(arguments[index]).strip()
        ):
            response = str(arguments[index])
            nodes[index] = Input("response")
            break
    call = Call(builtin.name, tuple(nodes), fill(builtin.result, item))
    for condition in equals(call, expected):
        assert module_of(constraint_of(condition)).c([response]) == ["pass"]


def test_what_cannot_be_written_out_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUILTINS, "trim", replace(BUILTINS["trim"], columns=lambda x: x))
    with pytest.raises(verif_dsl.VerifError, match="`trim` cannot be written out as Python"):
        compiled('constraint c { instruct "-" check trim(response) == "a" accept "a" reject "b" }')


@given(conditions(), st.lists(rows(), min_size=1, max_size=8))
@settings(max_examples=max(CASES // 8, 20), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_generated_checks_give_what_the_reference_gives(condition: Node, batch: list[Row]) -> None:
    module = module_of(constraint_of(condition, list(ARGUMENTS.items()), (PROMPT,)))
    arguments = {name: [row.arguments[name] for row in batch] for name in ARGUMENTS}
    found = module.c([row.response for row in batch], prompts=[row.given[PROMPT.key] for row in batch], **arguments)
    assert found == ["pass" if evaluate(condition, row) else "fail" for row in batch]


# ------------------------------------------------------------------------------------------------------- arguments

DOMAINS = [
    Domain(BOOL),
    Domain(INT),
    Domain(INT, 1, 5),
    Domain(INT, None, 3),
    Domain(DECIMAL, Fraction(0), Fraction(1, 2)),
    Domain(TEXT),
    Domain(TEXT, choices=("a", "é")),
    Domain(TEXT, pattern="(?i)[a-z]+|é"),
    Domain(list_of(TEXT), 1, 2, item=Domain(TEXT, pattern="[^,]*")),
    Domain(list_of(INT), item=Domain(INT, 0, 9)),
    Domain(list_of(DECIMAL), None, 3, item=Domain(DECIMAL)),
]
VALUES: list[Any] = [
    *(True, False, None, 0, 1, 3, 5, 6, -1, 10**9, 10**9 + 1, 0.5, 0.1, 0.0000001, float("nan"), float("inf")),
    *(Fraction(1, 3), Fraction(1, 4), "", "a", "A", "é", "e\u0301", "ab", "a" * 5000, "a,b", "ab\n"),
    *([], ["a"], ["a", "b"], ["a,b"], ["a", "b", "c"], [1], [1, True], [0.5], [12], ("a",), {"a": 1}),
]  # fmt: skip


@pytest.mark.parametrize("domain", DOMAINS, ids=str)
def test_arguments_are_taken_and_refused_as_the_compiler_does(domain: Domain) -> None:
    constraint = replace(constraint_of(Constant(True, BOOL)), parameters=(Param("p", domain),))
    module = module_of(constraint)
    for value in VALUES:
        given = value if domain.item else [value]  # in a list, which for a list is the value itself
        try:
            bind(constraint, {"p": value})
        except BindError:
            with pytest.raises(ValueError, match=r"^(row 0: )?`p` of `c`: "):
                module.c(["a"], p=given)
        else:
            assert module.c(["a"], p=given) == ["pass"]


RANGES = """
constraint c {
  param low: int in 1 to 5 = 2
  param high: int in low to 9 = 4
  param columns: list of text = ["a"]
  require low + high != 7
  instruct "-"
  check low <= len(words(response)) <= high and all(one in response for one in columns)
  accept "a b" reject "b"
}
"""


def test_arguments_are_one_for_all_or_one_a_row() -> None:
    module = compiled(RANGES)
    assert module.c(["a b", "b b", "a", "  "]) == ["pass", "fail", "fail", "fail"]
    assert module.c(["a b", "b b"], columns=["b"]) == ["pass", "pass"]
    assert module.c(["a b", "b b"], columns=[["a"], []], low=[1, 2]) == ["pass", "pass"]
    assert module.c(["a b" * 30_000]) == ["unknown"]
    assert module.c([]) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"low": 6}, r"`low` of `c`: 6 is outside 1 to 5"),
        ({"low": 5}, r"`high` of `c`: 4 is outside 5 to 9"),
        ({"low": [1, 5], "high": [5, 3]}, r"row 1: `high` of `c`: 3 is outside 5 to 9"),
        ({"low": [1]}, r"there are 2 responses and 1 values of `low`"),
        ({"low": "2"}, r"`low` of `c`: '2' is not a whole number"),
        ({"high": [4, 5]}, r"row 1: `c` requires low \+ high != 7"),
    ],
)
def test_wrong_arguments_are_a_sentence(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        compiled(RANGES).c(["a b", "a"], **arguments)


# ------------------------------------------------------------------------------------------------------- the rest


def test_the_documentation_does_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = loaded(emitted(verif_dsl.load(ROOT / "examples" / "quickstart.vif").program, "0"))
    monkeypatch.setitem(sys.modules, "rules", rules)
    assert doctest.testfile(str(ROOT / "docs" / "emitted.md"), module_relative=False).failed == 0


NAMES = """
constraint lower { param class: int = 1 instruct "-" check len(words(lower(response))) == class
  accept "A" reject "a b" }
constraint keep { instruct "-" check any(w == "a" for w in words(response)) accept "a" reject "b" }
constraint len { given text from field "text" param columns: text = "" instruct "-"
  check text in response and columns in response accept "ab" with text = "a" reject "b" with text = "a" }
spec is_blank { use lower(class = 2) use keep() }
"""


def test_names_that_python_or_the_module_has_taken_get_an_underscore() -> None:
    module = compiled(NAMES)
    assert module.CONSTRAINTS["lower"](["a", "a b"], class_=2) == ["fail", "pass"]
    assert module.CONSTRAINTS["keep"](["a", "b"]) == ["pass", "fail"]
    assert module.len_(["a", "b"], columns={"text": ["a", "a"]}, columns_=["", ""]) == ["pass", "fail"]
    assert module.is_blank_(["a", "b b"])[0]["keep"] == ["pass", "fail"]


def test_a_missing_prompt_is_a_sentence() -> None:
    text = (ROOT / "examples" / "tour.vif").read_text(encoding="utf-8")
    module = compiled(text)
    with pytest.raises(ValueError, match=r"^row 0: `chain_word` reads the turn assistant\[-1\], and the row has none$"):
        module.chain_word(["a"])


@pytest.mark.parametrize("arguments", [["--python"], ["--python", "--json", "a.vif"]])
def test_python_needs_a_file_and_nothing_else(arguments: list[str]) -> None:
    assert main(["emit", *arguments]) == 2
