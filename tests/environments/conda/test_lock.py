"""The text of a lock."""

from pathlib import Path
from typing import Any

import pytest

from runner.environments.conda.lock import CondaLock, Package, key_of, read_lock
from runner.errors import UserError

HASH = "0123456789abcdef" * 4
PYTHON = Package(
    "python", "3.13.1", "h1_0", "linux-64", "https://c.org/x/linux-64/python-3.13.1-h1_0.conda", HASH,
    ("__glibc >=2.17,<3", "openssl"), "lib/python3.13t/site-packages",
)  # fmt: skip
EPOCH = Package("a-b", "1!2.0", "0", "noarch", "file:///c%20d/noarch/a-b-1%212.0-0.tar.bz2", HASH)
LOCK = CondaLock("linux-64", (EPOCH, PYTHON), "six==1.16.0 \\\n    --hash=sha256:00\n")


def test_what_is_written_is_read() -> None:
    assert read_lock(LOCK.text()) == LOCK
    assert LOCK.versions() == {"a-b": "1!2.0", "python": "3.13.1", "six": "1.16.0"}


def test_its_first_part_is_an_explicit_specification() -> None:
    rattler = pytest.importorskip("rattler.explicit_environment.environment")
    read = rattler.ExplicitEnvironmentSpec.from_str(LOCK.text().partition("# pip")[0])
    assert str(read.platform) == "linux-64"
    assert [package.url for package in read.packages] == [f"{package.url}#sha256:{HASH}" for package in LOCK.packages]


def test_comments_do_not_change_the_key_but_hashes_and_the_place_do() -> None:
    place, text = Path("/w/environments"), LOCK.text()
    assert key_of(text, place) == key_of(text.replace("#   needs", "#   wants"), place)
    assert key_of(text, place) != key_of(text.replace(HASH, "f" * 64), place)
    assert key_of(text, place) != key_of(text, Path("/elsewhere/environments"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "six==1.16.0\n",
        "# platform: linux-64\n@EXPLICIT\n# pip\nsix==1.16.0\n",
        LOCK.text().replace(f"#sha256:{HASH}", ""),
        LOCK.text().replace("@EXPLICIT\n", "@EXPLICIT\n--option\n"),
        LOCK.text().replace("/noarch/", "/../../no arch/"),
    ],
)
def test_what_is_no_lock_is_refused(text: Any) -> None:
    with pytest.raises(UserError, match="lock"):
        read_lock(text)
