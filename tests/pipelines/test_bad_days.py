"""What becomes of a pipeline when its controller or one of its steps ends at a bad moment."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from runner.api.metrics.series import metric_series
from runner.layout import Layout
from tests.support.components import missing
from tests.support.pipelines import Pipelines, step
from tests.support.waiting import wait_for


def _three(pipelines: Pipelines, **second: object) -> None:
    go = str(pipelines.folder / "go")
    pipelines.write({"a": step("a"), "b": step("b", "a", wait=go, **second), "c": step("c", "b")})


def _go(pipelines: Pipelines) -> None:
    (pipelines.folder / "go").touch()


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.mark.parametrize("goes_on", ["before the resume", "after the resume has begun"])
def test_a_killed_controller_is_resumed_and_no_script_runs_twice(goes_on: str, pipelines: Pipelines) -> None:
    _three(pipelines)
    process = pipelines.start()
    wait_for(lambda: pipelines.has_begun("b"), 30)
    _kill(process)
    first = pipelines.newest
    if goes_on == "before the resume":
        _go(pipelines)
        wait_for(lambda: "end b" in pipelines.trace.read_text(), 30)
    resumed = pipelines.line.start("runner.cli", "pipeline", "resume", first.id)
    _go(pipelines)
    done = pipelines.line.finish(resumed)
    assert done.returncode == 0, done.stdout + done.stderr
    assert pipelines.computed() == ["a", "b", "c"]
    assert pipelines.newest.id == first.id and pipelines.newest.status == "completed"
    assert {record.status for record in pipelines.steps().values()} == {"completed"}
    assert (pipelines.outputs_of("c") / "text.txt").read_text() == "a b c "


def test_a_resumed_pipeline_computes_a_deleted_result_again(pipelines: Pipelines) -> None:
    pipelines.write({"a": step("a"), "b": step("b", "a", fail_once=str(pipelines.folder / "failed")), "c": step("c")})
    pipelines.run(code=2)
    gone = pipelines.run_of("a").id
    assert pipelines.line.vivero("delete", gone, "--yes").returncode == 0
    pipelines.computed()
    done = pipelines.line.vivero("pipeline", "resume", "latest")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"a: run {gone} was deleted, so the step is computed again" in done.stdout
    assert sorted(set(pipelines.computed()) - {"c"}) == ["a", "b"]
    assert pipelines.states() == dict.fromkeys("abc", "completed")


def test_a_result_that_is_deleted_in_the_meantime_fails_only_the_step_that_needs_it(pipelines: Pipelines) -> None:
    go = str(pipelines.folder / "go")
    pipelines.write({"a": step("a"), "b": step("b", wait=go), "c": step("c", "a", needs=["b"])})
    process = pipelines.start()
    wait_for(lambda: pipelines.has_begun("b") and pipelines.steps()["a"].status == "completed", 30)
    gone = pipelines.run_of("a").id
    assert pipelines.line.vivero("delete", gone, "--yes").returncode == 0
    _go(pipelines)
    done = pipelines.line.finish(process)
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stdout + done.stderr
    assert pipelines.states() == {"a": "completed", "b": "completed", "c": "failed"}
    assert f"Run {gone} does not exist" in str(pipelines.steps()["c"].reason)


def test_a_pipeline_that_cannot_be_read_does_not_hide_the_others(pipelines: Pipelines) -> None:
    pipelines.write({"a": step("a"), "b": step("b", "a")})
    pipelines.run()
    whole = pipelines.newest
    damaged = pipelines.place(whole).root.with_name("p-20990101-000000-00000000")
    shutil.copytree(pipelines.place(whole).root, damaged)
    (damaged / "steps.jsonl").unlink()
    os.mkfifo(damaged / "steps.jsonl")
    done = pipelines.line.vivero("pipelines", "--json")
    assert done.returncode == 0 and [result["id"] for result in json.loads(done.stdout)] == [whole.id], done.stderr
    assert f"warning: {damaged}/steps.jsonl is damaged" in done.stderr
    pipelines.computed()
    done = pipelines.line.finish(pipelines.start("pipeline.only=[b]", "pipeline.force=true"))
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    assert pipelines.computed() == ["b"]
    (damaged / "run.json").write_text("{")
    assert pipelines.line.vivero("pipelines").returncode == 0


def test_an_unreadable_input_fails_its_step_in_one_line(pipelines: Pipelines) -> None:
    table = pipelines.folder / "table.csv"
    table.symlink_to("/proc/self/mem")  # which nobody can read from its beginning
    reads: Any = {"data": {"inputs": {"table": str(table)}}}
    cut: Any = {"parallel": {"inputs": "${input:table}", "mini_batch": "1 rows"}}
    pipelines.write({"a": step("a", **reads), "b": step("b", **reads, **cut)}, continue_on_step_failure=True)
    pipelines.run(code=2)
    for record in pipelines.steps().values():
        assert record.status == "failed" and "cannot be read: Input/output error" in str(record.reason), record
        assert "internal error" not in str(record.reason)


def _curve(pipelines: Pipelines) -> list[object]:
    """Return the losses of step b as the newest pipeline's own metrics have them."""
    series = metric_series(pipelines.place(pipelines.newest).metrics)
    return [entry["value"] for entry in series.get("b.loss", ())]


def test_a_curve_is_there_while_its_step_runs_and_is_whole_after_a_kill(pipelines: Pipelines) -> None:
    _three(pipelines, curve="3,2,1")
    process = pipelines.start()
    wait_for(lambda: pipelines.has_begun("b") and _curve(pipelines) == [3, 2, 1], 30)
    _kill(process)
    _go(pipelines)
    assert pipelines.line.vivero("pipeline", "resume", pipelines.newest.id).returncode == 0
    assert _curve(pipelines) == [3, 2, 1]
    assert pipelines.newest.finalize is not None and pipelines.newest.finalize.metrics["b.loss"] == 1


def test_a_curve_is_that_of_the_attempt_that_counts(pipelines: Pipelines) -> None:
    mark = str(pipelines.folder / "mark")
    pipelines.write({"a": step("a"), "b": step("b", "a", curve="3,2", fail_once=mark, retries=1)})
    pipelines.run()
    assert pipelines.steps()["b"].attempt == 2 and _curve(pipelines) == [3, 2]


MOMENTS = [(name, status) for name in "abc" for status in ("running", "completed")]


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_whenever_a_state_is_recorded(moment: tuple[str, str], pipelines: Pipelines) -> None:
    pipelines.write({"a": step("a"), "b": step("b", "a"), "c": step("c", "b")})
    process = pipelines.start()
    name, status = moment

    def is_now() -> bool:
        steps = pipelines.steps() if pipelines.all() else {}
        return name in steps and steps[name].status in (status, "completed")

    wait_for(is_now, 30, pause=0.001)
    _kill(process)
    done = pipelines.line.vivero("pipeline", "resume", pipelines.newest.id)
    assert done.returncode == 0 or "has ended" in done.stderr, done.stdout + done.stderr
    assert pipelines.computed() == ["a", "b", "c"]
    assert pipelines.newest.status == "completed" and set(pipelines.states().values()) == {"completed"}


def test_another_pipeline_waits_for_what_a_killed_one_computes(pipelines: Pipelines) -> None:
    _three(pipelines)
    process = pipelines.start()
    wait_for(lambda: pipelines.has_begun("b"), 30)
    _kill(process)
    other = pipelines.start()
    wait_for(lambda: len(pipelines.all()) == 2, 30)
    _go(pipelines)
    done = pipelines.line.finish(other)
    assert done.returncode == 0, done.stdout + done.stderr
    assert pipelines.computed() == ["a", "b", "c"]
    assert pipelines.states() == {"a": "reused", "b": "reused", "c": "completed"}


def test_two_pipelines_at_once_compute_a_step_once(pipelines: Pipelines) -> None:
    _three(pipelines)
    both = [pipelines.start(), pipelines.start()]
    wait_for(lambda: pipelines.has_begun("b"), 30)
    _go(pipelines)
    for process in both:
        done = pipelines.line.finish(process)
        assert done.returncode == 0, done.stdout + done.stderr
    assert pipelines.computed() == ["a", "b", "c"]
    states = [pipelines.states(run) for run in pipelines.all()]
    assert all(sorted(state[name] for state in states) == ["completed", "reused"] for name in "abc")


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_ends_the_steps_and_the_pipeline(times: int, pipelines: Pipelines) -> None:
    _three(pipelines)
    process = pipelines.start(start_new_session=True)
    wait_for(lambda: pipelines.has_begun("b"), 30)
    for _ in range(times):
        os.killpg(process.pid, signal.SIGINT)
    done = pipelines.line.finish(process)
    assert done.returncode == 130 and "Traceback" not in done.stderr, done.stdout + done.stderr
    assert pipelines.states() == {"a": "completed", "b": "canceled", "c": "skipped"}
    assert pipelines.newest.status == "canceled" and pipelines.run_of("b").status == "canceled"
    _go(pipelines)
    assert pipelines.line.vivero("pipeline", "resume", pipelines.newest.id).returncode == 0
    assert pipelines.computed() == ["a", "b", "b", "c"]


def test_cancel_from_another_process(pipelines: Pipelines) -> None:
    _three(pipelines)
    process = pipelines.start()
    wait_for(lambda: pipelines.has_begun("b"), 30)
    done = pipelines.line.vivero("cancel", pipelines.newest.id)
    assert done.returncode == 0, done.stderr
    assert pipelines.line.finish(process).returncode == 130
    assert pipelines.newest.status == "canceled" and pipelines.states()["b"] == "canceled"
    assert pipelines.states()["c"] == "skipped"


def test_a_step_that_takes_too_long_fails(pipelines: Pipelines) -> None:
    _three(pipelines, job={"timeout": 1})
    done = pipelines.run(code=2)
    assert pipelines.states() == {"a": "completed", "b": "failed", "c": "skipped"}
    assert "timeout" in str(pipelines.newest.error) or "timed out" in str(pipelines.newest.error), done.stdout


def test_the_second_attempt_counts(pipelines: Pipelines) -> None:
    mark = str(pipelines.folder / "mark")
    pipelines.write({"a": step("a", fail_once=mark, retries=1), "b": step("b", "a")})
    pipelines.run()
    assert pipelines.computed() == ["a", "a", "b"]
    assert pipelines.steps()["a"].attempt == 2 and pipelines.run_of("a").status == "completed"
    pipelines.run()
    assert pipelines.states() == {"a": "reused", "b": "reused"}


def test_attempts_end(pipelines: Pipelines) -> None:
    pipelines.write({"a": step("a", fail=True, retries=2), "b": step("b", "a")})
    pipelines.run(code=2)
    assert pipelines.computed() == ["a"] * 3
    assert pipelines.states() == {"a": "failed", "b": "skipped"}
    assert "step a failed: exit code 1" in str(pipelines.newest.error)


def test_a_step_that_left_nothing_is_named(pipelines: Pipelines) -> None:
    pipelines.write({"a": step("a", nothing=True), "b": step("b", "a")})
    pipelines.run(code=2)
    assert pipelines.states() == {"a": "completed", "b": "failed"}
    assert "Step 'a' left no output" in str(pipelines.steps()["b"].reason)


@pytest.mark.parametrize("what", ["changed by a later step", "changed meanwhile"])
def test_an_output_that_was_changed_is_refused(what: str, pipelines: Pipelines) -> None:
    later = "${step:a.outputs}" if what == "changed by a later step" else None
    steps = {"a": step("a"), "b": step("b", "a", change=later, needs=["a"])}
    if later is None:
        steps["b"]["job"]["arguments"]["change"] = "${step:a.outputs}"
    steps["c"] = step("c", "a", needs=["b"])
    pipelines.write(steps, continue_on_step_failure=True)
    pipelines.run(code=2)
    failed = [record for record in pipelines.steps().values() if record.status == "failed"]
    assert failed and all("chang" in str(record.reason) for record in failed), failed
    pipelines.write({"a": step("a"), "c": step("c", "a")})
    pipelines.run()  # and computed again
    assert (pipelines.outputs_of("c") / "text.txt").read_text() == "a c "


def test_a_link_out_of_the_run_is_not_handed_on(pipelines: Pipelines) -> None:
    (pipelines.folder / "secret.txt").write_text("hidden")
    pipelines.write({"a": step("a", link=str(pipelines.folder / "secret.txt")), "b": step("b", "a")})
    pipelines.run(code=2)
    assert pipelines.states()["b"] in ("failed", "skipped")
    assert "hidden" not in "".join(path.read_text() for path in pipelines.layout.runs.glob("*/*/outputs/*.txt"))


def test_a_clock_that_is_set_back(pipelines: Pipelines) -> None:
    if subprocess.run(["which", "faketime"], capture_output=True).returncode != 0:
        missing("faketime is not installed")
    _go(pipelines)
    _three(pipelines)
    pipelines.run()
    done = pipelines.line.finish(pipelines.start(before=["faketime", "2020-01-01 00:00:00"]))
    assert done.returncode == 0, done.stdout + done.stderr
    assert pipelines.computed() == ["a", "b", "c"]
    older = pipelines.all()[-1]
    assert set(pipelines.states(older).values()) == {"reused"}


def test_a_full_disk_fails_the_pipeline_in_one_line(small_disk: Path, pipelines: Pipelines) -> None:
    pipelines.write({"a": step("a"), "b": step("b", "a", text="x" * 100), "c": step("c", "b")})
    pipelines.layout = Layout(small_disk / "workspace")
    words = [f"workspace.root={small_disk / 'workspace'}"]
    pipelines.run(*words)
    (small_disk / "filler").write_bytes(b"0" * (os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize))
    done = pipelines.line.finish(pipelines.start("pipeline.force=true", *words))
    assert done.returncode in (1, 2) and "Traceback" not in done.stderr, done.stdout + done.stderr
    assert "No space left" in done.stdout + done.stderr or "full" in done.stdout + done.stderr
    (small_disk / "filler").unlink()
    pipelines.run(*words)
    assert set(pipelines.states().values()) == {"reused"}
