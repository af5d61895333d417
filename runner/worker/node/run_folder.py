"""Creates the folder of a run on a node, with its own copy of the source, its inputs and its order."""

import contextlib
import errno
import os
import secrets
import time

from .. import environment_seal, files, job_order, layout, locks, snapshot, timeouts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, List

AHEAD = "ahead."  # prefix of folders outside any run, for prefork interpreters
PART = ".part"  # suffix of a run's folder while it is being filled
FILLING = "filling"  # folder with the locks of run folders that are being filled or read
_next_clearing: "Dict[str, float]" = {}  # time of the next clearing, by the node's folder


def lay_out(root: str, run: str, order: "job_order.JobOrder", facts: "Dict[str, Any]") -> None:
    """Create a run's folder with its own copy of the source, its inputs and its order."""
    with new_run_folder(root, run, order, facts):
        pass


@contextlib.contextmanager
def new_run_folder(root: str, run: str, order: "job_order.JobOrder", facts: "Dict[str, Any]") -> "Iterator[None]":
    """Create a run's folder under a temporary name, then rename it. Its lock is held until the end of the block."""
    if time.monotonic() > _next_clearing.get(root, 0.0):  # once for all trials of a sweep that start together
        _next_clearing[root] = time.monotonic() + timeouts.seconds("node_clearing")
        clear_abandoned(root)
    aside = "{}.{}{}".format(run, secrets.token_hex(6), PART)
    with _named_lock(root, os.path.basename(aside)):
        try:
            try:
                os.makedirs(aside)
                _fill(aside, root, order, facts["inputs"])
                os.rename(aside, run)
            except OSError:
                if not os.path.isdir(run):  # otherwise another process was first
                    raise
            yield
        finally:
            if os.path.isdir(aside):
                files.remove_tree(aside)


@contextlib.contextmanager
def _named_lock(root: str, name: str) -> "Iterator[None]":
    """Hold a lock with the given name. It gets that name once it is held, so it is never seen free."""
    lock = os.path.join(root, FILLING, name)
    os.makedirs(os.path.dirname(lock), exist_ok=True)
    descriptor = locks.take_lock(lock + ".new")
    try:
        os.rename(lock + ".new", lock)
        yield
    finally:
        files.remove_file(lock)
        if descriptor is not None:
            os.close(descriptor)


def _fill(aside: str, root: str, order: "job_order.JobOrder", inputs: "Dict[str, str]") -> None:
    ours = [layout.REQUESTS] if order.attended else []  # the container's user may be another
    for name in (layout.LOGS, layout.WORK_OUTPUTS, layout.WORK_LOGS, *ours):
        os.makedirs(os.path.join(aside, name), exist_ok=True)
    check_out(os.path.join(root, "snapshots", order.tree), os.path.join(aside, layout.WORK))
    for name, place in inputs.items():
        link = os.path.join(aside, layout.INPUTS, name)
        os.makedirs(os.path.dirname(link), exist_ok=True)
        os.symlink(os.path.join(root, place), link)
    plain, secret = order.parts()
    files.write_json(os.path.join(aside, layout.ORDER), plain, durable=False)
    job_order.keep(aside, secret)


def clear_abandoned(root: str) -> None:
    """Remove folders whose process was killed while using them, because they may contain secrets.

    A folder's lock exists from before its creation until the folder is removed or renamed. So folders are listed first.
    """
    runs, filling = os.path.join(root, "runs"), os.path.join(root, FILLING)
    names = [name for name in _listed_in(runs) if name.endswith(PART) or name.startswith(AHEAD)]
    known = [name for name in _listed_in(filling) if not name.endswith(".new")]
    held = [name for name in known if locks.is_locked(os.path.join(filling, name))]
    for name in names:
        if not any(held_name == name or held_name.startswith(name + ".") for held_name in held):
            files.remove_tree(os.path.join(runs, name))
    for name in set(known) - set(held):
        files.remove_file(os.path.join(filling, name))


def _listed_in(folder: str) -> "List[str]":
    return os.listdir(folder) if os.path.isdir(folder) else []


def check_out(kept: str, work: str) -> None:
    """Make a writable copy of a snapshot."""
    with _checked_manifest(kept) as manifest:
        snapshot.copy(os.path.join(kept, "files"), manifest, os.path.basename(kept), work)


def check_snapshot(_task: "Any", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Check that a snapshot is unchanged on this node, before anything is imported from it."""
    kept = os.path.join(facts["root"], "snapshots", facts["tree"])
    with _checked_manifest(kept) as manifest:
        snapshot.check(os.path.join(kept, "files"), manifest, facts["tree"])
    return {}


def check_environment(_task: "Any", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Return the changes to an environment. A changed one is given up and then rebuilt on demand."""
    changed = environment_seal.changes(facts["prefix"])
    if changed:
        environment_seal.invalidate(facts["prefix"])
    return {"changed": environment_seal.shown(changed)}


@contextlib.contextmanager
def _checked_manifest(kept: str) -> "Iterator[Dict[str, Any]]":
    """Yield a snapshot's manifest. A snapshot that has changed is removed, so that it is sent again."""
    name = "manifest.json"
    try:
        yield files.read_json(os.path.join(kept, name))
        return
    except snapshot.DamagedError as damaged:
        name = str(damaged)
    except ValueError:
        pass
    files.remove_tree(kept)
    raise OSError(errno.EIO, "the snapshot was changed there ({}), and is sent again for the next run".format(name))
