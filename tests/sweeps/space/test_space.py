import math
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runner.errors import UserError
from runner.sweeps.records import Objective
from runner.sweeps.search.make import SearchSettings, make_search
from runner.sweeps.space.definitions import ARGUMENTS, read_distribution
from runner.sweeps.space.distributions import Choice, Integer, Normal, Uniform
from runner.sweeps.space.search_space import make_space, parse_words
from tests.support.suite.examples import examples

FORMS = [
    ([1, "1", True], Choice.of([1, "1", True])),
    ({"choice": [1, 2]}, Choice.of([1, 2])),
    ({"choice": {"values": [1, 2]}}, Choice.of([1, 2])),
    ({"randint": 5}, Integer(0, 4)),
    ({"randint": {"upper": 5}}, Integer(0, 4)),
    ({"int": {"min": 2, "max": 5}}, Integer(2, 5)),
    ({"uniform": {"min": 0, "max": 1}}, Uniform(0, 1)),
    ({"uniform": [0, 1]}, Uniform(0, 1)),
    ({"type": "uniform", "min_value": 0, "max_value": 1}, Uniform(0, 1)),
    ({"quniform": [0, 10, 2]}, Uniform(0, 10, q=2)),
    ({"loguniform": {"min": 0.001, "max": 10}}, Uniform(0.001, 10, log=True)),
    ({"loguniform": [0, 1]}, Uniform(1, math.e, log=True)),
    ({"loguniform": {"min_value": -1, "max_value": 1}}, Uniform(math.exp(-1), math.e, log=True)),
    ({"qloguniform": [0, 1, 0.5]}, Uniform(1, math.e, log=True, q=0.5)),
    ({"normal": [0, 1]}, Normal(0, 1)),
    ({"qnormal": {"mu": 0, "sigma": 1, "q": 0.5}}, Normal(0, 1, q=0.5)),
    ({"lognormal": [0, 1]}, Normal(0, 1, log=True)),
    ({"qlognormal": [0, 1, 1]}, Normal(0, 1, log=True, q=1)),
]


@pytest.mark.parametrize(("form", "expected"), FORMS, ids=str)
def test_forms(form: Any, expected: Any) -> None:
    distribution = read_distribution("x", form)
    assert distribution == expected
    assert read_distribution("x", distribution.plain()) == distribution, "the record's form gives the same"


WRONG = {
    "uniforn": ({"uniforn": [0, 1]}, "Did you mean 'uniform'"),
    "missing": ({"uniform": {"min": 0}}, "needs 'max'"),
    "misspelt": ({"uniform": {"min": 0, "mx": 1}}, "Did you mean 'max'"),
    "text": ({"uniform": {"min": 0, "max": "1"}}, "not a finite number"),
    "order": ({"uniform": [1, 0]}, "needs a min below its max"),
    "log of 0": ({"loguniform": {"min": 0, "max": 1}}, "above 0"),
    "mixed": ({"loguniform": {"min": 1, "max_value": 2}}, "min and max, or"),
    "too large": ({"loguniform": [0, 100000]}, "exponents"),
    "sigma": ({"normal": [0, 0]}, "above 0"),
    "q": ({"quniform": [0, 1, 0]}, "above 0"),
    "empty": ([], "at least one"),
    "randint": ({"randint": 0}, "needs a min below its max"),
    "half": ({"randint": 1.5}, "whole number"),
    "scalar": (3, "neither a list nor"),
    "two": ({"a": 1, "b": 2}, "one key"),
    "count": ({"uniform": [1]}, "takes 2 numbers"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_definition_gets_one_line_with_its_key(case: str) -> None:
    form, message = WRONG[case]
    with pytest.raises(UserError) as caught:
        read_distribution("job.arguments.c", form)
    assert message in str(caught.value) and "job.arguments.c" in str(caught.value)


def test_quantiles() -> None:
    assert [Integer(0, 4).sample(u) for u in (0, 0.199, 0.2, 0.999)] == [0, 0, 1, 4]
    assert Uniform(0, 10).sample(0.25) == 2.5
    assert Uniform(0, 10, q=4).sample(0.7) == 8  # round(7 / 4) * 4
    assert Uniform(0, 10, q=4).values() == (0, 4, 8)
    assert Uniform(0.01, 100, log=True).sample(0.5) == pytest.approx(1)
    assert Normal(3, 2).sample(0.5) == 3
    assert Normal(0, 1, log=True).sample(0.5) == 1
    assert Normal(0, 1).sample(0.975) == pytest.approx(1.959964, abs=1e-6)
    assert math.isfinite(Normal(0, 1).sample(0.0))


DISTRIBUTIONS = [expected for _, expected in FORMS] + [Integer(1, 1000, log=True)]


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=str)
@given(u=st.floats(0, 1, exclude_max=True))
def test_a_value_is_in_the_space_and_optuna_finds_it_again(distribution: Any, u: Any) -> None:
    value = distribution.sample(u)
    raw = distribution.encode(value)
    assert raw is not None and distribution.optuna()._contains(distribution.optuna().to_internal_repr(raw))
    again = distribution.decode(raw)
    assert again == pytest.approx(value) if isinstance(value, float) else repr(again) == repr(value)
    assert distribution.text(value)


NUMBERS = st.one_of(
    st.floats(),
    st.integers(),
    st.sampled_from(
        [5e-324, 1e-300, 1e308, -1e308, 700, 710, 1000, -745, 10**18, 2**63, 10**400, -(10**5000), True, "x"]
    ),
)
ARGUED = st.sampled_from(sorted(set(ARGUMENTS) - {"choice"})).flatmap(
    lambda name: st.tuples(
        st.just(name), st.lists(NUMBERS, min_size=len(ARGUMENTS[name]), max_size=len(ARGUMENTS[name])), st.booleans()
    )
)


@settings(max_examples=examples(300, whole=5000))
@example(("lognormal", [1000, 1], False))
@example(("normal", [0, 10**400], False))
@example(("quniform", [0.5, 1.7e308, 0.5], True))
@example(("uniform", [-1e308, 1e308], True))
@example(("qnormal", [0, 1, 5e-324], False))
@given(ARGUED)
def test_extreme_arguments_are_refused_when_composed_or_give_finite_values(argued: Any) -> None:
    name, numbers, named = argued
    form = {name: dict(zip(ARGUMENTS[name], numbers, strict=True)) if named else numbers}
    said, space = "", None
    try:
        space = make_space({"x": form})
    except UserError as refused:
        said = str(refused)
    if space is None:
        assert said.startswith("sweep.space.x: ") and len(said) < 300
        return
    goal = (Objective(metric="m", goal="maximize"),)
    for sweeper in ("random", "sobol", "bayesian"):
        search = make_search(SearchSettings(sweeper, 0, 2, goal), space)
        for number in range(2):
            suggestion = search.ask(number)
            assert suggestion is not None and math.isfinite(suggestion.parameters["x"])


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("a=interval(-1e308,1e308)", "too large for a number"),
        ("a=interval(0,inf)", "finite"),
        ("a=interval(-inf,0)", "finite"),
        ("a=interval(nan,1)", "smaller to a larger"),
    ],
)
def test_extreme_intervals_of_the_command_line_are_refused(word: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        make_space({}, parse_words([word]))


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=str)
def test_what_is_outside_is_none(distribution: Any) -> None:
    assert distribution.encode("nowhere") is None


def test_overrides() -> None:
    words = [
        "a=1,b,null", "b=range(0,1,0.25)", "c=interval(0,1)", "d=tag(log, interval(0.01,1))", "e=int(interval(1,5))",
        "f=sort(3,1,2)", "+g=choice('1',2)", "h=7", "i='1',2", "hydra.verbose=true,false",
    ]  # fmt: skip
    space = make_space({}, parse_words(words))
    distributions = {parameter.key: parameter.distribution for parameter in space.parameters}
    assert distributions["a"].values() == (1, "b", None)
    assert distributions["b"].values() == (0.0, 0.25, 0.5, 0.75)
    assert distributions["c"] == Uniform(0.0, 1.0)
    assert distributions["d"] == Uniform(0.01, 1.0, log=True)
    assert distributions["e"] == Integer(1, 5)
    assert distributions["f"].values() == (1, 2, 3)
    assert (distributions["+g"].texts(), distributions["+g"].values()) == (("1", "2"), (1, 2)), "Hydra drops the quotes"
    assert (distributions["i"].texts(), distributions["i"].values()) == (("'1'", "2"), ("1", 2))
    assert list(distributions) == ["a", "b", "c", "d", "e", "f", "+g", "i"]


def test_the_command_line_replaces_what_the_yaml_says() -> None:
    space = make_space({"a": [1, 2], "b": [1, 2], "+c": [1]}, parse_words(["a=3,4", "b=5", "c=6,7"]))
    assert space.plain() == {"a": [3, 4], "+c": [6, 7]}


def test_a_shuffle_is_the_same_at_each_start() -> None:
    words = parse_words(["a=shuffle(range(0,50))"])
    first, again, other = (make_space({}, words, seed).plain()["a"] for seed in (1, 1, 2))
    assert first == again != other
    assert sorted(first) == list(range(50))


def test_mistakes_on_the_command_line() -> None:
    for word, message in {"a=interval(1,0)": "smaller", "a=tag(log,interval(0,1))": "above 0", "a=[1": "read"}.items():
        with pytest.raises(UserError, match=message):
            make_space({}, parse_words([word]))
