"""``python <this folder> RUN_DIR``: carry out the order in a run's folder and write its result."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def _forget_namesakes() -> None:
    """Let our modules win over installed ones of the same name that a ``.pth`` file imported before us."""
    for name in ("files", "inspection", "metrics", "mlflow_store", "processes", "requests", "results", "supervise"):
        loaded = getattr(sys.modules.get(name), "__file__", None)
        if loaded and os.path.dirname(os.path.abspath(loaded)) != HERE:
            del sys.modules[name]


if __name__ == "__main__":
    PARENT = os.getppid()
    _forget_namesakes()
    import supervise

    sys.exit(supervise.main(sys.argv[1:], PARENT))
