"""Projects in folders that build without a package index, because each contains its own small builder."""

from pathlib import Path

_PROJECT = """
[build-system]
requires = []
build-backend = "builder"
backend-path = ["builder"]

[project]
name = "{name}"
version = "{version}"
dependencies = {needs}
"""
_BUILDER = """
import pathlib, tomllib, zipfile

def get_requires_for_build_wheel(settings=None):
    return []

def build_wheel(target, settings=None, metadata=None):
    project = tomllib.loads(pathlib.Path("pyproject.toml").read_text())["project"]
    pathlib.Path("left.txt").write_text("what builders leave behind")
    stem = project["name"] + "-" + project["version"]
    info = stem + ".dist-info/"
    needs = "".join("Requires-Dist: " + one + "\\n" for one in project["dependencies"])
    needs += "Provides-Extra: more\\nRequires-Dist: tabulate==0.9.0 ; extra == 'more'\\n"
    files = {path.name: path.read_text() for path in pathlib.Path("source").glob("*.py")}
    about = "Metadata-Version: 2.1\\nName: " + project["name"] + "\\nVersion: " + project["version"] + "\\n"
    files[info + "METADATA"] = about + needs
    files[info + "WHEEL"] = "Wheel-Version: 1.0\\nGenerator: builder\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    files[info + "RECORD"] = "".join(name + ",,\\n" for name in files) + info + "RECORD,,\\n"
    name = stem + "-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(target, name), "w") as archive:
        for one, text in files.items():
            archive.writestr(zipfile.ZipInfo(one), text)
    return name
"""


def write_project(
    folder: Path, name: str = "scores", version: str = "1.0", *, code: str = "VALUE = 1\n", needs: tuple[str, ...] = ()
) -> Path:
    """Write a project with one module of the same name."""
    (folder / "builder").mkdir(parents=True, exist_ok=True)
    (folder / "source").mkdir(exist_ok=True)
    (folder / "pyproject.toml").write_text(_PROJECT.format(name=name, version=version, needs=list(needs)))
    (folder / "builder" / "builder.py").write_text(_BUILDER)
    (folder / "source" / f"{name}.py").write_text(code)
    return folder
