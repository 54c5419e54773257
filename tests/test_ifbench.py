"""Ports in stdlib/ifbench.vif that need a stack decide as one does, though the language has none."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

import verif_dsl

MODULE = Path(__file__).resolve().parents[1] / "stdlib" / "ifbench.vif"


@pytest.fixture(scope="module")
def verifier() -> verif_dsl.Verifier:
    return verif_dsl.load(MODULE)


def deep_brackets(text: str) -> bool:
    """Whether a bracket is closed by its kind after five were open, where a wrong one starts anew."""
    waiting: list[str] = []
    deepest = 0
    for sign in text:
        if sign in "([{":
            waiting.append({"(": ")", "[": "]", "{": "}"}[sign])
            deepest = max(deepest, len(waiting))
        elif sign in ")]}":
            if waiting and waiting.pop() == sign:
                if deepest >= 5:
                    return True
            else:
                waiting, deepest = [], 0
    return False


def deep_quotes(text: str) -> bool:
    """Whether three quotes are closed below the deepest one that was open."""
    waiting: list[str] = []
    deepest = 0
    for sign in text:
        if waiting and waiting[-1] == sign:
            waiting.pop()
            if deepest - len(waiting) >= 3:
                return True
        elif sign in "\"'":
            waiting.append(sign)
            deepest = max(deepest, len(waiting))
    return False


@pytest.mark.parametrize(
    ("name", "expected", "signs"),
    [("format_parentheses", deep_brackets, "([{([{)]}a"), ("format_quotes", deep_quotes, "\"'\"'a")],
)
def test_what_needs_a_stack_is_decided_as_by_one(
    name: str, expected: Callable[[str], bool], signs: str, verifier: verif_dsl.Verifier
) -> None:
    random = Random(0)
    texts = ["".join(random.choices(signs, k=random.randint(5, 16))) for _ in range(3000)]
    column = verifier.check(texts, constraints=json.dumps([{"use": name, "as": name}])).column(name)
    assert [one == "pass" for one in column] == [expected(text) for text in texts]
    assert "pass" in column
