"""How long `vif check` takes in a new process, on generated files: python bench/front_end.py [--runs 5] [--profile]."""

import argparse
import cProfile
import pstats
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZES = (50, 1000)
CONSTRAINT = """\
constraint c{n} {{
  param most: int in 1 to 50 = 3 sample 1 to 5
  let hits = count(starts_with(w, "a{n}") for w in words(response))
  instruct "Use at most {{most}} {{most:word|words}} that start with a{n}."
  check hits <= most and not matches(response, re"[\\p{{Lu}}]{{3}}x{n}")
  accept "A quiet river runs."
  reject "a{n} a{n} a{n} a{n}."
}}
"""


def program(constraints: int) -> str:
    """A file of constraints, each with a quantifier, a regular expression, a range and two examples."""
    return "vif 1\n" + "".join(CONSTRAINT.format(n=number) for number in range(constraints))


def seconds(path: Path) -> float:
    """Seconds that `vif check` takes on a file, in a new process and with all that starts with it."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "verif_dsl", "check", str(path)], check=True, capture_output=True)
    return time.perf_counter() - start


def profile(path: Path) -> None:
    """Print where the time goes inside the compiler, the costliest functions first."""
    from verif_dsl.compiler import check_file

    profiler = cProfile.Profile()
    profiler.runcall(check_file, path)
    pstats.Stats(profiler).sort_stats("cumulative").print_stats(30)


def main() -> None:
    """Print a line for each size, or the profile of the largest file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rules.vif"
        if options.profile:
            path.write_text(program(SIZES[-1]), encoding="utf-8")
            profile(path)
            return
        print("| constraints | median s | fastest s |\n| ---: | ---: | ---: |")
        for size in SIZES:
            path.write_text(program(size), encoding="utf-8")
            times = [seconds(path) for _ in range(options.runs)]
            print(f"| {size:,} | {statistics.median(times):.2f} | {min(times):.2f} |")


if __name__ == "__main__":
    main()
