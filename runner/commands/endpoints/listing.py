"""``vivero endpoints``."""

from __future__ import annotations

from typing import Any

import click

from runner.commands.common import global_options, opened, wants_json
from runner.commands.output import emit_json, note, show_table


@click.command()
@global_options
def endpoints() -> None:
    """List endpoints: address, models and state."""
    from runner.console.tables import Column

    rows = [endpoint.row for endpoint in opened().endpoints]
    if wants_json():
        emit_json(rows)
    elif rows:
        columns: list[Column | str] = [
            "ENDPOINT",
            "STATUS",
            "ADDRESS",
            Column("MODELS", fold=True),
            Column("KEYS", optional=1),
            Column("PROBLEM", fold=True),
        ]
        table = [
            [
                row["name"],
                row["status"],
                row["address"] or "",
                _models(row),
                "" if row["keys"] is None else "yes" if row["keys"] else "no",
                row["problem"] or "",
            ]
            for row in rows
        ]
        show_table(columns, table)
    else:
        note("No endpoints yet. Deploy a model: vivero deploy NAME")


def _models(row: dict[str, Any]) -> str:
    served = {model["name"]: model["version"] for model in row["served"]}
    shown = []
    for model in row["models"]:
        version = served.get(model["name"], model["version"]) if "@" in model["reference"] else model["version"]
        more = " mirror" if model["mirror"] else f" {model['weight']:g}" if model["weight"] != 1 else ""
        shown.append(f"{model['name']}:{version}{more}")
    return " ".join(shown or [f"{name}:{version}" for name, version in served.items()])
