"""Modules beside a script are compiled once for all its runs, and nobody can tell."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.compute.local.compute import LocalCompute
from runner.compute.local.prefork import AVAILABLE
from runner.worker.prefork.bytecode import Bytecode
from tests.support.run_folders import Folder, Handle, make
from tests.support.waiting import wait_for

pytestmark = [
    pytest.mark.skipif(not AVAILABLE, reason="nothing is forked on this system"),
    pytest.mark.keeps("prefork.interpreter"),
]
SCRIPT = "import part.inner as inner, beside\nprint(inner.NAME, beside.f())\n"
BESIDE = {"beside.py": "def f(): return 'first'\n", "part/__init__.py": "", "part/inner.py": "NAME = 'inner'\n"}


@pytest.fixture(scope="module")
def compute() -> Iterator[LocalCompute]:
    compute = LocalCompute(warm=True)
    yield compute
    compute.close()


def run(compute: LocalCompute, root: Path, beside: dict[str, str], script: str = SCRIPT) -> Folder:
    folder = make(root, script)
    for name, text in beside.items():
        (folder.work / name).parent.mkdir(parents=True, exist_ok=True)
        (folder.work / name).write_text(text)
    job = compute.submit(folder.root, Handle())  # type: ignore[arg-type]
    wait_for(lambda: job.wait(1), 60)
    return folder


def compiled(folder: Folder) -> dict[str, bytes]:
    return {path.name.split(".")[0]: path.read_bytes() for path in folder.work.rglob("*.pyc")}


def test_a_second_run_is_given_what_was_compiled(compute: LocalCompute, tmp_path: Path) -> None:
    for number in range(2):
        folder = run(compute, tmp_path / str(number), BESIDE)
        assert folder.log == b"inner first\n"
        files = compiled(folder)
        assert {*files} == {"beside", "__init__", "inner"}
        for name in ("beside", "inner"):
            (source,) = folder.work.rglob(f"{name}.py")
            assert files[name][4:8] == b"\x03\x00\x00\x00"  # with the hash of the source, which is checked
            assert files[name][8:16] == importlib.util.source_hash(source.read_bytes())


def test_a_changed_module_is_compiled_anew(compute: LocalCompute, tmp_path: Path) -> None:
    for number, word in enumerate(["first", "second", "third", "first"]):
        beside = {**BESIDE, "beside.py": f"def f(): return {word!r}\n"}
        assert run(compute, tmp_path / str(number), beside).log == f"inner {word}\n".encode()


def test_a_module_that_is_gone_is_missed(compute: LocalCompute, tmp_path: Path) -> None:
    run(compute, tmp_path / "first", BESIDE)
    folder = run(compute, tmp_path / "second", {name: text for name, text in BESIDE.items() if name != "beside.py"})
    assert b"No module named 'beside'" in folder.log


@pytest.mark.parametrize("text", ["x = '\\d'\n", "assert (1, 'x')\n", "x = (\n", "\0", "# -*- coding: nonsense -*-\n"])
def test_what_a_compiler_has_to_say_is_said_in_every_run(compute: LocalCompute, tmp_path: Path, text: str) -> None:
    script = f"import warnings\nwarnings.simplefilter('always')\n{SCRIPT}"
    logs = [run(compute, tmp_path / n, {**BESIDE, "beside.py": text}, script) for n in ("one", "two")]
    first, second = (folder.log.replace(str(folder.root).encode(), b"RUN") for folder in logs)
    assert first == second and (b"Warning" in first or b"Error" in first)


@given(st.text("abc=1()\n\t '\\#:", max_size=60))
def test_any_text_is_compiled_as_the_import_compiles_it_or_left(text: str) -> None:
    with tempfile.TemporaryDirectory() as temporary, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "dont_write_bytecode", False)
        folder = Path(temporary)
        (folder / "train.py").write_text("import beside\n")
        (folder / "beside.py").write_text(text)
        Bytecode(str(folder / "train.py")).write(str(folder))
        assert [*folder.rglob("*.pyc")] == [folder / "__pycache__" / Path(cached).name for cached in expected(folder)]
        for path in folder.rglob("*.pyc"):
            found = Loader("beside", str(folder / "beside.py")).get_code("beside")
            assert found == compile(text, str(folder / "beside.py"), "exec", dont_inherit=True), path


class Loader(importlib.machinery.SourceFileLoader):
    """Python's loader of modules, where it finds bytecode."""

    def source_to_code(self, *_arguments: object, **_options: object) -> NoReturn:  # type: ignore[override]
        raise AssertionError("it was compiled anew")


def expected(folder: Path) -> list[str]:
    """Return the bytecode file of a module that compiles without a word."""
    source = folder / "beside.py"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            compile(source.read_bytes(), str(source), "exec", dont_inherit=True)
    except (SyntaxError, ValueError, Warning):
        return []
    return [importlib.util.cache_from_source(str(source))]


def test_a_folder_that_cannot_be_written_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (tmp_path / "train.py").write_text("import beside\n")
    (tmp_path / "beside.py").write_text("x = 1\n")
    bytecode = Bytecode(str(tmp_path / "train.py"))
    (tmp_path / "__pycache__").write_text("a file")
    bytecode.write(str(tmp_path))
    assert (tmp_path / "__pycache__").read_text() == "a file"
