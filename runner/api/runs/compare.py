"""Compares runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from runner.api.metrics.series import last_metrics
from runner.io.clock import seconds_between
from runner.layout import Layout
from runner.records import RunRecord

Sides = dict[str, list[Any]]
"""The value of each run, by name."""


def comparison(layout: Layout, read: list[tuple[RunRecord, bool]]) -> dict[str, Sides]:
    """Return the differences between runs by kind.

    A missing value is None. Metrics are always included.
    """
    records = [record for record, _ in read]
    metrics = [last_metrics(layout.run(record.experiment, record.id), record) for record in records]
    return {
        "config": _differing([_flat(_composed(record)) for record in records]),
        "metrics": _sides(metrics),
        "packages": _differing([record.prepare.environment.packages if record.prepare else {} for record in records]),
        "facts": _differing([{**_facts(record), "followed": followed} for record, followed in read]),
    }


def _composed(record: RunRecord) -> dict[str, Any]:
    # `base` is the folder the command was typed in, not configuration.
    return {key: value for key, value in record.config.items() if key != "base"}


def _facts(record: RunRecord) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "status": record.status,
        "started in": record.config.get("base"),
        "duration": seconds_between(record.created, record.ended) if record.ended else None,
        "model": f"{record.register.model}:{record.register.version}" if record.register else None,
    }
    if record.prepare is not None:
        snapshot, environment = record.prepare.snapshot, record.prepare.environment
        facts |= {
            "snapshot": snapshot.hash,
            "git commit": snapshot.git.commit if snapshot.git else None,
            "environment": environment.key,
            "python": environment.python_version,
            "platform": environment.platform,
        }
        facts |= {f"input {name}": item.hash for name, item in record.prepare.inputs.items()}
    return facts


def _sides(mappings: Sequence[Mapping[str, Any]]) -> Sides:
    names = sorted({name for mapping in mappings for name in mapping})
    return {name: [mapping.get(name) for mapping in mappings] for name in names}


def _differing(mappings: Sequence[Mapping[str, Any]]) -> Sides:
    # Compared as JSON: 1, 1.0 and true are different arguments to a script, though Python calls them equal.
    return {
        name: values
        for name, values in _sides(mappings).items()
        if len({json.dumps(value, sort_keys=True) for value in values}) > 1
    }


def _flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Flatten nested mappings to dotted keys. Lists and empty mappings are values."""
    flat: dict[str, Any] = {}
    for key, item in value.items():
        name = f"{prefix}{key}"
        if isinstance(item, Mapping) and item:
            flat.update(_flat(item, f"{name}."))
        else:
            flat[name] = item
    return flat
