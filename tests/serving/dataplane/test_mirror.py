"""The thread that sends requests to a mirror."""

import queue
from typing import Any

from serving.data.rows import Rows
from serving.dataplane.plane import Mirror


class _Broken:
    """A version whose answer is a bug of the server the first time."""

    calls = 0

    def answer(self, _rows: Rows, _method: str, _most: int) -> None:
        self.calls += 1
        if self.calls == 1:
            raise TypeError("a bug")


def test_a_bug_in_one_answer_does_not_end_the_mirror(capsys: Any) -> None:
    outcomes: queue.Queue[str] = queue.Queue()
    mirror, served = Mirror(lambda _served, outcome: outcomes.put(outcome)), _Broken()
    for _ in range(2):
        mirror.mirror_request(served, Rows([[1.0]]), "predict", 10)  # type: ignore[arg-type]
    assert [outcomes.get(timeout=20) for _ in range(2)] == ["internal", "answered"]
    assert "TypeError: a bug" in capsys.readouterr().err
