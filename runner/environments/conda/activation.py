"""Activates a conda prefix without conda."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from pathlib import Path

from runner.environments.handle import PrefixHandle
from runner.errors import UserError

# The scripts are arguments, so no name is parsed by the shell. Their output is kept apart from the variables.
_SOURCE = 'for script in "$@"; do . "$script" >&2; done; exec env -0'
_SHELLS_OWN = ("_", "SHLVL", "PWD", "OLDPWD")


class CondaHandle(PrefixHandle):
    """An environment of conda packages."""

    def variables(self) -> dict[str, str]:
        """Return the variables of the activated environment."""
        return dict(self._active)

    @functools.cached_property
    def _active(self) -> dict[str, str]:
        return activated(self._python.parent.parent, super().variables())


def activated(prefix: Path, variables: dict[str, str]) -> dict[str, str]:
    """Return the variables, extended by those that a prefix's packages set on activation.

    In conda's order: ``etc/conda/env_vars.d/*.json``, then ``conda-meta/state``, then ``etc/conda/activate.d/*.sh``.

    Raises
    ------
    UserError
        If a script needs bash and it is missing, or a script fails.
    """
    result = {**variables, "CONDA_PREFIX": str(prefix), "CONDA_DEFAULT_ENV": str(prefix), "CONDA_SHLVL": "1"}
    for path in sorted((prefix / "etc/conda/env_vars.d").glob("*.json")):
        result |= {str(name): str(value) for name, value in json.loads(path.read_bytes()).items()}
    state = prefix / "conda-meta" / "state"
    if state.exists():
        result |= {str(name): str(value) for name, value in json.loads(state.read_bytes()).get("env_vars", {}).items()}
    scripts = sorted(map(str, (prefix / "etc/conda/activate.d").glob("*.sh")))
    return result | _source_scripts(scripts, result) if scripts else result


def _source_scripts(scripts: list[str], variables: dict[str, str]) -> dict[str, str]:
    before = {**os.environ, **variables}
    try:
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-c", _SOURCE, "bash", *scripts],
            env=before,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        )
    except FileNotFoundError:
        raise UserError("The environment has activation scripts, which need bash", "Install bash") from None
    except subprocess.CalledProcessError as error:
        message = " ".join(error.stderr.decode(errors="replace").split())
        raise UserError(f"The environment cannot be activated: {message or f'exit code {error.returncode}'}") from None
    after = dict(item.split("=", 1) for item in os.fsdecode(done.stdout).split("\0") if "=" in item)
    return {name: value for name, value in after.items() if before.get(name) != value and name not in _SHELLS_OWN}
