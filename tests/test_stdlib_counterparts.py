"""docs/instruction-benchmarks.md names standard constraints for each of the 112 ids, which take the arguments shown."""

import json
import re
from functools import cache
from pathlib import Path
from random import Random

import pytest

import verif_dsl
from verif_dsl.benchmarks.ids import IDS
from verif_dsl.compiler.binding import bind

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "instruction-benchmarks.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `([\w-]+:[\w-]+)` \| (.*) \|$", PAGE, re.MULTILINE))
USES = [(id, *use) for id, cell in ROWS.items() for use in re.findall(r"`(\w+)\.(\w+)(?:\((.*?)\))?`", cell)]


@cache
def module(name: str) -> verif_dsl.Verifier:
    return verif_dsl.load(ROOT / "stdlib" / f"{name}.vif")


def test_every_id_has_one_row_with_constraints_that_are_no_ports() -> None:
    assert len(re.findall(r"^\| `[\w-]+:[\w-]+` \|", PAGE, re.MULTILINE)) == len(ROWS)
    assert sorted(ROWS) == sorted(id for ids in IDS.values() for id in ids)
    assert {id for id, *_ in USES} == set(ROWS)
    assert not {name for _, name, *_ in USES} & set(IDS)


@pytest.mark.parametrize(("instruction", "name", "constraint", "arguments"), USES, ids=lambda part: part)
def test_a_constraint_that_is_named_takes_the_arguments(
    instruction: str, name: str, constraint: str, arguments: str
) -> None:
    given = json.loads("{" + re.sub(r"(\w+) = ", r'"\1": ', arguments) + "}")
    values = {**module(name).draw(constraint, Random(0)), **given}
    assert set(bind(module(name).constraints[constraint], values)) == set(values)
