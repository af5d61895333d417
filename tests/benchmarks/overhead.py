"""Wall time of a recorded, registered run over the bare script, in the same environment.

``python tests/benchmarks/overhead.py [PAIRS]`` runs both in turn and prints the medians with their spread.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SHIMS = ROOT / "runner" / "worker" / "shims"
LIMIT = 0.35  # seconds


def timed(command: list[str], cwd: str, variables: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, cwd=cwd, env={**os.environ, **variables}, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def spread(name: str, values: list[float]) -> None:
    print(f"{name:<10} median {statistics.median(values):.3f} s   {min(values):.3f} to {max(values):.3f} s")


def main() -> None:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    bare, recorded = [], []
    with tempfile.TemporaryDirectory() as folder:
        script = [sys.executable, str(ROOT / "projects/iris/train_iris.py"), "--kernel", "linear", "--penalty", "1.0"]
        run = [sys.executable, "-m", "runner", "+experiment=iris", f"workspace.root={folder}/workspace"]
        for number in range(pairs + 1):  # the first pair only warms the file cache
            times = timed(script, folder, {"PYTHONPATH": str(SHIMS)}), timed(run, str(ROOT), {})
            if number:
                bare.append(times[0])
                recorded.append(times[1])
    spread("script", bare)
    spread("run", recorded)
    more = [full - here for here, full in zip(bare, recorded, strict=True)]
    spread("overhead", more)
    ratio = statistics.median(recorded) / statistics.median(bare)
    print(f"ratio      {ratio:.2f}   limit +{LIMIT} s: {'met' if statistics.median(more) <= LIMIT else 'missed'}")


if __name__ == "__main__":
    main()
