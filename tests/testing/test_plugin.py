"""The pytest plugin: which files it collects, its items, and how failures read."""

import pytest

from tests.testing.rules import BREAKING, KEPT, NTH_PARAGRAPH

pytest_plugins = ["pytester"]

# Installed, it is there by itself; from a checkout that was installed before it was written, it is not. So it is named,
# and left out under the name that an installation gives it, which pytest would take for a second plugin.
PLUGIN = ["-p", "no:vif", "-p", "verif_dsl.testing.plugin"]


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess(*PLUGIN, *arguments)


def write(pytester: pytest.Pytester, text: str, name: str = "rules") -> None:
    (pytester.path / f"{name}.vif").write_text(text, encoding="utf-8")


def test_a_named_file_has_an_item_for_each_example_and_law(pytester: pytest.Pytester) -> None:
    write(pytester, KEPT)
    result = run(pytester, "rules.vif", "-v")
    result.assert_outcomes(passed=8, skipped=2)
    result.stdout.fnmatch_lines(
        [
            "rules.vif::no_commas::accept-1 PASSED*",
            "rules.vif::no_commas::reject-1 PASSED*",
            "rules.vif::no_commas::not-vacuous PASSED*",
            "rules.vif::no_commas::monotone SKIPPED (no parameter is a threshold)*",
        ]
    )


def test_a_failure_reads_as_plain_text(pytester: pytest.Pytester) -> None:
    write(pytester, NTH_PARAGRAPH)
    result = run(pytester, "rules.vif", "-k", "not-vacuous")
    result.assert_outcomes(failed=1, deselected=9)
    result.stdout.fnmatch_lines(
        [
            "nth_paragraph breaks not-vacuous: every response fails with these arguments",
            "  instruction: Write 1 paragraphs. Paragraph 2 must start with the word *however*.",
            "  arguments:   total = 1, nth = 2, word = *",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_contradicted_example_fails_alone(pytester: pytest.Pytester) -> None:
    write(pytester, BREAKING["examples-agree"][0])
    result = run(pytester, "rules.vif", "-k", "accept or reject")
    result.assert_outcomes(failed=1, passed=1, deselected=8)
    result.stdout.fnmatch_lines(["c breaks examples-agree: this `accept` is contradicted", '  response:    "a, b"'])


def test_a_spec_has_items_as_well(pytester: pytest.Pytester) -> None:
    uses = 'import "std/length" as length spec s { use length.words_at_least(n = 2) accept "One two." accept "One" }'
    write(pytester, uses)
    result = run(pytester, "rules.vif", "-v")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "rules.vif::s::accept-1 PASSED*",
            "rules.vif::s::accept-2 FAILED*",
            "rules.vif::s::not-vacuous PASSED*",
            "s breaks examples-agree: this `accept` is contradicted: `words_at_least` fails on it",
        ]
    )


@pytest.mark.parametrize("cases", ["0", "-20", "few"])
def test_the_number_of_responses_is_at_least_one(pytester: pytest.Pytester, cases: str) -> None:
    write(pytester, KEPT)
    result = run(pytester, "rules.vif", f"--vif-cases={cases}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*--vif-cases: {cases} is no number from 1 on"])


def test_files_that_no_one_names_are_left_alone(pytester: pytest.Pytester) -> None:
    write(pytester, KEPT)
    pytester.makepyfile("def test_other(): pass")
    run(pytester).assert_outcomes(passed=1)


def test_the_setting_collects_files_that_no_one_names(pytester: pytest.Pytester) -> None:
    write(pytester, KEPT)
    pytester.makeini("[pytest]\nvif = true")
    run(pytester).assert_outcomes(passed=8, skipped=2)


def test_laws_are_switched_off_in_the_settings(pytester: pytest.Pytester) -> None:
    write(pytester, NTH_PARAGRAPH)
    pytester.makeini("[pytest]\nvif_without =\n    not-vacuous:nth_paragraph=as in the benchmark")
    result = run(pytester, "rules.vif", "-k", "not-vacuous", "-rs")
    result.assert_outcomes(skipped=1, deselected=9)
    result.stdout.fnmatch_lines(["*switched off: as in the benchmark*"])


def test_a_file_that_does_not_compile_is_an_error_with_its_place(pytester: pytest.Pytester) -> None:
    write(pytester, 'constraint c { instruct "a" check len(wrods(response)) > 1 accept "a b" reject "a" }')
    result = run(pytester, "rules.vif")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*wrods*", "*rules.vif:1:*"])


def test_a_file_that_does_not_compile_is_an_error_of_that_file_only(pytester: pytest.Pytester) -> None:
    write(pytester, 'constraint c { instruct "a" check wrods(response) == [] accept "a b" reject "a" }', "broken")
    write(pytester, KEPT)
    result = run(pytester, "broken.vif", "rules.vif", "--continue-on-collection-errors")
    result.assert_outcomes(errors=1, passed=8, skipped=2)


def test_a_file_without_constraints_is_an_error(pytester: pytest.Pytester) -> None:
    write(pytester, "vif 1\n")
    result = run(pytester, "rules.vif")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*rules.vif has no constraints, so nothing would be tested*"])


def test_items_are_spread_over_processes(pytester: pytest.Pytester) -> None:
    write(pytester, KEPT)
    run(pytester, "rules.vif", "-n", "2").assert_outcomes(passed=8, skipped=2)
