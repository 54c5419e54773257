"""Plans: the IR printed as users write it means what it meant, and what is shared is said."""

from hypothesis import given, settings

import verif_dsl
from tests.strategies import ARGUMENTS, BOUNDS, conditions, rows
from verif_dsl.cli import main
from verif_dsl.compiler import syntax
from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.builtins import INTERNAL
from verif_dsl.compiler.conversation import PROMPT
from verif_dsl.compiler.expressions import Typer
from verif_dsl.compiler.ir import Argument, Call, Constant, Input, Node, walk
from verif_dsl.compiler.parser import parse
from verif_dsl.compiler.plan import plan
from verif_dsl.compiler.printed_ir import shown
from verif_dsl.compiler.source import Source

NAMES = {name: Argument(name, kind) for name, kind in ARGUMENTS.items()}
RULES = """
constraint brief {
  param most: int in 1 to 9 = 3
  instruct "Use at most {most} words."
  check len(words(response)) <= most
  accept "a b"
  reject "a b c d"
}
constraint plain {
  instruct "Write short words."
  check all(len(chars(w)) <= 5 for w in words(response))
  accept "a b"
  reject "abcdef"
}
"""


def typed(text: str) -> tuple[Node | None, set[str]]:
    (item,) = parse(Source("<shown>", f"constraint c {{ check {text} }}")).items
    assert isinstance(item, syntax.Constraint) and isinstance(item.clauses[0], syntax.Check)
    typer = Typer(arguments=BOUNDS)
    names: dict[str, Node | None] = {**NAMES, "response": Input("response"), "prompt": PROMPT.node}
    node = typer.typed(item.clauses[0].condition, names)
    return node, {one.code for one in typer.diagnostics}


@given(conditions(3), rows())
@settings(max_examples=300, deadline=None)
def test_an_expression_that_is_shown_means_what_it_meant(condition: Node, row: Row) -> None:
    if any(isinstance(node, Constant) and node.value is None for node in walk(condition)):
        return  # nobody can write what is undecided
    if any(isinstance(node, Call) and node.builtin in INTERNAL for node in walk(condition)):
        return  # nor what passes write
    node, codes = typed(shown(condition))
    if node is None:  # a number too large for the bounds of its parts, or a text that json_kind never gives
        assert codes <= {"V0104", "V0203", "V0207", "V0216", "V0218"}
    else:
        assert evaluate(node, row) == evaluate(condition, row)


def test_a_plan_says_what_is_shared_and_what_is_gone_through() -> None:
    lines = plan(verif_dsl.compile(RULES).program).splitlines()
    assert lines[0].startswith("all constraints: 2 checks, at most ")
    assert lines[1:3] == ["  once for the batch", "    words(response)  (2 checks)"]
    assert lines[-2:] == [
        "    all(len(chars(x)) <= 5 for x in words(response))",
        "    a question asked within the list words(response)",
    ]


def test_only_a_question_that_needs_more_than_its_item_needs_a_table() -> None:
    asked = RULES.replace("len(words(response)) <= most", "not any(len(chars(w)) > most for w in words(response))")
    agreed = asked.replace('reject "a b c d"', 'reject "abcd"')
    (line,) = (one for one in plan(verif_dsl.compile(agreed).program).splitlines() if "for each of" in one)
    assert line == "    a table with one line for each of words(response)"


def test_vif_explain_shows_plans(tmp_path, capsys) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "rules.vif"
    path.write_text(RULES, encoding="utf-8")
    assert main(["explain", "--plan", str(path)]) == 0
    assert "words(response)  (2 checks)" in capsys.readouterr().out
    assert main(["explain", "--plan", "V0203"]) == 2
