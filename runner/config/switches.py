"""Hydra's switches on the command line: which exist, which take a value, and which of Hydra's settings are refused."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from runner.config.limits.words import check_sweep_words, check_words
from runner.errors import UserError, nearest

if TYPE_CHECKING:
    import argparse

CONFIG_DIR = "VIVERO_CONFIG_DIR"
_DIRECTORY = ("--config-dir", "-cd")
# Hydra's switches, and those of them that are followed by a value.
VALUED = frozenset([*_DIRECTORY, "--config-path", "-cp", "--config-name", "-cn", "--package", "-p", "--cfg", "-c"])
MAY_HAVE_ONE = frozenset(["--info", "-i"])
_LONG = frozenset((
    "config-dir", "config-path", "config-name", "package", "cfg", "info", "help", "hydra-help", "version", "resolve",
    "run", "multirun", "shell-completion", "experimental-rerun",
))  # fmt: skip
# Patterns are texts: few words are looked at by them, and compiling all would be felt at each start.
_INPUT = r"\+{0,2}data\.inputs\.(?P<name>[A-Za-z0-9][\w-]*)\.(?P<key>path|mode|filename)=(?P<value>[^\s$({\[].*)"
# What is done with a composition: one of these at a time.
_ALONE = frozenset(("-m", "--multirun", "-r", "--run", "-c", "--cfg", "-i", "--info", "--shell-completion", "-sc"))
_OF_HYDRA = r"[+~]*(?P<key>hydra(?:[./@]\w*)?(?:[./]\w+)*)(?=[=@]|$)"
# What of Hydra's own settings has an effect: where configuration is found, who composes a sweep, who is told.
_HEEDED = r"hydra[./](mode|searchpath|callbacks|launcher|sweeper)\b|hydra$"
_OF_SWEEPS = r"hydra[./](launcher|sweeper)\b"
# Where a run's files are is for this project to say.
_PLACES = r"\+{0,2}hydra\.(run|sweep)\.|\+{0,2}hydra\.(output_subdir|job\.chdir|runtime)\b"


def read_switches(words: Sequence[str]) -> list[str]:
    """Return the words with Hydra's switches, and the values of these, before the overrides.

    Raises
    ------
    UserError
        If there are no words, a switch does not exist, or a setting of Hydra's has no effect here.
    """
    if not words:
        raise UserError(
            "There is nothing to run",
            "For example: python -m runner +experiment=iris, or job.source=FOLDER job.script=train.py",
        )
    check_words(words)
    switches: list[str] = []
    overrides: list[str] = []
    for before, word in zip(["", *words], words, strict=False):
        has_value = before in VALUED or (before in MAY_HAVE_ONE and "=" not in word)
        if not has_value:
            _check(word)
        (switches if word.startswith("-") or has_value else overrides).append(word if has_value else _whole_input(word))
    shown = [word for word in switches if word.partition("=")[0] in _ALONE]
    if len(shown) > 1:
        raise UserError(
            f"{shown[0]} and {shown[1]} do not go together", f"Leave one of them out: {' '.join(shown[1:])}"
        )
    given = os.environ.get(CONFIG_DIR)
    if given and not any(word.startswith(_DIRECTORY) for word in switches):
        switches += ["--config-dir", given]
    return [*switches, *overrides]


def check_arguments(arguments: argparse.Namespace) -> None:
    """Refuse what Hydra would pass over in silence, or end with a traceback of its own.

    Raises
    ------
    UserError
        If a switch is there without what it goes with, or a setting of Hydra's that changes nothing.
    """
    if arguments.resolve and not (arguments.cfg or arguments.help):
        raise UserError("--resolve does nothing by itself", "Print the composition: --cfg job --resolve")
    if arguments.package and not arguments.cfg:
        example = f"--cfg job --package {arguments.package}"
        raise UserError("--package does nothing by itself", f"Print a part of the composition: {example}")
    if arguments.shell_completion:
        asked = [one for one in arguments.overrides if one.partition("=")[0] in ("install", "uninstall", "query")]
        if len(asked) != 1:
            raise UserError("--shell-completion needs to be told what to do", "For example: -sc install=bash")
    # What only shows the composition, Hydra's part of it included, heeds whatever is in it.
    shown = (arguments.cfg, arguments.info, arguments.help, arguments.hydra_help, arguments.shell_completion)
    if not any(shown):
        for word in arguments.overrides:
            _check_heeded(word, sweeps=arguments.multirun)
        if arguments.multirun:
            _check_size(arguments.overrides)


def _check_size(words: Sequence[str]) -> None:
    """Refuse combinations that a sweeper of Hydra's own would write out; ours says so itself, knowing its limit."""
    theirs = any(word.lstrip("+").startswith("hydra/sweeper=") for word in words)
    check_sweep_words(words if theirs else [word for word in words if "range(" in word])


def _check_heeded(word: str, *, sweeps: bool) -> None:
    """Refuse a setting of Hydra's own that changes nothing in a run, or in a sweep."""
    found = re.match(_OF_HYDRA, word) if "hydra" in word else None
    if found is None:
        return
    if not re.match(_HEEDED, found["key"]):
        raise UserError(
            f"{found['key']} has no effect on a run", "Leave it out; --cfg hydra shows Hydra's own settings"
        )
    if re.match(_OF_SWEEPS, found["key"]) and not sweeps:
        raise UserError(f"{found['key']} has no effect on a single run", "Add -m for a sweep, or leave it out")


def _whole_input(word: str) -> str:
    """Return ``data.inputs.rows.path=FILE`` as the mapping that makes the input, or adds to it where there is one.

    What is to be tried in turn stays: it changes an input that is there.
    """
    found = re.fullmatch(_INPUT, word) if "data.inputs." in word else None
    if found is None or "," in found["value"]:
        return word
    return f"data.inputs={{{found['name']}: {{{found['key']}: {found['value']}}}}}"


def _check(word: str) -> None:
    if word.startswith("--"):
        name, _, value = word[2:].partition("=")
        if name == "experimental-rerun":
            raise UserError("--experimental-rerun is not taken: it reads a pickle", "Repeat a run: vivero rerun RUN")
        if name not in _LONG:
            right = f"Write +{name}={value}, or {name}={value} to change what is already chosen" if value else ""
            raise UserError(f"There is no switch --{name}", right or nearest(name, sorted(_LONG)))
    if "hydra" in word and re.match(_PLACES, word):
        raise UserError(
            f"{word.partition('=')[0].lstrip('+')} has no effect: a run's files are in its workspace",
            "Set workspace.root to use another workspace",
        )
