"""What all tests share."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _clean_variables(monkeypatch):
    for name in ("VIVERO_WORKSPACE", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


class CommandLine:
    """Types commands in a folder of its own, as a user would."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.workspace = folder / ".vivero"

    def start(self, *words, cwd=None, before=(), **options):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **options.pop("variables", {})}
        return subprocess.Popen(
            [*before, sys.executable, "-m", *words],
            cwd=cwd or self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            **options,
        )

    def run(self, *words, **options):
        process = self.start("runner", *words, **options)
        return self._end(process)

    def vivero(self, *words, **options):
        process = self.start("runner.cli", *words, **options)
        return self._end(process)

    def _end(self, process):
        out, err = process.communicate(timeout=300)
        return subprocess.CompletedProcess(
            process.args, process.returncode, out.decode(errors="replace"), err.decode(errors="replace")
        )

    def script(self, text: str, name: str = "train.py", folder: str = "src") -> Path:
        path = self.folder / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def job(self, *words, **options):
        """Run ``src/train.py``."""
        return self.run("job.source=src", "job.script=train.py", *words, **options)


@pytest.fixture
def small_disk(tmp_path):
    """A disk of three megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode != 0:
        missing("a small tmpfs cannot be mounted: needs root")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def missing(what):
    """Fail in CI, skip on a user's machine: a component that a test needs is not there."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture
def command_line(tmp_path):
    folder = tmp_path / "team"
    folder.mkdir()
    return CommandLine(folder)
