import json
from pathlib import Path

from runner.compute.cluster import stored_job
from runner.layout import RunLayout


def test_a_job_is_kept_found_and_forgotten(tmp_path: Path) -> None:
    run = RunLayout(tmp_path)
    assert stored_job.read(run) is None
    stored_job.write(run, "gpu1", "iris-1.1")
    stored = stored_job.read(run)
    assert stored is not None and (stored.node, stored.folder) == ("gpu1", "iris-1.1")
    stored_job.forget(run)
    assert stored_job.read(run) is None


def test_a_run_of_an_earlier_version_is_found(tmp_path: Path) -> None:
    run = RunLayout(tmp_path)
    run.node.write_text(json.dumps({"format": 1, "node": "gpu1", "folder": "iris-1.1", "began": None}))
    stored = stored_job.read(run)
    assert stored is not None and stored.node == "gpu1"
    stored_job.forget(run)
    assert not run.node.exists()
