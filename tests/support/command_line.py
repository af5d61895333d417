"""Runs commands in a test's folder, as a user would."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CONF = ROOT / "conf"


class CommandLine:
    """Runs commands in a folder of its own, as a user would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace = folder / ".vivero"

    def start(
        self, *words: str, cwd: Path | str | None = None, before: Sequence[str] = (), **options: Any
    ) -> subprocess.Popen[bytes]:
        """Start ``python -m WORDS``, with options of ``Popen``. `variables` are added to those of this process."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **options.pop("variables", {})}
        return subprocess.Popen(
            [*before, sys.executable, "-m", *words],
            cwd=cwd or self.folder,
            stdin=options.pop("stdin", subprocess.DEVNULL),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            **options,
        )

    def run(self, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run ``python -m runner`` until it ends."""
        return self.finish(self.start("runner", *words, **options))

    def vivero(self, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run ``vivero`` until it ends."""
        return self.finish(self.start("runner.cli", *words, **options))

    def finish(self, process: subprocess.Popen[bytes], seconds: float = 300) -> subprocess.CompletedProcess[str]:
        """Wait until a command ends and return its output."""
        out, err = process.communicate(timeout=seconds)
        return subprocess.CompletedProcess(
            process.args, process.returncode, out.decode(errors="replace"), err.decode(errors="replace")
        )

    def script(self, text: str, name: str = "train.py", folder: str = "src") -> Path:
        """Write a script."""
        path = self.folder / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def job(self, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run ``src/train.py``."""
        return self.run("job.source=src", "job.script=train.py", *words, **options)
