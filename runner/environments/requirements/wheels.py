"""Downloads the packages of a lock for a machine that cannot reach an index.

Packages without a wheel are sent as source, together with the usual build tools.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from runner.environments.requirements.lock import check_hashed
from runner.environments.requirements.uv_command import OFFLINE_PYTHON, complaint, uv
from runner.errors import UserError
from runner.hosts.local import LocalHost
from runner.ports.host import Interpreter
from runner.ports.say import Say

_BUILDERS = ("setuptools", "wheel")
_OLDEST = 5  # manylinux_2_5 is manylinux1


@contextlib.contextmanager
def fetched(lock: str, python: Interpreter, target: str, say: Say) -> Iterator[Path]:
    """Yield a folder with the packages of a lock, after checking their hashes.

    Parameters
    ----------
    lock : str
        Pins with hashes. Stored wheels are named by local path.
    python : Interpreter
        The target's Python.
    target : str
        The target platform, in uv's terms.
    say : Say
        Receives lines of progress.

    Raises
    ------
    UserError
        If a package is not available.
    """
    check_hashed(lock, "it cannot be sent to a machine")
    with tempfile.TemporaryDirectory(prefix="vivero-wheels-") as made:
        folder, wanted = Path(made, "wheels"), Path(made, "lock.txt")
        wanted.write_text(lock)
        folder.mkdir()
        say("Fetching packages to send to nodes")
        short = ".".join(python.version.split(".")[:2])
        like = [
            "--implementation",
            "cp",
            "--python-version",
            short,
            *(f"--platform={platform}" for platform in platforms(target)),
        ]
        _download([*like, "--require-hashes", "-r", str(wanted)], folder)
        if any(entry.suffix != ".whl" for entry in folder.iterdir()):
            _download(list(_BUILDERS), folder)
        yield folder


def _download(words: list[str], folder: Path) -> None:
    command = [uv(), "tool", "run", "--quiet", "--from", "pip", "pip", "download", "--quiet", "--no-deps"]
    done = LocalHost().run([*command, *words, "-d", str(folder)], variables=OFFLINE_PYTHON)
    if done.exit_code != 0:
        raise UserError(f"The packages cannot be fetched: {complaint(done.output)}")


def platforms(target: str) -> list[str]:
    """Return the platform tags of wheels that a machine supports, newest first (PEP 600)."""
    machine, _, rest = target.partition("-")
    if not rest.startswith("manylinux_2_"):
        return [f"manylinux2014_{machine}"] if rest == "manylinux2014" else [f"musllinux_1_2_{machine}"]
    newest = int(rest.rpartition("_")[2])
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(newest, _OLDEST - 1, -1)]
    return [*tags, *(f"{name}_{machine}" for name in ("manylinux2014", "manylinux2010", "manylinux1", "linux"))]
