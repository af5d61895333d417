"""Executes a controller's requests on a node, over its standard streams. Standard library only, Python 3.6 or later.

A message is a line of JSON, followed by as many bytes as its ``bytes`` says. Each request has an ``id`` and gets
messages with that ``id``: any number of pieces, and a last one with ``done`` or ``error``. Requests run concurrently.
The agent ends when its input ends, and so do the programs it runs. Programs started with ``spawn`` continue.
"""

import base64
import errno
import fcntl
import getpass
import hashlib
import io
import json
import os
import platform
import runpy
import shutil
import signal
import stat
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO, Callable, Dict, Optional, Set

PIECE = 1 << 18  # bytes; one large message would be much slower
_LARGEST = 1 << 30  # bytes that may follow a message
_LAST = 30.0  # seconds that the last requests get to end


class Agent:
    """Reads and executes requests.

    Parameters
    ----------
    requests, answers : file
        The binary streams of requests and of messages.
    max_silence : float
        Seconds of silence after which the agent ends.
    """

    def __init__(self, requests: "BinaryIO", answers: "BinaryIO", max_silence: float) -> None:
        self._requests, self._answers, self._max_silence = requests, answers, max_silence
        self._writing, self._importing = threading.Lock(), threading.Lock()
        self._load: "Any" = None
        self._tasks: "Dict[int, Task]" = {}
        self._last_message = time.monotonic()
        self._threads: "Set[threading.Thread]" = set()

    def serve(self) -> None:
        """Execute requests until the input ends."""
        threading.Thread(target=self._end_if_silent, daemon=True).start()
        while True:
            line = self._requests.readline()
            if not line:
                break
            self._last_message = time.monotonic()
            message = _read(line)
            content = self._requests.read(message["bytes"])
            if message["do"] == "alive":
                self.say(message["id"])
                continue
            if message["do"] in ("feed", "stop"):
                task = self._tasks.get(message["id"])
                if task is not None:
                    task.take(message["do"], content)
                continue
            task = Task(self, message, content)
            self._tasks[message["id"]] = task
            thread = threading.Thread(target=task.carry_out, daemon=True)
            self._threads.add(thread)
            thread.start()
            self._threads = {one for one in self._threads if one.is_alive()}
        for task in list(self._tasks.values()):
            task.take("stop", b"")
        until = time.monotonic() + _LAST  # the last requests are still completed
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _end_if_silent(self) -> None:
        """End after a long silence, because a connection that is cut gives no notice."""
        while time.monotonic() - self._last_message < self._max_silence:
            time.sleep(1)
        for task in list(self._tasks.values()):
            task.take("stop", b"")
        os.kill(os.getpid(), signal.SIGKILL)

    def say(self, number: int, content: bytes = b"", hold: bool = False, **facts: "Any") -> None:
        """Send a message, or hold it until the next one to save wake-ups."""
        line = json.dumps(dict(facts, id=number, bytes=len(content))).encode() + b"\n"
        with self._writing:
            self._answers.write(line + content)
            if not hold:
                self._answers.flush()

    def module(self, folder: str, name: str) -> "Any":
        """Return a module from the worker's folder. The folder stays the same for the life of the agent."""
        with self._importing:
            if self._load is None:
                self._load = runpy.run_path(os.path.join(folder, "importlib_bootstrap.py"))["load"]
            return self._load(folder, name)

    def forget(self, number: int) -> None:
        """Forget a request that has ended."""
        self._tasks.pop(number, None)


class Task:
    """One request, from its arrival to its last message."""

    def __init__(self, agent: Agent, message: "Dict[str, Any]", content: bytes) -> None:
        self._agent, self._message, self._content = agent, message, content
        self._number = message["id"]
        self._process: "Optional[subprocess.Popen[bytes]]" = None
        self._feed_reader, self._feeding = os.pipe()
        self._stopped = threading.Event()
        self._lock = threading.Lock()

    def take(self, what: str, content: bytes) -> None:
        """Accept a piece of data or a request to stop. An empty piece ends the data."""
        if what == "stop":
            self._stopped.set()
            with self._lock:
                if self._process is not None:
                    end(self._process)
            self._end_feeding()
        elif content:
            try:
                with open(self._feeding, "wb", closefd=False) as pipe:
                    pipe.write(content)
            except OSError:  # the reader of the pipe has failed and reports that
                pass
        else:
            self._end_feeding()

    def _end_feeding(self) -> None:
        feeding, self._feeding = self._feeding, -1
        if feeding >= 0:
            os.close(feeding)

    def carry_out(self) -> None:
        """Execute the request and send the last message."""
        try:
            do: "Callable[[], Dict[str, Any]]" = getattr(self, "do_" + self._message["do"])
            answer = do()
            self._agent.say(self._number, done=True, **answer)
        except OSError as error:
            self._agent.say(self._number, error=error.strerror or str(error), errno=error.errno)
        except Exception as error:
            self._agent.say(self._number, error="{}: {}".format(type(error).__name__, error), errno=None)
        finally:
            self._end_feeding()
            os.close(self._feed_reader)
            self._agent.forget(self._number)

    def do_run(self) -> "Dict[str, Any]":
        """Run a program until it ends and send its output, standard error included."""
        with self._lock:
            if self._stopped.is_set():
                return {"code": None}
            self._process = subprocess.Popen(
                self._message["argv"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=self._variables(),
                cwd=self._message.get("cwd"),
                start_new_session=True,
            )
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        while True:
            content = os.read(descriptor, PIECE)
            if not content:
                break
            self._agent.say(self._number, content)
        return {"code": self._process.wait()}

    def do_spawn(self) -> "Dict[str, Any]":
        """Start a program that outlives the connection and writes its output to a file."""
        with open(self._message["log"], "ab") as log:
            process = subprocess.Popen(
                self._message["argv"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._variables(),
                cwd=self._message.get("cwd"),
                start_new_session=True,
            )
        return {"pid": process.pid}

    def _variables(self) -> "Dict[str, str]":
        found = dict(os.environ)
        for name, value in (self._message.get("variables") or {}).items():
            if value is None:
                found.pop(name, None)
            else:
                found[name] = value
        return found

    def do_look(self) -> "Dict[str, Any]":
        """Return whether a path exists, with its size, kind and a stamp of its last change."""
        try:
            state = os.stat(self._path())
        except (FileNotFoundError, NotADirectoryError):
            return {"there": False}
        stamp = "{} {}".format(state.st_mtime, state.st_size)
        return {"there": True, "size": state.st_size, "folder": stat.S_ISDIR(state.st_mode), "stamp": stamp}

    def do_missing(self) -> "Dict[str, Any]":
        """Return the paths that do not exist."""
        return {"missing": [path for path in self._message["paths"] if not os.path.exists(expanded(path))]}

    def do_know(self) -> "Dict[str, Any]":
        """Create this machine's folder, and return facts about the machine."""
        root = own(self._path())
        return {
            "root": os.path.realpath(root),
            "user": getpass.getuser(),
            "host": os.uname().nodename,
            "platform": sysconfig.get_platform(),
            "libc": " ".join(platform.libc_ver()),
            "python": platform.python_version(),
            "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
            "path": os.environ.get("PATH", os.defpath),
            "free": space(root),
            "tmp": tempfile.gettempdir(),
            "tmp_free": space(tempfile.gettempdir()),
            "time": time.time(),
        }

    def do_call(self) -> "Dict[str, Any]":
        """Call a function of the worker's folder, which has been sent before."""
        module = self._agent.module(expanded(self._message["worker"]), self._message["module"])
        answer: "Dict[str, Any]" = getattr(module, self._message["function"])(self, self._message)
        return answer

    def say(self, content: bytes, hold: bool = False, **facts: "Any") -> None:
        """Send a piece with its facts."""
        self._agent.say(self._number, content, hold, **facts)

    def stopped(self) -> bool:
        """Return whether the client has stopped the request."""
        return self._stopped.is_set()

    def do_read(self) -> "Dict[str, Any]":
        """Send a file's content from an offset."""
        with open(self._path(), "rb") as file:
            file.seek(self._message.get("offset", 0))
            while True:
                content = file.read(PIECE)
                if not content or self._stopped.is_set():
                    return {}
                self._agent.say(self._number, content)

    def do_write(self) -> "Dict[str, Any]":
        """Replace a file by the data sent: temporary name, fsync, rename."""
        path = self._path()
        os.makedirs(os.path.dirname(path), exist_ok=True)
        aside = "{}.{}-{}.part".format(path, os.getpid(), self._number)
        try:
            with open(self._feed_reader, "rb", closefd=False) as fed, open(aside, "wb") as file:
                shutil.copyfileobj(fed, file, PIECE)
                file.flush()
                os.fsync(file.fileno())
            if self._stopped.is_set():
                raise OSError("the connection ended in the middle of a message")
            os.chmod(aside, self._message.get("mode", 0o644))
            os.rename(aside, path)
        finally:
            if os.path.exists(aside):
                os.unlink(aside)
        return {}

    def do_unpack(self) -> "Dict[str, Any]":
        """Unpack the archive that is sent into a folder."""
        path = self._path()
        os.makedirs(path, exist_ok=True)
        with open(self._feed_reader, "rb", closefd=False) as fed, tarfile.open(fileobj=fed, mode="r|") as archive:
            for one in archive:
                archive.extract(one, path)
        if self._stopped.is_set():
            raise OSError("the connection ended in the middle of a message")
        return {}

    def do_append(self) -> "Dict[str, Any]":
        """Write the data sent to a file from an offset. What has arrived when the connection ends is kept."""
        path = self._path()
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(self._feed_reader, "rb", closefd=False) as fed, open(path, "ab") as file:
            file.truncate(self._message["offset"])
            shutil.copyfileobj(fed, file, PIECE)
        if self._stopped.is_set():
            raise OSError("the connection ended in the middle of a message")
        os.chmod(path, self._message["mode"])
        return {}

    def do_contents(self) -> "Dict[str, Any]":
        """Send name, size and SHA-256 of each file in a folder, a message for each."""
        root = self._path()
        for parent, _, names in os.walk(root):
            for name in names:
                path, digest, size = os.path.join(parent, name), hashlib.sha256(), 0
                with open(path, "rb") as file:
                    for piece in iter(lambda: file.read(PIECE), b""):
                        digest.update(piece)
                        size += len(piece)
                self.send(json.dumps([os.path.relpath(path, root), size, digest.hexdigest()]).encode())
        return {}

    def do_pack(self) -> "Dict[str, Any]":
        """Send a file or a folder as an archive."""
        with tarfile.open(fileobj=PieceWriter(self), mode="w|", bufsize=PIECE) as archive:
            archive.add(self._path(), ".")
        return {}

    def send(self, content: bytes) -> None:
        """Send a piece."""
        if self._stopped.is_set():
            raise OSError("stopped")
        self._agent.say(self._number, content)

    def do_rename(self) -> "Dict[str, Any]":
        """Rename a file or a folder."""
        os.rename(self._path(), expanded(self._message["target"]))
        return {}

    def do_remove(self) -> "Dict[str, Any]":
        """Remove a file, or a folder and its contents."""
        remove(self._path())
        return {}

    def do_lock(self) -> "Dict[str, Any]":
        """Hold a lock until a request to stop. The kernel releases it if this process dies."""
        path = self._path()
        os.makedirs(os.path.dirname(path), exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)  # as in locks.py
        try:
            os.fchmod(file, 0o600)
            while not self._stopped.wait(0.02):
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    continue
                self._agent.say(self._number, held=True)
                self._stopped.wait()
        finally:
            os.close(file)
        return {}

    def _path(self) -> str:
        return expanded(self._message["path"])


def _read(line: bytes) -> "Dict[str, Any]":
    """Parse a message. After an invalid one the agent ends, because the start of the next message is unknown."""
    try:
        message = json.loads(line.decode())
        found = dict(message, id=int(message["id"]), bytes=int(message.get("bytes", 0)), do=str(message["do"]))
        if 0 <= found["bytes"] <= _LARGEST:
            return found
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        pass
    sys.exit("received a line of {} bytes that is not a message".format(len(line)))  # the content may be secret


class PieceWriter(io.RawIOBase):
    """A writable file that sends its content as pieces."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self._task = task

    def write(self, content: "Any") -> int:
        """Send a piece."""
        self._task.send(bytes(content))
        return len(content)


def expanded(path: str) -> str:
    """Return a path with ``~`` expanded."""
    return os.path.expanduser(path)


def own(root: str) -> str:
    """Create this machine's folder and return it. Machines that share a home folder get separate ones."""
    make_private_folder(root)
    mark, machine = os.path.join(root, "machine"), os.uname().nodename
    aside = "{}.{}-{}.part".format(mark, machine, os.getpid())
    if not os.path.exists(mark):
        with open(aside, "w") as file:
            file.write(machine)
        try:
            os.link(aside, mark)  # succeeds on one machine only
        except FileExistsError:
            pass
        finally:
            os.unlink(aside)
    with open(mark) as file:
        owner = file.read()
    if owner != machine:
        root = "{}-{}".format(root, machine)
        make_private_folder(root)
    return root


def make_private_folder(root: str) -> None:
    """Create a folder for programs to start. Raise an `OSError` if others own it or can write to it."""
    os.makedirs(root, mode=0o700, exist_ok=True)
    owners = {os.stat(root).st_uid, os.lstat(root).st_uid}  # the owners of the folder and of a link to it
    if not owners <= {os.geteuid(), 0}:
        raise OSError(errno.EPERM, "{} belongs to another user. Choose another folder: compute.root=PATH".format(root))
    if os.stat(root).st_mode & 0o022:
        raise OSError(errno.EPERM, "{0} can be written by others. Close it: chmod go-w {0}".format(root))


def space(path: str) -> int:
    """Return the free bytes on a path's file system."""
    disk = os.statvfs(path)
    return disk.f_bavail * disk.f_frsize


def end(process: "subprocess.Popen[bytes]") -> None:
    """Kill a program and its process group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def remove(path: str) -> None:
    """Remove a path, regardless of permissions. A missing path is not an error."""
    if os.path.islink(path) or os.path.isfile(path):
        os.unlink(path)
    elif os.path.isdir(path):

        def make_removable(function: "Any", name: str, _: "Any") -> None:
            os.chmod(os.path.dirname(name), 0o700)
            os.chmod(name, 0o700)
            function(name)

        shutil.rmtree(path, onerror=make_removable)


def main(mark: str, max_silence: float, timeouts: str) -> None:
    """Print the mark that tells the controller where the agent's output starts, and serve.

    `timeouts` are the controller's changes to ``timeouts.py``, for all programs that are started here.
    """
    if timeouts:
        os.environ["VIVERO_TIMEOUTS"] = timeouts
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # other output must not mix with our messages
    answers.write(b"\n" + base64.b64decode(mark) + b"\n")
    answers.flush()
    Agent(sys.stdin.buffer, answers, max_silence).serve()
