"""How fast verdicts are: IFEval's rows beside lm-eval's own checkers, a GRPO batch, and binding a data set.

    python bench/scoring.py [--repeat 15]

needs the conformance data (see tests/recorded.py), and for the comparison `pip install 'verif-dsl[bench]'` with the
punkt tables of NLTK where NLTK_DATA points to. Some rows are checked before, so that the peer is not timed while it
loads its models; our first time is told as well.
"""

import argparse
import json
import os
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import verif_dsl
from verif_dsl.benchmarks.ids import port_name as port

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("VERIF_CONFORMANCE", ROOT.parent / "shared" / "conformance")) / "ifeval"
RULES = tomllib.loads((ROOT / "bench" / "standard.toml").read_text("utf-8"))["rule"]
GROUP, PROMPTS, EACH = 16, 32, 6
BINDINGS = 22_000


@dataclass(frozen=True)
class Row:
    """A prompt with a response, and its instructions with their arguments."""

    key: int
    prompt: str
    response: str
    ids: Sequence[str]
    arguments: Sequence[dict[str, Any]]


def faithful(row: Row) -> str:
    """What a row requires, by the ports of IFEval's own checkers."""
    uses = zip(row.ids, row.arguments, strict=True)
    return json.dumps(
        [{"use": port(id), "with": given, "as": f"{id} {index}"} for index, (id, given) in enumerate(uses)]
    )


def standard_verifier() -> verif_dsl.Verifier:
    """The constraints that standard.toml names, as `module.name`."""
    modules = sorted({rule["use"].partition(".")[0] for rule in RULES})
    return verif_dsl.compile("vif 1\n" + "\n".join(f'import "std/{one}" as {one}' for one in modules))


def standard(row: Row) -> str:
    """The same instructions, as the standard constraints say them."""
    uses = []
    for place, (id, given) in enumerate(zip(row.ids, row.arguments, strict=True)):
        rule = next(
            one
            for one in RULES
            if one["id"] == id and all(given[key] in allowed for key, allowed in one.get("when", {}).items())
        )
        arguments = {parameter: given[key] for parameter, key in rule.get("with", {}).items()}
        uses.append({"use": rule["use"], "with": {**arguments, **rule.get("fixed", {})}, "as": f"{id} {place}"})
    return json.dumps(uses)


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
                if port(id) in verifier.constraints
            ]
            text = rotated(answered["response"], turn)
            rows.append(Row(asked["key"], asked["prompt"], text, [id for id, _ in kept], [given for _, given in kept]))
    return rows


def rotated(text: str, turn: int) -> str:
    paragraphs = text.split("\n\n")
    at = turn % len(paragraphs)
    return "\n\n".join([*paragraphs[at:], *paragraphs[:at]]) + " " * turn


def ours(verifier: verif_dsl.Verifier, rows: Sequence[Row], required: Sequence[str]) -> list[bool]:
    """Every verdict, row by row."""
    verdicts = verifier.check([row.response for row in rows], constraints=required)
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
        arguments = [dict(verifier.draw(port(id), random)) for id in chosen]
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
    ports = verif_dsl.load(ROOT / "stdlib" / "ifeval.vif")
    rows = read(ports, options.repeat)
    checks = sum(len(row.ids) for row in rows)
    size = sum(len(row.response.encode()) for row in rows) / 1e6
    ids = {one for row in rows for one in row.ids}
    print(f"{len(rows):,} responses of {size:.1f} MB, {checks:,} checks of {len(ids)} ids")
    peer = timed_peer(rows)
    batch = grpo_rows(ports, rows, Random(0))
    compare("IFEval, faithful", ports, rows, faithful, peer)
    compare("IFEval, standard", standard_verifier(), rows, standard, peer)
    compare("GRPO batch, faithful", ports, batch, faithful, timed_peer(batch))
    bind()
    texts, required = [row.response for row in rows], [faithful(row) for row in rows]
    share = share_of_a_busy_thread(lambda: ports.check(texts, constraints=required))
    print(f"a busy Python thread beside it keeps {share:.0%} of its speed")


def timed_peer(rows: Sequence[Row]) -> tuple[list[bool], float] | None:
    """The peer's verdicts and its seconds; None where it is not installed."""
    try:
        theirs(rows[:200])
        start = time.perf_counter()
        return theirs(rows), time.perf_counter() - start
    except (ImportError, LookupError) as error:
        reason = next(line for line in str(error).splitlines() if line.strip("* "))
        print(f"lm-eval is not there to compare with ({reason.strip()})")
        return None


def compare(
    title: str,
    verifier: verif_dsl.Verifier,
    rows: Sequence[Row],
    said: Callable[[Row], str],
    peer: tuple[list[bool], float] | None,
) -> None:
    required = [said(row) for row in rows]
    start = time.perf_counter()
    found = ours(verifier, rows, required)
    first = time.perf_counter() - start
    fast = seconds(lambda: ours(verifier, rows, required))
    line = f"{title}: {fast:.3f} s (the first time, rows bound and patterns compiled: {first:.3f} s)"
    if peer is None:
        print(line)
        return
    verdicts, slow = peer
    agree = sum(one == other for one, other in zip(found, verdicts, strict=True))
    ratio = f"{slow / fast:.0f} times, at first {slow / first:.0f}"
    print(f"{line}; lm-eval {slow:.3f} s, {ratio}; {agree:,} of {len(found):,} verdicts agree")


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
