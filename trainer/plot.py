"""The curves of a run: a picture of it, and what is needed to draw each curve as a small chart of its own."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, BinaryIO

from verif_dsl.trainer.measure import Measurement
from verif_dsl.trainer.reward import METRIC

WINDOW = 10
"""Over how many steps the curves are averaged: a step is a few prompts, and jumps."""

Points = Sequence[tuple[float, float]]
"""Steps, each with a value."""

MOST_POINTS = 240
"""More than this cannot be told apart in a chart, and would make a page of a long run large."""

WIDTH, HEIGHT = 300, 150
LEFT, RIGHT, TOP, BOTTOM = 38, 14, 8, 22
"""The margins, where the numbers along the axes stand."""


def write_plot(file: BinaryIO, log: Sequence[Mapping[str, Any]], before: Measurement, after: Measurement) -> None:
    """Draw the run as a PNG, without a display."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4.5), layout="constrained")
    reward_axes, rates_axes, held_out_axes = figure.subplots(1, 3)
    below: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.22), "ncols": 3, "frameon": False}
    steps = [entry["step"] for entry in log]
    raw = [entry["reward"] for entry in log]
    reward_axes.plot(*_defined(steps, raw), color="lightgray", label="each step")
    reward_axes.plot(*_defined(steps, smoothed(raw)), color="black", label=f"mean of {WINDOW} steps")
    reward_axes.set(title="Training reward", xlabel="step")
    reward_axes.legend(**below)

    for name in before.pass_rates:
        rates = [entry.get(METRIC + name) for entry in log]
        rates_axes.plot(*_defined(steps, smoothed(rates)), label=name)
    rates_axes.set(title=f"Pass rates in training, mean of {WINDOW} steps", xlabel="step", ylim=(-0.02, 1.02))
    rates_axes.legend(**below)

    bars = {"mean reward": (before.mean_reward, after.mean_reward)}
    bars |= {name: (rate, after.pass_rates[name]) for name, rate in before.pass_rates.items()}
    places = range(len(bars))
    for offset, when, color in ((-0.2, 0, "lightgray"), (0.2, 1, "tab:green")):
        heights = [pair[when] or 0.0 for pair in bars.values()]
        label = ("before", "after")[when]
        held_out_axes.bar([place + offset for place in places], heights, 0.4, color=color, label=label)
    held_out_axes.set_xticks(list(places), list(bars), rotation=20, ha="right")
    held_out_axes.set(title="Held-out prompts", ylim=(0, 1.02))
    held_out_axes.legend(**below)
    figure.savefig(file, format="png", dpi=120)


@dataclass(frozen=True, slots=True)
class Chart:
    """One quantity over the steps of training, in a box of `WIDTH` by `HEIGHT`.

    `each` has the value of every step, `mean` the mean of some steps, and `measured` the values on held-out rows.
    `steps` and `values` are round numbers to write along the axes; `last` is where the horizontal axis ends.
    """

    title: str
    each: Points
    mean: Points
    measured: Points
    steps: Sequence[float]
    last: float
    values: Sequence[float]

    def x(self, step: float) -> float:
        """Where a step stands, from the left."""
        return round(LEFT + step / self.last * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        """Where a value stands, from the top."""
        low, high = self.values[0], self.values[-1]
        return round(TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    def line(self, points: Points) -> str:
        """The `points` of an SVG polyline, no more than can be told apart."""
        size = math.ceil(len(points) / MOST_POINTS) or 1
        runs = (points[start : start + size] for start in range(0, len(points), size))
        means = ((fmean(step for step, _ in run), fmean(value for _, value in run)) for run in runs)
        return " ".join(f"{self.x(step)},{self.y(value)}" for step, value in means)

    @property
    def summary(self) -> str:
        """What the chart shows, for those who do not see it."""
        told = [
            f"{what} from {first:.2f} at step {start:.0f} to {final:.2f} at step {end:.0f}"
            for what, points in (("in training", self.mean), ("on held-out prompts", self.measured))
            if points
            for (start, first), (end, final) in [(points[0], points[-1])]
        ]
        return f"{self.title}: {'; '.join(told)}."


def chart(title: str, key: str, log: Sequence[Mapping[str, Any]], measured: Points = ()) -> Chart | None:
    """The chart of one metric of the log, with what was measured beside it; None where there is nothing to show.

    >>> print(chart("Reward", "reward", [{"step": 1, "reward": 0.0}, {"step": 2, "reward": 1.0}]).summary)
    Reward: in training from 0.00 at step 1 to 0.50 at step 2.
    """
    numbers = [entry["step"] for entry in log]
    raw = [finite(entry.get(key)) for entry in log]
    each, mean = (list(zip(*_defined(numbers, values), strict=True)) for values in (raw, smoothed(raw)))
    if not each and len(measured) < 2:
        return None
    shown = [*each, *measured]
    # Every axis holds 0 and 1, so that charts of shares can be compared at a glance.
    values = ticks(min(0.0, *(value for _, value in shown)), max(1.0, *(value for _, value in shown)), 3)
    last = max(step for step, _ in shown) or 1
    steps = [step for step in ticks(0, last, 4) if step <= last and step == int(step)]
    return Chart(title, each, mean, measured, steps, last, values)


def ticks(low: float, high: float, count: int) -> list[float]:
    """About so many round numbers, from one at or below `low` to one at or above `high`.

    >>> ticks(0, 1, 3), ticks(-0.3, 1, 3), ticks(0, 150, 4)
    ([0.0, 0.5, 1.0], [-0.5, 0.0, 0.5, 1.0], [0.0, 50.0, 100.0, 150.0])
    """
    rough = (high - low) / count
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def finite(value: Any) -> float | None:
    """A number of a log, where it is one: TRL has NaN, and its saved log null, for a mean of nothing."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def smoothed(values: Sequence[float | None], window: int = WINDOW) -> list[float | None]:
    """The mean of each value and those before it in the window, over the values that are there.

    >>> smoothed([1.0, None, 3.0], window=2)
    [1.0, 1.0, 3.0]
    """
    means: list[float | None] = []
    for end in range(1, len(values) + 1):
        there = [value for value in values[max(end - window, 0) : end] if value is not None]
        means.append(sum(there) / len(there) if there else None)
    return means


def _defined(steps: Sequence[int], values: Sequence[float | None]) -> tuple[list[int], list[float]]:
    pairs = [(step, value) for step, value in zip(steps, values, strict=True) if value is not None]
    return [step for step, _ in pairs], [value for _, value in pairs]
