"""The plot of a run: the reward and the pass rates of training, and the pass rates on held-out prompts."""

from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from verif_dsl.trainer.measure import Measurement
from verif_dsl.trainer.reward import METRIC

WINDOW = 10
"""Over how many steps the curves are averaged: a step is a few prompts, and jumps."""


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
