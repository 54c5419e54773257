"""What `learning_large.py` prints and writes: tables, samples, curves."""

import json
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from learning_large_data import SEEN, UNSEEN

from verif_dsl.trainer.data import Row
from verif_dsl.trainer.measure import Measurement
from verif_dsl.trainer.plot import smoothed
from verif_dsl.trainer.reward import METRIC

MEAN = "mean of the families"
STARTED = time.perf_counter()


def say(what: str) -> None:
    print(f"[{time.perf_counter() - STARTED:6.1f} s] {what}", flush=True)


def families(found: Measurement) -> dict[str, float]:
    """The pass rates of the families that were asked for."""
    return {name: rate for name, rate in found.pass_rates.items() if rate is not None}


def mean_rate(found: Measurement) -> float:
    return fmean(families(found).values())


def summary(found: Mapping[str, Measurement]) -> str:
    return "; ".join(f"{kind} arguments: mean pass rate {mean_rate(one):.3f}" for kind, one in found.items())


def table(results: Mapping[str, Any]) -> str:
    """A line a family: pass rates in percent before and after, and the change in points, for each run and kind."""
    before: Mapping[str, Measurement] = results["before"]
    columns = [(run, kind) for run in ("real", "shuffled") if run in results for kind in before]
    heads = (f"{kind} arguments, {run} rewards | points" for run, kind in columns)
    lines = [f"| family | {' | '.join(heads)} |", "| --- |" + " ---: | ---: |" * len(columns)]
    for name in (*families(before[SEEN]), MEAN):
        cells = [name]
        for run, kind in columns:
            old, new = (rate_of(name, found) for found in (before[kind], results[run]["after"][kind]))
            cells += ["", ""] if old is None or new is None else [f"{old:.0f} → {new:.0f}", f"{new - old:+.0f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def rate_of(name: str, found: Measurement) -> float | None:
    """A pass rate in percent."""
    rate = mean_rate(found) if name == MEAN else found.pass_rates[name]
    return None if rate is None else 100 * rate


def overhead_table(results: Mapping[str, Any]) -> str:
    """How much of a step's time verifying takes."""
    lines = [
        "| parameters | steps | seconds a step | of these verifying | share |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    for name in ("real", "shuffled", "larger"):
        if name in results:
            one, took = results[name], results[name]["took"]
            lines.append(
                f"| {one.get('parameters', results['parameters']):,} | {len(one['log'])} | {took['step']:.3f} "
                f"| {took['verifying']:.4f} | {100 * took['share']:.1f} % |"
            )
    return "\n".join(lines)


def write(results: Mapping[str, Any], held_out: Mapping[str, Sequence[Row]], folder: Path) -> None:
    """`results.json`, `samples.md` and `learning_large.png`."""
    (folder / "results.json").write_text(json.dumps(plain(results), ensure_ascii=False, indent=1), encoding="utf-8")
    (folder / "samples.md").write_text(samples(results, held_out), encoding="utf-8")
    plot(results, folder / "learning_large.png")


def plain(value: Any) -> Any:
    """What JSON can hold, without the answers."""
    if isinstance(value, Measurement):
        return {"mean_reward": value.mean_reward, "pass_rates": value.pass_rates}
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def samples(results: Mapping[str, Any], held_out: Mapping[str, Sequence[Row]], count: int = 12) -> str:
    """The first held-out prompts of each kind, with the answers before and after."""
    parts = ["Answers before and after training. No reward asks for sense.\n"]
    for kind, rows in held_out.items():
        for number, row in enumerate(rows[:count]):
            parts.append(f"\n## {kind} arguments, {number + 1}\n\n    {row.prompt}")
            for name, found in (("before", results["before"]), ("after", results["real"]["after"])):
                shown = found[kind].answers[number].replace("\n", "\n    ")
                parts.append(f"\n{name}, reward {found[kind].rewards[number]}:\n\n    {shown}\n")
    return "".join(parts)


def plot(results: Mapping[str, Any], path: Path) -> None:
    """Held-out pass rates and those of training over the steps, and the held-out ones before and after, by family."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(15, 4.8), layout="constrained")
    means, rates, bars = figure.subplots(1, 3, width_ratios=(1, 1, 1.6))
    below: dict[str, Any] = {
        "loc": "upper center",
        "bbox_to_anchor": (0.5, -0.2),
        "frameon": False,
        "fontsize": "small",
    }
    before = results["before"]
    for run, colors in (("real", ("tab:green", "tab:blue")), ("shuffled", ("darkgray", "lightgray"))):
        if run in results:
            after = {"step": len(results[run]["log"]), **results[run]["after"]}
            points = [{"step": 0, **before}, *results[run]["curve"], after]
            for kind, color in zip(before, colors, strict=True):
                heights = [mean_rate(one[kind]) for one in points]
                label = f"{kind} arguments, {run} rewards"
                means.plot([one["step"] for one in points], heights, marker=".", color=color, label=label)
    means.set(title="Mean of the families on held-out prompts", xlabel="step", ylim=(0, 1.02))
    for name in families(results["before"][SEEN]):
        curve(rates, results["real"]["log"], METRIC + name, label=name)
    rates.set(title="Pass rates in training", xlabel="step", ylim=(0, 1.02))
    names = list(families(results["before"][SEEN]))
    shown = [
        ("seen arguments, before", results["before"][SEEN], "lightgray"),
        ("seen arguments, after", results["real"]["after"][SEEN], "tab:green"),
        ("unseen arguments, before", results["before"][UNSEEN], "darkgray"),
        ("unseen arguments, after", results["real"]["after"][UNSEEN], "tab:blue"),
    ]
    for place, (label, found, color) in enumerate(shown):
        heights = [found.pass_rates[name] or 0.0 for name in names]
        bars.bar([at + 0.2 * (place - 1.5) for at in range(len(names))], heights, 0.2, color=color, label=label)
    bars.set_xticks(range(len(names)), names, rotation=20, ha="right")
    bars.set(title="Pass rates on held-out prompts", ylim=(0, 1.02))
    for axes, columns in ((means, 1), (rates, 3), (bars, 2)):
        axes.legend(ncols=columns, **below)
    figure.savefig(path, dpi=120)


def curve(axes: Any, log: Sequence[Mapping[str, Any]], name: str, **style: Any) -> None:
    """A metric over the steps, smoothed."""
    values = [None if value is None or math.isnan(value) else value for value in (one.get(name) for one in log)]
    points = [(one["step"], mean) for one, mean in zip(log, smoothed(values), strict=True) if mean is not None]
    axes.plot([step for step, _ in points], [mean for _, mean in points], **style)
