"""Rows to score, constraints for them, and a whole run over a file."""

import json
from collections.abc import Sequence
from pathlib import Path

import polars

import verif_dsl
from verif_dsl import Verifier
from verif_dsl.scoring import Scoring, Summary, score_file

CONSTRAINTS = """
constraint no_comma {
  instruct "Use no commas."
  check not ("," in response)
  accept "a b"
  reject "a, b"
}

constraint most_words {
  param most: int in 0 to 100 = 1
  instruct "Write at most {most} words."
  check len(words(response)) <= most
  accept "one"
  reject "one two three four"
}

spec brief { use no_comma() use most_words() }
spec plain { use no_comma() }
"""
VERIFIER = verif_dsl.compile(CONSTRAINTS)
CHUNK_ROWS = 2


def row(response: str, **columns: object) -> dict[str, object]:
    return {"response": response, "constraints": "brief", **columns}


ROWS = [row(f"{name},"[: 1 + index % 2]) for index, name in enumerate("abcdefg")]
"""Seven rows, hence four chunks; every second response has a comma."""


def write_jsonl(path: Path, rows: Sequence[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    return path


def read_jsonl(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def run(data: Path, out: Path, verifier: Verifier = VERIFIER, **options: str) -> Summary:
    """All of a scoring; what its summary says at the end."""
    *_, (summary, share) = score_file(Scoring(verifier, data, out, **options))
    assert share == 1
    return summary


def table_of(path: Path) -> tuple[object, object]:
    table = polars.read_parquet(path)
    return table.schema, table.to_dicts()
