"""Whatever a run's files are called, the run is recorded and every command can read it."""

import json
import os
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine

NAMES = [
    b"\xff.bin", b"d\xfe/e/\xfd", b"caf\xc3\xa9", b"cafe\xcc\x81", b"new\nline", b"\x1b[31mred", b'quo"te',
    b"back\\slash",
    b"-rf", b"--help", b" ", b"tab\t", b"a b", b"'", b"$(touch x)", b"\\udcff", b"x" * 255, b".hidden", b"%2e%2e", b"*",
]  # fmt: skip
SCRIPT = f"""
import os
for name in {NAMES!r}:
    path = b"outputs/" + name
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(name)
with open(b"beside-\\xff", "w") as file:
    file.write("kept")
with open("outputs/model.joblib", "wb") as file:
    file.write(b"model")
"""


@pytest.mark.slow("types every reading command")
def test_a_run_with_any_names_is_recorded_and_read(command_line: CommandLine, tmp_path: Path) -> None:
    command_line.script(SCRIPT)
    done = command_line.job("model.name=any", "model.path=outputs/model.joblib", "model.framework=Custom")
    assert done.returncode == 0, done.stdout + done.stderr
    outputs = json.loads(command_line.vivero("show", "latest", "--json").stdout)["finalize"]["outputs"]
    assert sorted(os.fsencode(output["path"]) for output in outputs) == sorted([*NAMES, b"model.joblib"])
    for words in (["runs"], ["runs", "--json"], ["show", "latest"], ["logs", "latest"], ["metrics", "latest"],
                  ["compare", "latest", "latest"], ["models"], ["environments"]):  # fmt: skip
        read = command_line.vivero(*words)
        assert read.returncode == 0 and "error" not in read.stderr, (words, read.stderr)
        assert "\x1b[31m" not in read.stdout
    target = tmp_path / "there"
    taken = command_line.vivero("download", "latest", "--to", str(target))
    assert taken.returncode == 0, taken.stderr
    contents = {path.read_bytes() for path in target.rglob("*") if path.is_file()}
    assert set(NAMES) <= contents
    assert command_line.vivero("delete", "latest", "--yes").returncode == 0


def test_a_source_and_an_input_with_any_names(command_line: CommandLine, tmp_path: Path) -> None:
    command_line.script(
        "import os, sys\n"
        "print('found', len(os.listdir('.')), sum(len(files) for _, _, files in os.walk(sys.argv[2])))\n"
    )
    data = tmp_path / "data"
    for folder in (command_line.folder / "src", data):
        for name in NAMES:
            path = Path(os.fsdecode(os.path.join(os.fsencode(folder), name)))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"1")
    for mode in ("mount", "copy"):
        given = f"data.inputs={{all: {{path: '{data}', mode: {mode}}}}}"
        done = command_line.job(given, "job.arguments={data: '${input:all}'}", "job.snapshot.allow_secrets=['*']")
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"found {len(NAMES) + 3} {len(NAMES)}" in done.stdout, done.stdout  # outputs and logs, too
