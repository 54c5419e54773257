"""How long `import verif_dsl` takes, each time in a fresh interpreter: python bench/import_time.py [--runs 20]."""

import argparse
import statistics
import subprocess
import sys

CODE = "import time; start = time.perf_counter(); import {module}; print(time.perf_counter() - start)"
MODULES = ("verif_dsl", "verif_dsl.cli", "polars", "torch")


def seconds(module: str) -> float | None:
    """Seconds that importing a module takes in a new process; None where it is not installed."""
    done = subprocess.run([sys.executable, "-c", CODE.format(module=module)], capture_output=True, text=True)
    return float(done.stdout) if done.returncode == 0 else None


def main() -> None:
    """Print a line for each module; polars and torch stand there for comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    print("| module | median ms | fastest ms |\n| --- | ---: | ---: |")
    for module in MODULES:
        times = [taken for taken in (seconds(module) for _ in range(runs)) if taken is not None]
        if times:
            print(f"| {module} | {statistics.median(times) * 1000:.0f} | {min(times) * 1000:.0f} |")
        else:
            print(f"| {module} | not installed | |")


if __name__ == "__main__":
    main()
