"""What the kernel counts, in both versions of control groups, on a machine and in a container."""

from pathlib import Path
from typing import Any

import pytest

from runner.worker.run import memory


@pytest.mark.parametrize(
    ("table", "files", "kill_count"),
    [
        ("0::/user.slice/a\n", {"user.slice/a/memory.events": "low 0\noom 2\noom_kill 1\n"}, 1),
        ("0::/docker/a\n", {"memory.events": "oom_kill 3\n"}, 3),
        ("5:cpu:/\n4:memory:/docker/a\n0::/docker/a\n", {"memory/memory.oom_control": "under_oom 0\noom_kill 4\n"}, 4),
        (
            "4:memory:/a\n",
            {"memory/a/memory.oom_control": "oom_kill 0\n", "memory/memory.oom_control": "oom_kill 9\n"},
            0,
        ),
        ("4:memory:/a\n", {"memory/a/memory.oom_control": "under_oom 0\n"}, None),
        ("0::/\n", {}, None),
        ("", {}, None),
    ],
)
def test_how_many_were_ended(tmp_path: Path, table: str, files: Any, kill_count: int | None) -> None:
    (tmp_path / "table").write_text(table)
    for name, text in files.items():
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    counted = memory.Counter(str(tmp_path / "table"), str(tmp_path / "root"))
    assert counted.ran_out() is (None if kill_count is None else False)
    for path in (tmp_path / "root" / name for name in files):
        path.write_text(path.read_text().replace(f"oom_kill {kill_count}\n", f"oom_kill {(kill_count or 0) + 1}\n"))
    assert counted.ran_out() is (None if kill_count is None else True)
    assert memory.Counter(str(tmp_path / "absent"), str(tmp_path / "root")).ran_out() is None
