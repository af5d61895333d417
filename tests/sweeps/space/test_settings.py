"""The sweep group: what it composes to, and what it refuses."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.plugins import Plugins
from omegaconf import OmegaConf

from runner.config.schema import SweepConfig, register_schemas
from runner.errors import UserError
from runner.execution.planning import register_resolvers
from runner.sweeps.search.make import SearchSettings, make_search
from runner.sweeps.space.search_space import make_space, parse_words
from runner.sweeps.validation import check_sweep
from tests.support.command_line import CONF


@pytest.fixture
def composed() -> Iterator[Any]:
    Plugins.instance()
    register_schemas()
    register_resolvers()
    OmegaConf.register_new_resolver("run_folder", lambda: "x", replace=True)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield lambda *overrides: compose("config", overrides=list(overrides))


@pytest.mark.parametrize("words", [["+experiment=iris_bayesian"], ["+experiment=iris", "sweep=example"]])
def test_what_a_search_suggests_composes_to_the_same_values(composed: Any, words: Any) -> None:
    config = composed(*words)
    sweep = OmegaConf.to_object(config.sweep)
    assert isinstance(sweep, SweepConfig)
    check_sweep(sweep)
    search = make_search(SearchSettings("random", 0, sweep.max_trials), make_space(sweep.space))
    assert search.total == 20
    suggestion = search.ask(random.randrange(20))
    assert suggestion is not None
    trial = composed(*words, *suggestion.overrides)
    for key, value in suggestion.parameters.items():
        assert repr(OmegaConf.select(trial, key)) == repr(value)


def test_a_space_on_the_command_line_and_a_group(composed: Any) -> None:
    config = composed("+experiment=iris", "sweep.space={environment: [venv, sklearn-1.5], job.arguments.penalty: [2]}")
    search = make_search(SearchSettings(), make_space(config.sweep.space))
    suggestion = search.ask(0)
    assert suggestion is not None
    trial = composed("+experiment=iris", *suggestion.overrides)
    assert (trial.environment.kind, trial.job.arguments.penalty) == ("venv", 2)


def test_a_glob_asks_for_the_options_of_its_group(composed: Any) -> None:
    loader = GlobalHydra.instance().config_loader()
    space = make_space({}, parse_words(["environment=glob(sklearn*,exclude=*mlflow)"], loader))
    assert space.plain() == {"environment": ["sklearn-1.2-numpy-1.23", "sklearn-1.5", "sklearn-1.9"]}


WRONG = [
    ({"sweeper": "gird"}, "Did you mean 'grid'"),
    ({"max_trials": 0}, "above 0"),
    ({"timeout": float("nan")}, "above 0"),
    ({"warm_start": list("abcdef")}, "The limit is 5"),
    ({"resume": "../x"}, "cannot be"),
    ({"objective": {"metric": "a", "goal": "up"}}, "is not a goal"),
    ({"early_termination": {"policy": "median"}}, "For example: sweep.objective='maximize accuracy'"),
    ({"objective": "auc", "early_termination": {"policy": "medan"}}, "Did you mean 'median'"),
]


@pytest.mark.parametrize(("settings", "message"), WRONG, ids=str)
def test_mistakes(settings: Any, message: str) -> None:
    with pytest.raises(UserError) as caught:
        check_sweep(SweepConfig(**settings))
    assert message in str(caught.value)
