"""Each benchmark runs to its end and prints figures; what they are on a machine full of tests says nothing."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.support.command_line import ROOT
from tests.support.components import missing

# The smallest that each of them takes, and the programs it needs.
SMALLEST: dict[str, tuple[list[str], list[str]]] = {
    "history": (["30"], []),
    "overhead": (["1"], []),
    "data": (["--megabytes", "2", "--assets", "20"], []),
    "warm": (["2"], []),
    "sweep": (["--rounds", "1", "--many", "8", "--only", "ours"], []),
    "training": (["--rounds", "1", "--trials", "2"], []),
    "pipelines": (["--rounds", "1", "--sweeps", "1", "--trials", "2"], ["make"]),
    "serving": (["--rounds", "1", "--seconds", "1", "--peers", "", "--models", "svc"], ["wrk"]),
    "studio": (["--rounds", "1", "--sizes", "20", "--compared", "10", "--points", "1000"], ["chromium"]),
    "attack": (["--rounds", "1", "--seconds", "1"], ["wrk"]),
    "environment": (["--rounds", "1"], ["docker"]),
    "endpoint": (["--rounds", "1", "--seconds", "1"], ["docker", "wrk"]),
    "cluster": (["--rounds", "1", "--no-fits"], ["ip", "iptables"]),
    "cluster.large_input": (["--gigabytes", "0.02"], ["ip", "iptables"]),
}


@pytest.mark.exclusive
@pytest.mark.sampled(3, covers=["tests/benchmarks/**/*.py"])
@pytest.mark.slow("measures whole commands", seconds=120)
@pytest.mark.parametrize("name", SMALLEST)
def test_a_benchmark_measures(name: str) -> None:
    words, programs = SMALLEST[name]
    for program in programs:
        if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None:
            missing(f"there is no {program}")
    if name.startswith("cluster") and os.getuid() != 0:
        missing("machines with file systems and networks of their own need root")
    done = subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.{name}", *words],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d+\.\d+ (s|ms|MB|req/s)\b", done.stdout), done.stdout
