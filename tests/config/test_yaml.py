"""A composition is written as OmegaConf itself writes it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from runner.config.composition import as_yaml
from tests.support.suite.examples import examples

AWKWARD = ["yes", "Off", "y", "1e3", "0x10", "1_000", "nan", "-.inf", "~", "null", "", " a", "a: b", "# no", "a\nb",
           "x" * 200, "word " * 40, "${oc.env:HOME}", "1:30", "2026-01-01", "- a", "'q'", '"q"', "%a", "@b",
           "tab\there"]  # fmt: skip


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_texts(text: Any) -> None:
    config = OmegaConf.create({"a": {text or "empty": [text, {"b": text}], "c": None, "d": [], "e": {}, "f": 1.5}})
    assert as_yaml(config) == OmegaConf.to_yaml(config)


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS


@settings(max_examples=examples(200, whole=5000))
@given(
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner) | st.dictionaries(st.text("abc_1-", min_size=1), inner),
        max_leaves=12,
    )
)
def test_any_composition_reads_back(value: Any) -> None:
    config = OmegaConf.create({"value": OmegaConf.create({"x": 1})})
    config = OmegaConf.create({"value": value}, flags={"allow_objects": True}) if "${" not in str(value) else config
    assert OmegaConf.to_container(OmegaConf.create(as_yaml(config))) == OmegaConf.to_container(config)
