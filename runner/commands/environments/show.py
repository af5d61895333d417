"""``vivero environments show``."""

from __future__ import annotations

import click

from runner.commands.common import global_options, wants_json, workspace
from runner.commands.output import emit_json, facts, say, section


@click.command()
@click.argument("key", metavar="KEY")
@global_options
def show(key: str) -> None:
    """Show an environment with its packages and what needs it."""
    from runner.api.environments.listing import rows
    from runner.environments.catalogue import find_environment, stored_environments

    environment = find_environment(stored_environments(workspace()), key)
    row = next(row for row in rows(workspace()) if row["key"] == environment.key)
    packages = dict(environment.record.packages) if environment.record else {}
    if wants_json():
        emit_json({**row, "packages": packages, "folder": str(environment.folder)})
        return
    facts({name: value for name, value in row.items() if value not in (None, [])} | {"folder": str(environment.folder)})
    if packages:
        section("Packages")
        for name, version in packages.items():
            say(f"{name}=={version}")
