"""A trial's composition is the one that Hydra makes from scratch, whichever way it was come by."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hydra import initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from hydra.types import RunMode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from runner.config.composition import read_composition
from runner.config.schema import register_schemas
from runner.errors import UserError
from runner.execution.planning import make_plan, register_resolvers
from runner.sweeps.composing.composer import Composer
from runner.sweeps.composing.override_text import to_word
from tests.support.command_line import ROOT
from tests.support.suite.examples import examples

SETTINGS = {"stages": ["prepare", "scale", "run", "finalize"]}


@pytest.fixture
def composer() -> Iterator[Any]:
    register_schemas()
    register_resolvers()
    for name in ("run_folder", "multirun_folder"):
        OmegaConf.register_new_resolver(name, lambda _root_: "unused", replace=True)  # noqa: ARG005 - given by name

    def composer(*shared: Any, conf: Any = ROOT / "conf") -> Any:
        loader = GlobalHydra.instance().config_loader()
        master = loader.load_configuration("config", list(shared), RunMode.MULTIRUN)
        return Composer(loader, master, shared, ROOT, dict(SETTINGS))

    with initialize_config_dir(config_dir=str(ROOT / "conf"), job_name="runner", version_base="1.3"):
        yield composer


def from_scratch(words: Any) -> Any:
    loader = GlobalHydra.instance().config_loader()
    config = loader.load_configuration("config", list(words), RunMode.RUN)
    chosen = config.hydra.runtime.choices.get("experiment")
    OmegaConf.set_struct(config, False)
    del config["hydra"]
    config.stages = SETTINGS["stages"]
    return make_plan(read_composition(config), ROOT, chosen, tuple(words))


CASES = [
    (("+experiment=iris",), ("job.arguments.kernel=rbf", "job.arguments.penalty=0.5")),
    (("+experiment=iris",), ("job.arguments.kernel='a,b=c'", "job.timeout=3")),
    (("+experiment=iris",), ("+job.arguments.degree=3",)),
    (("+experiment=iris",), ("++job.arguments.degree=[1,2]",)),
    (("+experiment=iris",), ("~job.arguments.kernel",)),
    (("+experiment=iris",), ("environment=sklearn-1.5", "job.arguments.kernel=poly")),
    (("+experiment=iris",), ("environment=venv", "environment.python='3.11'")),
    (("+experiment=iris", "job.arguments.kernel=poly"), ("job.arguments.kernel=rbf",)),
    (("+experiment=iris", "job.arguments={kernel: poly}"), ("job.arguments.penalty=2",)),
    (("+experiment=iris",), ("model.tags.a=b", "job.tags.c=d")),
    (("+experiment=iris", "+job.arguments={degree: 1}"), ("job.arguments.degree=2", "job.arguments.kernel=rbf")),
    (("+experiment=iris",), ("+job.arguments.degree={values: [1]}", "job.arguments.degree.values=[2]")),
    (("+experiment=iris",), ("job.arguments.kernel=a", "job.arguments.kernel=b")),
    (("+experiment=iris",), ("job.arguments.kernel=${experiment_name}", "experiment_name=mine")),
    ((), ("+experiment=digits",)),
    (("+experiment=iris", "job.description=${experiment_name}"), ("experiment_name=mine",)),
    (("+experiment=iris",), ("stages=[prepare]", "detach=true")),
    (("+experiment=iris",), ("+new=1", "job.timeout=3")),
    (("+experiment=iris",), ("data.inputs={x: {path: conf}}", "data.inputs.x.mode=copy")),
    (("+experiment=iris",), ("+job.environment_variables.A=1", "job.metrics={a: b}", "job.metrics.a=c")),
    (("+experiment=iris",), ("job={source: projects/iris}", "job.arguments.kernel=rbf")),
    (("job.script=train_iris.py",), ("job.source=projects/iris",)),
    (("+experiment=iris",), ("workspace.root=${oc.env:HOME}/x", "model.tags.area=${workspace.root}")),
]


@pytest.mark.parametrize(("shared", "overrides"), CASES, ids=range(len(CASES)))
def test_as_from_scratch(shared: Any, overrides: Any, composer: Any) -> None:
    made = composer(*shared)
    made.plan(overrides)
    for _ in range(2):  # what came before leaves no trace
        plan, expected = made.plan(overrides), from_scratch((*shared, *overrides))
        assert plan.config == expected.config and plan.yaml == expected.yaml
        assert plan.spec == expected.spec and plan.overrides == expected.overrides
        assert plan.experiment == expected.experiment and plan.layout == expected.layout


# References, and what stands for no value yet, have tests of their own.
TEXT = st.text("aB1 '\"=,{}[]:#$?\\", max_size=6).filter(lambda text: "${" not in text and text != "???")
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT


@pytest.mark.parametrize("shared", [("+experiment=iris",), ("job.source=projects/iris", "job.script=train_iris.py")])
@settings(max_examples=examples(5, whole=100), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.tuples(PLAIN, PLAIN), min_size=2, max_size=3))
def test_other_values_as_from_scratch(shared: Any, values: Any, composer: Any) -> None:
    made = composer(*shared)
    for kernel, extra in values:
        words = (f"++job.arguments.kernel={to_word(kernel)}", f"++job.arguments.new={to_word(extra)}")
        plan, expected = made.plan(words), from_scratch((*shared, *words))
        assert plan.config == expected.config and plan.yaml == expected.yaml and plan.spec == expected.spec


MORE = [
    ("job.arguments.kernel={}", ("1", "{a: 1}", "2", "'???'", "[1,2]", "3")),
    ("++job.arguments.a={}", ("1", "'${job.arguments.kernel}'", "2")),
    ("job.description={}", ("1", "null", "2")),
    ("+job.tags.a={}", ("1", "true", "x")),
    ("++job.arguments.kernel.a={}", ("1", "2")),
]


@pytest.mark.parametrize(("word", "values"), MORE, ids=range(len(MORE)))
@pytest.mark.parametrize("reference", ["", "job.display_name='${job.arguments.kernel}'"])
def test_values_of_another_kind_as_from_scratch(word: str, values: Any, reference: str, composer: Any) -> None:
    shared = ("+experiment=iris", *([reference] if reference else []))
    made = composer(*shared)
    for value in values:
        words = (word.format(value),)
        try:
            expected = from_scratch((*shared, *words))
        except (HydraException, OmegaConfBaseException, UserError):
            with pytest.raises(UserError):
                made.plan(words)
            continue
        plan = made.plan(words)
        assert plan.config == expected.config and plan.yaml == expected.yaml and plan.spec == expected.spec


def test_a_mistake_leaves_no_trace(composer: Any) -> None:
    made = composer("+experiment=iris")
    before = made.plan(("job.arguments.kernel=rbf",))
    for words in [("+job.arguments.new=1", "job.timeout=soon"), ("job.timeout=null", "job.timeout.a=1")]:
        with pytest.raises(UserError):
            made.plan(words)
    after = made.plan(("job.arguments.kernel=rbf",))
    assert after.yaml == before.yaml and after.spec == before.spec and after.config == before.config


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("job.argumnts.kernel=rbf", "Did you mean 'job.arguments.kernel'?"),
        ("job.timeout=soon", "job.timeout"),
        ("environment=sklearn-1.6", "Unknown environment 'sklearn-1.6'"),
        ("job.script=nothing.py", "nothing.py does not exist"),
    ],
)
def test_a_mistake_is_a_line(word: str, said: str, composer: Any) -> None:
    with pytest.raises(UserError) as caught:
        composer("+experiment=iris").plan((word,))
    assert said in str(caught.value)


def test_an_experiment_that_chooses_a_launcher_is_refused(tmp_path: Path) -> None:
    register_schemas()
    register_resolvers()
    conf = tmp_path / "conf"
    shutil.copytree(ROOT / "conf", conf)
    text = (conf / "experiment" / "iris.yaml").read_text()
    text = text.replace("job:", "defaults:\n  - override /hydra/launcher: joblib\njob:", 1)
    (conf / "experiment" / "own.yaml").write_text(text)
    ConfigStore.instance().store(group="hydra/launcher", name="joblib", node={"_target_": "somewhere.Else"})
    with initialize_config_dir(config_dir=str(conf), job_name="runner", version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        master = loader.load_configuration("config", [], RunMode.MULTIRUN)
        with pytest.raises(UserError, match="chooses hydra/launcher=joblib"):
            Composer(loader, master, [], ROOT, {}).plan(("+experiment=own",))
