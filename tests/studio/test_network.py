"""A browser whose machine gets and loses network interfaces, as with each container and each VPN."""

import itertools
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.components import missing
from tests.support.studio.workspaces import studio, write_runs

READ = "async ({address, method}) => {const dom = await import('/static/dom.js'); try {"
READ += "await (method === 'POST' ? dom.post(address, []) : dom.read(address)); return 'answered'} catch (error) {"
READ += "return error.message}}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("network") / ".vivero"
    write_runs(root, 12, points=40)
    with studio("--workspace", str(root)) as address:
        yield address


@pytest.fixture
def restless() -> Iterator[None]:
    """Make and remove a network interface all the time."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        missing("network interfaces are made by root with ip: apt-get install iproute2")
    over = threading.Event()

    def change() -> None:
        for number in itertools.count():
            name = f"vv{os.getpid() % 10000}x{number % 1000}"
            subprocess.run(["ip", "link", "add", name, "type", "veth", "peer", "name", f"{name}p"], check=True)
            subprocess.run(["ip", "addr", "add", f"10.99.{number % 250}.1/32", "dev", name], check=True)
            subprocess.run(["ip", "link", "set", name, "up"], check=True)
            subprocess.run(["ip", "link", "del", name], check=True)
            if over.wait(0.2):
                return

    thread = threading.Thread(target=change)
    thread.start()
    yield
    over.set()
    thread.join()


@pytest.mark.exclusive("each new network interrupts the browsers of other tests")
@pytest.mark.usefixtures("restless")
def test_pages_load_while_networks_come_and_go(site: str, tab: Any) -> None:
    for _ in range(6):
        page = tab(f"{site}/w/1/runs")
        expect(page.locator("#live.on")).to_be_visible()
        expect(page.locator("tbody tr")).to_have_count(12)


@pytest.mark.parametrize(
    ("method", "drops", "answer"),
    [
        ("GET", 0, "answered"), ("GET", 1, "answered"), ("GET", 2, "The studio does not answer. Is it still running?"),
        ("POST", 1, "The studio does not answer. Is it still running?"),
    ],
)  # fmt: skip
def test_a_request_that_is_dropped_is_repeated_if_it_only_reads(
    site: str, tab: Any, method: str, drops: int, answer: str
) -> None:
    page = tab(f"{site}/w/1/runs")
    sent = list[str]()

    def drop(route: Any) -> None:
        sent.append(route.request.method)
        if len(sent) <= drops:
            route.abort("connectionfailed")
        else:
            route.fulfill(json={})

    page.route("**/drop", drop)
    assert page.evaluate(READ, {"address": f"{site}/drop", "method": method}) == answer
    assert sent == [method] * (1 if method == "POST" else min(drops + 1, 2))
    tab.said.clear()
