"""Budgets of seconds, samples, and tests that run alone."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugins.sampling import digest_of

Inner = Callable[..., "subprocess.CompletedProcess[str]"]
QUICK = "import tests.plugins.budget as budget\nimport tests.support.suite.pace\n"
QUICK += "budget.SECONDS = 0.2\nbudget.slowdown = lambda: 1.0\n"
WAIT = "import threading, pytest\nwait = threading.Event().wait\n"


def test_a_test_over_its_budget_fails_unless_it_says_why(inner: Inner) -> None:
    text = (
        f"{QUICK}{WAIT}"
        "def test_long(): wait(0.5)\n"
        "@pytest.mark.slow('waits')\ndef test_marked(): wait(0.5)\n"
        "def test_short(): pass\n"
    )
    done = inner(text)
    assert "1 failed, 2 passed" in done.stdout and "its budget is 0 s" in done.stdout, done.stdout


def test_a_shared_fixture_is_nobodys_budget(inner: Inner) -> None:
    text = f"{QUICK}{WAIT}@pytest.fixture(scope='module')\ndef shared(): wait(0.5)\ndef test_it(shared): pass\n"
    assert "1 passed" in inner(text).stdout


def test_slow_needs_a_reason(inner: Inner) -> None:
    done = inner(f"{WAIT}@pytest.mark.slow\ndef test_it(): pass\n")
    assert done.returncode != 0 and "slow needs a reason" in done.stdout + done.stderr


SAMPLED = (
    "import pytest\n@pytest.mark.sampled(3, covers=['runner/errors.py'])\n"
    "@pytest.mark.parametrize('n', range(20))\ndef test_it(n): print('n', n)\ndef test_other(): pass\n"
)


def test_a_sample_is_that_of_its_seed(inner: Inner) -> None:
    def chosen(seed: int) -> list[str]:
        done = inner(SAMPLED, "-vv", f"--randomly-seed={seed}", variables={"CI": ""})
        assert "4 passed, 17 deselected" in done.stdout, done.stdout + done.stderr
        return sorted(line.split()[0] for line in done.stdout.splitlines() if "test_it[" in line)

    assert chosen(1) == chosen(1) != chosen(2)


def test_a_sample_is_taken_of_a_whole_module(inner: Inner) -> None:
    text = SAMPLED.replace("@pytest.mark.sampled(3", "pytestmark = pytest.mark.sampled(4")
    assert "4 passed, 17 deselected" in inner(text, variables={"CI": ""}).stdout
    assert "21 passed" in inner(text, variables={"CI": "1"}).stdout


def test_files_are_left_out_of_what_a_sample_covers() -> None:
    without = digest_of(["runner/errors.py", "runner/layout.py", "!runner/l*.py"])
    assert without == digest_of(["runner/errors.py"]) != digest_of(["runner/errors.py", "runner/layout.py"])


def test_the_whole(inner: Inner) -> None:
    assert "21 passed" in inner(SAMPLED, "--whole", "-k", "test", variables={"CI": ""}).stdout


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_ci_runs_the_whole_of_what_nobody_ran_whole(inner: Inner, workers: str) -> None:
    assert "21 passed" in inner(SAMPLED, workers, variables={"CI": "1"}).stdout
    assert "4 passed, 17 deselected" in inner(SAMPLED, variables={"CI": "1"}).stdout


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
@pytest.mark.parametrize("failing", ["test_it", "test_other"])
def test_what_failed_runs_whole_again_and_nothing_else(inner: Inner, workers: str, failing: str) -> None:
    at_test_it, at_other = ("print('n', n)", "assert n != 7"), ("def test_other(): pass", "def test_other(): assert 0")
    text = SAMPLED.replace(*(at_test_it if failing == "test_it" else at_other))
    assert "1 failed, 20 passed" in inner(text, workers, variables={"CI": "1"}).stdout
    again = "21 passed" if failing == "test_it" else "4 passed, 17 deselected"
    assert again in inner(SAMPLED, variables={"CI": "1"}).stdout


@pytest.mark.parametrize("narrowed", ["-k=test_it", "--maxfail=1", "--deselect=test_inner.py::test_it[3]"])
def test_a_part_is_not_recorded_as_whole(inner: Inner, narrowed: str) -> None:
    assert " passed" in inner(SAMPLED, narrowed, variables={"CI": "1"}).stdout
    assert "21 passed" in inner(SAMPLED, variables={"CI": "1"}).stdout


def test_a_test_that_needs_the_machine_runs_alone_and_last(inner: Inner, tmp_path: Path) -> None:
    order = tmp_path / "order"
    text = (
        "import threading\nfrom pathlib import Path\nimport pytest\n"
        f"def say(word):\n    with Path({str(order)!r}).open('a') as file: file.write(word + '\\n')\n"
        "def beside():\n    say('begun'); threading.Event().wait(0.1); say('ended')\n"
        "@pytest.mark.exclusive\n@pytest.mark.parametrize('n', range(2))\n"
        "def test_alone(n):\n    say('alone'); threading.Event().wait(0.3); say('done')\n"
        "@pytest.mark.parametrize('n', range(12))\ndef test_beside(n): beside()\n"
    )
    done = inner(text, "-n3")
    assert "14 passed" in done.stdout, done.stdout
    words = order.read_text().split()
    assert words[-4:] == ["alone", "done", "alone", "done"] and words[:-4].count("begun") == 12
