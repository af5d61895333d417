"""The options of estimators and preprocessing: each is explained, and has nothing that scikit-learn does anyway."""

import inspect
from typing import Any

import pytest

from tests.support.command_line import CONF
from tests.support.training import module, option

GROUPS = ("estimator", "preprocessing")
OPTIONS = [(group, path.stem) for group in GROUPS for path in sorted((CONF / group).glob("*.yaml"))]
OTHERS = ("xgboost", "xgboost_regressor", "lightgbm", "lightgbm_regressor")


@pytest.mark.parametrize(("group", "name"), OPTIONS)
def test_an_option_is_explained_and_can_be_built(group: str, name: str) -> None:
    assert (CONF / group / f"{name}.yaml").read_text().startswith("# ")
    tree = option(group, name)
    if name == "none":
        assert not tree
        return
    if name in OTHERS:
        pytest.importorskip(name.partition("_")[0])
    made = module("models.building").build(tree, group, ("sklearn", "xgboost", "lightgbm"))
    defaults = {key: one.default for key, one in inspect.signature(type(made)).parameters.items()}
    given: dict[str, Any] = {key: value for key, value in tree.items() if key != "_target_"}
    assert not [key for key, value in given.items() if defaults.get(key) == value]
