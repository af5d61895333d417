"""Whatever is typed for a key composes or is told in one line, in the words of who typed it."""

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from runner.config.messages.mistakes import as_user_error
from runner.config.schema import CONF, HYDRA_VERSION, register_schemas
from runner.execution.planning import register_resolvers

SCRIPT = ("job.source=src", "job.script=train.py")
CHOSEN = {
    "current": SCRIPT,
    "venv": (*SCRIPT, "environment=venv"),
    "conda": (*SCRIPT, "environment=conda"),
    "docker": (*SCRIPT, "environment=docker"),
    "ssh": (*SCRIPT, "compute=ssh", "compute.hosts=[a]"),
    "dask": (*SCRIPT, "compute=dask", "compute.address=tcp://127.0.0.1:1"),
    "endpoint": ("+experiment=iris", "+endpoint=docker"),
}
VALUES = ("[[1]]", "{a: [1]}", "''", "'${job}'")
# What these libraries say when nobody puts it into our words.
THEIRS = ("omegaconf", "DictConfig", "ListConfig", "subclass", "Error merging", "raised while", "dereferencing", "\n")


def keys(node: Any, above: str = "") -> Iterator[Any]:
    for name in node:
        child = node._get_node(name)
        yield f"{above}{name}"
        if isinstance(child, DictConfig) and not (child._is_none() or child._is_missing() or child._is_interpolation()):
            yield from keys(child, f"{above}{name}.")


def mistake(do: Any) -> Any:
    """Return what a user reads of it, empty if all is well; what is no mistake of theirs is raised."""
    try:
        do()
    except Exception as error:
        user_error = as_user_error(error)
        if user_error is None:
            raise
        return str(user_error)
    return ""


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Compose and check as the command does, in this process."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text("print(1)")
    monkeypatch.chdir(tmp_path)
    from runner.__main__ import _plan

    gc.enable()  # which the command turns off as it begins: here it would be off for all tests to come
    register_schemas()
    register_resolvers()

    def plan(*words: str) -> Any:
        config = compose("config", list(words), return_hydra_config=True)
        HydraConfig.instance().set_config(config)
        _plan(config, Path.cwd())
        return config

    with initialize_config_dir(config_dir=CONF, job_name="runner", version_base=HYDRA_VERSION):
        yield plan
    HydraConfig.instance().cfg = None


@pytest.mark.slow("looks at each key of a composition with each value", seconds=180)
@pytest.mark.sampled(2, covers=["conf/**/*.yaml", "runner/*.py", "runner/config/**/*.py"])
@pytest.mark.parametrize("chosen", CHOSEN)
def test_a_value_of_another_kind_is_taken_or_told(chosen: str, plan: Any) -> None:
    words, looked = CHOSEN[chosen], 0
    others = list(CHOSEN.values())[: list(CHOSEN).index(chosen)]  # whose keys are looked at there
    known = {key for overrides in others for key in keys(plan(*overrides))}
    for key in keys(plan(*words)):
        if key.startswith("hydra") or key in known:
            continue
        for value in VALUES:
            looked += 1
            message = mistake(lambda word=f"{key}={value}": plan(*words, word))
            assert not [phrase for phrase in THEIRS if phrase in message], f"{key}={value}: {message}"
    assert looked >= len(VALUES)
