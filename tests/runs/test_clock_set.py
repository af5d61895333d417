"""A clock that is set years ahead or back: runs go on, sort by what is recorded, and no time is below 0."""

import json
import os
import shutil
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.io.clock import read_time, seconds_between, write_time
from runner.layout import Layout
from tests.support.command_line import CommandLine
from tests.support.components import missing

YEARS = ("-10y", "+10y", "+0y")


@given(st.datetimes(), st.datetimes())
def test_seconds_are_never_below_none(start: datetime, end: datetime) -> None:
    first, second = (write_time(moment.replace(tzinfo=UTC)) for moment in (start, end))
    seconds = seconds_between(first, second)
    assert seconds == max(0.0, (read_time(second) - read_time(first)).total_seconds())


@pytest.mark.parametrize(("words", "gone"), [((), 3), (("--older-than", "5"), 1), (("--older-than", "inf"), 0)])
def test_an_environment_made_while_the_clock_was_ahead(
    words: tuple[str, ...], gone: int, command_line: CommandLine
) -> None:
    for number, years in enumerate((-10, 0, 10)):
        folder = Layout(command_line.workspace).environments / (str(number) * 32)
        folder.mkdir(parents=True)
        moment = time.time() + years * 365 * 86400
        os.utime(folder, (moment, moment))
    done = command_line.vivero("environments", "prune", "--dry-run", *words)
    assert f"{gone} of 3 environments" in done.stdout, done.stderr


@pytest.mark.parametrize("words", [(), ("-m", "+job.arguments.a=1,2")], ids=["run", "sweep"])
def test_runs_of_any_year_are_listed_by_their_time(words: tuple[str, ...], command_line: CommandLine) -> None:
    if shutil.which("faketime") is None:
        missing("faketime is not installed: apt install faketime")
    command_line.script("print(1)\n")
    typed = ("job.source=src", "job.script=train.py", *words)
    for year in YEARS:
        done = command_line.finish(command_line.start("runner", *typed, before=("faketime", "-f", year)))
        assert done.returncode == 0, done.stdout + done.stderr
    listings = [
        command_line.finish(command_line.start("runner.cli", "runs", "--json", before=("faketime", "-f", year))).stdout
        for year in YEARS
    ]
    assert len(set(listings)) == 1
    runs = json.loads(listings[0])
    created = [run["created"] for run in runs]
    assert created == sorted(created, reverse=True)
    assert {run["status"] for run in runs} == {"completed"}
    assert all(0 <= run["duration"] < 60 for run in runs)
