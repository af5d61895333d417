"""Time of one trial, from submitting it to its result: a new Python each time, against one forked from a warm one.

``python tests/benchmarks/warm.py [TRIALS]`` prints the medians with their spread, and the ratio.
"""

import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from runner.compute.local.compute import LocalCompute  # noqa: E402
from runner.environments.current import CurrentEnvironment  # noqa: E402
from runner.hosts.local import LocalHost  # noqa: E402
from runner.io.files import write_json  # noqa: E402
from runner.layout import Layout  # noqa: E402
from runner.ports.environment import EnvironmentHandle  # noqa: E402
from tests.support.run_folders import make_order  # noqa: E402

SCRIPT = ROOT / "projects" / "iris" / "train_iris.py"


def trial(compute: LocalCompute, handle: EnvironmentHandle, layout: Layout, number: str) -> float:
    run = layout.run("iris", f"iris-{number}")
    for folder in (run.logs, run.outputs, run.requests, run.work / "outputs", run.work / "logs"):
        folder.mkdir(parents=True)
    shutil.copy(SCRIPT, run.work)
    argv = handle.argv(["python", SCRIPT.name, "--penalty", "0.5"])
    order = make_order(run_id=run.root.name, experiment="iris", number=1, argv=argv, script=SCRIPT.name)
    write_json(run.order, order.to_json())
    start = time.perf_counter()
    job = compute.submit(run.root, handle)
    while not job.wait(10):
        continue
    took = time.perf_counter() - start
    result = json.loads(run.result.read_text())
    if result["status"] != "completed":
        raise SystemExit(f"the trial failed: {result['reason']}\n{run.log.read_text()}")
    return took


def main() -> None:
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    medians = {}
    with tempfile.TemporaryDirectory() as folder:
        layout = Layout(Path(folder))
        handle = CurrentEnvironment(layout).prepare(LocalHost(), lambda _line: None)
        for warm in (False, True):
            name = "warm" if warm else "fresh"
            compute = LocalCompute(warm=warm)
            try:
                times = [trial(compute, handle, layout, f"{name}-{number}") for number in range(trials + 1)]
            finally:
                compute.close()
            first, rest = times[0], times[1:]
            medians[name] = statistics.median(rest)
            print(
                f"{name:<6} median {medians[name]:.3f} s   {min(rest):.3f} to {max(rest):.3f} s   first {first:.3f} s"
            )
    print(f"ratio  {medians['fresh'] / medians['warm']:.1f}")


if __name__ == "__main__":
    main()
