"""The steps of a pipeline as boxes of a graph. A sign, a word and a colour show the state of each step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from runner.charts.graph import Box
from runner.console.format import show_duration
from runner.io.clock import now, seconds_between

_STATES = {
    "completed": ("✓", "good"), "failed": ("✕", "bad"), "running": ("●", "busy"), "canceled": ("■", "idle"),
    "skipped": ("–", "idle"), "waiting": ("○", "idle"),
}  # fmt: skip


class Step(Protocol):
    """The attributes of a step that are drawn."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def status(self) -> str: ...  # noqa: D102
    @property
    def run(self) -> str | None: ...  # noqa: D102
    @property
    def reused(self) -> bool: ...  # noqa: D102
    @property
    def attempt(self) -> int: ...  # noqa: D102
    @property
    def reason(self) -> str | None: ...  # noqa: D102
    @property
    def needs(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def started(self) -> str | None: ...  # noqa: D102
    @property
    def ended(self) -> str | None: ...  # noqa: D102


def step_boxes(steps: Sequence[Step], link: Callable[[Step], str] = lambda _: "") -> dict[str, Box]:
    """Return a box for each step, by the name of the step."""
    return {step.name: _box(step, link(step)) for step in steps}


def _box(step: Step, link: str) -> Box:
    sign, style = _STATES.get(step.status, ("?", ""))
    word = state_word(step)
    return Box(
        name=step.name,
        kind=f"{'↺' if step.reused else sign} {word}",
        needs=step.needs,
        note=show_duration(took(step)),
        since=step.started or "" if step.status == "running" else "",
        style=f"{style} again" if step.reused else style,
        link=link,
        detail=step.reason or "",
    )


def state_word(step: Step) -> str:
    """Return the state of a step in words: reused, or its status with the number of a later attempt."""
    if step.reused:
        return "reused"
    return step.status if step.attempt < 2 else f"{step.status}, attempt {step.attempt}"


def took(step: Step) -> float | None:
    """Return the seconds that a step took or has taken so far, or None if it was not computed."""
    if step.reused or step.started is None or (step.ended is None and step.status != "running"):
        return None
    return seconds_between(step.started, step.ended or now())
