"""The pages of endpoints, in a real browser, with a real server."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from runner.api import Endpoint, Workspace
from runner.layout import Layout
from runner.studio.pages.endpoint.form import forms
from tests.support.axe import serious
from tests.support.servers.live_server import Server
from tests.support.studio.models import HOSTILE, write_endpoint
from tests.support.studio.models import register as register_file
from tests.support.studio.workspaces import studio
from tests.support.waiting import wait_for

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["post", "requestBody", "content", "application/json", "schema", "properties", "data", "anyOf",
                         "items", "type", "example", "parameters", "name"]), inner, max_size=5),
    max_leaves=25,
)  # fmt: skip


@pytest.fixture
def site(layout: Layout) -> Iterator[str]:
    with studio("--workspace", str(layout.root)) as address:
        yield f"{address}/w/1"


@pytest.fixture
def served(layout: Layout, register: Any) -> Iterator[Server]:
    """Serve a model with two columns, and log what it is asked."""
    import pandas

    rows = pandas.DataFrame({"width": [0.0, 1.0, 2.0, 3.0], "height": [1.0, 0.0, 2.0, 1.0]})
    register("shop", LogisticRegression().fit(rows, ["no", "yes", "no", "yes"]))
    server = Server(layout, "model=shop", "log_payloads=1")
    yield server
    server.process.terminate()
    wait_for(lambda: server.process.poll() is not None, 40)


@given(JSON, st.text(max_size=5))
def test_any_description_gives_a_form_or_none(value: Any, path: str) -> None:
    assert len(forms({"paths": {"/score": value, f"/score/{path}": value}})) <= 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(served: Server, site: str, tab: Any, scheme: str) -> None:
    page = tab(f"{site}/endpoint/shop", bypass_csp=True, color_scheme=scheme)
    page.locator("#traffic").wait_for()
    page.locator("#form").wait_for()
    assert serious(page, ".main-svg") == []


def test_the_form_sends_a_row_and_shows_what_to_copy(served: Server, site: str, tab: Any) -> None:
    page = tab(f"{site}/endpoint/shop")
    page.get_by_label("width").fill("2.5")
    page.get_by_label("height").fill("1")
    assert json.loads(page.locator("#body").input_value())["data"] == [[2.5, 1]]
    page.get_by_role("button", name="Send").click()
    page.get_by_text("200 OK").wait_for()
    assert '"yes"' in page.locator("#answer").inner_text() or '"no"' in page.locator("#answer").inner_text()
    assert f"{served.address}/score" in page.locator("#curl").inner_text()
    assert '"data": [[2.5, 1]]' in page.locator("#python").inner_text()
    page.locator("#requests", has_text="1").wait_for()  # the traffic has counted it


def test_what_an_endpoint_counted_and_how_its_inputs_change(
    served: Server, layout: Layout, site: str, tab: Any
) -> None:
    endpoint = Endpoint(Workspace(layout.root), "shop")
    for number in range(60):
        body = {"data": [{"width": number * 0.1, "height": 1}]}
        assert endpoint.ask("/score", json.dumps(body).encode()).status == 200
    assert endpoint.ask("/score", b'{"data": [[1]]}').status == 400
    wait_for(lambda: endpoint.measures().count == 61)  # a request is counted after its answer was sent
    measures = endpoint.measures()
    assert measures.count == 61 and measures.errors == 1 and (measures.quantile(0.5) or 0) > 0
    wait_for(lambda: endpoint.drift().enough)
    page = tab(f"{site}/endpoint/shop")
    page.locator("#drift tbody tr").first.wait_for()
    assert page.locator("#drift tbody th").first.inner_text() == "width"
    page.locator("#requests", has_text="61").wait_for()


def test_the_log_follows_until_its_reader_scrolls_up(layout: Layout, site: str, tab: Any) -> None:
    register_file(layout.root)
    log = write_endpoint(layout.root, "still", "iris:1", port=1) / "logs" / "server.log"
    log.write_text("line\n" * 500 + "the first end\n")
    page = tab(f"{site}/endpoint/still")
    place = page.locator("#log")
    place.get_by_text("the first end").wait_for()
    with log.open("a") as file:
        file.write("what was added\n")
    place.get_by_text("what was added").wait_for()
    assert place.evaluate("one => one.scrollHeight - one.scrollTop - one.clientHeight") < 40
    place.evaluate("one => { one.scrollTop = 0; }")
    wait_for(lambda: not page.get_by_label("Follow").is_checked())
    with log.open("a") as file:
        file.write("unseen so far\n")
    page.get_by_label("Follow").check()
    place.get_by_text("unseen so far").wait_for()
    assert place.evaluate("one => one.scrollHeight - one.scrollTop - one.clientHeight") < 40


def test_it_is_stopped_after_asking(served: Server, site: str, tab: Any) -> None:
    page = tab(f"{site}/endpoint/shop")
    page.locator("#form").wait_for()
    page.get_by_role("button", name="Stop").click()
    page.locator("#ask-go").click()
    wait_for(lambda: served.process.poll() is not None, 40)
    page.locator("#head .pill", has_text="stopped").wait_for()
    tab.said.clear()  # a count may have been asked meanwhile


@pytest.mark.parametrize("width", [390, 800, 1400])
def test_a_stopped_one_says_so_and_hostile_logs_are_text(layout: Layout, site: str, tab: Any, width: int) -> None:
    register_file(layout.root)
    folder = write_endpoint(layout.root, "still", "iris:1", port=1)
    (folder / "logs" / "server.log").write_text(f"{HOSTILE}\n" * 2000 + "the end\n")
    (folder / "logs" / "payloads.jsonl").write_text(
        "".join(
            json.dumps({"time": "2026-12-01T00:00:00Z", "request": {"data": [{HOSTILE: HOSTILE}]}}) + "\n"
            for _ in range(60)
        )
    )
    (folder / "logs" / "elsewhere.log").symlink_to("/etc/passwd")
    page = tab(f"{site}/endpoint/still", width)
    page.get_by_text("It does not run, so it counts nothing").wait_for()
    page.locator("#log", has_text="the end").wait_for()
    page.locator("#drift tbody tr").first.wait_for()
    assert page.title().startswith("still")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    text = page.request.get(f"{site}/endpoint/still/log?log=elsewhere.log").text()
    assert "root:" not in text
    assert "root:" not in page.request.get(f"{site}/endpoint/still/log?log=../../../../etc/passwd").text()


def test_a_damaged_record_hides_no_other(layout: Layout, site: str, tab: Any) -> None:
    register_file(layout.root)
    write_endpoint(layout.root, "still", "iris:1")
    (write_endpoint(layout.root, "broken", "iris:1") / "endpoint.json").write_text("{")
    page = tab(f"{site}/endpoints")
    assert page.locator("tbody tr").count() == 2
    assert "damaged" in page.locator("tbody").inner_text()
