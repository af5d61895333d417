"""Every setting with a wrong type, a misspelling and a value out of range: one line that a user understands."""

import gc
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runner import __main__ as command
from runner.console.boundary import guarded
from tests.support.command_line import CONF, CommandLine
from tests.support.suite.covered import SETTINGS

JOB = ("job.source=src", "job.script=train.py")
BEFORE = {
    "compute=ssh": ("compute.hosts=[a]",),
    "compute=dask": ("compute.address=tcp://127.0.0.1:1",),
    "endpoint": ("+endpoint=docker", "model.name=m"),
    "pipeline": ("+pipeline=example",),
}
WRONG = {
    "number": "abc",
    "whole number": "1.5x",
    "true or false": "maybe",
    "text": "[1]",
    "list of text": "{a: 1}",
    "list of any": "5",
    "mapping of names to text": "5",
    "mapping of names to any": "5",
}
# What the schema cannot express, and what nobody may read of our own code or of a library.
OUT_OF_RANGE = (
    "job.timeout=-1", "job.timeout=0", "job.snapshot.max_megabytes=-1", "job.snapshot.max_files=0", "stages=[run]",
    "stages=[]", "stages=[prepar]", "stages=prepare", "job.script=nope.py", "job.script=folder.py",
    "job.script=../train.py", "job.script=note.ipynb", "job.source=nope", "job.source=src/train.py",
    "job.command=[python,train.py]", "job.metrics={acc: '('}", "job.outputs=[../a]", "job.outputs=[/etc/passwd]",
    "job.metrics_files=[../a]", "job.arguments=5", "job.arguments={a: [1,[2]]}", "job.environment_variables={'a=b': x}",
    "data.inputs.rows.path=nope.csv", "data.inputs={rows: {path: src, mode: symlink}}",
    "data.inputs={rows: {path: src, filename: a/b}}", "experiment_name=../x",
    "model.name=../x", "model.name=m model.framework=Torch", "model.register=always", "model.promote_if=better",
    "model.path=../x.pkl", "model.path=outputs/model.json", "model.path=/etc/passwd",
    "model.resources.cpu=-1", "model.resources.memory_gb=0",
    "compute.slots=0", "compute=slurm", "environment=venvv", "experiment=iris", "+experiment=irsi", "workspac=default",
    "job.argument.kernel=rbf", "+job.argument=5", "detatch=true", "environment=venv environment.python_match=x",
    "environment=venv environment.requirements=nope.txt", "environment=conda environment.file=nope.yaml",
    "compute=ssh compute.hosts=[]", "compute=ssh compute.hosts=[a,a]", "compute=ssh compute.hosts=[a] compute.slots=0",
    "compute=ssh compute.hosts=[a] compute.min_nodes=2", "compute=ssh compute.hosts=[a] compute.max_attempts=0",
    "compute=ssh compute.hosts=[a] compute.lost_after_seconds=0", "compute=ssh compute.hosts=[{host: a, slots: many}]",
    "compute=ssh compute.hosts=[{host: a, prot: 22}]", "compute=ssh compute.hosts=[{host: a, slots: 0}]",
    "compute=ssh compute.hosts=[-a]", "compute=ssh compute.hosts=[a] compute.min_nodes=-1",
    "compute=dask compute.address=nowhere", "compute=dask", "compute=dask compute.scheduler_file=nope.json",
    "compute=dask compute.address=tls://a:1", "workspace.root=/proc/nope", "workspace.root=src/train.py",
    "workspace.shared=no-such-group", "job", "--multi", "--cfgg", "--resolve", "hydra.run.dir=x", "hydra.verbose=true",
    "environment.packages=[a]", "job.arguments={a: 1} job.arguments.a=1,2", "endpoint.port=5", "+endpoint=local",
)  # fmt: skip
OF_SWEEPS = (
    "sweep.n=-1", "sweep.max_trials=-1", "sweep.sweeper=gird", "sweep.max_concurrent=0", "sweep.timeout=0",
    "sweep.sweeper=random", "sweep.objective=5", "sweep.early_termination={policy: medain}",
    "sweep.max_trials=2 sweep.sweeper=bayesian", "sweep.space={job.arguments.a: 5}",
    "sweep.space={job.arguments.a: {unifrom: {min: 1, max: 3}}}",
)  # fmt: skip
NOT_OURS = re.compile(
    r"Traceback|omegaconf|hydra\.errors|\w*(?:Config|Settings|Spec|Error)\b(?! )|ListConfig|DictConfig|subclass"
    r"|\b(?:is|are) no(?:ne)? |\blest\b|whoever|reference_type|object_type"
)


_PARTS = 12  # of the settings, each of which is one test


def settings() -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yield what to choose first, the key and the type of each row of the reference."""
    choice, group = "", ""
    for line in (CONF / "REFERENCE.md").read_text().splitlines():
        if line.startswith("## "):
            choice = "" if "Beside" in line else line[3:].strip()
            group = choice.partition("=")[0]
        elif (row := re.match(r"\| `([\w.]+)` \| (.*?) \|", line)) and "NAME" not in row[1]:
            first = (choice,) if "=" in choice else ()
            yield (*first, *BEFORE.get(choice, ())), f"{group}.{row[1]}".lstrip("."), row[2]


def split(words: str) -> list[str]:
    return re.split(r" (?=[+\w.]+=)", words)


def misspelt(key: str) -> str:
    """Return a key whose last word lacks a letter, or has one twice if it is short."""
    above, dot, name = key.rpartition(".")
    return f"{above}{dot}{name[:-2] + name[-1] if len(name) > 4 else name + name[-1]}"


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Type words after `python -m runner`, in this process; return what is said of the mistake in them."""
    (tmp_path / "src" / "folder.py").mkdir(parents=True)
    (tmp_path / "src" / "train.py").write_text("print(1)")
    (tmp_path / "src" / "note.ipynb").write_text("{}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    gc.enable()

    def told(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["runner", *JOB, *words])
        code = guarded(command._interruptible, command._explain)
        printed = capsys.readouterr()
        assert (code, printed.out) == (1, ""), f"{words}: {printed}"
        return printed.err

    return told


def check(words: str, said: str, key: str | None = None) -> None:
    """Assert that what is said is one short line about what was typed."""
    lines = [line for line in said.splitlines() if line]
    assert len(lines) == 1 and lines[0].startswith("error: "), f"{words}: {said}"
    assert len(said) < 200 + 60 * (str(Path.cwd()) in said), f"{words}: {said}"
    assert NOT_OURS.search(said) is None, f"{words}: {said}"
    named = key or split(words)[-1].lstrip("+-").partition("=")[0]
    assert named.split(".")[-1] in said, f"{words}: {said}"


@pytest.mark.sampled(4, covers=SETTINGS)
@pytest.mark.slow("composes twice for each setting", seconds=30)
@pytest.mark.parametrize("part", range(_PARTS))
def test_settings_with_a_wrong_type_or_a_misspelling(part: int, told: Callable[..., str]) -> None:
    tried = 0
    for first, key, kind in list(settings())[part::_PARTS]:
        value = WRONG.get(kind.removesuffix(" or null"))
        if value is not None:
            said = told(*first, f"{key}={value}")
            check(f"{key}={value}", said, key)
            assert re.search(rf"\b{re.escape(key)}\b.* must be ", said), said
            tried += 1
        said = told(*first, f"{misspelt(key)}=1")
        check(f"{misspelt(key)}=1", said)
        assert f"Unknown key '{misspelt(key)}'. Did you mean '{key}'?" in said, said
    assert tried > 100 / _PARTS / 2


@pytest.mark.parametrize("words", OUT_OF_RANGE)
def test_a_value_out_of_range(words: str, told: Callable[..., str]) -> None:
    check(words, told(*split(words)))


@pytest.mark.slow("a command for each", seconds=40)
def test_a_sweep_with_a_mistake(command_line: CommandLine) -> None:
    command_line.script("print(1)")
    for words in OF_SWEEPS:
        done = command_line.job("-m", "job.arguments={a: 1}", "job.arguments.a=1,2", *split(words))
        assert (done.returncode, done.stdout) == (1, ""), f"{words}: {done}"
        check(words, done.stderr)


def test_help_shows_what_can_be_chosen(command_line: CommandLine) -> None:
    mine = command_line.folder / "mine" / "compute"
    mine.mkdir(parents=True)
    (mine / "lab.yaml").write_text("")
    done = command_line.run("--help", "--config-dir", "mine")
    assert done.returncode == 0 and done.stdout.startswith("Usage: python -m runner"), done
    assert "compute=      dask lab local ssh" in done.stdout and "schema" not in done.stdout
