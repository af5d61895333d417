"""Secrets of real runs: whatever becomes of one, its workspace has none, and no process shows one."""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.io.locks import locked
from tests.support.command_line import CommandLine
from tests.support.records import record_of
from tests.support.waiting import wait_for

SECRET, TYPED = "from-the-environment-7", "typed-by-hand-8"
VARIABLES = {"VIVERO_TEST_WORD": SECRET}
WORDS = (
    "+job.environment_variables.PLACE=${oc.env:VIVERO_TEST_WORD}",
    "+job.arguments={word: '${oc.env:VIVERO_TEST_WORD}', kernel: rbf}",
)
TYPED_WORDS = (f"+job.environment_variables.API_TOKEN={TYPED}", f"+job.arguments.password={TYPED}")
# Tells what it was given by hashes, lest the test finds the script's own words.
GIVEN = """
import hashlib, os, sys, time
told = [*sys.argv[1:], os.environ["PLACE"], os.environ.get("API_TOKEN", "")]
print("given", *[hashlib.sha256(one.encode()).hexdigest()[:12] for one in told],
      "VIVERO_ARGV" in os.environ, flush=True)
"""
WAITS = GIVEN + "while not os.path.exists(os.environ['GATE']): time.sleep(0.02)\n"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def given(line: CommandLine) -> str:
    return next(line.workspace.glob("runs/*/*/logs/run.log")).read_text()


def files_with(folder: Path, *secrets: str) -> list[str]:
    matches = []
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            with contextlib.suppress(FileNotFoundError):  # one that is just being replaced
                content = path.read_bytes()
                matches += [str(path.relative_to(folder)) for secret in secrets if secret.encode() in content]
    return matches


def processes_that_show(secret: str) -> list[str]:
    shown = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            content = path.read_bytes()
            shown += [str(content)] if secret.encode() in content else []
    return shown


@contextlib.contextmanager
def running(line: CommandLine, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a run, and let the block see it at work."""
    line.script(WAITS)
    gate = f"+job.environment_variables.GATE={line.folder / 'gate'}"
    words = ("job.source=src", "job.script=train.py", *WORDS, gate, *words)
    process = line.start("runner", *words, variables=VARIABLES)
    try:
        wait_for(lambda: any("given" in path.read_text() for path in line.workspace.glob("runs/*/*/logs/run.log")), 30)
        yield process
    finally:
        (line.folder / "gate").touch()
        process.communicate(timeout=60)


@pytest.mark.parametrize("ending", ["", "raise SystemExit(3)", "raise ValueError(sys.argv[0])", "sys.exit('no')"])
@pytest.mark.parametrize("several", [False, True], ids=["one", "sweep"])
def test_nothing_is_left_of_a_secret(ending: str, several: bool, command_line: CommandLine) -> None:
    command_line.script(GIVEN + ending)
    words = ["-m", "+job.arguments.n=1,2,3"] if several else []
    done = command_line.job(*words, *WORDS, *TYPED_WORDS, variables=VARIABLES)
    assert done.returncode == (2 if ending else 0), done.stderr
    arrived = given(command_line)
    assert digest(SECRET) in arrived and digest(TYPED) in arrived and "False" in arrived
    assert files_with(command_line.workspace, SECRET, TYPED) == []
    assert SECRET not in done.stdout + done.stderr and TYPED not in done.stdout + done.stderr


def test_a_reason_that_has_a_secret_in_it(command_line: CommandLine) -> None:
    """What argparse complains of is the reason of a run; the script's own log stays as it is."""
    command_line.script("import argparse\nargparse.ArgumentParser().parse_args()\n")
    done = command_line.job(*TYPED_WORDS)
    assert done.returncode == 2
    assert "unrecognized arguments: --password ***" in record_of(command_line)["error"], done.stdout
    assert {Path(path).name for path in files_with(command_line.workspace, TYPED)} == {"run.log"}


def test_no_process_shows_a_secret_and_no_file_has_it_while_it_runs(command_line: CommandLine) -> None:
    with running(command_line):
        assert processes_that_show(SECRET) == []
        assert files_with(command_line.workspace, SECRET) == []
        assert any(b"--kernel\0rbf" in path.read_bytes() for path in _readable(Path("/proc").glob("[0-9]*/cmdline")))
    assert record_of(command_line)["status"] == "completed"
    assert digest(SECRET) in given(command_line)


def _readable(paths: Iterator[Path]) -> Iterator[Path]:
    for path in paths:
        with contextlib.suppress(OSError):
            path.read_bytes()
            yield path


@pytest.mark.parametrize("how", ["cancel", "ctrl-c", "kill the controller", "kill all"])
def test_runs_that_do_not_end_by_themselves(how: str, command_line: CommandLine) -> None:
    with running(command_line, *TYPED_WORDS) as process:
        folder = next(command_line.workspace.glob("runs/*/*/run.json")).parent
        if how == "cancel":
            assert command_line.vivero("cancel", "latest").returncode == 0
        elif how == "ctrl-c":
            process.send_signal(signal.SIGINT)
        else:
            process.kill()
            process.wait()
            if how == "kill all":
                os.kill(json.loads((folder / "process.json").read_text())["pid"], signal.SIGKILL)
                wait_for(lambda: not record_of(command_line)["followed"], 20)
                assert command_line.vivero("recover").returncode == 0
    wait_for(lambda: json.loads((folder / "run.json").read_text())["ended"], 30)
    assert files_with(command_line.workspace, SECRET, TYPED) == []


def test_a_crash_before_the_worker_has_read_it_is_cleaned_by_recover(command_line: CommandLine) -> None:
    command_line.script("pass")
    assert command_line.job().returncode == 0
    path = next(command_line.workspace.glob("runs/*/*/run.json"))
    record = {**json.loads(path.read_text()), "status": "running", "run": None, "finalize": None, "ended": None}
    path.write_text(json.dumps(record))
    (path.parent / "secrets.json").write_text(json.dumps({"variables": {"T": SECRET}, "argv": None}))
    done = command_line.vivero("recover")
    assert done.returncode == 0, done.stderr
    assert files_with(command_line.workspace, SECRET) == []


def test_a_sweep_that_is_killed_leaves_none_behind_recover(command_line: CommandLine) -> None:
    """Its first trial is shown to an interpreter in a folder of its own, which has the secrets too."""
    command_line.script("import time; time.sleep(600)")
    process = command_line.start(
        "runner",
        "-m",
        "job.source=src",
        "job.script=train.py",
        "+job.arguments.n=1,2",
        "sweep.max_concurrent=1",
        *TYPED_WORDS,
    )
    ahead = wait_for(lambda: list(command_line.workspace.glob("runs/*/.ahead-*/order.json")), 60)[0].parent
    wait_for(lambda: list(command_line.workspace.glob("runs/*/*/process.json")), 60)
    assert command_line.vivero("recover").returncode == 0
    assert ahead.exists() and files_with(ahead, TYPED)  # the sweep goes on, and so it stays
    process.kill()
    process.wait()
    process.communicate()
    for path in command_line.workspace.glob("runs/*/*/process.json"):
        os.kill(json.loads(path.read_text())["pid"], signal.SIGKILL)
    wait_for(lambda: not record_of(command_line)["followed"], 20)
    assert command_line.vivero("recover").returncode == 0
    assert files_with(command_line.workspace, TYPED) == []
    assert not list(command_line.workspace.glob("runs/*/.ahead-*"))


def test_a_damaged_run_keeps_none_after_recover(command_line: CommandLine) -> None:
    command_line.script("pass")
    assert command_line.job().returncode == 0
    path = next(command_line.workspace.glob("runs/*/*/run.json"))
    path.write_text("{")
    (path.parent / "secrets.json").write_text(json.dumps({"variables": {"T": SECRET}, "argv": None}))
    with locked(path.parent / ".lock"):
        command_line.vivero("recover")
    assert files_with(command_line.workspace, SECRET)  # its controller is there
    assert command_line.vivero("recover").returncode == 0
    assert files_with(command_line.workspace, SECRET) == []


def test_a_rerun_takes_it_from_the_environment_or_is_told(command_line: CommandLine) -> None:
    command_line.script(GIVEN)
    command_line.job(*WORDS, TYPED_WORDS[0], variables=VARIABLES)
    token = f"job.environment_variables.API_TOKEN={TYPED}"
    unset = command_line.vivero("rerun", "latest", token)
    assert unset.returncode == 1 and "VIVERO_TEST_WORD, which is not set" in unset.stderr
    masked = command_line.vivero("rerun", "latest", variables=VARIABLES)
    assert masked.returncode == 1 and "job.environment_variables.API_TOKEN=..." in masked.stderr
    assert len(masked.stderr.splitlines()) == len(unset.stderr.splitlines()) == 1
    done = command_line.vivero("rerun", "latest", token, variables=VARIABLES)
    assert done.returncode == 0 and f"{digest(SECRET)} {digest(TYPED)} False" in done.stdout, done.stderr
    assert files_with(command_line.workspace, SECRET, TYPED) == []


def test_a_sweep_over_a_secret(command_line: CommandLine) -> None:
    command_line.script(GIVEN)
    other = "another-typed-9"
    words = (*WORDS, f"+job.environment_variables.API_TOKEN={TYPED},{other}")
    done = command_line.job("-m", *words, variables=VARIABLES)
    assert done.returncode == 0, done.stderr
    logs = "".join(path.read_text() for path in command_line.workspace.glob("runs/*/*/logs/run.log"))
    assert digest(TYPED) in logs and digest(other) in logs
    assert files_with(command_line.workspace, SECRET, TYPED, other) == []
    again = command_line.job("-m", *words, "sweep.resume=latest", variables=VARIABLES)
    assert again.returncode == 1 and "was given a secret, which is not recorded" in again.stderr


def test_a_command_that_cannot_hide_its_words_is_said(command_line: CommandLine) -> None:
    command_line.script("pass")
    done = command_line.run("job.source=src", f'job.command=["sh","-c","exit 0","--token={TYPED}"]')
    assert done.returncode == 0 and "Pass it as an environment variable" in done.stdout + done.stderr
    assert files_with(command_line.workspace, TYPED) == []


def test_a_sitecustomize_of_the_users_own_is_still_imported(command_line: CommandLine) -> None:
    own_folder = command_line.folder / "own"
    own_folder.mkdir()
    (own_folder / "sitecustomize.py").write_text("import sys\nsys.own_was_here = sys.argv[1:]\n")
    command_line.script("import sys, sitecustomize\nprint(sys.own_was_here == sys.argv[1:], sitecustomize.__file__)")
    done = command_line.job(*TYPED_WORDS, f"+job.environment_variables.PYTHONPATH={own_folder}")
    assert f"True {own_folder}" in done.stdout, done.stdout + done.stderr
