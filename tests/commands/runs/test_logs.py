"""``vivero logs``."""

import json
from typing import Any

import pytest

from runner.io.files import write_json
from runner.io.locks import locked
from tests.support.history import History


def test_a_log_comes_byte_for_byte(history: History, full_run: Any) -> None:
    process = history.command_line.start("runner.cli", "logs", "latest")
    assert process.communicate(timeout=30)[0] == b"line one\nbad byte \xff\n"


def test_another_log(history: History, full_run: Any) -> None:
    assert history.vivero("logs", "--name", "mine.txt", "latest").stdout == "my own\n"


@pytest.mark.parametrize("name", ["../run.json", "/etc/passwd", "mine.tx"])
def test_only_the_logs_of_the_run(name: str, history: History, full_run: Any) -> None:
    assert "has no log" in history.error("logs", "latest", "--name", name)


def test_a_link_among_the_logs_is_no_log(history: History, full_run: Any) -> None:
    (history.folder / "secret").write_text("secret")
    (history.folder_of(full_run).logs / "link").symlink_to(history.folder / "secret")
    assert "has no log" in history.error("logs", "latest", "--name", "link")


def test_a_log_as_json(history: History, full_run: Any) -> None:
    assert history.json("logs", "latest") == {
        "run": full_run.id,
        "name": "run.log",
        "text": "line one\nbad byte \ufffd\n",
    }


def test_a_character_across_two_blocks(history: History) -> None:
    text = "a" + "é" * 100_000
    record = history.run()
    history.folder_of(record).log.write_text(text, "utf-8")
    assert history.json("logs", "latest")["text"] == text


def test_no_log_yet(history: History) -> None:
    history.run(status="failed")
    done = history.vivero("logs", "latest")
    assert (done.returncode, done.stdout) == (0, "")
    assert "printed nothing" in done.stderr
    assert history.json("logs", "latest")["text"] == ""


def test_follow_goes_on_until_the_run_has_ended(history: History) -> None:
    record = history.run(status="running", ended=None, finalize=None)
    folder = history.folder_of(record)
    with locked(folder.controller_lock):  # as a controller that minds the run
        process = history.command_line.start("runner.cli", "logs", "--follow", "latest")
        assert process.stdout is not None and process.stderr is not None
        with folder.log.open("ab", buffering=0) as log:
            for word in (b"first\n", b"second\n"):
                log.write(word)
                assert process.stdout.readline() == word
            assert process.poll() is None
            log.write(b"last word")
        write_json(folder.record, {**json.loads(folder.record.read_text()), "status": "completed"})
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, b"last word", b"")


def test_follow_a_run_that_has_ended(history: History, full_run: Any) -> None:
    assert history.vivero("logs", "-f", "latest").stdout.startswith("line one\n")
