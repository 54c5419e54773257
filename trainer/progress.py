"""What `vif train` shows while it works: a line a stage, on a terminal with a bar and the time left."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class Stages:
    """The stages of a run, one after the other; starting one ends the one before. Used as a context manager."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=console,
            disable=not console.is_terminal,
        )
        self._console = console
        self._current: TaskID | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self._finish()
        self._progress.stop()

    def start(self, description: str) -> None:
        """Begin a stage; it has no steps until `step` or `log` tells of some."""
        self._finish()
        if not self._console.is_terminal:
            self._console.print(f"{description} ...")
        self._current = self._progress.add_task(description, total=None, note="")

    def step(self, step: int, last: int) -> None:
        """Move the bar of the current stage."""
        self._update(step, last, "")

    def log(self, step: int, last: int, metrics: Mapping[str, Any]) -> None:
        """Move the bar of the current stage, and show the reward of the step."""
        reward = metrics.get("reward")
        self._update(step, last, "reward  -  " if reward is None else f"reward {reward:.3f}")

    def _update(self, step: int, last: int, note: str) -> None:
        if self._current is not None:
            self._progress.update(self._current, completed=step, total=last, note=note)

    def _finish(self) -> None:
        if self._current is not None:
            total = self._progress.tasks[self._current].total or 1
            self._progress.update(self._current, completed=total, total=total)
            self._current = None
