"""The node as a machine: its folder for vivero, and facts about it."""

import errno
import getpass
import os
import platform
import sysconfig
import tempfile
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

    from .task import Task


def know(_task: "Task", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Create this machine's folder, and return facts about the machine."""
    root = own(os.path.expanduser(facts["path"]))
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
