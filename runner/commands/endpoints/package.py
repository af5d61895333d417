"""``vivero package``."""

from __future__ import annotations

from pathlib import Path

import click

from runner.commands.common import global_options, opened, trusted_workspace, wants_json
from runner.commands.output import emit_json, say


@click.command()
@click.argument("model")
@click.option("--output", type=click.Path(path_type=Path), metavar="DIR", help="The folder. Default: NAME-VERSION.")
@click.option("--set", "words", multiple=True, metavar="KEY=VALUE", help="A setting, such as workers=2 or auth=none.")
@global_options
def package(model: str, output: Path | None, words: tuple[str, ...]) -> None:
    """Export MODEL as files to build a server image without vivero: Dockerfile, lock, model, README.md."""
    from runner.api.packaging import package_version
    from runner.commands.endpoints.deploy import read_settings

    layout = trusted_workspace()
    record, settings = opened().model(model).record, read_settings(words, None)
    target = (output or Path(f"{record.name}-{record.version}")).absolute()
    package_version(layout, record, settings, target)
    if wants_json():
        emit_json({"model": f"{record.name}:{record.version}", "folder": str(target)})
    else:
        say(f"Wrote {target}: docker build -t NAME {target}")
