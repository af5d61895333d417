"""``vivero package``."""

from __future__ import annotations

from pathlib import Path

import click

from runner.commands.common import global_options, registry, trusted_workspace, wants_json
from runner.commands.output import emit_json, note, say


@click.command()
@click.argument("model")
@click.option("--output", type=click.Path(path_type=Path), metavar="DIR", help="The folder. Default: NAME-VERSION.")
@click.option("--set", "words", multiple=True, metavar="KEY=VALUE", help="A setting, such as workers=2 or auth=none.")
@global_options
def package(model: str, output: Path | None, words: tuple[str, ...]) -> None:
    """Export MODEL as files to build a server image without vivero: Dockerfile, lock, model, README.md."""
    from runner.commands.endpoints.deploy import read_settings
    from runner.commands.runs.copies import new_folder
    from runner.endpoints import package as packages
    from runner.endpoints.environment import requirements
    from runner.environments.requirements.kept_wheels import KeptWheels
    from runner.environments.requirements.lock import check_hashed
    from runner.wiring import serving_lock

    layout = trusted_workspace()
    models = registry(layout)
    record, settings = models.resolve(model), packages.check(read_settings(words, None))
    wanted, python = requirements([record], settings.accelerate)
    target = (output or Path(f"{record.name}-{record.version}")).absolute()
    with new_folder(target, "--output") as folder:
        lock, kept = serving_lock(layout, wanted, python, note), KeptWheels(layout)
        check_hashed(lock, "it cannot be packaged")
        placed = kept.placed(lock, packages.WHEELS)
        files = packages.package(models, record, settings, placed, python, kept.files(lock))
        for name, content in files.items():
            _write(folder, name, content)
    if wants_json():
        emit_json({"model": f"{record.name}:{record.version}", "folder": str(target)})
    else:
        say(f"Wrote {target}: docker build -t NAME {target}")


def _write(folder: Path, name: str, content: bytes) -> None:
    """Write a file that others can read but only its owner can write, because the server refuses other models."""
    path = folder / name
    for one in reversed([one for one in path.parents if one.is_relative_to(folder) and not one.exists()]):
        one.mkdir()
        one.chmod(0o755)
    path.write_bytes(content)
    path.chmod(0o644)
