"""Starts a run on a node and reports on it while a controller listens: output, requests, results.

What is told of a file begins where the listener's copy ends, so that a listener who comes back has no gap and nothing
twice. The run's folder stays until the listener has it all and says so.
"""

import contextlib
import errno
import json
import os
import secrets
import select
import stat
import sys
import time

import environment_seal
import files
import job_order
import locks
import node_daemon
import snapshot
import timeouts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, List, Optional, Tuple

GROWING = ("logs/run.log", "metrics.jsonl", "properties.jsonl", "logs/worker.log")
AHEAD = "ahead."  # prefix of folders outside any run that are only read by an interpreter
PART = ".part"  # ends the first name of a run's folder, as long as it is filled
FILLING = "filling"  # where locks are of folders that are filled or shown
_LOCKS = ("worker.lock", "attendant.lock")
_OURS = frozenset(
    [*_LOCKS, "order.json", job_order.NAME, "process.json", "cancel.json", "requests", "inputs", "packages"]
)
_PIECE = 1 << 18
_SMALL = 1 << 16  # bytes of a file that is told with the end, which saves asking for it
_MOST = 1 << 20  # bytes of all of these
_next_clearing: "Dict[str, float]" = {}  # by the node's folder
_QUICK, _SLOW = 0.01, 0.1  # seconds between reads of a run that has just written something, and of a silent one


class Exit:
    """The end of a process, waited for without looking again and again where the system can tell of it.

    Parameters
    ----------
    pid : int or None
        The process, if it is known.
    """

    def __init__(self, pid: "Optional[int]") -> None:
        self._descriptors: "List[int]" = []
        if pid is not None and sys.version_info >= (3, 9):
            try:
                self._descriptors.append(os.pidfd_open(pid))
            except OSError:  # it has ended, or the system is too old
                pass

    def __enter__(self) -> "Exit":
        return self

    def __exit__(self, *_: "Any") -> None:
        self._close()

    def wait(self, seconds: float) -> None:
        """Wait so long, or until the process ends."""
        if select.select(self._descriptors, [], [], seconds)[0]:
            self._close()  # it would always be ready

    def _close(self) -> None:
        while self._descriptors:
            os.close(self._descriptors.pop())


class Minded:
    """One run, told of to one listener.

    Parameters
    ----------
    root : str
        The node's folder.
    run : str
        The run's folder.
    task : object
        Where things are said: ``say(content, hold=False, **facts)``, ``stopped()``; what is held goes with the next.
    """

    def __init__(self, root: str, run: str, task: "Any") -> None:
        self._root, self._run, self._task = root, run, task
        self._pid: "Optional[int]" = None
        self._asked: "List[str]" = []
        self._spoke = time.monotonic()

    def begin(self, order: "Dict[str, Any]", facts: "Dict[str, Any]") -> "Dict[str, Any]":
        """Lay out the run's folder and have it started, unless it has begun; return the keeper's answer."""
        if not os.path.isdir(self._run):
            lay_out(self._root, self._run, order, facts)
        answer = node_daemon.ask(
            self._root, facts["idle"], do="start", run=self._run, slots=facts["slots"], warm=facts["warm"]
        )
        self._pid = answer.get("pid")
        if "full" in answer:
            files.remove_tree(self._run)
        return answer

    def follow(self, offsets: "Dict[str, int]") -> None:
        """Tell what the run writes and asks until its worker is gone."""
        pause = _QUICK
        with Exit(self._pid) as worker:
            while not self._task.stopped():
                over, spoke = self._over(), self._spoke
                self._tell_growth(offsets)
                self._tell_requests()
                if over:
                    return
                pause = _QUICK if self._spoke > spoke else min(1.5 * pause, _SLOW)
                if time.monotonic() - self._spoke > timeouts.sign_of_life():
                    self._say(b"", alive=True)
                worker.wait(pause)

    def _over(self) -> bool:
        """Return whether the worker is gone. One that was just started does not hold its lock yet."""
        if node_daemon.goes_on(self._run):
            self._pid = None
            return False
        return self._pid is None or not node_daemon.lives(self._pid) or self._has("result.json")

    def _has(self, name: str) -> bool:
        return os.path.exists(os.path.join(self._run, name))

    def _say(self, content: bytes, **facts: "Any") -> None:
        self._task.say(content, **facts)
        self._spoke = time.monotonic()

    def _tell_growth(self, offsets: "Dict[str, int]") -> None:
        for name in GROWING:
            offset = offsets.get(name, 0)
            try:
                file = files.open_regular(os.path.join(self._run, name))
            except OSError:  # it is not there yet, or the script has put something else in its place
                continue
            with file:
                if os.fstat(file.fileno()).st_size <= offset:
                    continue
                file.seek(offset)
                content = file.read(_PIECE)
                while content and not self._task.stopped():
                    self._say(content, file=name, offset=offset)
                    offset += len(content)
                    content = file.read(_PIECE)
            offsets[name] = offset

    def _tell_requests(self) -> None:
        folder = os.path.join(self._run, "requests")
        try:
            names = sorted(os.listdir(folder))
        except OSError:  # the script removed the folder
            return
        for name in names:
            stem = name[: -len(".json")]
            if not name.endswith(".json") or name.endswith(".answer.json") or name.startswith("."):
                continue
            if name in self._asked or stem + ".answer.json" in names:
                continue
            self._asked.append(name)
            try:
                with files.open_regular(os.path.join(folder, name)) as file:
                    content = file.read()
            except OSError:  # nobody waits for an answer to it
                continue
            self._say(content, asked=name, artefact=_listed(self._run, _artefact(self._run, content)))

    def end(self) -> "Dict[str, Any]":
        """Tell what the run left, the small files with their content."""
        found, left = self._left()
        self._task.say(b"", hold=True, ended=True, files=found, left=left, began=self._has("worker.lock"))
        room = _MOST
        for name, facts in found.items():
            if name not in GROWING and facts["size"] <= min(_SMALL, room):
                with open(os.path.join(self._run, name), "rb") as file:
                    self._task.say(file.read(), hold=True, whole=name)
                room -= facts["size"]
        return {}

    def _left(self) -> "Tuple[Dict[str, Any], List[str]]":
        """Return the run's files that are not those it began with, and what is there beside files."""
        manifest = self._manifest()
        found, left = {}, []  # type: Dict[str, Any], List[str]
        for name, path in walk(self._run):
            if not stat.S_ISREG(os.lstat(path).st_mode):
                left.append(name)
                continue
            known = manifest.get(name[len("work/") :]) if name.startswith("work/") else None
            size = os.path.getsize(path)
            if known is not None and known["size"] == size and files.hash_path(path) == known["sha256"]:
                continue
            found[name] = {"size": size, "sha256": files.hash_path(path)}
        return found, left

    def _manifest(self) -> "Dict[str, Any]":
        try:
            tree = files.read_json(os.path.join(self._run, "order.json"))["tree"]
            found: "Dict[str, Any]" = files.read_json(os.path.join(self._root, "snapshots", tree, "manifest.json"))
            return found
        except (OSError, ValueError, KeyError):
            return {}


def lay_out(root: str, run: str, order: "Dict[str, Any]", facts: "Dict[str, Any]") -> None:
    """Make a run's folder with its own copy of the source, its inputs and its order."""
    with _laid_out(root, run, order, facts):
        pass


@contextlib.contextmanager
def _laid_out(root: str, run: str, order: "Dict[str, Any]", facts: "Dict[str, Any]") -> "Iterator[None]":
    """Make a run's folder: aside, then renamed. A lock says so until the end of the block."""
    if time.monotonic() > _next_clearing.get(root, 0.0):  # once for the trials of a sweep that begin together
        _next_clearing[root] = time.monotonic() + timeouts.seconds("node_clearing")
        clear_abandoned(root)
    aside = "{}.{}{}".format(run, secrets.token_hex(6), PART)
    with _held(root, os.path.basename(aside)):
        try:
            try:
                os.makedirs(aside)
                _fill(aside, root, order, facts["inputs"])
                os.rename(aside, run)
            except OSError:
                if not os.path.isdir(run):  # else somebody else was first
                    raise
            yield
        finally:
            if os.path.isdir(aside):
                files.remove_tree(aside)


@contextlib.contextmanager
def _held(root: str, name: str) -> "Iterator[None]":
    """Hold a lock of some name. It has that name only once it is held, so nobody sees it free."""
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


def _fill(aside: str, root: str, order: "Dict[str, Any]", inputs: "Dict[str, str]") -> None:
    ours = ["requests"] if order.get("attended") else []  # whatever user the script is in its container
    for name in ("logs", os.path.join("work", "outputs"), os.path.join("work", "logs"), *ours):
        os.makedirs(os.path.join(aside, name), exist_ok=True)
    check_out(os.path.join(root, "snapshots", order["tree"]), os.path.join(aside, "work"))
    for name, place in inputs.items():
        link = os.path.join(aside, "inputs", name)
        os.makedirs(os.path.dirname(link), exist_ok=True)
        os.symlink(os.path.join(root, place), link)
    told, secret = job_order.parts(order)
    files.write_json(os.path.join(aside, "order.json"), told, durable=False)
    job_order.keep(aside, secret)


def clear_abandoned(root: str) -> None:
    """Remove the folders whose process was killed while it filled or showed them: secrets may be in them.

    Its lock is there before a folder is, and until it has gone or has another name. So folders are listed first.
    """
    runs, filling = os.path.join(root, "runs"), os.path.join(root, FILLING)
    found = [name for name in _listed_in(runs) if name.endswith(PART) or name.startswith(AHEAD)]
    known = [name for name in _listed_in(filling) if not name.endswith(".new")]
    held = [name for name in known if locks.is_locked(os.path.join(filling, name))]
    for name in found:
        if not any(one == name or one.startswith(name + ".") for one in held):
            files.remove_tree(os.path.join(runs, name))
    for name in set(known) - set(held):
        files.remove_file(os.path.join(filling, name))


def _listed_in(folder: str) -> "List[str]":
    return os.listdir(folder) if os.path.isdir(folder) else []


def check_out(kept: str, work: str) -> None:
    """Make a writable copy of a snapshot."""
    with _whole(kept) as manifest:
        snapshot.copy(os.path.join(kept, "files"), manifest, os.path.basename(kept), work)


def check_snapshot(_task: "Any", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Refuse a snapshot that has changed here, before anything is imported from it."""
    kept = os.path.join(facts["root"], "snapshots", facts["tree"])
    with _whole(kept) as manifest:
        snapshot.check(os.path.join(kept, "files"), manifest, facts["tree"])
    return {}


def check_environment(_task: "Any", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Return the changes to an environment, which is then rebuilt on demand."""
    found = environment_seal.changes(facts["prefix"])
    if found:
        environment_seal.give_up(facts["prefix"])
    return {"changed": environment_seal.shown(found)}


@contextlib.contextmanager
def _whole(kept: str) -> "Iterator[Dict[str, Any]]":
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


def walk(run: str) -> "Iterator[Tuple[str, str]]":
    """Yield the relative name and the path of whatever is in a run's folder and is not ours."""
    for parent, folders, found in os.walk(run):
        ours = _OURS if parent == run else frozenset()
        names = [name for name in found if name not in ours and not (parent == run and _is_aside(name))]
        folders[:] = [name for name in folders if name not in ours]
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        folders[:] = sorted(name for name in folders if name not in links and name != "__pycache__")
        for name in sorted(names + links):
            path = os.path.join(parent, name)
            yield os.path.relpath(path, run), path


def _is_aside(name: str) -> bool:
    """Return whether a file is one of ours that was being written by who was killed then."""
    return name.startswith(".") and name.endswith(".tmp")


def _artefact(run: str, request: bytes) -> "Optional[str]":
    """Return the path that a request names inside the run's working folder, None for any other."""
    work = os.path.realpath(os.path.join(run, "work"))
    try:
        path = os.path.realpath(os.path.join(work, json.loads(request.decode())["path"]))
    except (ValueError, KeyError, TypeError):
        return None
    return path if path.startswith(work + os.sep) else None


def _listed(run: str, path: "Optional[str]") -> "Dict[str, Any]":
    """Return size and hash of the files at a path, by their names in the run's folder."""
    if path is None or not os.path.exists(path):
        return {}
    found = [path] if os.path.isfile(path) else [one for _, one in walk(path)]
    regular = [one for one in found if stat.S_ISREG(os.lstat(one).st_mode)]
    base = os.path.realpath(run)
    return {
        os.path.relpath(one, base): {"size": os.path.getsize(one), "sha256": files.hash_path(one)} for one in regular
    }


def mind(task: "Any", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Begin a run if that is asked, and tell of it to its end; return the last message's facts."""
    minded = Minded(facts["root"], facts["run"], task)
    if facts.get("order") is not None:
        answer = minded.begin(facts["order"], facts)
        if "full" in answer:
            return {"full": answer["full"]}
        task.say(b"", begun=True)
    elif not os.path.isdir(facts["run"]):
        return {"gone": True}
    minded.follow(dict(facts["offsets"]))
    return {} if task.stopped() else minded.end()


def warm_up(task: "Any", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Start a prefork interpreter for similar runs, using a folder outside any run."""
    run = facts["run"]
    with _laid_out(facts["root"], run, facts["order"], facts):
        try:
            return node_daemon.ask(facts["root"], facts["idle"], do="warm", run=run)
        finally:
            files.remove_tree(run)
