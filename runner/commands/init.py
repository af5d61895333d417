"""``vivero init``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from runner.commands.common import absolute, opened, workspace_option
from runner.commands.output import say
from runner.errors import UserError, storage_error

_README = """\
# {name}

An estimator that is declared in `{conf}`, without a script. What the table had:

{notes}

```
# Train, evaluate and register; then compare two estimators
python -m runner {option}+experiment={name}
python -m runner {option}-m +experiment={name} {choices}
# The model card, the model over HTTP, and the same training as a script
vivero models show {name}
python -m serving model={name}
vivero script latest > train.py
```
"""
_CHOICES = {True: "estimator=logistic_regression,random_forest", False: "estimator=ridge,random_forest_regressor"}


@click.command()
@click.argument("name")
@click.option("--data", required=True, metavar="FILE|ASSET", help="The table: CSV, TSV, JSON Lines or Parquet.")
@click.option("--target", required=True, metavar="COLUMN", help="The column to predict.")
@click.option(
    "--config-dir",
    metavar="DIR",
    envvar="VIVERO_CONFIG_DIR",
    help="The folder of options to write to. Default: conf.",
)
@workspace_option
def init(name: str, data: str, target: str, config_dir: str | None) -> None:
    """Write a first experiment that learns a column of a table, after a look at the table."""
    from runner.config.schema import CONF
    from runner.config.shipped import has_options
    from runner.io.names import check_name
    from runner.training.first import first_experiment

    check_name(name, "name of the experiment")
    conf = absolute(config_dir or ("conf" if has_options(Path()) else CONF))
    experiment, readme = conf / "experiment" / f"{name}.yaml", conf.parent / "projects" / name / "README.md"
    for path in (experiment, readme):
        if path.exists() or path.is_symlink():
            raise UserError(f"{path} exists", "Choose another name, or remove it")
    source, table = _table(data, Path(CONF).parent if config_dir else conf.parent)
    made = first_experiment(name, source, target, table)
    option = f"--config-dir {config_dir} " if config_dir else ""
    choices = _CHOICES["_regressor" not in made.yaml]
    notes = "\n".join(f"- {note}" for note in made.notes)
    text = _README.format(
        name=name, conf=f"{conf.name}/experiment/{name}.yaml", notes=notes, option=option, choices=choices
    )
    _write({experiment: made.yaml, readme: text})
    for note in made.notes:
        say(f"  {note}")
    say(f"Wrote {experiment} and {readme}")
    say(f"To train: python -m runner {option}+experiment={name}")


def _table(data: str, root: Path) -> tuple[str, Any]:
    """Return how a composition names a table, and the table's description, a `TableRecord`."""
    from runner.config.data_settings import is_path
    from runner.training.first import is_file_name, look

    path = absolute(data)
    if not is_path(data) and not is_file_name(data) and not path.exists():
        asset = opened().data.version(data)
        if asset.table is None or not asset.table.columns:
            raise UserError(f"Data asset {data} is not a table", "Name a CSV, TSV, JSON Lines or Parquet file")
        return data, asset.table
    table = look(path)
    if path.is_relative_to(root):
        return "${project_root:}/" + path.relative_to(root).as_posix(), table
    return str(path), table


def _write(files: dict[Path, str]) -> None:
    from runner.io.files import write_text

    for path, text in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(path, text)
        except OSError as error:
            raise UserError(f"Cannot write {path}: {storage_error(error) or os.strerror(error.errno or 0)}") from None
