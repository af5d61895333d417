"""What ``python -m runner --help`` prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from runner.config.schema import CONF

HELP = ("--help", "-h")
_NOT_CHOSEN = ("schema", "hydra")  # folders of conf without options
_TEXT = """\
Usage: python -m runner [-m] [+experiment=NAME] [GROUP=OPTION] [KEY=VALUE] ...

Run a training script in a reproducible environment, record the run and register the model it wrote.

Examples:
  python -m runner +experiment=iris
  python -m runner job.source=FOLDER job.script=train.py environment=venv 'environment.packages=[scikit-learn]'
  python -m runner -m +experiment=iris job.arguments.kernel=linear,rbf

Groups and their options:
{groups}

Switches:
  -m, --multirun    sweep: run once for each combination of the values given
  --cfg job         print the configuration instead of running it
  --config-dir DIR  also search DIR for options; or set VIVERO_CONFIG_DIR
  --hydra-help      print what Hydra itself understands
  --version         print the version

Read on:
  How to combine settings:    {conf}/README.md
  All settings and defaults:  {conf}/REFERENCE.md
  Runs, models, endpoints:    vivero --help
"""


def help_text(words: Sequence[str]) -> str:
    """Return the help, including the options in the folders that the command line names."""
    groups: dict[str, set[str]] = {}
    for folder in [Path(CONF), *_folders(words)]:
        for path in sorted(folder.glob("*/*.yaml")):
            if path.parent.name not in _NOT_CHOSEN:
                groups.setdefault(path.parent.name, set()).add(path.stem)
    lines = [_line(name, options) for name, options in sorted(groups.items())]
    return _TEXT.format(groups="\n".join(lines), conf=CONF)


def _line(group: str, options: Iterable[str]) -> str:
    mark = "+" if group in ("experiment", "endpoint", "pipeline") else ""  # not in the defaults list
    return f"  {mark + group + '=':<13} {' '.join(sorted(options))}"


def _folders(words: Sequence[str]) -> list[Path]:
    """Return the user's own configuration folders."""
    folders = []
    for before, word in zip(["", *words], words, strict=False):
        if before in ("--config-dir", "-cd"):
            folders.append(Path(word))
        elif word.startswith("--config-dir="):
            folders.append(Path(word.partition("=")[2]))
    return folders
