"""Installs a conda lock into a folder that will be used at another path."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from runner.environments.conda.client import check_installed
from runner.environments.conda.lock import CondaLock, Package, read_lock, this_platform
from runner.environments.pip import giving_pip
from runner.environments.requirements.lock import hash_options, requirements_of
from runner.environments.requirements.uv_command import OFFLINE_PYTHON, complaint, uv
from runner.environments.requirements.wheel_store import WheelStore
from runner.errors import UserError
from runner.hosts.local import LocalHost
from runner.io.files import write_bytes, write_text
from runner.io.hashes import hash_file
from runner.ports.say import Say

_HINT = "The full log is logs/environment.log"
_START = 2  # lines of a script that may name its interpreter


def install(lock: str, folder: Path, prefix: str, say: Say, wheels: WheelStore) -> None:
    """Install a lock into a folder whose content will be used at another path.

    Nothing is solved: the packages are those of the lock, and their hashes are checked. The environment's Python
    is started, so the lock must be for this machine's platform.

    Parameters
    ----------
    lock : str
        The text of ``environment.lock``.
    folder : Path
        The target folder: empty or missing.
    prefix : str
        The absolute path at which the environment will be used, as written to scripts and binaries.
    say : Say
        Receives lines of progress.
    wheels : WheelStore
        The store of local wheels, which the lock's pip part may name.

    Raises
    ------
    UserError
        If a package is not available, has another hash or is for another platform, or the environment does not start.
    """
    content = read_lock(lock)
    if content.platform != this_platform():
        raise UserError(f"The environment is for {content.platform}, but this machine is {this_platform()}")
    link(content, folder, prefix, say)
    if requirements := requirements_of(content.pip):
        say(f"Installing {len(requirements)} packages of the pip part")
        listed = folder / "conda-meta" / "pip.txt"
        write_text(listed, wheels.placed(content.pip))
        command = [uv(), "pip", "install", "--no-deps", *hash_options(content.pip)]
        run([*command, "--python", str(folder / "bin" / "python"), "-r", str(listed)], say)
        _name_prefix(folder, prefix)
    _check(folder, say)


def link(lock: CondaLock, folder: Path, prefix: str, say: Say) -> None:
    """Fetch conda packages through the user's package cache and link them into a folder.

    Raises
    ------
    UserError
        If rattler is not installed, or a package is not available or has another hash.
    """
    check_installed()
    say(f"Installing {len(lock.packages)} conda packages")
    for package in lock.packages:
        _check_local(package)
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("linking.py")), str(folder), prefix],
        input=lock.text(),
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"the installer ended with {done.returncode}"]
        raise UserError(f"The environment could not be built: {lines[-1]}", _HINT)


def run(argv: Sequence[str], say: Say) -> None:
    """Run a step of a build and write its output to the log.

    Raises
    ------
    UserError
        If the step fails. The message contains its reason.
    """
    done = LocalHost().run(argv, variables={**OFFLINE_PYTHON, "VIRTUAL_ENV": None, "CONDA_PREFIX": None}, say=say)
    if done.exit_code != 0:
        raise UserError(f"The environment could not be built: {complaint(done.output)}", _HINT)


def _check_local(package: Package) -> None:
    """Check the hash of a package in a local channel. Rattler checks downloads itself."""
    parts = urlsplit(package.url)
    if parts.scheme != "file":
        return
    path = Path(url2pathname(parts.path))
    if not path.is_file():
        raise UserError(f"The environment could not be built: {path} no longer exists")
    if hash_file(path) != package.sha256:
        raise UserError(
            f"The environment could not be built: {path} differs from the locked file: its SHA-256 does not match"
        )


def _name_prefix(folder: Path, prefix: str) -> None:
    """Replace the build path by the final path in the scripts that uv wrote."""
    made, used = str(folder).encode(), prefix.encode()
    for path in sorted((folder / "bin").iterdir()):
        if path.is_symlink() or not path.is_file():
            continue
        content = path.read_bytes()
        if content.startswith(b"#!") and made in b"".join(content.splitlines(keepends=True)[:_START]):
            mode = path.stat().st_mode
            write_bytes(path, content.replace(made, used))
            path.chmod(mode)


def _check(folder: Path, say: Say) -> None:
    """Start the environment's Python, compile uncompiled files, and report incompatible packages.

    Conda packages without wheel metadata are common and work, so what ``uv pip check`` finds missing is reported, but
    is not an error. Files that are not valid for this Python, such as templates, stay uncompiled.
    """
    python, host = str(folder / "bin" / "python"), LocalHost()
    run([python, "-c", "import sys, ssl, ctypes"], say)
    run(giving_pip(python), say)
    host.run([python, "-m", "compileall", "-q", "-j0", *map(str, folder.glob("lib/python*/site-packages"))])
    host.run([uv(), "pip", "check", "--quiet", "--python", python], variables=OFFLINE_PYTHON, say=say)
