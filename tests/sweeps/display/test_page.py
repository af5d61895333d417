"""The page of a sweep, in a real browser where what it draws matters."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from runner.sweeps.display.page import page_data, write_page
from runner.sweeps.records import EARLY
from tests.support.components import missing
from tests.support.sweeps import ACCURACY, SECONDS, sweep, trial

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
FLAGS += ["--disable-component-update", "--disable-sync", "--virtual-time-budget=4000", "--window-size=1200,2000"]
HOSTILE = "</script><img src=x onerror=\"document.title='owned'\">{{data}}"


@pytest.fixture
def seen(tmp_path: Path) -> Any:
    """Return what a browser makes of a sweep's page, after a script of the test's own."""
    program = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if program is None:
        missing("there is no Chromium")

    def seen(record: Any, script: str = "") -> Any:
        path = tmp_path / "sweep.html"
        write_page(record, path)
        watch = "<script>onerror = text => document.body.append('BROKEN ' + text)</script>"
        allowed = re.sub("script-src '[^']*'", "script-src 'unsafe-inline'", path.read_text(), count=1)
        text = re.sub("<body[^>]*>", lambda match: match[0] + watch, allowed, count=1)
        path.write_text(text.replace("</html>", f"<script>{script}</script></html>"))
        command = [program, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", path.as_uri()]
        dom = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True).stdout
        body = re.sub(r"<script.*?</script>", "", dom, flags=re.S)
        assert "BROKEN" not in body, body[-500:]
        return body

    return seen


def many(count: Any, **fields: Any) -> Any:
    kernels = ("linear", "rbf", "poly")
    trials = [
        trial(
            number,
            0.9 - abs(number - count / 2) / count,
            parameters={"job.arguments.kernel": kernels[number % 3], "job.arguments.penalty": 10 ** (number % 5)},
        )
        for number in range(count)
    ]
    return sweep(*trials, **fields)


def test_it_needs_nothing_else(tmp_path: Path) -> None:
    write_page(many(3), tmp_path / "sweep.html")
    text = (tmp_path / "sweep.html").read_text()
    assert not re.search(r"(src|href)\s*=|@import|url\(|fetch\(|https?://(?!www\.w3\.org/2000/svg)", text)
    assert "default-src 'none'" in text and "unsafe-inline'; script-src 'sha256-" in text


def test_hostile_words_stay_words(seen: Any) -> None:
    tried = {f"job.arguments.{HOSTILE}": HOSTILE, "x": 1}
    trials = [trial(number, number / 10, parameters=tried, run=HOSTILE, reason=HOSTILE) for number in range(3)]
    trials.append(trial(3, parameters=tried, status="failed", reason=HOSTILE))
    body = seen(sweep(*trials, experiment=HOSTILE, error=HOSTILE, command=(HOSTILE,), model=HOSTILE))
    assert "<img" not in body and "<title>owned" not in body
    assert "&lt;/script&gt;&lt;img src=x" in body and "{{data}}" in body


@pytest.mark.parametrize(
    "record",
    [
        sweep(),
        sweep(objectives=()),
        sweep(trial(0)),
        sweep(trial(0, 0.5), objectives=()),
        sweep(trial(0, "NaN"), trial(1, float("inf"))),
        sweep(trial(0, 0.5, parameters={})),
        sweep(trial(0, 0.5, parameters={"a": None}), trial(1, 0.6, parameters={"b": [1, 2]})),
    ],
)
def test_little_is_enough(record: Any, seen: Any) -> None:
    assert record.id in seen(record)


def test_one_trial_has_its_command(seen: Any) -> None:
    body = seen(sweep(trial(0, 0.5, parameters={"job.arguments.name": "two words"})))
    assert "python -m runner +experiment=iris 'job.arguments.name=two words'" in body


def test_charts_of_twelve_trials(seen: Any) -> None:
    body = seen(many(12))
    assert body.count("<figure") == 5  # over the trials, two parameters, all together, slots
    assert len(re.findall(r'class="dot"', body)) == 3 * 12
    assert len(re.findall(r'class="thread', body)) == 12
    assert "penalty (log scale)" in body.replace("  ", " ") and "kernel" in body


def test_failed_and_stopped_trials_are_told_apart(seen: Any) -> None:
    trials = [trial(0, 0.5), trial(1, 0.6), trial(2, 0.4, status="canceled", reason=EARLY)]
    trials.append(trial(3, status="failed", reason="the script ended with exit code 7"))
    body = seen(sweep(*trials))
    assert "stopped early" in body and "exit code 7" in body
    assert 'class="cross"' in body and 'class="dot hollow"' in body


def test_several_objectives_have_a_front(seen: Any) -> None:
    trials = [trial(n, n / 10, metrics={"seconds": n**2 + 1}) for n in range(1, 6)]
    trials.append(trial(6, 0.1, metrics={"seconds": 90}))
    body = seen(sweep(*trials, objectives=(ACCURACY, SECONDS)))
    assert "5 trials on the Pareto front" in body and "seconds against Accuracy" in body
    assert "The Pareto front is ringed and joined" in body


def test_a_click_sorts_the_table(seen: Any) -> None:
    click = "[...document.querySelectorAll('th button')].find(e => e.textContent == 'Accuracy').click();"
    numbers = [int(n) for n in re.findall(r'<tr[^>]* data-n="(\d+)"', seen(many(12), click))]
    assert numbers == sorted(range(12), key=lambda n: (-abs(n - 6), n))


def test_a_drag_along_an_axis_keeps_a_range(seen: Any) -> None:
    drag = """
      const zone = [...document.querySelectorAll('.brush')].at(-1), box = zone.getBoundingClientRect();
      zone.setPointerCapture = () => {};
      const event = (kind, y) => new PointerEvent(kind, {clientY: y, pointerId: 1});
      const at = (kind, share) => zone.dispatchEvent(event(kind, box.top + box.height * share));
      at('pointerdown', 0); at('pointermove', .5); at('pointerup', .5);
    """
    body = seen(many(12), drag)
    match = re.search(r"(\d+) of 12 trials in the chosen ranges", body)
    assert match is not None, body[-500:]
    kept = int(match[1])
    assert 0 < kept < 12
    assert len(re.findall(r"<tr[^>]* hidden", body)) == 12 - kept


def test_the_table_has_the_metrics_that_are_no_objectives(seen: Any) -> None:
    trials = [trial(n, n / 10, metrics={"loss": n + 0.25, "note": "text", "huge": 10**400}) for n in range(3)]
    body = seen(sweep(*trials, objectives=()))
    heads = re.findall(r'<th scope="col"[^>]*><button[^>]*>([^<]*)<', body)
    assert {"Accuracy", "loss"} <= set(heads) and not {"note", "huge"} & set(heads)
    assert re.search(r'<td class="number"[^>]*>2\.25</td>', body)
    heads = re.findall(r'<th scope="col"[^>]*><button[^>]*>([^<]*)<', seen(sweep(*trials)))
    assert heads.count("Accuracy") == 1 and "loss" in heads


def test_a_thousand_trials(seen: Any, tmp_path: Path) -> None:
    body = seen(many(1000))
    assert len(re.findall(r"<tr[^>]* data-n=", body)) == 1000
    assert (tmp_path / "sweep.html").stat().st_size < 500_000


def test_axes() -> None:
    data = page_data(
        sweep(
            trial(0, 0.5, parameters={"a.x": 1, "b.x": 0.001, "c": True, "d": 1, "e": "1e-3"}),
            trial(1, 0.5, parameters={"a.x": 2, "b.x": 1.0, "c": False, "d": "one", "e": "5"}),
        )
    )
    assert [(parameter["name"], parameter["log"], parameter["levels"]) for parameter in data["parameters"]] == [
        ("a.x", False, None),
        ("b.x", True, None),
        ("c", False, ["false", "true"]),
        ("d", False, ["1", "one"]),
        ("e", True, None),
    ]
    assert [row["x"][4] for row in data["trials"]] == [0.001, 5.0]
    json.dumps(data, allow_nan=False)
