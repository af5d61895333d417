"""What clients without a key cost an endpoint that needs one.

``python tests/benchmarks/attack.py [--rounds 5] [--seconds 3]`` needs ``wrk``. Attackers share the machine's cores with
the server, so what counts is the server's own processor time, without an attack and with it, and its memory. Requests
with a key are sent meanwhile, and all of them have to be answered.
"""

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks.serving.models import fit
from tests.benchmarks.serving.peers import Peer, make_peer

MEGABYTE = 1 << 20
POST = b"POST /score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
ROWS = [[5.1, 3.5, 1.4, 0.2]]
CONNECTIONS = 8
Attack = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def dripping(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for byte in POST + b"x: " + b"y" * 10_000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.2)


async def body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(POST + b"Content-Length: %d\r\n\r\n" % (16 * MEGABYTE))
    for _ in range(100):
        writer.write(b"1" * 65536)
        await writer.drain()
    await reader.read()


async def headers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(POST + b"a: b\r\n" * (MEGABYTE // 6))
    await writer.drain()
    await reader.read()


async def wrong_key(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(POST + b"Authorization: Bearer wrong\r\nContent-Length: 2\r\n\r\n{}")
    await writer.drain()
    await reader.read()


# How many connections an attack has open, and how many it begins a second at most.
ATTACKS: dict[str, tuple[Attack, int, float]] = {
    "silent connections": (silent, 200, 200),
    "headers, a byte at a time": (dripping, 100, 100),
    "unfinished bodies of 16 MB": (body, 150, 5),
    "a megabyte of headers": (headers, 20, 5),
    "wrong keys": (wrong_key, 20, 20),
}


def attack(name: str, port: int) -> None:
    """Attack until the process is ended."""
    asyncio.run(_attack(name, port))


async def _attack(name: str, port: int) -> None:
    act, number, rate = ATTACKS[name]
    free = asyncio.Semaphore(number)
    kept = set()

    async def one() -> None:
        async with free:
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                try:
                    await asyncio.wait_for(act(reader, writer), 30)
                except TimeoutError:
                    pass
                finally:
                    writer.close()

    while True:
        if not free.locked():
            task = asyncio.create_task(one())
            kept.add(task)
            task.add_done_callback(kept.discard)
        await asyncio.sleep(1 / rate)


def load(port: int, key: str, seconds: float, folder: Path) -> int:
    """Return how many requests with a key were answered."""
    script = folder / "load.lua"
    script.write_text(
        f'wrk.method="POST"\nwrk.body={json.dumps(json.dumps({"data": ROWS}))}\n'
        f'wrk.headers["Content-Type"]="application/json"\nwrk.headers["Authorization"]="Bearer {key}"\n'
    )
    address = f"http://127.0.0.1:{port}/score"
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", "-s", str(script), address]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in text or "Socket errors" in text:
        raise SystemExit(f"good requests are refused:\n{text}")
    match = re.search(r"(\d+) requests in", text)
    assert match is not None, text
    return int(match[1])


def processor_seconds(peer: Peer) -> float:
    """Return what the server's processes have used so far."""
    assert peer.process is not None
    ticks = 0
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.getsid(int(path.name)) == peer.process.pid:
                fields = (path / "stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(peer: Peer, seconds: float) -> float:
    """Return the share of a core that the server uses, in percent."""
    before = processor_seconds(peer)
    time.sleep(seconds)
    return (processor_seconds(peer) - before) / seconds * 100


def compare(name: str, peer: Peer, key: str, arguments: argparse.Namespace, folder: Path) -> None:
    more, memory = [], []
    before = peer.megabytes()
    for _ in range(arguments.rounds):
        idle = measure(peer, arguments.seconds)
        attacker = multiprocessing.Process(target=attack, args=(name, peer.port), daemon=True)
        attacker.start()
        try:
            load(peer.port, key, 1, folder)
            more.append(measure(peer, arguments.seconds) - idle)
            memory.append(peer.megabytes() - before)
        finally:
            attacker.terminate()
            attacker.join()
    print(
        f"  {name:<28} {statistics.median(more):6.2f} %  {min(more):6.2f} to {max(more):6.2f}"
        f"   {max(memory):+6.1f} MB  ({ATTACKS[name][2]:g} connections a second)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        fit(folder, [])
        peer = make_peer("ours", folder / "svc.joblib", folder, "auth=key")
        try:
            match = re.search(r"primary key \(shown once\): (\S+)", (folder / "ours.log").read_text())
            assert match is not None
            load(peer.port, match[1], 1, folder)
            print("share of a core that the attack costs the server, and memory")
            for name in ATTACKS:
                compare(name, peer, match[1], arguments, folder)
        finally:
            peer.stop()


if __name__ == "__main__":
    main()
