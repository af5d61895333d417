"""Ids of runs, in the order in which the runs began."""

import time

from runner.execution.plan import new_run_id
from runner.store.finding import time_of


def test_ids_of_one_second_sort_by_time() -> None:
    made = []
    for _ in range(300):
        made.append(new_run_id("iris"))
        begun = time.perf_counter_ns()
        while time.perf_counter_ns() - begun < 40_000:  # two runs begin further apart
            pass
    assert sorted(made, key=time_of) == made


def test_a_long_name_is_cut() -> None:
    made = new_run_id("iris" * 40)
    assert made == f"{'iris' * 24}-{time_of(made)}" and len(time_of(made)) == 24
