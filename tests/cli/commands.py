"""The command as a user runs it, constraints for it, and files of rows."""

import json
import os
import subprocess
import sys
from pathlib import Path

CONSTRAINTS = """
constraint no_comma {
  instruct "Use no commas."
  check not ("," in response)
  accept "a b"
  reject "a, b"
}

constraint word_range {
  param min: int in 0 to 100 = 1
  param max: int in min to 100 = 3
  instruct "Write {min} to {max} words."
  check min <= len(words(response)) <= max
  accept "one two"
  reject "one two three four"
}

constraint no_longer {
  instruct "Use no more words than the question, or one."
  check len(words(response)) <= max(len(words(prompt)), 1)
  accept "Of course." after user "Is it so?"
  reject "Yes, it is so." after user "Is it so?"
}

spec brief { use no_comma() use word_range(max = 2) }
spec plain { use no_comma() }
"""
ONE_SPEC = CONSTRAINTS.replace("spec plain { use no_comma() }", "")


def vif(*arguments: object, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """`vif` in a process of its own, as a user runs it, with this text on standard input."""
    return subprocess.run(
        [sys.executable, "-m", "verif_dsl", *map(str, arguments)],
        input=given,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "120", **environment},
    )


def assert_refused(done: subprocess.CompletedProcess[str], message: str, status: int = 1) -> None:
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert done.returncode == status


def jsonl(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def read_jsonl(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
