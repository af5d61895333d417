"""What is asked of a virtual environment, from three kinds of places."""

from pathlib import Path
from typing import Any

import pytest

from runner.environments.requirements.spec import gather
from runner.errors import UserError


def ask(base: Any, packages: Any = (), requirements: Any = None, conda_file: Any = None, python: Any = None) -> Any:
    lines: list[str] = []
    return gather(packages, requirements, conda_file, python, base=base, say=lines.append), lines


def test_a_requirements_file_with_comments_and_includes(tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text("six\n")
    (tmp_path / "requirements.txt").write_text(
        "# all of it\nnumpy>=1.20  # arrays\npandas \\\n  ==2.0.0\n-r more.txt\n\nscipy ; python_version > '3'\n"
    )
    spec, _ = ask(tmp_path, ["joblib"], "requirements.txt")
    assert spec.lines == ("joblib", "numpy>=1.20", "pandas    ==2.0.0", "scipy ; python_version > '3'", "six")


def test_a_conda_file(tmp_path: Path) -> None:
    (tmp_path / "conda.yml").write_text(
        "name: x\ndependencies:\n- python=3.8.5\n- pip\n- conda-forge::scipy=1.10\n- numpy==1.23.5\n"
        "- pandas>=1.5\n- pip:\n  - azureml-defaults\n  - scikit-learn==1.2.2\n"
    )
    spec, lines = ask(tmp_path, conda_file="conda.yml")
    assert spec.lines == ("numpy==1.23.5", "pandas>=1.5", "scikit-learn==1.2.2", "scipy==1.10.*")
    assert spec.python == "3.8.5"
    assert len(lines) == 1 and "azureml-defaults is skipped" in lines[0]
    assert ask(tmp_path, conda_file="conda.yml", python="3.11")[0].python == "3.11"


@pytest.mark.parametrize("line", ["azureml-core==1.61", "azureml_defaults", "AzureML-Train[automl]>=1"])
def test_azureml_is_left_out_and_said(line: str, tmp_path: Path) -> None:
    spec, lines = ask(tmp_path, ["six", line])
    assert spec.lines == ("six",) and line in lines[0]


@pytest.mark.parametrize("line", ["sklearn", "sklearn==1.5", " SKLearn >= 1"])
def test_the_modules_name_is_no_package(line: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Write scikit-learn"):
        ask(tmp_path, [line])


@pytest.mark.parametrize("text", ["[", "hello", "dependencies: 3", "\x00"])
def test_what_is_no_conda_file(text: str, tmp_path: Path) -> None:
    (tmp_path / "conda.yml").write_text(text)
    with pytest.raises(UserError, match=r"environment.conda_file: .*conda.yml"):
        ask(tmp_path, conda_file="conda.yml")


def test_constraints_and_options_are_kept_apart(tmp_path: Path) -> None:
    (tmp_path / "limits.txt").write_text("six<1.17\n")
    (tmp_path / "r.txt").write_text("--extra-index-url https://example.org/simple\n-c limits.txt\nsix\n")
    spec, _ = ask(tmp_path, requirements="r.txt")
    assert (spec.lines, spec.constraints) == (("six",), ("six<1.17",))
    assert spec.options == ("--extra-index-url https://example.org/simple",)


@pytest.mark.parametrize("options", ["", " ; python_version > '3'", " --hash=sha256:00"])
@pytest.mark.parametrize("place", ["./a/x-1-py3-none-any.whl", "../x-1.tar.gz", "x-1-py3-none-any.whl", "a/b", "./a"])
def test_a_relative_place_starts_where_its_file_is(place: str, options: str, tmp_path: Path) -> None:
    folder = tmp_path / "below"
    folder.mkdir()
    (folder / "r.txt").write_text(f"{place}{options}\n")
    spec, _ = ask(tmp_path, requirements="below/r.txt")
    assert spec.lines == (f"{(folder / place).resolve().as_uri()}{options}",)


@pytest.mark.parametrize(
    "line", ["six", "six==1.0", "six @ file:///x/six.whl", "file:///x/six-1-py3-none-any.whl", "git+https://example.org/x/y",
             "six @ https://example.org/a/six.whl", "six[a,b]>=1,<2 ; sys_platform == 'linux'"],
)  # fmt: skip
def test_what_is_no_relative_place_stays(line: str, tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text(f"{line}\n")
    assert ask(tmp_path, requirements="r.txt")[0].lines == (line,)


@pytest.mark.parametrize("option", ["--find-links wheels", "-f wheels", "--find-links=wheels"])
def test_an_options_place_starts_there_too(option: str, tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text(f"{option}\n--find-links https://example.org/x\nsix\n")
    first, second = ask(tmp_path, requirements="r.txt")[0].options
    assert first.endswith(f" {tmp_path}/wheels") and second == "--find-links https://example.org/x"


def test_a_password_is_refused_and_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("--extra-index-url https://me:hunter2@example.org/simple\nsix\n")
    with pytest.raises(UserError, match="password") as caught:
        ask(tmp_path, requirements="r.txt")
    assert "hunter2" not in str(caught.value)


def test_a_requirements_file_that_includes_itself(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("-r r.txt\n")
    with pytest.raises(UserError, match="includes itself"):
        ask(tmp_path, requirements="r.txt")
