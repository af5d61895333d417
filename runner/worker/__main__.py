"""``python <this folder> RUN_DIR``: executes the job order in a run's folder and writes its result."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def _forget_namesakes() -> None:
    """Let our modules win over installed ones of the same name that a ``.pth`` file imported before us."""
    for file in os.listdir(HERE):
        name = os.path.splitext(file)[0]
        loaded = getattr(sys.modules.get(name), "__file__", None)
        if loaded and os.path.dirname(os.path.abspath(loaded)) != HERE:
            del sys.modules[name]


PARENT = os.getppid()
_forget_namesakes()

import lifecycle  # noqa: E402


def _gone() -> bool:
    """Return whether the process that started this one has ended."""
    return os.getppid() != PARENT or PARENT == 1


if __name__ == "__main__":
    sys.exit(lifecycle.main(sys.argv[1:], _gone, dict(os.environ)))
