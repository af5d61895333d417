"""A model that prints much, by itself and by a process that it starts."""

import os
import subprocess
from typing import Any

from sklearn.dummy import DummyClassifier

BYTES = 10_000  # that each call prints in each way
_talkers: dict[int, Any] = {}


class Chatty(DummyClassifier):  # type: ignore[misc]
    """Prints at each call; what it starts goes on for as long as its own process does."""

    def predict(self, X: Any) -> Any:  # noqa: N803 - as scikit-learn has it
        """Answer, and print."""
        if os.getpid() not in _talkers:
            _talkers[os.getpid()] = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
        talker = _talkers[os.getpid()].stdin
        talker.write(b"other " + b"." * BYTES + b"\n")
        talker.flush()
        print("own " + "." * BYTES, flush=True)
        return super().predict(X)
