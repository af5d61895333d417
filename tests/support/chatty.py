"""A model that prints a lot, itself and through a process that it starts."""

import os
import subprocess
from typing import Any

from sklearn.dummy import DummyClassifier

BYTES = 10_000  # printed by each call, in each way
_talkers: dict[int, Any] = {}


class Chatty(DummyClassifier):  # type: ignore[misc]
    """Prints at each call. The process that it starts runs as long as its own."""

    def predict(self, X: Any) -> Any:  # noqa: N803 - scikit-learn's name
        """Predict and print."""
        if os.getpid() not in _talkers:
            _talkers[os.getpid()] = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
        talker = _talkers[os.getpid()].stdin
        talker.write(b"other " + b"." * BYTES + b"\n")
        talker.flush()
        print("own " + "." * BYTES, flush=True)
        return super().predict(X)
