"""Nothing half-written is visible."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runner.io.files import write_json
from tests.support.waiting import wait_for

WRITER = """
import sys
from pathlib import Path

import pytest
from runner.io.files import write_json
number = 0
while True:
    number += 1
    write_json(Path(sys.argv[1]), {"number": number, "filling": "x" * 100_000})
"""


def test_a_writer_killed_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    import json

    path = tmp_path / "record.json"
    for wait in range(5):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)])
        wait_for(lambda goal=wait * 20: path.exists() and json.loads(path.read_text())["number"] > goal, 20)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert len(json.loads(path.read_text())["filling"]) == 100_000


def test_lines_of_many_processes_stay_whole_and_a_torn_one_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    code = "import sys; from pathlib import Path; from runner.io.files import append_json_line as a\n"
    code += "[a(Path(sys.argv[1]), {'n': i, 'x': 'y' * 500}) for i in range(200)]"
    for process in [subprocess.Popen([sys.executable, "-c", code, str(path)]) for _ in range(4)]:
        assert process.wait() == 0
    with path.open("a") as file:
        file.write('{"n": 1, "torn')
    assert path.read_bytes().count(b"\n") == 800


def test_a_file_is_replaced_as_a_whole_even_when_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert path.read_text() == '{\n "a": 1\n}\n'
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
