"""``vivero score``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from runner.commands.common import absolute, global_options, opened, trusted_workspace, wants_json
from runner.commands.output import emit_json, note, say
from runner.console.format import show_count
from runner.errors import UserError

# So that the memory for Parquet can be measured: Arrow's other allocator reserves a gigabyte at once.
_EXACT = {"ARROW_DEFAULT_MEMORY_POOL": "system"}


@click.command()
@click.argument("model")
@click.option(
    "--input", "source", required=True, metavar="FILE", help="The rows: .csv with a header, .jsonl or .parquet."
)
@click.option("--output", "target", required=True, metavar="FILE", help="The file to write: .csv, .jsonl or .parquet.")
@click.option("--method", metavar="NAME", help="predict, predict_proba, ... Default: the model's first.")
@click.option("--keep", metavar="COLUMN,...", default="", help="A column to copy to the output, such as an id.")
@click.option("--by-position", is_flag=True, help="Use the columns in the file's order and ignore their names.")
@click.option("--overwrite", is_flag=True, help="Replace the output file if it exists.")
@click.option("--chunk", type=click.IntRange(1), default=10_000, show_default=True, help="Rows per batch.")
@click.option("--date", "dates", multiple=True, metavar="COLUMN", help="A column that contains dates.")
@click.option("--trust", multiple=True, metavar="TYPE", help="A type to allow in a skops file.")
@click.option(
    "--allow-version-mismatch", is_flag=True, help="Continue even if the scikit-learn version differs from the model's."
)
@global_options
def score(
    model: str, source: str, target: str, method: str | None, keep: str, by_position: bool, overwrite: bool,
    chunk: int, dates: tuple[str, ...], trust: tuple[str, ...], allow_version_mismatch: bool,
) -> None:  # fmt: skip
    """Score every row of a file with MODEL. After an interruption, repeat the command to resume."""
    from runner.config.endpoint_settings import EndpointSettings
    from runner.endpoints.local import find_python
    from runner.endpoints.server_source import importable
    from runner.wiring import local_host, serving_environment

    layout = trusted_workspace()
    record = opened().model(model).record
    rows, answers = absolute(source), absolute(target)
    if not rows.is_file():
        raise UserError(f"--input: {rows} does not exist")
    if not answers.parent.is_dir():
        raise UserError(f"--output: the folder {answers.parent} does not exist")
    _check_target(rows, answers, overwrite=overwrite)
    settings = EndpointSettings(allow_version_mismatch=allow_version_mismatch)
    make = lambda packages, python: serving_environment(layout, packages, python)  # noqa: E731
    python = find_python([record], settings, make, local_host(), note)
    order = {
        "workspace": str(layout.root),
        "name": record.name,
        "version": record.version,
        "input": str(rows),
        "output": str(answers),
        "method": method,
        "chunk": chunk,
        "dates": list(dates),
        "keep": list(dict.fromkeys(name for name in keep.split(",") if name)),
        "by_position": by_position,
        "trusted": list(trust),
        "allow_version_mismatch": allow_version_mismatch,
    }
    done = _execute(python, importable(layout), order, rows.stat().st_size)
    if wants_json():
        emit_json({"model": f"{record.name}:{record.version}", "rows": done, "output": str(answers)})
    else:
        say(f"{record.name}:{record.version} answered for {show_count(done, 'row')}: {answers}")


def _check_target(rows: Path, answers: Path, *, overwrite: bool) -> None:
    """Refuse to overwrite a file. Partial results of an interrupted command are stored elsewhere.

    Raises
    ------
    UserError
        If the output would replace the input, or an existing file without --overwrite.
    """
    if not answers.exists():
        return
    if answers.is_dir():
        raise UserError(f"--output: {answers} is a folder")
    if answers.samefile(rows):
        raise UserError("--output and --input are the same file, so the rows would be overwritten")
    if not overwrite:
        raise UserError(f"--output: {answers} already exists", "Add --overwrite to replace it")


def _execute(python: str, source: str, order: dict[str, Any], size: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "order.json"
        path.write_text(json.dumps(order))
        process = subprocess.Popen(
            [python, "-m", "serving.batch", str(path)],
            env={**os.environ, "PYTHONPATH": source, **_EXACT},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None  # noqa: S101 - asked for above
        last: dict[str, Any] = {}
        try:
            with _Bar(size) as bar:
                for line in process.stdout:
                    last = json.loads(line)
                    bar.show(last)
            process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
    if "done" in last:
        return int(last["done"])
    raise UserError(last.get("error") or f"Scoring failed with exit code {process.returncode}; see its output above")


class _Bar:
    """A progress bar on a terminal; nothing in a pipe."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._progress: Any = None
        self._task: Any = None

    def __enter__(self) -> _Bar:
        if sys.stderr.isatty() and not wants_json():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (
                BarColumn(),
                TextColumn("{task.percentage:>3.0f}%  {task.fields[rows]} rows"),
                TimeRemainingColumn(),
            )
            progress = Progress(*columns, console=Console(stderr=True))
            progress.start()
            self._progress, self._task = progress, progress.add_task("", total=max(self._size, 1), rows=0)
        return self

    def show(self, line: dict[str, Any]) -> None:
        """Show the progress."""
        if self._progress is not None and self._task is not None and "rows" in line:
            self._progress.update(self._task, completed=line["bytes"], rows=line["rows"])

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()
