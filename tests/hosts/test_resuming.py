"""Data that is sent to a host is sent once, and goes on where a cut ended it."""

import os
import sys
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from runner.errors import UserError
from runner.hosts.remote.client import Client
from runner.hosts.remote.host import RemoteHost
from runner.hosts.remote.resuming import send_resumable
from tests.support.hosts.wire import Wire

MEGABYTE = 1 << 20


@pytest.fixture
def wires() -> Iterator[list[Wire]]:
    """What was connected, which is closed in the end."""
    made: list[Wire] = []
    yield made
    for wire in made:
        wire.close()


def send(wires: list[Wire], source: Path, target: Path, cut_after: float = float("inf")) -> int:
    """Send a folder over a new connection; return the bytes that were sent."""
    wires.append(wire := Wire(cut_after))
    client = Client(wire, sys.executable)
    before, host = wire.sent, RemoteHost(client, {}, None)
    files: dict[str, Path | bytes] = {
        str(path.relative_to(source)): path for path in sorted(source.rglob("*")) if path.is_file()
    }
    try:
        send_resumable(host, target, lambda: files)
    finally:
        client.close()
    return wire.sent - before


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_cut_transfer_goes_on_where_it_ended(tmp_path: Path, wires: list[Wire]) -> None:
    source, target = tmp_path / "source", tmp_path / "there" / "key"
    (source / "sub").mkdir(parents=True)
    large = source / "large"
    large.write_bytes(os.urandom(MEGABYTE) * 30)
    large.chmod(0o444)
    for number in range(20):
        (source / "sub" / f"{number}").write_bytes(os.urandom(100))
    with pytest.raises((UserError, OSError)):
        send(wires, source, target, 20 * MEGABYTE)
    assert not target.exists()
    assert send(wires, source, target) < 15 * MEGABYTE
    assert content(target) == content(source) and (target / "large").stat().st_mode & 0o777 == 0o444
    assert send(wires, source, target) < 10_000
    assert os.listdir(target.parent) == ["key"]  # noqa: PTH208


def test_what_was_left_of_other_content_is_sent_again(tmp_path: Path, wires: list[Wire]) -> None:
    source, target = tmp_path / "source", tmp_path / "key"
    source.mkdir()
    (source / "large").write_bytes(b"a" * 3 * MEGABYTE)
    (source / "small").write_bytes(b"a")
    (staged := tmp_path / "key.part").mkdir()
    (staged / "large").write_bytes(b"b" * MEGABYTE)
    (staged / "small").write_bytes(b"abc")
    (staged / "other").write_bytes(b"x")
    send(wires, source, target)
    assert content(target) == content(source)


@pytest.mark.slow("sends many files", seconds=60)
def test_many_small_files_and_large_ones_are_quick_and_take_no_memory(tmp_path: Path, wires: list[Wire]) -> None:
    source, target = tmp_path / "source", tmp_path / "key"
    for number in range(10_000):
        (source / str(number % 100)).mkdir(parents=True, exist_ok=True)
        (source / str(number % 100) / str(number)).write_bytes(b"%d" % number)
    with (source / "large").open("wb") as file:
        for _ in range(300):
            file.write(os.urandom(MEGABYTE))
    tracemalloc.start()
    began = time.monotonic()
    send(wires, source, target)
    took, (_, most) = time.monotonic() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"{took:.1f} s, {most / MEGABYTE:.1f} MB")
    assert most < 40 * MEGABYTE
    assert sum(1 for path in target.rglob("*") if path.is_file()) == 10_001
    assert (target / "large").stat().st_size == 300 * MEGABYTE


@settings(max_examples=15, deadline=None)
@given(
    sizes=some.lists(some.sampled_from([0, 1, 1000, MEGABYTE - 1, MEGABYTE, 2 * MEGABYTE + 7]), max_size=5),
    cuts=some.lists(some.integers(1000, 4 * MEGABYTE), max_size=3),
)
def test_any_files_and_cuts(sizes: list[int], cuts: list[int], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("any")
    (source := folder / "source").mkdir()
    for number, size in enumerate(sizes):
        (source / f"f {number}").write_bytes(os.urandom(size))
    wires: list[Wire] = []
    try:
        for cut in [*cuts, float("inf")]:
            try:
                send(wires, source, folder / "key", cut + 60_000)
            except (UserError, OSError):
                continue
            break
        assert content(folder / "key") == content(source)
    finally:
        for wire in wires:
            wire.close()
