"""The contract of hosts. Inherit the class and define `host` and `there`, an unused folder on the host."""

import threading
from pathlib import Path
from typing import Any

import pytest

from runner.errors import UserError
from runner.ports.host import Host


class HostContract:
    def test_a_command_runs_with_its_code_and_both_streams(self, host: Host) -> None:
        done = host.run(["sh", "-c", "echo out; echo err >&2; exit 3"])
        assert done.exit_code == 3
        assert sorted(done.output.split()) == [b"err", b"out"]

    def test_words_stay_words(self, host: Host) -> None:
        done = host.run(["printf", "%s|", "a b", "$HOME", "'\";&", ""])
        assert done.output == b"a b|$HOME|'\";&||"

    def test_lines_are_said_as_they_come(self, host: Host) -> None:
        lines: list[str] = []
        host.run(["sh", "-c", "echo one; printf 'two \\377'"], say=lines.append)
        assert lines == ["one", "two \ufffd"]

    def test_variables_are_set_and_unset(self, host: Host, there: Any) -> None:
        done = host.run(["sh", "-c", "echo ${COLOUR-none} ${HOME-none}"], variables={"COLOUR": "red", "HOME": None})
        assert done.output == b"red none\n"
        host.write(there / "here.txt", b"1")
        assert host.run(["ls"], cwd=there).output == b"here.txt\n"

    def test_a_command_that_takes_too_long_is_ended(self, host: Host) -> None:
        with pytest.raises(UserError, match=r"took more than 0\.2 s"):
            host.run(["sleep", "60"], timeout=0.2)

    def test_a_program_that_is_not_there(self, host: Host) -> None:
        with pytest.raises(UserError, match="no-such-program"):
            host.run(["no-such-program"])

    def test_files(self, host: Host, there: Any) -> None:
        path = there / "deep" / "a.bin"
        assert not host.exists(path)
        host.write(path, b"\0\xff")
        assert host.exists(path) and host.read(path) == b"\0\xff"
        host.rename(there / "deep", there / "deeper")
        assert host.read(there / "deeper" / "a.bin") == b"\0\xff"
        host.remove(there / "deeper")
        host.remove(there / "deeper")
        assert not host.exists(there / "deeper")

    def test_folders_go_there_and_back(self, host: Host, there: Any, tmp_path: Path) -> None:
        mine = tmp_path / "mine"
        (mine / "sub").mkdir(parents=True)
        (mine / "sub" / "a b.txt").write_bytes(b"1")
        (mine / "run.sh").write_text("#!/bin/sh\n")
        (mine / "run.sh").chmod(0o755)
        host.put(mine, there / "theirs")
        assert host.run([str(there / "theirs" / "run.sh")]).exit_code == 0
        host.get(there / "theirs", tmp_path / "back")
        assert (tmp_path / "back" / "sub" / "a b.txt").read_bytes() == b"1"

    def test_a_lock_is_held_by_one(self, host: Host, there: Any) -> None:
        got = threading.Event()

        def other() -> None:
            with host.lock(there / "x.lock"):
                got.set()

        with host.lock(there / "x.lock"):
            thread = threading.Thread(target=other)
            thread.start()
            assert not got.wait(0.3)
        thread.join(10)
        assert got.is_set()
