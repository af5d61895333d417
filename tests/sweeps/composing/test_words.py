"""Every value survives the way through Hydra's grammar and a composition, with its type."""

from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hypothesis import example, given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from runner.errors import UserError
from runner.sweeps.composing.override_text import read_override, to_word

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).filter(lambda text: "${" not in text)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
KEYS = st.from_regex(r"[a-z_][a-z0-9_ =,:-]{0,6}[a-z]", fullmatch=True).filter(
    lambda key: key not in ("true", "false", "null", "inf", "nan")
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=6
)


@given(VALUES)
@example("a,b")
@example("a=b")
@example("")
@example(" ")
@example("null")
@example("TRUE")
@example("1")
@example("1e5")
@example("inf")
@example('it\'s "so"')
@example("back\\slash\\")
@example("\\'")
@example("range(1,2)")
@example("two\nlines")
@example(1e-05)
@example(1e300)
@example([])
@example({})
@example({"a b": [1, "1", {"c": None}]})
def test_a_value_survives_the_round_trip(value: Any) -> None:
    override = OverridesParser.create().parse_override(f"x={to_word(value)}")
    config = OmegaConf.create({"x": 0})
    OmegaConf.update(config, "x", override.value())
    content: Any = OmegaConf.to_container(config, resolve=True)
    assert repr(content["x"]) == repr(value)


@pytest.mark.parametrize("word", ["linear", "sklearn-1.5", "a/b", "x_1"])
def test_plain_words_stay_plain(word: str) -> None:
    assert to_word(word) == word


@given(
    st.from_regex(r"(\+\+?|~)?[a-z]{1,3}(\.[a-z]{1,3}){0,2}", fullmatch=True),
    st.integers().map(str) | st.decimals(allow_nan=False, allow_infinity=False).map(str) | st.text("0123456789.-+_e"),
)
@example("+job.arguments.n", "007")
@example("a@b", "1")
@example("a", "-0")
@example("a", "1_000")
def test_numbers_are_read_as_hydra_reads_them(key: Any, number: Any) -> None:
    text = f"{key}={number}"
    assert _read(read_override, text) == _read(lambda word: OverridesParser.create().parse_overrides([word])[0], text)


def _read(read: Any, text: Any) -> Any:
    try:
        override = read(text)
    except HydraException as error:
        return type(error), str(error)
    return repr(override), type(override.value())


def test_what_has_no_words_is_refused() -> None:
    with pytest.raises(UserError, match="cannot be written"):
        to_word({"1": 2})


def test_an_interpolation_stays_one() -> None:
    assert to_word("${input:iris}") == "'${input:iris}'"
