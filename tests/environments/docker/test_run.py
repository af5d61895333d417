"""A run in a container, as a user types it: what it sees, how it ends, and that nothing is left of it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runner.environments.docker.engine import KIND
from runner.layout import Layout
from tests.support.command_line import CommandLine
from tests.support.suite.covered import CONTAINERS
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.usefixtures("swept"), pytest.mark.sampled(8, covers=CONTAINERS)]

ENDLESS = "import time\nprint('begun', flush=True)\nwhile True: time.sleep(0.05)\n"


@pytest.fixture
def typed(command_line: CommandLine, base_image: Any) -> Any:
    """Run a script in the base image."""

    class Typed:
        line = command_line
        words = ("job.source=src", "job.script=train.py", "environment=docker", f"environment.image={base_image}")

        def __call__(self, script: Any, *words: str, **options: Any) -> Any:
            command_line.script(script)
            return command_line.run(*self.words, *words, **options)

        def start(self, script: Any, *words: str, **options: Any) -> Any:
            command_line.script(script)
            return command_line.start("runner", *self.words, *words, **options)

        def run(self) -> Any:
            """Return the files of the only run."""
            return next(iter(self.runs()), None)

        def runs(self) -> Any:
            layout = Layout(command_line.workspace)
            return [layout.run(path.parent.name, path.name) for path in layout.runs.glob("*/*")]

        def record(self) -> Any:
            return json.loads(command_line.vivero("show", "latest", "--json").stdout)

        def begun(self) -> Any:
            return wait_for(
                lambda: self.run() and self.run().log.exists() and "begun" in self.run().log.read_text(), 60
            )

    return Typed()


def test_the_script_is_at_home_and_its_files_are_the_users(typed: Any, swept: Any) -> None:
    done = typed(
        "import getpass, os, pathlib, tempfile\n"
        "print(os.getuid(), os.getgid(), pathlib.Path.home().exists(), bool(getpass.getuser()))\n"
        "open(os.path.join(tempfile.gettempdir(), 'x'), 'w'); open(os.path.expanduser('~/y'), 'w')\n"
        "print(os.path.exists('/usr/bin/apt'), os.path.exists('/etc/debian_version'))\n"
        "os.makedirs('outputs', exist_ok=True); open('outputs/a', 'w').write('a')\n"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{os.getuid()} {os.getgid()} True True" in done.stdout
    record = typed.record()
    assert record["prepare"]["environment"]["kind"] == "docker" and record["prepare"]["environment"]["image_id"]
    assert record["run"]["peak_memory"] > 1 << 20 and record["run"]["cpu_seconds"] > 0
    assert (typed.run().outputs / "a").read_text() == "a"
    assert {path.stat().st_uid for path in typed.line.workspace.rglob("*")} == {os.getuid()}
    assert not swept()


def test_metrics_and_output_arrive_while_it_runs(typed: Any) -> None:
    script = (
        "import os, time\nfrom azureml.core import Run\nRun.get_context().log('score', 3)\nprint('begun', flush=True)\n"
        "while not os.path.exists('go'): time.sleep(0.02)\n"
    )
    process = typed.start(script)
    typed.begun()
    wait_for(lambda: typed.run().metrics.exists() and "score" in typed.run().metrics.read_text())
    (typed.run().work / "go").write_text("")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, out + err


@pytest.mark.parametrize("how", ["ctrl-c", "twice", "cancel", "timeout"])
def test_it_is_ended(typed: Any, swept: Any, how: str) -> None:
    stubborn = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" if how == "twice" else ""
    words = ["job.timeout=1"] if how == "timeout" else []
    process = typed.start(stubborn + ENDLESS, *words)
    typed.begun()
    if how == "cancel":
        assert typed.line.vivero("cancel", "latest").returncode == 0
    elif how != "timeout":
        process.send_signal(signal.SIGINT)
    if how == "twice":
        wait_for(typed.run().cancel.exists)
        process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    record = typed.record()
    assert record["status"] == ("failed" if how == "timeout" else "canceled"), (out + err).decode()
    assert how != "timeout" or "timeout" in record["error"]
    wait_for(lambda: not swept())


def test_it_is_ended_before_its_worker_listens(typed: Any, swept: Any) -> None:
    """The first process of a container gets no signal that it has no handler for."""
    process = typed.start(ENDLESS)
    wait_for(
        lambda: any(container.status == "running" and container.labels[KIND] == "run" for container in swept()), 30
    )
    os.kill(int(typed.run().attendant_lock.read_text()), signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert typed.record()["status"] == "canceled", (out + err).decode()
    wait_for(lambda: not swept())


def test_out_of_memory_is_said(typed: Any, swept: Any) -> None:
    done = typed("x = bytearray(200 << 20)\nprint(len(x))", "environment.resources.memory=64m")
    assert done.returncode == 2
    assert "out of memory: the container's limit is 64m" in done.stdout
    assert not swept()


def test_a_killed_container_is_a_failed_run(typed: Any, engine: Any, swept: Any) -> None:
    process = typed.start(ENDLESS)
    typed.begun()
    (container,) = swept()
    engine.api.kill(container.id, "SIGKILL")
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 2 and b"the container was killed" in out
    wait_for(lambda: not swept())


def test_a_container_that_is_stopped_from_outside(typed: Any, engine: Any, swept: Any) -> None:
    process = typed.start(ENDLESS)
    typed.begun()
    engine.api.stop(swept()[0].id)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 2 and b"the container was stopped from outside" in out


def test_one_whose_attendant_is_killed_ends(typed: Any, swept: Any) -> None:
    process = typed.start(ENDLESS)
    typed.begun()
    os.kill(int(typed.run().attendant_lock.read_text()), signal.SIGKILL)
    process.communicate(timeout=60)
    assert process.returncode == 2
    wait_for(lambda: all(container.status == "exited" for container in swept()), 20)
    assert typed("print('again')").returncode == 0
    assert not swept()  # the next run removes what was left


def test_one_whose_controller_is_killed_finishes_itself(typed: Any, swept: Any) -> None:
    script = "import os, time\nprint('begun', flush=True)\n"
    script += "while not os.path.exists('go'): time.sleep(0.02)\nprint('ended')\n"
    process = typed.start(script)
    typed.begun()
    process.kill()
    process.communicate()
    (typed.run().work / "go").write_text("")
    wait_for(lambda: json.loads(typed.run().record.read_text())["status"] == "completed", 30)
    assert typed.run().log.read_text() == "begun\nended\n"
    wait_for(lambda: not swept())


def test_detached(typed: Any, swept: Any) -> None:
    done = typed("print('done')", "detach=true")
    assert done.returncode == 0, done.stderr
    wait_for(lambda: json.loads(typed.run().record.read_text())["status"] == "completed", 40)
    wait_for(lambda: not swept())


def test_limits_mounts_and_network(typed: Any, tmp_path: Path) -> None:
    data = tmp_path / 'it\'s, a "folder": $(touch x)'
    data.mkdir()
    (data / "a.txt").write_text("there")
    script = (
        "import os, socket\nprint(open('/data/a.txt').read())\n"
        "try:\n    open('/data/b', 'w')\nexcept OSError as error:\n    print(error.strerror)\n"
        "print([name for _, name in socket.if_nameindex()], os.statvfs('/dev/shm').f_blocks * 4096 >> 20)\n"
    )
    mount = json.dumps([{"source": str(data), "target": "/data", "readonly": True}])
    (tmp_path / "team" / "conf" / "environment").mkdir(parents=True)
    text = "defaults:\n  - /schema/environment/docker@_here_\n  - _self_\n"
    text += f"image: vivero-test-base:bookworm\nmounts: {mount}\n"
    (tmp_path / "team" / "conf" / "environment" / "mine.yaml").write_text(text)
    typed.line.script(script)
    limits = "environment.resources={shm_size: 16m, cpu: 0.5, memory: 256m}"
    words = ("--config-dir", "conf", *typed.words[:2], "environment=mine", "environment.network=none", limits)
    done = typed.line.run(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "there" in done.stdout and "Read-only file system" in done.stdout and "['lo'] 16" in done.stdout


def test_a_script_registers_its_model_from_inside(typed: Any) -> None:
    script = (
        "import pickle\nfrom azureml.core import Run\nopen('outputs/m.bin', 'wb').write(b'x')\n"
        "model = Run.get_context().register_model('mine', model_path='outputs/m.bin', model_framework='Custom')\n"
        "print(model.version)\n"
    )
    done = typed(script)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(typed.line.vivero("models", "--json").stdout)[0]["name"] == "mine"
    script = (
        "import os, pathlib\nfrom azureml.core import Model\nprint('read', open(Model.get_model_path('mine')).read())\n"
        "models = pathlib.Path.cwd().parents[3] / 'models'\n"
        "try:\n    (models / 'mine' / '1' / 'm.bin').write_text('y')\nexcept OSError as error:\n    print(error)\n"
    )
    done = typed(script)
    assert done.returncode == 0 and "read x" in done.stdout and "Read-only" in done.stdout, done.stdout + done.stderr


def test_what_the_machine_goes_by_cannot_be_changed_from_inside(typed: Any, tmp_path: Path) -> None:
    """The order has commands of this machine, the lock the number of a process that signals go to."""
    escaped = tmp_path / "escaped"
    script = (
        "import json, os, pickle\nfrom azureml.core import Run\nrun = Run.get_context()\n"
        "pickle.dump([1], open('outputs/m.pkl', 'wb'))\norder = json.load(open('../order.json'))\n"
        "for name in ('order.json', 'attendant.lock', 'run.json', 'config.yaml', 'environment.lock'):\n"
        "    path = os.path.join('..', name)\n"
        "    moved = path + '.old'\n"
        "    for change in (lambda: open(path, 'a'), lambda: os.remove(path), lambda: os.rename(path, moved)):\n"
        "        try:\n            change()\n            print('changed', name)\n"
        "        except OSError as error:\n            print('refused', name)\n"
        f"order['python'] = ['sh', '-c', 'touch {escaped}']\n"
        "try:\n    json.dump(order, open('../order.json', 'w'))\nexcept OSError:\n    pass\n"
        "run.register_model('mine', model_path='outputs/m.pkl')\n"
    )
    done = typed(script)
    assert not escaped.exists(), done.stdout + done.stderr
    assert done.stdout.count("refused") == 15 and "changed" not in done.stdout


def test_nothing_else_of_this_machine_is_seen_or_written_from_inside(typed: Any, tmp_path: Path) -> None:
    """Of the workspace there are the run's own folder and its inputs, and no right that root has."""
    (typed.line.folder / "rows.csv").write_text("a,b\n")
    typed.line.script("print('another')", folder="other")
    assert typed.line.run("job.source=other", "job.script=train.py").returncode == 0
    script = (
        "import os, pathlib, sys\nrun = pathlib.Path.cwd().parent\nworkspace = run.parents[2]\n"
        "seen = [sorted(os.listdir(one)) for one in (workspace, workspace / 'runs', run.parent)]\n"
        "print('seen', *seen[:2], seen[2] == [run.name])\n"
        "print(open(sys.argv[1]).read())\n"
        "for place in (workspace, workspace / 'runs', run.parent, pathlib.Path(sys.argv[1]).resolve().parent):\n"
        "    try: (place / 'x').write_text('x')\n    except OSError: pass\n"  # root may write the container's own
        "try:\n    open(sys.argv[1], 'a')\n    print('changed')\nexcept OSError: pass\n"
        "for line in open('/proc/self/status'):\n"
        "    if line.startswith(('CapEff', 'CapPrm', 'NoNewPrivs')): print(' '.join(line.split()))\n"
        "print('engine', os.path.exists('/var/run/docker.sock'))\n"
        "os.rmdir(run / 'outputs'); os.symlink(%r, run / 'outputs'); open('outputs/authorized_keys', 'w').write('x')\n"
        "open('outputs/program', 'w').write('x'); os.chmod('outputs/program', 0o6755)\n"
    )
    (tmp_path / "home").mkdir()
    inputs = ("data.inputs.rows.path=rows.csv", "data.inputs.rows.mode=copy", "job.arguments=['${input:rows}']")
    done = typed(script % str(tmp_path / "home"), *inputs)
    assert done.returncode == 0 and "changed" not in done.stdout, done.stdout + done.stderr
    assert not list(typed.line.workspace.rglob("x"))
    assert "seen ['blobs', 'runs'] ['src'] True" in done.stdout and "a,b" in done.stdout, done.stdout
    for line in ("CapEff: 0000000000000000", "CapPrm: 0000000000000000", "NoNewPrivs: 1", "engine False"):
        assert line in done.stdout
    assert not any((tmp_path / "home").iterdir()) and "outputs is a link" in done.stdout
    (run,) = [run for run in typed.runs() if run.root.parent.name == "src"]
    assert (run.outputs / "program").stat().st_mode & 0o7777 == 0o755 and (run.outputs / "authorized_keys").is_file()


MISTAKES = {
    "environment.network=nowhere": "nowhere",
    "environment.image=no-such-image-of-ours:1": "cannot be pulled",
    "environment.image='a b;$(touch x)'": "is not a valid image name",
    "environment.resources.memory=lots": "memory",
    "environment.gpus=all": "GPUs",
}


@pytest.mark.parametrize("word", MISTAKES)
def test_a_mistake_is_said_in_a_line(typed: Any, swept: Any, word: str) -> None:
    done = typed("print(1)", word)
    assert done.returncode in (1, 2), done.stdout
    assert MISTAKES[word] in done.stdout + done.stderr and "Traceback" not in done.stdout + done.stderr
    assert not swept() and not (typed.line.folder / "x").exists()


def test_no_engine(typed: Any) -> None:
    done = typed("print(1)", variables={"DOCKER_HOST": "unix:///nowhere/docker.sock"})
    assert done.returncode == 2
    assert "No container engine answers at unix:///nowhere/docker.sock: the socket does not exist" in done.stdout


def test_not_allowed(typed: Any, engine: Any, tmp_path: Path) -> None:
    """As a user whom the engine's socket does not let in."""
    if os.getuid() != 0:
        pytest.skip("only root can be somebody else")
    code = (
        "from runner.environments.docker.engine import connect\nfrom runner.errors import UserError\n"
        "try:\n    connect()\nexcept UserError as mistake:\n    print(mistake)\n"
    )
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-c", code],
        capture_output=True, text=True, env={**os.environ, "HOME": "/"},
    )  # fmt: skip
    assert "You do not have permission to use the container engine" in done.stdout, done.stderr


@pytest.mark.parametrize("several", [False, True], ids=["one", "sweep"])
def test_a_workspace_whose_folders_were_moved(several: bool, typed: Any, swept: Any, tmp_path: Path) -> None:
    """Where the links lead is there in the container too, under the path that it has here."""
    workspace, disk = typed.line.workspace, tmp_path / "disk"
    workspace.mkdir(mode=0o700)
    for name in ("runs", "environments", "snapshots"):
        (disk / name).mkdir(parents=True)
        (workspace / name).symlink_to(disk / name)
    words = ["-m", "+job.arguments.n=1,2"] if several else []
    done = typed("open('outputs/kept', 'w').write('kept')", *words)
    assert done.returncode == 0, done.stderr
    assert len(list(disk.glob("runs/*/*/outputs/kept"))) == 1 + several
