"""Resolves requirements to a lock with hashes, using uv. Locks are cached by their request."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import unquote

from runner.access import ownership
from runner.environments.requirements.packages import normalised
from runner.environments.requirements.spec import Spec
from runner.environments.requirements.uv_command import OFFLINE_PYTHON, complaint, uv
from runner.environments.requirements.wheel_store import WheelStore
from runner.errors import UserError
from runner.io.files import write_text
from runner.io.locks import locked
from runner.layout import Layout
from runner.ports.host import Host, Interpreter
from runner.ports.say import Say

_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)")
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", flags=re.MULTILINE)
# A wheel named by its path: ``six @ file:///x/six-1.16.0-py3-none-any.whl``, or the path alone.
_WHEEL = re.compile(r"^(?:\S+ @ )?[^\s#-]\S*?([^/\s]+?)-([^-/\s]+)-[^/\s]+\.whl(?=[\s\\;]|$)", flags=re.MULTILINE)
_HASH = re.compile(r"\s*--hash=(\S+)")
# Messages of uv, git and their libraries for unreachable addresses and failed authentication.
_NO_WAY = (
    "failed to fetch", "401", "403", "could not resolve", "name resolution", "dns error", "error sending request",
    "could not connect", "failed to connect", "connection refused", "connection reset", "connection timed out",
    "unreachable", "operation timed out", "timed out after", "unable to access",
)  # fmt: skip
_COMMIT = re.compile(r"^\S+ @ git\+\S+@[0-9a-f]{40}(?=[\s#]|$)", flags=re.MULTILINE)
_GONE = re.compile(r"Distribution not found at: file://(\S+)")


def resolve(layout: Layout, host: Host, spec: Spec, python: Interpreter, *, upgrade: bool, say: Say) -> str:
    """Return the lock for a spec, cached unless `upgrade`.

    Raises
    ------
    UserError
        If there is no solution. The message contains the resolver's reason.
    """
    request = "\n".join([*spec.options, *spec.lines, "", *spec.constraints, "", python.version, python.platform])
    wheels = WheelStore(layout)

    def make(path: Path) -> str:
        say(f"Resolving {len(spec.lines)} requirements for Python {python.version}")
        if host.target is None:
            return compile_lock(host, spec, ["--python", str(python.path)], path, say, wheels)
        from runner.hosts.local import LocalHost

        # Resolved on this machine, because the host may not reach an index. The result is the same.
        like = ["--python-version", python.version, "--python-platform", host.target]
        return compile_lock(LocalHost(), spec, like, path, say, wheels)

    return cached_lock(layout, request, make, upgrade=upgrade)


def cached_lock(layout: Layout, request: str, make: Callable[[Path], str], *, upgrade: bool) -> str:
    """Return the lock for a request, cached unless `upgrade`.

    Parameters
    ----------
    layout : Layout
        The workspace.
    request : str
        The request: everything that the lock depends on.
    make : callable
        Creates the lock. It gets the lock's path, from which the names of work files are derived.
    upgrade : bool
        Whether to create the lock again.

    Raises
    ------
    UserError
        If another user could have written the existing lock.
    """
    path = layout.locks / f"{hashlib.sha256(request.encode()).hexdigest()[:32]}.txt"
    ownership.check(layout.root, layout.locks, path)
    if path.exists() and not upgrade:
        return path.read_text()
    layout.locks.mkdir(parents=True, exist_ok=True)
    with locked(path.with_suffix(".lock")):
        if path.exists() and not upgrade:
            return path.read_text()
        lock = make(path)
        write_text(path, lock)
        return lock


def compile_lock(
    host: Host,
    spec: Spec,
    python: Sequence[str],
    path: Path,
    say: Say,
    wheels: WheelStore,
    installed: Sequence[str] = (),
) -> str:
    """Resolve requirements to pins with hashes for a Python.

    Parameters
    ----------
    host : Host
        The host that runs uv.
    spec : Spec
        The requirements.
    python : sequence of str
        The interpreter, or a description of it, as uv options.
    path : Path
        The lock's path, from which the names of work files are derived.
    say : Say
        Receives lines of progress.
    wheels : WheelStore
        The local wheels.
    installed : sequence of str
        Distributions that are already installed and are omitted from the lock.

    Raises
    ------
    UserError
        If there is no solution. The message contains the resolver's reason.
    """
    request, limits, made = path.with_suffix(".in"), path.with_suffix(".constraints"), path.with_suffix(".out")
    write_text(request, _text([*spec.options, *map(wheels.placed, spec.lines)]))
    if spec.constraints:
        write_text(limits, _text(spec.constraints))
    made.unlink(missing_ok=True)
    command = [uv(), "pip", "compile", "--generate-hashes", "--no-header", "--no-annotate", "--quiet"]
    command += ["--no-emit-index-url", "--no-emit-find-links", *python]
    command += [f"--no-emit-package={name}" for name in installed]
    command += ["--output-file", str(made), str(request), *(["--constraint", str(limits)] if spec.constraints else [])]
    done = host.run(command, variables=OFFLINE_PYTHON)
    if done.exit_code != 0:
        why = complaint(done.output)
        raise UserError(f"The environment cannot be resolved: {why}", resolving_hint(why))
    for line in done.output.decode(errors="replace").splitlines():
        say(line)
    lock = _text(spec.options) + checked(wheels.named(made.read_text()), spec.lines)
    made.unlink()
    return lock


def checked(lock: str, lines: Sequence[str]) -> str:
    """Check that everything in a resolver's lock has a name, and return the lock restricted to the given hashes.

    An installer would skip an entry without a name, or install whatever is at its path by then.

    Raises
    ------
    UserError
        If an entry has no name, or no file has one of the given hashes.
    """
    _check_named(lock)
    return with_given_hashes(lock, lines)


def _check_named(lock: str) -> None:
    pinned = set(requirements_of(lock))
    for line in lock.splitlines():
        if not line.strip() or line[0] in " #-\t":
            continue
        if not pinned & set(requirements_of(line)):
            bare = line.rstrip("\\ ")
            raise UserError(
                f"The environment cannot be resolved: {bare} has no version",
                "Write ./FOLDER, a wheel's path, or NAME==VERSION",
            )


def resolving_hint(why: str) -> str:
    """Return a hint for a resolver's error."""
    if "certificate" in why.lower() or "TLS" in why:
        return "If your own authority signed the index's certificate, set SSL_CERT_FILE=FILE"
    if gone := _GONE.search(why):
        return f"Restore {unquote(gone[1])}, or remove what was installed from it"
    if any(sign in why.lower() for sign in _NO_WAY):
        return "Check access to the index: UV_INDEX_URL, a password in ~/.netrc, a proxy in HTTPS_PROXY"
    return "Correct environment.packages or the file"


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def pins(lock: str) -> dict[str, str]:
    """Return the version of each package in a lock, by normalized name."""
    return {normalised(name): version for name, version in [*_PIN.findall(lock), *_WHEEL.findall(lock)]}


def hash_options(lock: str) -> list[str]:
    """Return the uv option that installs a lock with its hashes.

    A commit is a hash itself, but ``--require-hashes`` does not accept it.
    """
    return ["--verify-hashes"] if _COMMIT.search(lock) else ["--require-hashes"]


def check_hashed(lock: str, where: str) -> None:
    """Check that everything in a lock has a hash. A git commit that another package requires has none.

    Parameters
    ----------
    lock : str
        The lock.
    where : str
        The consequence, for the message.

    Raises
    ------
    UserError
        Naming the first package without a hash.
    """
    if match := _COMMIT.search(lock):
        name = match[0].partition(" @ ")[0]
        raise UserError(
            f"{name} comes from a git repository because another package requires it, and has no hash: {where}",
            f"Add it to environment.packages: {match[0].rpartition('@')[0]}",
        )


def requirements_of(lock: str) -> dict[str, str]:
    """Return the requirement line of each package in a lock, by normalized name.

    Packages from an address keep it, and packages with a single file (stored wheels) keep their hash.
    """
    requirements = {}
    for block in re.split(r"\n(?=\S)", lock):
        first = block.splitlines()[0].rstrip("\\ ") if block.strip() else ""
        hashes = _HASH.findall(block)
        given = "".join(f" --hash={digest}" for digest in hashes) if len(hashes) == 1 or " @ " in first else ""
        if pinned := _PIN.match(first):
            requirements[normalised(pinned[1])] = f"{pinned[1]}=={pinned[2]}{given}"
        elif " @ " in first and (named := _NAME.match(first)):
            requirements[normalised(named[1])] = f"{first}{given}"
        elif wheel := _WHEEL.match(first):
            requirements[normalised(wheel[1])] = f"{first}{given}"
    return requirements


def with_given_hashes(lock: str, lines: Sequence[str]) -> str:
    """Return a lock in which packages with hashes in the requirement lines keep only those hashes.

    Raises
    ------
    UserError
        If no file of the resolved version has one of the given hashes.
    """
    given = {
        match[1]: set(_HASH.findall(line)) for line in lines if (match := _NAME.match(line)) and _HASH.search(line)
    }
    wanted = {normalised(name): hashes for name, hashes in given.items()}
    if not wanted:
        return lock
    kept: list[str] = []
    for block in re.split(r"\n(?=\S)", lock):
        match = _NAME.match(block)
        hashes = wanted.get(normalised(match[1])) if match else None
        if hashes is None:
            kept.append(block)
            continue
        matching = [digest for digest in _HASH.findall(block) if digest in hashes]
        first = block.splitlines()[0].rstrip("\\ ")
        if not matching:
            raise UserError(f"No file of {first} has the given hash", "Correct the hash or the version")
        kept.append(" \\\n    ".join([first, *(f"--hash={digest}" for digest in matching)]))
    return "\n".join(kept) + ("\n" if lock.endswith("\n") and not kept[-1].endswith("\n") else "")


def key_of(lock: str, python: Interpreter) -> str:
    """Return the cache key of a lock for a Python on a platform. Ignores comments."""
    lines = [line for line in lock.splitlines() if not line.lstrip().startswith("#")]
    return hashlib.sha256("\n".join([*lines, python.version, python.platform]).encode()).hexdigest()[:32]
