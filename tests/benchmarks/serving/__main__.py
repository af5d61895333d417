"""Requests a second, latency, memory and start of our server and its peers, interleaved in one run.

``python tests/benchmarks/serving [--rounds 5] [--seconds 3] [--peers azure,mlserver,mlflow] [--models svc,forest]``
needs ``wrk`` and builds the peers' environments below ``.vivero/benchmarks`` the first time.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from sklearn.datasets import load_iris

from tests.benchmarks.serving.models import NAMES, fit
from tests.benchmarks.serving.peers import Peer, make_peer

ROWS = load_iris().data.tolist()
CASES = [(1, 1), (1, 32), (100, 32)]  # rows, connections
TARGETS = {  # model, rows, connections -> ratio to the best peer
    ("svc", 1, 1): 2, ("svc", 1, 32): 3, ("svc", 100, 32): 2, ("forest", 1, 1): 5, ("forest", 1, 32): 12,
    ("boosting", 1, 32): 5,
}  # fmt: skip
REFERENCE = ("constant-gunicorn", "constant-granian")
_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_P99 = re.compile(r"99%\s+([\d.]+)(us|ms|s)")
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


def load(peer: Peer, rows: int, connections: int, seconds: float, folder: Path) -> tuple[float, float]:
    """Return requests a second and the 99th percentile of the latency in ms."""
    body = peer.body(ROWS[:rows]).decode()
    script = folder / "load.lua"
    script.write_text(
        f'wrk.method="POST"\nwrk.body={json.dumps(body)}\nwrk.headers["Content-Type"]="application/json"\n'
    )
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--latency", "-s", str(script), peer.url]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in text:
        raise SystemExit(f"{peer.name} refuses requests:\n{text}")
    rate, p99 = _RATE.search(text), _P99.search(text)
    assert rate is not None and p99 is not None, text
    return float(rate[1]), float(p99[1]) * _UNITS[p99[2]]


def compare(model: str, peers: list[Peer], arguments: argparse.Namespace, folder: Path) -> None:
    expected = peers[0].ask(ROWS)
    for peer in peers:
        if peer.name not in REFERENCE and peer.ask(ROWS) != expected:
            raise SystemExit(f"{peer.name} gives other answers for {model}")
    for rows, connections in CASES:
        rates: dict[str, list[float]] = {peer.name: [] for peer in peers}
        tails: dict[str, list[float]] = {peer.name: [] for peer in peers}
        for number in range(arguments.rounds + 1):  # the first only warms up
            for peer in peers:
                rate, tail = load(peer, rows, connections, arguments.seconds if number else 1, folder)
                if number:
                    rates[peer.name].append(rate)
                    tails[peer.name].append(tail)
        print(f"\n{model}, {rows} rows, {connections} connections")
        for name, samples in rates.items():
            middle, tail = statistics.median(samples), statistics.median(tails[name])
            print(f"  {name:<18} {middle:>8.0f}/s  {min(samples):>8.0f} to {max(samples):>8.0f}   p99 {tail:>8.2f} ms")
        others = {
            name: statistics.median(samples) for name, samples in rates.items() if name not in ("ours", *REFERENCE)
        }
        if others:
            best = max(others, key=lambda name: others[name])
            ratio = statistics.median(rates["ours"]) / others[best]
            target = TARGETS.get((model, rows, connections))
            verdict = "" if target is None else f"   at least {target}: {'met' if ratio >= target else 'missed'}"
            print(f"  ours / {best}: {ratio:.2f}{verdict}")
            if connections == 32:
                lowest = min(statistics.median(tails[name]) for name in others)
                ours = statistics.median(tails["ours"])
                print(f"  p99 {ours:.2f} ms, best peer {lowest:.2f} ms: {'met' if ours <= lowest else 'missed'}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--peers", default="azure,mlserver,mlflow")
    parser.add_argument("--models", default=",".join(NAMES))
    arguments = parser.parse_args()
    names = [peer for peer in arguments.peers.split(",") if peer]
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        fit(folder, names)
        for at, model in enumerate(arguments.models.split(",")):
            peers: list[Peer] = []
            try:
                for name in ("ours", *names, *(REFERENCE if at == 0 else ())):
                    if name == "ours" and at == 0:  # its environment is built, if it is not, before it is timed
                        make_peer(name, folder / f"{model}.joblib", folder).stop()
                    peers.append(make_peer(name, folder / f"{model}.joblib", folder))
                compare(model, peers, arguments, folder)
                if at == 0:
                    print("\ncommand to first 200, memory after load (all processes)")
                    for peer in peers:
                        print(f"  {peer.name:<18} {peer.seconds:>6.2f} s  {peer.megabytes():>6.0f} MB")
            finally:
                for peer in peers:
                    peer.stop()


if __name__ == "__main__":
    main()
