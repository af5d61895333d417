"""What is asked of a conda environment, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from runner.environments.conda.spec import gather
from runner.errors import UserError

FILE = """
name: ignored
prefix: /ignored/too
channels: [conda-forge, ./mine, defaults, nodefaults]
dependencies:
- python=3.6.2
- numpy >=1.19,<2
- team::six
- sel(linux): only-linux
- sel(win): only-windows
- pip:
  - azureml-defaults
  - tabulate
  - -r more.txt
"""


def ask(base: Any, text: Any = None, **settings: Any) -> Any:
    if text is not None:
        (base / "conda.yml").write_text(text)
    given: dict[str, Any] = {
        "file": "conda.yml" if text is not None else None,
        "packages": [],
        "pip": [],
        "python": None,
    }
    given |= {"channels": [], "priority": "strict", **settings}
    lines: list[str] = []
    return gather(**given, base=base, say=lines.append), lines


def test_a_file_as_conda_reads_it(tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text("six\n")
    spec, lines = ask(tmp_path, FILE)
    assert spec.specs == ("numpy >=1.19,<2", "only-linux", "python=3.6.2", "team::six")
    assert spec.channels[:2] == ("conda-forge", str(tmp_path / "mine"))
    assert (
        all(channel.startswith("https://repo.anaconda.com/pkgs/") for channel in spec.channels[2:])
        and spec.channels[2:]
    )
    assert spec.pip.lines == ("six", "tabulate") and len(lines) == 1 and "azureml-defaults" in lines[0]


def test_settings_come_before_the_file(tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text("")
    spec, _ = ask(tmp_path, FILE, packages=["scipy"], channels=["first"], python="3.11", pip=["joblib"])
    assert spec.channels[:2] == ("first", "conda-forge")
    assert "python=3.11" in spec.specs and "python=3.6.2" not in spec.specs and "scipy" in spec.specs
    assert spec.pip.lines == ("joblib", "tabulate")


def test_python_and_a_channel_are_there_even_if_nobody_names_them(tmp_path: Path) -> None:
    spec, _ = ask(tmp_path, packages=["numpy"])
    assert spec.specs == ("numpy", "python") and spec.channels == ("conda-forge",)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "has no packages"),
    "priority": ({"packages": ["six"], "priority": "flexible"}, "flexible is not valid.*strict or disabled"),
    "a second line": ({"packages": ["six\n--url http://evil"]}, "is not a package"),
    "an option": ({"packages": ["--override-channels"]}, "is not a package"),
    "a pip line with another in it": (
        {"packages": ["six"], "pip": ["six\n--index-url http://evil"]},
        "is not a package",
    ),
    "a Python that is a path": ({"packages": ["six"], "python": "../../bin/sh"}, "is not a version"),
    "a channel that is an option": ({"packages": ["six"], "channels": ["--x"]}, "is not a channel"),
    "a channel of two lines": ({"packages": ["six"], "channels": ["a\nb"]}, "is not a channel"),
    "a channel that is a shell word": ({"packages": ["six"], "channels": ["$(touch x)"]}, "is not a channel"),
    "a key that is not read": (
        {"text": "dependencies: [six]\nvariables: {A: b}\n"},
        "unsupported key 'variables'.*environment_variables",
    ),
    "a misspelt key": (
        {"text": "dependencies: [six]\nchanels: [a]\n"},
        "unsupported key 'chanels'.*Did you mean 'channels'",
    ),
    "channels that are no list": ({"text": "dependencies: [six]\nchannels: a\n"}, "channels must be a list"),
    "an unknown kind": ({"text": "dependencies:\n- npm: [left-pad]\n"}, "has 'npm' in its dependencies"),
    "a number": ({"text": "dependencies: [3]\n"}, "has '3' in its dependencies"),
    "no text for a platform": ({"text": "dependencies:\n- sel(linux): null\n"}, "is not a package"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_asked_for_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    settings, message = REFUSED[name]
    with pytest.raises(UserError, match=message) as caught:
        ask(tmp_path, **settings)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"channels": ["https://me:hunter2@example.org/channel"]},
        {"channels": ["https://hunter2@example.org/channel"]},
        {"channels": ["https://example.org/t/hunter2/channel"]},
        {"channels": ["t/hunter2/channel"]},
        {"packages": ["https://me:hunter2@example.org/channel::six"]},
        {"pip": ["--extra-index-url https://me:hunter2@example.org/simple"]},
        {"pip": ["six @ https://me:hunter2@example.org/six.whl"]},
        {"text": "dependencies: [six]\nchannels: ['https://me:hunter2@example.org/channel']\n"},
    ],
)
def test_a_password_is_refused_and_not_repeated(settings: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="password") as caught:
        ask(tmp_path, **{"packages": ["six"], **settings})
    assert "hunter2" not in str(caught.value)
