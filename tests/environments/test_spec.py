"""What is asked of a virtual environment, from three kinds of places."""

import pytest

from runner.environments.spec import gather
from runner.errors import UserError


def ask(base, packages=(), requirements=None, conda_file=None, python=None):
    lines = []
    return gather(packages, requirements, conda_file, python, base=base, say=lines.append), lines


def test_a_requirements_file_with_comments_and_includes(tmp_path):
    (tmp_path / "more.txt").write_text("six\n")
    (tmp_path / "requirements.txt").write_text(
        "# all of it\nnumpy>=1.20  # arrays\npandas \\\n  ==2.0.0\n-r more.txt\n\nscipy ; python_version > '3'\n"
    )
    spec, _ = ask(tmp_path, ["joblib"], "requirements.txt")
    assert spec.lines == ("joblib", "numpy>=1.20", "pandas    ==2.0.0", "scipy ; python_version > '3'", "six")


def test_a_conda_file(tmp_path):
    (tmp_path / "conda.yml").write_text(
        "name: x\ndependencies:\n- python=3.8.5\n- pip\n- conda-forge::scipy=1.10\n- numpy==1.23.5\n"
        "- pandas>=1.5\n- pip:\n  - azureml-defaults\n  - scikit-learn==1.2.2\n"
    )
    spec, lines = ask(tmp_path, conda_file="conda.yml")
    assert spec.lines == ("numpy==1.23.5", "pandas>=1.5", "scikit-learn==1.2.2", "scipy==1.10.*")
    assert spec.python == "3.8.5"
    assert len(lines) == 1 and "azureml-defaults is left out" in lines[0]
    assert ask(tmp_path, conda_file="conda.yml", python="3.11")[0].python == "3.11"


@pytest.mark.parametrize("line", ["azureml-core==1.61", "azureml_defaults", "AzureML-Train[automl]>=1"])
def test_azureml_is_left_out_and_said(line, tmp_path):
    spec, lines = ask(tmp_path, ["six", line])
    assert spec.lines == ("six",) and line in lines[0]


@pytest.mark.parametrize("text", ["[", "hello", "dependencies: 3", "\x00"])
def test_what_is_no_conda_file(text, tmp_path):
    (tmp_path / "conda.yml").write_text(text)
    with pytest.raises(UserError, match=r"environment.conda_file: .*conda.yml"):
        ask(tmp_path, conda_file="conda.yml")


def test_constraints_and_options_are_kept_apart(tmp_path):
    (tmp_path / "limits.txt").write_text("six<1.17\n")
    (tmp_path / "r.txt").write_text("--extra-index-url https://example.org/simple\n-c limits.txt\nsix\n")
    spec, _ = ask(tmp_path, requirements="r.txt")
    assert (spec.lines, spec.constraints) == (("six",), ("six<1.17",))
    assert spec.options == ("--extra-index-url https://example.org/simple",)


def test_a_password_is_refused_and_not_repeated(tmp_path):
    (tmp_path / "r.txt").write_text("--extra-index-url https://me:hunter2@example.org/simple\nsix\n")
    with pytest.raises(UserError, match="password") as caught:
        ask(tmp_path, requirements="r.txt")
    assert "hunter2" not in str(caught.value)


def test_a_requirements_file_that_includes_itself(tmp_path):
    (tmp_path / "r.txt").write_text("-r r.txt\n")
    with pytest.raises(UserError, match="includes itself"):
        ask(tmp_path, requirements="r.txt")
