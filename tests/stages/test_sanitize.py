"""Links, FIFOs and modes that a malicious script leaves: nothing that vivero does afterwards follows them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import CommandLine

BEGIN = """
import os, pathlib, shutil
run, victim = pathlib.Path.cwd().parent, pathlib.Path({victim!r})
def swap(name, target):
    path = run / name
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    path.symlink_to(target)
open('outputs/a', 'w').write('a')
"""
ATTACKS = {
    "outputs": "swap('outputs', victim)",
    "below outputs": "for name in ('sub', 'logs'): os.mkdir(f'outputs/{name}')\n"
    "open('outputs/sub/b', 'w').write('b'); (run / 'outputs/sub').symlink_to(victim)\n"
    "swap('children', victim); os.mkfifo('outputs/fifo'); os.mkfifo(run / 'outputs/fifo'); os.mkfifo('logs/fifo')",
    "logs and the script's outputs": "open('logs/mine.txt', 'w'); swap('logs', victim); swap('work/outputs', victim)",
    "the working directory": "shutil.copytree('outputs', run / 'kept'); swap('work', victim.parent / 'src')",
    "records": "for name in ('events.jsonl', 'metrics.jsonl', 'run.json', 'result.json'): swap(name, victim / 'file')",
    "FIFOs for logs": "for name in ('logs/run.log', 'logs/worker.log', 'events.jsonl'):\n"
    "    (run / name).unlink(missing_ok=True); os.mkfifo(run / name)",
    "a file for a folder": "os.rmdir(run / 'outputs'); open(run / 'outputs', 'w')",
    "modes": "os.mkdir('outputs/d'); open('outputs/d/b', 'w'); os.chmod('outputs/d/b', 0); os.chmod('outputs/d', 0)\n"
    "os.chmod('outputs/a', 0o6755)",
}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def victim(command_line: CommandLine) -> Path:
    folder = command_line.folder / "victim"
    (folder / "1").mkdir(parents=True)
    (folder / "file").write_text("mine")
    (folder / "1" / "child.json").write_text(json.dumps({"id": "1", "status": "running"}))
    return folder


@pytest.mark.parametrize("attack", ATTACKS)
def test_it_is_not_followed(attack: str, victim: Path, command_line: CommandLine) -> None:
    command_line.script(BEGIN.format(victim=str(victim)) + ATTACKS[attack])
    before, source = contents(victim), contents(command_line.folder / "src")
    done = command_line.job(
        "job.outputs=[outputs/a]", "model.name=mine", "model.path=outputs/a", "model.framework=Custom"
    )
    assert "Traceback" not in done.stdout + done.stderr and done.returncode in (0, 2), done.stdout + done.stderr
    shown: Any = json.loads(command_line.vivero("show", "latest", "--json").stdout)
    folder = command_line.workspace / "runs" / "src" / shown["id"]
    for path in (folder, *(folder / "outputs").rglob("*"), *(folder / "logs").rglob("*")):
        assert not path.is_symlink() and (path.is_dir() or path.is_file())
        assert path.is_dir() or not path.stat().st_mode & 0o6000
        assert path.stat().st_mode & 0o400
    for words in (["logs", "latest"], ["download", "latest", "--to", "taken"], ["delete", "latest", "--yes"]):
        assert "Traceback" not in command_line.vivero(*words).stderr, words
    assert not folder.exists() and not list(command_line.folder.glob("taken/**/file"))
    assert contents(victim) == before and contents(command_line.folder / "src") == source


def test_what_was_not_kept_is_said(command_line: CommandLine, victim: Path) -> None:
    command_line.script(BEGIN.format(victim=str(victim)) + ATTACKS["outputs"])
    done = command_line.job()
    assert done.returncode == 0 and "outputs is a link" in done.stdout, done.stdout + done.stderr
    shown = json.loads(command_line.vivero("show", "latest", "--json").stdout)
    assert [output["path"] for output in shown["finalize"]["outputs"]] == ["a"]
