"""Bugs of other projects' checkers, and what the standard library does instead: the cases of data/known_bugs.toml."""

import json
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import verif_dsl
from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.binding import bind
from verif_dsl.compiler.installed_data import lacking
from verif_dsl.compiler.texts import is_blank, prepare

Bug = dict[str, Any]

ROOT = Path(__file__).resolve().parents[1]
BUGS: list[Bug] = tomllib.loads((Path(__file__).parent / "data" / "known_bugs.toml").read_text("utf-8"))["bug"]
COMMON = {"number", "peer", "bug", "why"}
FORMS = [
    {"use", "with", "response", "verdict"},
    {"use", "with", "response", "verdict", "port"},
    {"use", "with", "response", "verdict", "port", "port_with"},
    {"use", "with", "refused"},
    {"elsewhere"},
]
OPPOSITE = {"pass": "fail", "fail": "pass"}


def having(key: str) -> pytest.MarkDecorator:
    bugs = [pytest.param(one, id=f"{one['number']}") for one in BUGS if key in one]
    return pytest.mark.parametrize("bug", bugs)


@cache
def module(name: str) -> verif_dsl.Verifier:
    return verif_dsl.load(ROOT / "stdlib" / f"{name}.vif")


def verdicts(use: str, given: dict[str, Any], response: str) -> tuple[str, str]:
    """The verdicts of a standard constraint by the columns and by the reference evaluator."""
    file, _, name = use.partition(".")
    verifier = module(file)
    constraint = verifier.constraints[name]
    assert constraint.check is not None
    if (reason := lacking(constraint.check)) is not None:
        pytest.skip(reason)
    [column] = verifier.check([response], constraints=json.dumps([{"use": name, "with": given, "as": "it"}])).column(
        "it"
    )
    text = prepare(response)
    passes = not is_blank(text) and evaluate(constraint.check, Row(text, bind(constraint, given)))
    return column, "pass" if passes else "fail"


def test_no_bug_is_left_out() -> None:
    assert [one["number"] for one in BUGS] == list(range(1, len(BUGS) + 1))
    assert len(BUGS) >= 45


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: str(bug["number"]))
def test_a_bug_says_what_happens_here(bug: Bug) -> None:
    assert set(bug) - COMMON in FORMS
    assert all(bug[key].strip() for key in ("peer", "bug", "why"))


@having("verdict")
def test_the_standard_constraint_is_right(bug: Bug) -> None:
    assert verdicts(bug["use"], bug["with"], bug["response"]) == (bug["verdict"], bug["verdict"])


@having("port")
def test_a_port_of_the_peers_code_gives_the_other_verdict(bug: Bug) -> None:
    wrong = OPPOSITE[bug["verdict"]]
    assert verdicts(bug["port"], bug.get("port_with", bug["with"]), bug["response"]) == (wrong, wrong)


@having("refused")
def test_arguments_without_a_meaning_are_refused(bug: Bug) -> None:
    file, _, name = bug["use"].partition(".")
    with pytest.raises(verif_dsl.VerifError, match=re.escape(bug["refused"])):
        module(file).check(["Some text."], constraints=json.dumps([{"use": name, "with": bug["with"]}]))


@having("elsewhere")
def test_the_test_that_shows_it_exists(bug: Bug) -> None:
    path, _, name = bug["elsewhere"].partition("::")
    assert f"\ndef {name}(" in (ROOT / path).read_text("utf-8")
