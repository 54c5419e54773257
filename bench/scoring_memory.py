"""Memory and time of `vif score` on files of made responses: python bench/scoring_memory.py [--sizes 50 200 1000]."""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONSTRAINTS = """\
constraint word_range {
  param min: int in 1 to 500 = 100 sample 20 to 80
  param max: int in min to 500 = 400 sample 40 to 120
  instruct "Write {min} to {max} words."
  check min <= len(words(response)) <= max
  accept "one two three" with min = 3, max = 3
  reject "one" with min = 3, max = 3
}
constraint short_sentences {
  instruct "Write no sentence of more than 20 words."
  check every(len(words(s)) <= 20 for s in sentences(response))
  accept "Why me? Why now?"
  reject "a a a a a a a a a a a a a a a a a a a a a."
}
constraint few_long_words {
  instruct "Use at most 3 words of more than 8 letters."
  check count(len(chars(w)) > 8 for w in words(response)) <= 3
  accept "a b"
  reject "extraordinary extraordinary extraordinary extraordinary"
}
constraint no_digits {
  instruct "Use no digits."
  check not matches(response, re"[0-9]")
  accept "a b"
  reject "a 1"
}
constraint commas {
  param n: int in 1 to 50 = 2 sample 1 to 3
  instruct "Use at least {n} {n:comma|commas}."
  check occurrences(response, ",") >= n
  accept "red, green, blue" with n = 2
  reject "red, green" with n = 2
}
spec plain { use word_range() use short_sentences() use few_long_words() use no_digits() use commas() }
"""
SYLLABLES = ("a", "be", "con", "di", "er", "fo", "gra", "hu", "in", "ly", "mo", "nt", "or", "pre", "sta", "ti", "ver")
MEGABYTE = 1_000_000


def write_responses(path: Path, size: int) -> None:
    """Rows of JSONL with about `size` bytes of responses, of 30 to 600 made words each."""
    rng = random.Random(0)
    words = ["".join(rng.choices(SYLLABLES, k=rng.randint(1, 5))) for _ in range(5000)]
    ends = (" ", " ", " ", " ", " ", " ", " ", ", ", ". ", "? ", ".\n\n")
    requirements = ("plain", '[{"use": "word_range", "with": {"min": 50, "max": 300}}, {"use": "no_digits"}]')
    written = number = 0
    with path.open("w", encoding="utf-8") as file:
        while written < size:
            chosen = rng.choices(words, k=rng.randint(30, 600))
            response = "".join(word + end for word, end in zip(chosen, rng.choices(ends, k=len(chosen)), strict=True))
            row = {"id": number, "response": response, "constraints": requirements[number % 2]}
            file.write(json.dumps(row) + "\n")
            written += len(response)
            number += 1


def write_parquet(source: Path, path: Path) -> None:
    """The same rows as Parquet, made in a process of its own, so that this one stays small."""
    code = "import sys, polars; polars.scan_ndjson(sys.argv[1]).sink_parquet(sys.argv[2])"
    subprocess.run([sys.executable, "-c", code, str(source), str(path)], check=True)


def measure(rules: Path, data: Path, out: Path) -> tuple[float, float]:
    """Seconds and peak memory (resident, in megabytes) of `vif score` in a process of its own."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "verif_dsl", "score", str(rules), str(data), "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    # Of this child alone: getrusage(RUSAGE_CHILDREN) would give the largest of all so far.
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"vif score ended with status {process.returncode}")
    kilobyte = 1 if sys.platform == "darwin" else 1024
    return time.perf_counter() - start, usage.ru_maxrss * kilobyte / MEGABYTE


def main() -> None:
    """Print a line for each size and format; the output has the format of the input."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 200, 1000], help="megabytes of responses")
    parser.add_argument("--folder", type=Path, help="where to put the files, instead of a folder for passing things")
    options = parser.parse_args()
    print("| responses MB | format | file MB | seconds | MB/s | peak MB |\n| ---: | --- | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        rules = folder / "rules.vif"
        rules.write_text(CONSTRAINTS, encoding="utf-8")
        for size in options.sizes:
            lines, table = folder / "data.jsonl", folder / "data.parquet"
            write_responses(lines, size * MEGABYTE)
            write_parquet(lines, table)
            for data in (lines, table):
                seconds, peak = measure(rules, data, folder / f"verdicts{data.suffix}")
                file_size = data.stat().st_size / MEGABYTE
                speed = size / seconds
                print(
                    f"| {size:,} | {data.suffix[1:]} | {file_size:,.0f} | {seconds:.1f} | {speed:.1f} | {peak:,.0f} |"
                )


if __name__ == "__main__":
    main()
