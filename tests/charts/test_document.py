"""Pages that stand alone."""

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from runner.charts.document import bundle, document, inert

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(ANYTHING)
def test_data_cannot_leave_its_element(value: object) -> None:
    text = inert(value)
    assert not set("<>&") & set(text)
    json.loads(text)


def test_a_bundle_has_each_module_once_and_imports_nothing() -> None:
    code = bundle("sweep_page")
    names = re.findall(r"^\$\.(\w+) = ", code, re.MULTILINE)
    assert len(names) == len(set(names)) and names[-1] == "sweep_page" and "svg" in names
    assert not re.search(r"^\s*(import|export) ", code, re.MULTILINE)


def test_only_its_own_script_runs() -> None:
    text = document("<b>", "<p>words</p>", "sweep_page", {"a": "</script>"})
    assert "<title>&lt;b&gt;</title>" in text and "script-src 'sha256-" in text and "default-src 'none'" in text
