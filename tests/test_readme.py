"""The README's lines, typed in their order in a fresh clone, and read by the shells that people have."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command_line import ROOT
from tests.support.components import missing

# What takes an index, other machines or an engine: such a run is composed, other such commands are not typed.
_APART = {
    "environment=sklearn": "an index", "environment=conda": "a channel", "environment=docker": "an engine",
    "environment=venv": "an index", "compute=": "other machines", "+endpoint=docker": "an engine",
    "pip install": "an index", "vivero package": "an index", "vivero environments export": "a kept environment",
    "vivero environments show": "a kept environment", "--cfg": "nothing more", "vivero nodes": "other machines",
    "vivero studio --workspace": "another workspace", "vivero studio --host": "another machine",
}  # fmt: skip
# What is right to fail here: nobody answers a question, and what has ended cannot be cancelled or resumed.
_ENDS_WITH = {
    "vivero cancel": 1, "vivero delete": 1, "vivero models delete": 1, "sweep.resume=": 1, "vivero pipeline resume": 1,
}  # fmt: skip
_SERVERS = {"python -m serving": "5001/v2/health/ready", "vivero studio": "8000/w/1/runs"}  # go on until Ctrl-C
_NAMES = {"RUN": "latest", "SWEEP": "latest"}


def blocks() -> list[tuple[str, list[str]]]:
    """Return the README's blocks of code, each with its language."""
    result: list[tuple[str, list[str]]] = []
    inside = False
    for line in (ROOT / "README.md").read_text().splitlines():
        if line.startswith("```"):
            inside = not inside
            if inside:
                result.append((line.removeprefix("```"), []))
        elif inside:
            result[-1][1].append(line)
    return result


def typed_lines() -> list[str]:
    """Return the lines that are commands, without what is said of them."""
    lines = [line for language, block in blocks() if not language for line in block]
    commands = [line for line in lines if re.match(r"(python|vivero|curl|\.venv/bin/pip) ", line)]
    return [re.sub(r"\s+# .*$", "", line) for line in commands]


def typed_programs() -> list[str]:
    """Return the blocks of Python."""
    return ["\n".join(block) for language, block in blocks() if language == "python"]


def script_of(lines: list[str]) -> str:
    """Return a script that types lines and says how each ended."""
    parts = ["ip link set lo up"]
    for at, line in enumerate(lines):
        command = re.sub(r"\b(RUN|SWEEP)\b", lambda match: _NAMES[match[0]], line)
        if any(word in line for word in _APART):
            if not line.startswith("python -m runner") or "--cfg" in line or " -m +" in line:
                continue
            command += " --cfg job > /dev/null"
        for server, page in _SERVERS.items():
            if re.match(rf"{server}( model=|$)", line):
                command = (
                    f"{{ {command} & }}; until curl -sfo /dev/null http://127.0.0.1:{page}; do kill -0 $! || exit; "
                    "sleep 0.2; done; kill -INT $!; wait $!"
                )
        parts.append(f'{command}\necho "@@ {at} $?"')
    return "\n".join(parts)


@pytest.mark.slow("types a page of commands", seconds=180)
def test_the_lines_do_what_they_say_in_their_order(tmp_path: Path) -> None:
    """In a network of its own: the page's port is free there, and nobody else hears it."""
    network = ["unshare", "--net", "--map-root-user"]
    if subprocess.run([*network, "true"], capture_output=True).returncode != 0:
        missing("a network namespace cannot be created: unshare --net --map-root-user")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    (clone / "rows.csv").write_text("id,0,1,2,3\nx,5.1,3.5,1.4,0.2\n")
    (tmp_path / "mine").mkdir()
    shutil.copy(ROOT / "projects" / "iris" / "train_iris.py", tmp_path / "mine" / "iris.py")
    (tmp_path / "mine" / "train.py").write_text(
        "import joblib, sys\nfrom sklearn.dummy import DummyClassifier\nprint(sys.argv)\n"
        "joblib.dump(DummyClassifier().fit([[0]], [0]), 'outputs/model.joblib')\n"
    )
    ((_, lab),) = [block for block in blocks() if block[0] == "yaml"]
    (clone / lab[0].removeprefix("# ")).write_text("\n".join(lab))
    lines = typed_lines()
    for number, program in enumerate(typed_programs()):
        (clone / f"program{number}.py").write_text(program)
        lines.append(f"python program{number}.py")
    path = f"{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin"
    done = subprocess.run(
        [*network, "bash", "-c", script_of(lines)], cwd=clone, capture_output=True, text=True, stdin=subprocess.DEVNULL,
        env={"PATH": path, "HOME": str(tmp_path), "LANG": "C.UTF-8"},
    )  # fmt: skip
    codes = {int(at): int(code) for at, code in re.findall(r"^@@ (\d+) (\d+)$", done.stdout, re.MULTILINE)}
    assert len(codes) > 40, done.stdout + done.stderr
    expected = {at: next((code for words, code in _ENDS_WITH.items() if words in lines[at]), 0) for at in codes}
    wrong = {
        lines[at]: code for at, code in codes.items() if code not in (expected[at], 130 * ("serving" in lines[at]))
    }
    assert not wrong, f"{wrong}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_each_line_is_read_as_it_is_meant(shell: str, tmp_path: Path) -> None:
    """A bracket that is not quoted is a pattern, which zsh refuses where no file matches."""
    if shutil.which(shell) is None:
        missing(f"{shell} is not installed")
    same = 'python() { printf "%s\\n" "$@"; }; ' + "".join(
        f'{name}() {{ python "$@"; }}; ' for name in ("vivero", "curl", "pip")
    )
    for line in typed_lines():
        plain = line.removeprefix(".venv/bin/")
        done = subprocess.run([shell, "-c", same + plain], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        assert done.stderr == "" and done.stdout.count("\n") >= 1
