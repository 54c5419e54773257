"""How fast verdicts are: IFEval's rows beside lm-eval's own checkers, a GRPO batch, and binding a data set.

    python bench/scoring.py [--repeat 15]

needs the conformance data (see tests/test_ifeval.py), and for the comparison `pip install 'verif-dsl[bench]'` with the
punkt tables of NLTK where NLTK_DATA points to. Only the instruction ids that are ported count, the same for both sides.
"""

import argparse
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import verif_dsl

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("VERIF_CONFORMANCE", ROOT.parent / "shared" / "conformance")) / "ifeval"
GROUP, PROMPTS, EACH = 16, 32, 6
BINDINGS = 22_000


@dataclass(frozen=True)
class Row:
    """A prompt with a response, and its ported instructions with their arguments."""

    key: int
    prompt: str
    response: str
    ids: Sequence[str]
    arguments: Sequence[dict[str, Any]]

    @property
    def constraints(self) -> str:
        uses = zip(self.ids, self.arguments, strict=True)
        return json.dumps(
            [{"use": name(id), "with": given, "as": f"{id} {index}"} for index, (id, given) in enumerate(uses)]
        )


def name(instruction: str) -> str:
    return instruction.replace(":", "_")


def read(verifier: verif_dsl.Verifier, repeat: int) -> list[Row]:
    """The rows, over and over with their paragraphs rotated, so that no two texts are equal."""
    prompts = [json.loads(line) for line in (DATA / "prompts.jsonl").read_text("utf-8").splitlines()]
    answers = [json.loads(line) for line in (DATA / "gpt4_responses.jsonl").read_text("utf-8").splitlines()]
    rows: list[Row] = []
    for turn in range(repeat):
        for asked, answered in zip(prompts, answers, strict=True):
            kept = [
                (id, {key: value for key, value in given.items() if value is not None})
                for id, given in zip(asked["instruction_id_list"], asked["kwargs"], strict=True)
                if name(id) in verifier.constraints
            ]
            text = rotated(answered["response"], turn)
            rows.append(Row(asked["key"], asked["prompt"], text, [id for id, _ in kept], [given for _, given in kept]))
    return rows


def rotated(text: str, turn: int) -> str:
    paragraphs = text.split("\n\n")
    at = turn % len(paragraphs)
    return "\n\n".join([*paragraphs[at:], *paragraphs[:at]]) + " " * turn


def ours(verifier: verif_dsl.Verifier, rows: Sequence[Row]) -> list[bool]:
    """Every verdict, row by row."""
    verdicts = verifier.check([row.response for row in rows], constraints=[row.constraints for row in rows])
    return (verdicts.table.sort("row", maintain_order=True)["verdict"] == "pass").to_list()


def theirs(rows: Sequence[Row]) -> list[bool]:
    """The same by lm-eval's checkers, called as its task calls them."""
    from lm_eval.tasks.ifeval.utils import InputExample, test_instruction_following_strict

    found: list[bool] = []
    for row in rows:
        asked = InputExample(row.key, list(row.ids), row.prompt, [dict(one) for one in row.arguments])
        found += test_instruction_following_strict(asked, row.response).follow_instruction_list
    return found


def seconds(run: Callable[[], object], runs: int = 3) -> float:
    """The fastest of a few runs."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def grpo_rows(verifier: verif_dsl.Verifier, rows: Sequence[Row], random: Random) -> list[Row]:
    """512 responses with six constraints each, whose arguments all differ."""
    ids = sorted({id for row in rows for id in row.ids})
    batch = []
    for row in random.sample(rows, GROUP * PROMPTS):
        chosen = random.sample(ids, EACH)
        arguments = [dict(verifier.draw(name(id), random)) for id in chosen]
        batch.append(Row(row.key, row.prompt, row.response, chosen, arguments))
    return batch


def share_of_a_busy_thread(run: Callable[[], object]) -> float:
    """How fast Python code runs in another thread meanwhile, as a share of its speed alone."""

    def spin(stop: Callable[[], bool]) -> float:
        steps, start = 0, time.perf_counter()
        while not stop():
            steps += 1
        return steps / (time.perf_counter() - start)

    until = time.perf_counter() + 0.5
    alone = spin(lambda: time.perf_counter() > until)
    worker = threading.Thread(target=run)
    worker.start()
    return spin(lambda: time.perf_counter() < 0 or not worker.is_alive()) / alone


def main() -> None:
    """Print a line a measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=15)
    options = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"no conformance data in {DATA} (set VERIF_CONFORMANCE to the folder that has ifeval/ in it)")
    verifier = verif_dsl.load(ROOT / "stdlib" / "ifeval.vif")
    rows = read(verifier, options.repeat)
    checks = sum(len(row.ids) for row in rows)
    size = sum(len(row.response.encode()) for row in rows) / 1e6
    ids = {one for row in rows for one in row.ids}
    print(f"{len(rows):,} responses of {size:.1f} MB, {checks:,} checks of {len(ids)} ids")
    compare("IFEval, faithful", verifier, rows)
    compare("GRPO batch", verifier, grpo_rows(verifier, rows, Random(0)))
    bind()
    texts, constraints = [row.response for row in rows], [row.constraints for row in rows]
    share = share_of_a_busy_thread(lambda: verifier.check(texts, constraints=constraints))
    print(f"a busy Python thread beside it keeps {share:.0%} of its speed")


def compare(title: str, verifier: verif_dsl.Verifier, rows: Sequence[Row]) -> None:
    fast = seconds(lambda: ours(verifier, rows))
    line = f"{title}: {fast:.3f} s"
    try:
        slow = seconds(lambda: theirs(rows), runs=1)
    except ImportError as error:
        print(f"{line}; lm-eval is not there to compare with ({error})")
        return
    agree = sum(one == other for one, other in zip(ours(verifier, rows), theirs(rows), strict=True))
    total = sum(len(row.ids) for row in rows)
    print(f"{line}, lm-eval {slow:.3f} s, {slow / fast:.0f} times; {agree:,} of {total:,} verdicts agree")


def bind() -> None:
    """Time what it takes to bind a data set in which every row has calls and arguments of its own."""
    verifier = verif_dsl.load(ROOT / "stdlib" / "length.vif")
    random = Random(0)
    drawn = [(random.randint(1, 200), random.randint(201, 400), random.randint(1, 9)) for _ in range(BINDINGS)]
    as_json = [
        json.dumps(
            [{"use": "word_range", "with": {"min": a, "max": b}}, {"use": "sentences_at_least", "with": {"n": c}}]
        )
        for a, b, c in drawn
    ]
    as_source = [f"use word_range(min = {a}, max = {b}) use sentences_at_least(n = {c})" for a, b, c in drawn]
    for title, texts in (("JSON", as_json), (".vif", as_source)):
        start = time.perf_counter()
        for text in texts:
            verifier.requirements(text)
        print(f"binding {BINDINGS:,} rows from {title}: {time.perf_counter() - start:.2f} s")


if __name__ == "__main__":
    main()
