"""`vif fmt`: what it prints means what was written, is its own format, and keeps every comment."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.programs import NOWHERE, arranged, clauses, files, spanless, untidy
from tests.test_docs import PAGES, ROOT, blocks
from verif_dsl.cli import main
from verif_dsl.compiler import syntax
from verif_dsl.compiler.comments import comment_spans
from verif_dsl.compiler.layout import render
from verif_dsl.compiler.parser import parse
from verif_dsl.compiler.printed_expressions import expression
from verif_dsl.compiler.printer import WIDTH, format_source, print_file
from verif_dsl.compiler.source import Source

WHOLE = ROOT / "tests" / "data" / "whole_language.vif"
TIDY = sorted([*(ROOT / "stdlib").glob("*.vif"), *(ROOT / "examples").glob("*.vif")])
WRITTEN = {path.name: path.read_text(encoding="utf-8") for path in [WHOLE, *TIDY]} | {
    f"{page.name} {number}": text for page in PAGES for number, text in enumerate(blocks(page, "vif"))
}

UNTIDY = 'constraint c{accept"x" reject"a" check not("a" in response) instruct"No a."}'
TIDIED = """\
constraint c {
  instruct "No a."
  check not ("a" in response)
  accept "x"
  reject "a"
}
"""


def tree_of(text: str) -> syntax.File:
    return parse(Source("<text>", text))


def formatted(text: str) -> str:
    return format_source(Source("<text>", text))


def comments_in(text: str) -> list[str]:
    return [text[span.start : span.end].rstrip() for span in comment_spans(text)]


def in_a_row(given: list[syntax.Clause]) -> str:
    """A constraint with these clauses in the order given."""
    name = syntax.Name("c", NOWHERE)
    alone = (syntax.Constraint(name, 1, (clause,), NOWHERE) for clause in given)
    printed = (print_file(syntax.File(None, None, (), (one,), NOWHERE)).split("\n") for one in alone)
    return "\n".join(["constraint c {", *(line for lines in printed for line in lines[1:-2]), "}"])


# --------------------------------------------------------------------------------------------------------- properties


@given(files)
def test_a_printed_tree_parses_to_itself(file: syntax.File) -> None:
    assert spanless(tree_of(print_file(file))) == arranged(file)


@given(files.map(print_file).flatmap(untidy))
def test_an_untidy_text_keeps_its_meaning_and_its_comments_and_is_formatted_once(text: str) -> None:
    once = formatted(text)
    assert spanless(tree_of(once)) == spanless(tree_of(text))
    assert comments_in(once) == comments_in(text)
    assert formatted(once) == once


@given(st.lists(clauses, max_size=5).map(in_a_row).flatmap(untidy))
def test_every_comment_survives_where_clauses_move(text: str) -> None:
    once = formatted(text)
    assert spanless(tree_of(once)) == arranged(spanless(tree_of(text)))
    assert sorted(comments_in(once)) == sorted(comments_in(text))
    assert formatted(once) == once


@pytest.mark.parametrize("name", WRITTEN)
def test_every_file_that_people_wrote_keeps_its_meaning_and_its_comments(name: str) -> None:
    text = WRITTEN[name]
    once = formatted(text)
    assert spanless(tree_of(once)) == arranged(spanless(tree_of(text)))
    assert sorted(comments_in(once)) == sorted(comments_in(text))
    assert formatted(once) == once


@pytest.mark.parametrize("path", TIDY, ids=lambda path: path.name)
def test_the_files_of_this_repository_are_formatted_and_their_lines_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert formatted(text) == text
    long = [line for line in text.splitlines() if len(line) > WIDTH]
    # Those that are: a comment, or one text that nothing can break.
    assert all(line.lstrip().startswith("#") or line.count('"') - line.count('\\"') == 2 for line in long)


# -------------------------------------------------------------------------------------------------------------- style


def shown(text: str, width: int = 40) -> str:
    """A condition, printed in a narrow column."""
    (constraint,) = tree_of(f"constraint c {{ check {text} }}").items
    assert isinstance(constraint, syntax.Constraint) and isinstance(constraint.clauses[0], syntax.Check)
    return render(expression(constraint.clauses[0].condition), width)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("((a) and b) or (c and d)", "a and b or c and d"),
        ("(a or b) and not (c)", "(a or b) and not c"),
        ("a - (b - c) - d", "a - (b - c) - d"),
        ("(a * b) + c * (d + e) > -(f)", "a * b + c * (d + e) > -f"),
        ("not a in b", "not (a in b)"),
        ("(a == b) == c", "(a == b) == c"),
        ("- - 5 < -(5)", "--5 < -5"),
    ],
)
def test_parentheses_stand_where_they_are_needed(written: str, expected: str) -> None:
    assert shown(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("first_condition(response) and second(response)", "first_condition(response)\n  and second(response)"),
        (
            "all(a_long_condition(x) for x in words(response) if x != y)",
            "all(\n  a_long_condition(x)\n  for x in words(response)\n  if x != y\n)",
        ),
        ("some_number_of_words(response) <= largest_number", "some_number_of_words(response)\n  <= largest_number"),
        ("[1000001, 1000002, 1000003, 1000004, 1000005]", "[\n  1000001, 1000002, 1000003, 1000004,\n  1000005\n]"),
    ],
)
def test_a_long_expression_breaks_its_outermost_part_first(written: str, expected: str) -> None:
    assert shown(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (r'"a\u{e9}\u{1F600}"', '"aé😀"'),
        (r'"\u{a0}\u{200b}\u{feff}\u{0}"', r'"\u{a0}\u{200b}\u{feff}\u{0}"'),
        (r'"\u{301} e\u{301}"', '"\\u{301} e\u0301"'),
        (r'"👨\u{200d}👩 \u{200d}"', '"👨\u200d👩 \\u{200d}"'),
        ("'''one'''", "'''one'''"),
    ],
)
def test_a_text_shows_what_can_be_seen_and_escapes_the_rest(written: str, expected: str) -> None:
    assert shown(written) == expected


def test_comments_stay_with_what_they_are_about() -> None:
    text = """# About the file.

# About c.
constraint c { # Opening.
  accept "b" # Beside accept.
  # Above check.
  check "b" in response # Within.
    or true # Beside check.

  # Closing.
} # Beside c.
# The end."""
    expected = """# About the file.

# About c.
constraint c {  # Opening.
  # Above check.
  # Within.
  check "b" in response or true  # Beside check.
  accept "b"  # Beside accept.
  # Closing.
}  # Beside c.

# The end.
"""
    assert formatted(text) == expected


def test_an_expression_as_deep_as_the_parser_takes_is_printed() -> None:
    for deep in ("not " * 190 + "a", "[" * 90 + "]" * 90, "f(" * 60 + "a" + ")" * 60, "(a + " * 90 + "a" + ")" * 90):
        assert formatted(f"constraint c {{ check {deep} }}")


# ------------------------------------------------------------------------------------------------------- command line


def test_a_file_is_rewritten_only_when_it_changes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c.vif"
    path.write_text(UNTIDY, encoding="utf-8")
    assert main(["fmt", str(path)]) == 0
    assert path.read_text(encoding="utf-8") == TIDIED
    assert capsys.readouterr().out == f"{path}\n"
    before = path.stat()
    assert main(["fmt", str(path)]) == 0
    assert capsys.readouterr().out == ""
    assert path.stat().st_ino == before.st_ino  # a file written whole would be another


def test_checking_lists_files_and_touches_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    untidy_file, tidy_file = tmp_path / "untidy.vif", tmp_path / "tidy.vif"
    untidy_file.write_text(UNTIDY, encoding="utf-8")
    tidy_file.write_text(TIDIED, encoding="utf-8")
    assert main(["fmt", "--check", str(untidy_file), str(tidy_file)]) == 1
    assert capsys.readouterr().out == f"{untidy_file}\n"
    assert untidy_file.read_text(encoding="utf-8") == UNTIDY
    assert main(["fmt", "--check", str(tidy_file)]) == 0


def test_line_ends_of_another_system_are_changed(tmp_path: Path) -> None:
    path = tmp_path / "c.vif"
    path.write_bytes(TIDIED.replace("\n", "\r\n").encode())
    assert main(["fmt", "--check", str(path)]) == 1
    assert main(["fmt", str(path)]) == 0
    assert path.read_bytes() == TIDIED.encode()


def test_a_file_with_a_mistake_is_left_alone_and_the_others_are_formatted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong, right = tmp_path / "wrong.vif", tmp_path / "right.vif"
    wrong.write_text("constraint c { check a = b }", encoding="utf-8")
    right.write_text(UNTIDY, encoding="utf-8")
    assert main(["fmt", str(wrong), str(tmp_path / "missing.vif"), str(right)]) == 1
    told = capsys.readouterr().err
    assert "error[V0101]" in told and "wrong.vif:1:24" in told and "there is no file" in told
    assert wrong.read_text(encoding="utf-8") == "constraint c { check a = b }"
    assert right.read_text(encoding="utf-8") == TIDIED


@pytest.mark.parametrize(
    ("given", "options", "status", "out"),
    [
        (UNTIDY.encode(), [], 0, TIDIED),
        (TIDIED.replace("\n", "\r\n").encode(), [], 0, TIDIED),
        ("# é\n".encode(), [], 0, "# é\n"),
        (UNTIDY.encode(), ["--check"], 1, "-\n"),
        (TIDIED.encode(), ["--check"], 0, ""),
        (b"constraint {", [], 1, ""),
        (b"\xff", [], 1, ""),
    ],
)
def test_standard_input_comes_out_formatted(given: bytes, options: list[str], status: int, out: str) -> None:
    command = [sys.executable, "-m", "verif_dsl", "fmt", *options, "-"]
    done = subprocess.run(command, input=given, capture_output=True)
    assert (done.returncode, done.stdout.decode("utf-8")) == (status, out)
    assert b"Traceback" not in done.stderr and bool(done.stderr) == (status == 1 and not options)
