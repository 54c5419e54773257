"""How the time of verdicts grows with the size of the responses and with the number of constraints, as a plot.

    python bench/scale.py [--most 1000] [--plot docs/scale.png]

The texts are made of random words, so that no two are equal; those of a size are checked in batches of 64 MB.
"""

import argparse
import random
import time
from pathlib import Path

import verif_dsl

BATCH_MB = 64
RESPONSE_WORDS = 200
WORDS = (Path(__file__).parents[1] / "docs" / "language.md").read_text(encoding="utf-8").split()
SHARED = [
    "words_at_least(n = 10)",
    "words_at_most(n = 300)",
    "word_range(min = 100, max = 250)",
    "sentences_at_least(n = 2)",
    "sentences_at_most(n = 40)",
    "sentence_range(min = 2, max = 30)",
    "paragraph_count(n = 1)",
    "line_count(n = 1)",
    "word_count(n = 200)",
    "sentence_count(n = 9)",
]
"""Uses of std/length, most of which cut the same text the same way."""


def responses(megabytes: float, rng: random.Random) -> list[str]:
    """Made responses of so many megabytes in all."""
    found: list[str] = []
    size = 0
    while size < megabytes * 1e6:
        text = " ".join(rng.choices(WORDS, k=RESPONSE_WORDS))
        found.append(text)
        size += len(text.encode())
    return found


def seconds(verifier: verif_dsl.Verifier, megabytes: float, uses: str, rng: random.Random) -> float:
    """Seconds for a size, batch by batch; making the texts does not count."""
    total, left = 0.0, megabytes
    while left > 0:
        texts = responses(min(left, BATCH_MB), rng)
        start = time.perf_counter()
        verifier.check(texts, constraints=uses)
        total += time.perf_counter() - start
        left -= BATCH_MB
    return total


def main() -> None:
    """Print both tables, and write the plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=float, default=1000, help="The largest size in MB.")
    parser.add_argument("--plot", type=Path, help="Where the plot goes (.png).")
    options = parser.parse_args()
    verifier = verif_dsl.load(Path(__file__).parents[1] / "stdlib" / "length.vif")
    rng = random.Random(0)
    everything = " ".join(f"use {one}" for one in SHARED)
    seconds(verifier, 1, everything, rng)
    sizes = [size for size in (1, 4, 16, 64, 250, 1000) if size <= options.most]
    by_size = {size: seconds(verifier, size, everything, rng) for size in sizes}
    print("| MB | seconds | MB/s |\n| ---: | ---: | ---: |")
    for size, taken in by_size.items():
        print(f"| {size:,} | {taken:.2f} | {size / taken:.0f} |")
    counts = range(1, len(SHARED) + 1)
    by_count = {n: seconds(verifier, 16, " ".join(f"use {one}" for one in SHARED[:n]), rng) for n in counts}
    print("\n| constraints | seconds for 16 MB |\n| ---: | ---: |")
    for count, taken in by_count.items():
        print(f"| {count} | {taken:.2f} |")
    if options.plot:
        draw(by_size, by_count, options.plot)


def draw(by_size: dict[int, float], by_count: dict[int, float], path: Path) -> None:
    """Both tables as curves, beside a line through the first point."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for axis, found, label in ((axes[0], by_size, "MB of responses"), (axes[1], by_count, "constraints on 16 MB")):
        xs, ys = list(found), list(found.values())
        axis.plot(xs, ys, "o-", label="measured")
        axis.plot(xs, [ys[0] * x / xs[0] for x in xs], ":", color="gray", label="in proportion")
        axis.set(xlabel=label, ylabel="seconds")
        axis.legend()
    axes[0].set(xscale="log", yscale="log")
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
