"""Time of building an environment, and of finding it again.

``python tests/benchmarks/environment/cache.py [PACKAGE...]`` prints medians of the cache hit with their spread.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from runner.environments.venv import VenvEnvironment  # noqa: E402
from runner.hosts.local import LocalHost  # noqa: E402
from runner.layout import Layout  # noqa: E402

LIMIT = 0.1  # seconds
REPEATS = 9


def prepare(layout: Layout, packages: list[str]) -> float:
    start = time.perf_counter()
    VenvEnvironment(layout, packages=packages).prepare(LocalHost(), lambda _line: None)
    return time.perf_counter() - start


def main() -> None:
    packages = sys.argv[1:] or ["scikit-learn==1.5.2", "joblib"]
    with tempfile.TemporaryDirectory() as folder:
        layout = Layout(Path(folder))
        print(f"resolved and built in {prepare(layout, packages):.2f} s: {' '.join(packages)}")
        times = [prepare(layout, packages) for _ in range(REPEATS)]
    median = statistics.median(times)
    verdict = "met" if median < LIMIT else "missed"
    print(f"found again: median {median:.4f} s   {min(times):.4f} to {max(times):.4f} s   under {LIMIT} s: {verdict}")


if __name__ == "__main__":
    main()
