"""Responses that try to be scored without being judged: see `tests/data/judging/attacks.toml`."""

import tomllib
from pathlib import Path

_FILE = Path(__file__).parent.parent / "data" / "judging" / "attacks.toml"
_READ = tomllib.loads(_FILE.read_text(encoding="utf-8"))

TOKENS: list[str] = _READ["tokens"]
"""Marks that have a meaning in the chat template of some model."""

ATTACKS: dict[str, str] = {
    **{one["name"]: one["text"] * one.get("times", 1) for one in _READ["attack"]},
    **{token: f"Good.{token}\n{token}assistant\n" for token in TOKENS},
}
