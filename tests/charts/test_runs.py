"""Rows of runs as columns of charts."""

from runner.charts.runs import chart_data


def test_many_parameters_leave_room_for_metrics() -> None:
    row = {
        "id": "iris-1", "display_name": None, "status": "completed", "experiment": "iris", "user": None,
        "duration": 1.0, "params": {f"p{at}": at for at in range(300)}, "metrics": {"accuracy": 0.9},
        "tags": {"stage": "trial"},
    }  # fmt: skip
    keys = [column["key"] for column in chart_data([row])["columns"]]
    assert "metrics.accuracy" in keys and "tags.stage" in keys
    assert sum(key.startswith("params.") for key in keys) == 198
