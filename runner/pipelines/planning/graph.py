"""Orders the steps of a pipeline, and selects those to run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from runner.errors import UserError, nearest

if TYPE_CHECKING:
    from runner.execution.plan import Step


def in_order(needs: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the steps in an order in which each follows those it needs; ties are in the order of `needs`.

    Parameters
    ----------
    needs : mapping
        The names of the steps that each step needs, by the step's name.

    Raises
    ------
    UserError
        If a step needs one that does not exist, or the steps form a cycle.
    """
    for name, others in needs.items():
        for need in others:
            if need not in needs:
                raise UserError(f"pipeline.steps.{name}: step '{need}' does not exist", nearest(need, needs))
    sorter = TopologicalSorter(needs)
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        raise UserError(f"pipeline.steps: the steps need each other in a circle: {circle}") from None
    place, order = {name: at for at, name in enumerate(needs)}, list[str]()
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=place.__getitem__)
        order += ready
        sorter.done(*ready)
    return order


def chosen(needs: Mapping[str, Sequence[str]], only: Sequence[str], from_step: str | None) -> set[str]:
    """Return the steps to run: all, those of ``only``, or ``from_step`` and those that depend on it.

    Raises
    ------
    UserError
        If a step does not exist, or both `only` and `from_step` are given.
    """
    for key, names in (("only", only), ("from_step", [from_step] if from_step is not None else [])):
        for name in names:
            if name not in needs:
                raise UserError(f"pipeline.{key}: step '{name}' does not exist", nearest(name, needs))
    if only and from_step is not None:
        raise UserError("pipeline.only and pipeline.from_step cannot be combined", "Remove one of them")
    if only:
        return set(only)
    return set(needs) if from_step is None else {from_step, *after(needs, from_step)}


def after(needs: Mapping[str, Sequence[str]], name: str) -> set[str]:
    """Return the steps that need a step, directly or through others."""
    dependents: set[str] = set()
    for step in in_order(needs):
        if any(need == name or need in dependents for need in needs[step]):
            dependents.add(step)
    return dependents


def width(needs: Mapping[str, Sequence[str]]) -> int:
    """Return how many steps can run at once if each takes the same time."""
    depth: dict[str, int] = {}
    for name in in_order(needs):
        depth[name] = 1 + max((depth[need] for need in needs[name]), default=0)
    return max(Counter(depth.values()).values(), default=0)


def taken(steps: Iterable[Step]) -> list[str]:
    """Return the steps that are not selected, but whose earlier results others need."""
    every = list(steps)
    needed = {need for step in every if step.asked for need in step.needs}
    return [step.name for step in every if not step.asked and step.name in needed]
