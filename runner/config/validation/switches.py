"""Checks Hydra's switches and settings on the command line."""

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
# Switches that are followed by a value.
VALUED = frozenset([*_DIRECTORY, "--config-path", "-cp", "--config-name", "-cn", "--package", "-p", "--cfg", "-c"])
MAY_HAVE_ONE = frozenset(["--info", "-i"])
_LONG = frozenset((
    "config-dir", "config-path", "config-name", "package", "cfg", "info", "help", "hydra-help", "version", "resolve",
    "run", "multirun", "shell-completion", "experimental-rerun",
))  # fmt: skip
# Patterns are not compiled here: few words are matched, and compiling all would slow down each start.
_DATA = r"\+{0,2}data\.(?P<kind>inputs|outputs)\.(?P<name>[A-Za-z0-9][\w-]*)"
_WHOLE = _DATA + r"=(?P<value>.*)"
_PART = _DATA + r"\.(?P<key>path|asset|step|mode|filename|as|type|description)=(?P<value>[^\s$({\[].*)"
# An estimator takes each parameter of its class, which its option does not list.
_PARAMETERS = ("estimator.", "preprocessing.", "train.holdout.", "train.cross_validation.")
# Actions, of which only one can be chosen.
_ALONE = frozenset(("-m", "--multirun", "-r", "--run", "-c", "--cfg", "-i", "--info", "--shell-completion", "-sc"))
_OF_HYDRA = r"[+~]*(?P<key>hydra(?:[./@]\w*)?(?:[./]\w+)*)(?=[=@]|$)"
# Hydra's settings that have an effect: search path, sweeper, launcher and callbacks.
_HEEDED = r"hydra[./](mode|searchpath|callbacks|launcher|sweeper)\b|hydra$"
_OF_SWEEPS = r"hydra[./](launcher|sweeper)\b"
# vivero decides where a run's files are.
_PLACES = r"\+{0,2}hydra\.(run|sweep)\.|\+{0,2}hydra\.(output_subdir|job\.chdir|runtime)\b"


def read_switches(words: Sequence[str]) -> list[str]:
    """Return the words, sorted so that Hydra's switches and their values come before the overrides.

    Raises
    ------
    UserError
        If there are no words, a switch does not exist, or a setting of Hydra has no effect here.
    """
    if not words:
        raise UserError(
            "No job is given",
            "For example: python -m runner +experiment=iris, or job.source=FOLDER job.script=train.py",
        )
    check_words(words)
    switches: list[str] = []
    overrides: list[str] = []
    for before, word in zip(["", *words], words, strict=False):
        has_value = before in VALUED or (before in MAY_HAVE_ONE and "=" not in word)
        if not has_value:
            _check(word)
        (switches if word.startswith("-") or has_value else overrides).append(word if has_value else _added(word))
    shown = [word for word in switches if word.partition("=")[0] in _ALONE]
    if len(shown) > 1:
        raise UserError(
            f"{shown[0]} and {shown[1]} cannot be combined", f"Remove one of them, for example {' '.join(shown[1:])}"
        )
    given = os.environ.get(CONFIG_DIR)
    if given and not any(word.startswith(_DIRECTORY) for word in switches):
        switches += ["--config-dir", given]
    return [*switches, *overrides]


def check_arguments(arguments: argparse.Namespace) -> None:
    """Refuse what Hydra would silently ignore or answer with a traceback.

    Raises
    ------
    UserError
        If a switch lacks its companion, or a setting of Hydra has no effect.
    """
    if arguments.resolve and not arguments.cfg:
        raise UserError(
            "--resolve has no effect on its own", "To print the resolved configuration: --cfg job --resolve"
        )
    if arguments.package and not arguments.cfg:
        example = f"--cfg job --package {arguments.package}"
        raise UserError("--package has no effect on its own", f"To print part of the configuration: {example}")
    if arguments.shell_completion:
        actions = [
            override
            for override in arguments.overrides
            if override.partition("=")[0] in ("install", "uninstall", "query")
        ]
        if len(actions) != 1:
            raise UserError("--shell-completion needs an action", "For example: -sc install=bash")
    # Where the configuration is only printed, Hydra's own settings may have any value.
    shown = (arguments.cfg, arguments.info, arguments.hydra_help, arguments.shell_completion)
    if not any(shown):
        for word in arguments.overrides:
            _check_has_effect(word, sweeps=arguments.multirun)
        if arguments.multirun:
            _check_size(arguments.overrides)


def _check_size(words: Sequence[str]) -> None:
    """Refuse too many combinations for Hydra's own sweepers. Ours check their own limit."""
    theirs = any(word.lstrip("+").startswith("hydra/sweeper=") for word in words)
    check_sweep_words(words if theirs else [word for word in words if "range(" in word])


def _check_has_effect(word: str, *, sweeps: bool) -> None:
    """Refuse a setting of Hydra that has no effect on a run, or on a sweep."""
    match = re.match(_OF_HYDRA, word) if "hydra" in word else None
    if match is None:
        return
    if not re.match(_HEEDED, match["key"]):
        raise UserError(f"{match['key']} has no effect on a run", "Remove it; --cfg hydra prints Hydra's own settings")
    if re.match(_OF_SWEEPS, match["key"]) and not sweeps:
        raise UserError(f"{match['key']} has no effect on a single run", "Add -m to start a sweep, or remove it")


def _added(word: str) -> str:
    """Return a word that may set a key that the composition does not have yet as one that also creates it."""
    return f"++{word}" if word.startswith(_PARAMETERS) else _added_data(word)


def _added_data(word: str) -> str:
    """Return a word that sets an input or output, or one of its keys, as one that also creates it.

    A list of values of one key to sweep over is unchanged: it only applies to existing inputs.
    """
    if "data.inputs." not in word and "data.outputs." not in word:
        return word
    if match := re.fullmatch(_WHOLE, word, re.DOTALL):
        return f"++data.{match['kind']}.{match['name']}={match['value']}"
    match = re.fullmatch(_PART, word)
    if match is None or "," in match["value"]:
        return word
    return f"data.{match['kind']}={{{match['name']}: {{{match['key']}: {match['value']}}}}}"


def _check(word: str) -> None:
    if word.startswith("--"):
        name, _, value = word[2:].partition("=")
        if name == "experimental-rerun":
            raise UserError(
                "--experimental-rerun is not allowed: it loads a pickle", "To repeat a run: vivero rerun RUN"
            )
        if name not in _LONG:
            right = f"Write +{name}={value}, or {name}={value} if that setting is already chosen" if value else ""
            raise UserError(
                f"Unknown option --{name}", right or nearest(f"--{name}", [f"--{option}" for option in _LONG])
            )
    if "hydra" in word and re.match(_PLACES, word):
        raise UserError(
            f"{word.partition('=')[0].lstrip('+')} has no effect: a run's files are kept in its workspace",
            "To use another workspace: workspace.root=FOLDER",
        )
