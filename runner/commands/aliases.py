"""What the commands about models and data assets print of aliases."""

from __future__ import annotations

from typing import Any

from runner.commands.common import wants_json
from runner.commands.output import emit_json, note, show_table, show_time


def show_history(what: str, changes: list[dict[str, Any]], alias: str | None) -> None:
    """Print the changes of all aliases of something, or of one of them."""
    history = [change for change in changes if alias in (None, change["alias"])]
    if wants_json():
        emit_json(history)
    elif history:
        from runner.console.tables import Column

        rows = [
            [
                show_time(change["time"]),
                change["alias"],
                "dropped" if change["version"] is None else str(change["version"]),
            ]
            for change in history
        ]
        show_table(["WHEN", "ALIAS", Column("VERSION", right=True)], rows)
    else:
        note(f"{what} never had {f'the alias {alias}' if alias else 'an alias'}")
