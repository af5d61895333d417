"""A script cannot tell whether its interpreter was started or forked: each runs both ways and leaves the same."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.compute.local.compute import LocalCompute
from runner.compute.local.job import ForkedJob, LocalJob
from runner.compute.local.prefork import AVAILABLE
from runner.worker.layout import RESOURCES
from tests.support.pythons import is_there, others
from tests.support.run_folders import Folder, Handle, lives, make
from tests.support.suite.covered import WORKER
from tests.support.waiting import wait_for

WARM_CODE = [*WORKER, "runner/compute/local/*.py"]
pytestmark = [
    pytest.mark.skipif(not AVAILABLE, reason="nothing is forked on this system"),
    pytest.mark.keeps("prefork.interpreter"),  # the interpreters of `computes`
]


@pytest.fixture(scope="module")
def computes() -> Iterator[dict[str, LocalCompute]]:
    by_name = {"fresh": LocalCompute(), "warm": LocalCompute(warm=True)}
    yield by_name
    for compute in by_name.values():
        compute.close()


@dataclasses.dataclass
class Runs:
    """Starts a script in one of the two ways, in a folder whose name is as long for both."""

    root: Path
    computes: dict[str, LocalCompute]
    python: str = sys.executable

    def start(self, way: str, script: str, *arguments: str, beside: dict[str, str], **order: Any) -> tuple[Folder, Any]:
        folder = make(self.root / way[:4], script, *arguments, **{"python": self.python, **order})
        for name, text in beside.items():
            (folder.work / name).parent.mkdir(parents=True, exist_ok=True)
            (folder.work / name).write_text(text)
        job = self.computes[way].submit(folder.root, Handle(self.python))  # type: ignore[arg-type]
        assert isinstance(job, ForkedJob if way == "warm" else LocalJob)
        return folder, job

    def both(
        self, script: str, *arguments: str, beside: dict[str, str] | None = None, ordered: bool = True, **order: Any
    ) -> dict[str, Any]:
        """Run a script both ways, check that all it left is the same, and return that."""
        results = []
        for way in ("fresh", "warm"):
            folder, job = self.start(way, script, *arguments, beside=beside or {}, **order)
            wait_for(lambda job=job: job.wait(1), 60)
            results.append(left(folder))
        if not ordered:
            for result in results:
                result["log"] = "".join(sorted(result["log"].splitlines(keepends=True)))
        assert results[1]["log"].splitlines() == results[0]["log"].splitlines()
        assert results[1] == results[0]
        return results[0]


def plain(folder: Folder, text: str) -> str:
    """Return a text of a run without its folder and without addresses."""
    text = text.replace(str(folder.root), "RUN").replace(folder.root.as_uri(), "file://RUN")
    return re.sub(r"0x[0-9a-f]{6,}|repeated \d+ more", "#", text)


def left(folder: Folder) -> dict[str, Any]:
    """Return what a run left, without what differs between two runs of any kind."""
    log = plain(folder, folder.log.decode(errors="surrogateescape"))
    result = folder.result
    relative = [str(path.relative_to(folder.root)) for path in folder.root.rglob("*")]
    paths = sorted(
        path for path in relative if "__pycache__" not in path and path != RESOURCES
    )  # sampled of long runs only
    notes = [re.sub(r"\d+", "N", note) for note in result["notes"]]
    sizes = [path.stat().st_size for path in sorted(folder.work.rglob("*")) if path.is_file() and path.suffix != ".pyc"]
    facts = {name: result[name] for name in ("status", "exit_code", "signal", "reason", "python_version")}
    facts["reason"] = facts["reason"] and plain(folder, facts["reason"])  # which may be the log's last line
    return {"log": log, "paths": paths, "sizes": sizes, "notes": notes, "worker": folder.worker_log, **facts}


@pytest.fixture
def runs(tmp_path: Path, computes: dict[str, LocalCompute]) -> Runs:
    return Runs(tmp_path, computes)


ENDS = {
    "well": "print('x')",
    "exit none": "import sys; sys.exit()",
    "exit 7": "import sys; sys.exit(7)",
    "exit text": "import sys; sys.exit('no data')",
    "exit large": "import sys; sys.exit(256 + 3)",
    "exit huge": "import sys; sys.exit(1 << 80)",
    "exit negative": "import sys; sys.exit(-1)",
    "exit object": "import sys; sys.exit([1, 2])",
    "exit true": "import sys; sys.exit(True)",
    "raise SystemExit": "raise SystemExit(4)",
    "exception": "def f():\n    raise ValueError('bad data')\nf()",
    "unicode": "raise ValueError('\\udcff é')",
    "chained": "try:\n    1 / 0\nexcept Exception as e:\n    raise KeyError('x') from e",
    "context": "def f():\n    try:\n        1 / 0\n    finally:\n        {}['a']\nf()",
    "group": "raise ExceptionGroup('two', [ValueError(1), KeyError(2)])",
    "note": "e = ValueError('x'); e.add_note('a note'); raise e",
    "base exception": "class B(BaseException): pass\nraise B('mine')",
    "keyboard interrupt": "raise KeyboardInterrupt",
    "generator exit": "raise GeneratorExit",
    "recursion": "def f(): f()\nf()",
    "syntax": "x = = 1",
    "tab": "if 1:\n\tx = 1\n        y = 2\n",
    "nul": "x = 1\x00",
    "no such name": "sklaern.svm",
    "import": "import not_there",
    "submodule": "from sklearn.svm import SVX",
    "hook": "import sys\nsys.excepthook = lambda t, v, tb: print('hook', t, v, tb.tb_lineno, tb.tb_next)\n1/0",
    "broken hook": "import sys\nsys.excepthook = None\n1/0",
    "no hook": "import sys\ndel sys.excepthook\n1/0",
    "segv": "import os, signal; print('x', flush=True); os.kill(os.getpid(), signal.SIGSEGV)",
    "kill": "import os; os.kill(os.getpid(), 9)",
    "terminate itself": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    "interrupt itself": "import os, signal, time; os.kill(os.getpid(), signal.SIGINT); time.sleep(10)",
    "pipe": "import os\nr, w = os.pipe(); os.close(r); os.write(w, b'x')",
    "_exit": "import os; print('lost?'); os._exit(9)",
    "abort": "import os; os.abort()",
    "stdout closed": "import sys; print('x'); sys.stdout.close()",
    "descriptor closed": "import os; os.close(1); print('x')",
    "atexit": "import atexit\natexit.register(print, 'one')\natexit.register(print, 'two')\nprint('zero')\n1/0",
    "atexit fails": "import atexit\natexit.register(lambda: 1/0)\n",
    "finalizer": "class A:\n    def __del__(self): print('gone')\na = A()\nimport weakref\n"
    "weakref.finalize(a, print, 'weak')",
    "thread": "import threading, time\nthreading.Thread(target=lambda: (time.sleep(.2), print('thread'))).start()\n"
    "print('main')",
    "daemon": "import threading, time\nthreading.Thread(target=lambda: time.sleep(60), daemon=True).start()\n"
    "print('main')",
    "thread fails": "import threading\nt = threading.Thread(target=lambda: 1/0, name='T'); t.start(); t.join()",
    "main thread": "import threading as t\n"
    "print(t.main_thread().name, t.current_thread() is t.main_thread(), t.active_count())",
    "input": "input()",
    "bytes": "import sys\nsys.stdout.buffer.write(bytes(range(256)))\nprint('é')",
    "order": "import sys\nfor i in range(5): print(i); print(-i, file=sys.stderr)",
    "warnings": "import warnings\nfor i in range(3): warnings.warn('once')\nwarnings.warn('old', DeprecationWarning)",
    "warning of nobody": "import warnings\ndef f(): warnings.warn('x', stacklevel=3)\nf()\n"
    "warnings.warn('y', stacklevel=9)",
    "child": "import subprocess, sys\nsubprocess.check_call([sys.executable, '-c', 'import os; print(os.getcwd())'])",
    "child fails": "import subprocess\nsubprocess.check_call(['false'])",
    "fork": "import os\np = os.fork()\nif p: os.waitpid(p, 0)\nprint('parent' if p else 'child')",
    "leaves a process": "import subprocess\nsubprocess.Popen(['sleep', '60'])",
    "daemonic": "import subprocess\nsubprocess.Popen(['sleep', '60'], start_new_session=True)",
    "encoding": "# -*- coding: latin-1 -*-\nprint('x')",
    "function of main": "import pickle\ndef f(): return 3\nprint(pickle.loads(pickle.dumps(f))() , pickle.dumps(f))",
    "source": "import inspect\ndef f():\n    return 3\nprint(inspect.getsource(f), inspect.getsourcefile(f))",
    "exit zero": "import sys\nclass A:\n    def __del__(self): print('gone')\na = A()\nsys.exit(0)",
    "exit zero point zero": "import sys; sys.exit(0.0)",
    "exit strangely": "import sys\nclass E:\n    def __eq__(self, other): return True\n"
    "    def __str__(self): return 'E'\nsys.exit(E())",
    "printed by C": "import ctypes\nctypes.CDLL(None).puts(b'from C')\nprint('from Python', flush=True)",
    "exit function of C": "import ctypes\nf = ctypes.CFUNCTYPE(None)\n"
    "lib = ctypes.CDLL(None)\nlib.atexit.argtypes = [ctypes.c_void_p]\nlib.puts(b'one')\n"
    "lib.atexit(ctypes.cast(lib.tzset, ctypes.c_void_p))",
    "another stdout": "import sys\nsys.stdout = open('outputs/o', 'w')\nprint('x' * 20)",
    "another stdout, kept": "import sys, json\nsys.stdout = json.out = open('outputs/o', 'w')\nprint('x' * 20)\n"
    "def f(): pass",
    "files of all kinds": "import json, os, gzip, near\nclass A: pass\n"
    "a = A(); a.a = a; a.f = open('outputs/a', 'w'); a.f.write('a' * 9)\n"
    "json.b = open('outputs/b', 'w'); json.b.write('b' * 9)\n_c = open('outputs/c', 'wb'); _c.write(b'c' * 9)\n"
    "near.d = [open('outputs/d', 'w')]; near.d[0].write('d' * 9)\ndef g():\n"
    "    e = open('outputs/e', 'w'); e.write('e' * 9)\n    yield e\n"
    "h = g(); next(h)\ni = gzip.open('outputs/i', 'wb'); i.write(b'i' * 9)\n"
    "os.j = j = open('outputs/j', 'a'); j.write('j')",
    "files in a library's hands": "import logging, string\n"
    "string.Template.f = open('outputs/f', 'w'); string.Template.f.write('f' * 9)\n"
    "logging._handlerList.append(g := open('outputs/g', 'w')); g.write('g' * 9); del g",
    "last import": "class A:\n    def __del__(self):\n        import colorsys\n        print('imported')\na = A()",
    "last thread": "import threading\nclass A:\n    def __del__(self):\n"
    "        print(threading.main_thread().name)\na = A()",
    "thread of the low level": "import _thread, time\n_thread.start_new_thread(time.sleep, (60,))\nprint('main')",
    "child goes on": "import os\nif os.fork():\n    os.wait()\nelse:\n"
    "    import atexit; atexit.register(print, 'child')\nprint('both')",
    "atexit exits": "import atexit, os\natexit.register(os._exit, 3)\nprint('x')",
    "atexit says exit": "import atexit, sys\natexit.register(sys.exit, 3)\nprint('x')",
    "exit with open pool": "from concurrent.futures import ThreadPoolExecutor as T\nt = T(2)\n"
    "print(t.submit(pow, 2, 3).result())",
    "collector off": "import gc\ngc.disable()\nclass A:\n    def __del__(self): print('gone')\na = A(); a.a = a\n"
    "del a\nprint('x')",
    "temporary": "import tempfile\nt = tempfile.TemporaryDirectory(); f = tempfile.NamedTemporaryFile()\nprint('x')",
    "strange modules": "import sys\nclass A: pass\n"
    "sys.modules.update({'a.b': A, 'c': A(), 'd': None, 'e': 5, 'f': {}})\nprint('x')",
    "first imports inside of a function": "def main():\n    import typing, dataclasses, decimal\n"
    "    from joblib import hash\n    from sklearn.svm import SVC\n    print(SVC().C)\nmain()",
    "logging": "import logging\nlogging.warning('w'); logging.basicConfig(); logging.error('e')",
}  # fmt: skip


@pytest.mark.sampled(15, covers=WARM_CODE)
@pytest.mark.parametrize("name", ENDS)
def test_ends(runs: Runs, name: str) -> None:
    runs.both(ENDS[name], beside={"near.py": ""})


IMPORTED = (
    "typing",
    "typing, re",
    "xml.dom.minidom",
    "asyncio",
    "unittest.mock",
    "importlib.metadata, typing",
    "ctypes",
)


@pytest.mark.sampled(6, covers=WARM_CODE)
@pytest.mark.parametrize("names", IMPORTED)
@pytest.mark.parametrize("python", others((3, 9), (3, 13)))
def test_other_pythons_end_well_whatever_a_function_imports(runs: Runs, python: Path | None, names: str) -> None:
    runs.python = str(is_there(python))
    left = runs.both(f"def main():\n    import {names}\n    print({names})\nmain()\n")
    assert left["status"] == "completed"


LAST_WORDS = """
import json, sys, near
class A:
    def __init__(self, name): self.name = name
    def __del__(self): print(self.name, json is not None, sys is not None, near is not None)
near.a = A("near"); a = A("main"); _b = A("underscored"); json.c = A("json"); near._d = A("near, underscored")
e = A("cycle"); e.e = e
del e
"""


def test_last_words(runs: Runs) -> None:
    """In which order the collector destroys what holds each other is not defined; who speaks and what it sees is."""
    result = runs.both(LAST_WORDS, beside={"near.py": ""}, ordered=False)
    assert len(result["log"].splitlines()) == 6


STATE = (
    """
import sys, os, signal, gc, threading, locale, json
print(sys.argv, __name__, __file__, __doc__, __package__, __spec__, __loader__.path, __loader__.name)
print(list(globals()))
print(sys.path, sys.flags, sys.executable, sys.orig_argv, sys.prefix, sys.warnoptions, sys._xoptions)
print(*('%s=%s' % item for item in os.environ.items()), sep='\\n')
print(os.getcwd(), os.getpgid(0) == os.getsid(0) == os.getpid())
print([signal.getsignal(n) for n in signal.valid_signals()], signal.pthread_sigmask(0, []))
print(sorted(os.listdir('/proc/self/fd'), key=int))
for one in (sys.stdin, sys.stdout, sys.stderr, sys.__stdin__, sys.__stdout__, sys.__stderr__):
    print(one, one.encoding, one.errors, one.line_buffering, one.write_through,
          type(one.buffer), one.closed, one.isatty())
print(sys.stdout.seekable(), sys.stdin.read(), sys.stdout is sys.__stdout__)
print(gc.isenabled(), gc.get_threshold(), gc.get_debug(), sys.getrecursionlimit(), sys.getswitchinterval())
print(threading.active_count(), threading.main_thread().ident == threading.get_ident())
print(sys.gettrace(), sys.getprofile())
print(locale.getlocale(), locale.setlocale(locale.LC_ALL), sys.getfilesystemencoding(), os.umask(0o22))
print([n for n in sys.modules if n.startswith('_vivero')])
print(sys.dont_write_bytecode, sys.breakpointhook, sys.displayhook, sys.meta_path, len(sys.path_hooks))
print(open('/proc/self/status').read().split('SigBlk')[1].split('Cpus')[0].split('CapInh')[0])
"""
    + "print(os.nice(0), os.sched_getaffinity(0), __import__('resource').getrlimit(7))\n"
)


def test_the_state_a_script_begins_with(runs: Runs) -> None:
    log = runs.both(STATE, "--kernel", "a b", variables={"GIVEN": "é", "HOME": None})["log"]
    assert "Traceback" not in log


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONUNBUFFERED": None},
        {"PYTHONIOENCODING": "latin-1:replace"},
        {"LC_ALL": "C"},
        {"PYTHONUTF8": "1"},
        {"PYTHONSAFEPATH": "1"},
        {"PYTHONOPTIMIZE": "1"},
        {"PYTHONWARNINGS": "always"},
        {"PYTHONDEVMODE": "1"},
    ],
    ids=str,
)
def test_variables_that_python_reads(runs: Runs, variables: dict[str, str | None]) -> None:
    runs.both(
        STATE + "import warnings\nwarnings.warn('x', DeprecationWarning)\nprint('é')\nassert 0", variables=variables
    )


def test_modules_beside_the_script(runs: Runs) -> None:
    beside = {
        "files.py": "NAME = 'mine'\n", "metrics.py": "from files import NAME\ndef f(): raise ValueError(NAME)\n",
        "package/__init__.py": "from . import inner\n", "package/inner.py": "X = 5\n",
    }  # fmt: skip
    log = runs.both("import package, metrics\nprint(package.inner.X)\nmetrics.f()\n", beside=beside)["log"]
    assert "5\nTraceback" in log and "ValueError: mine" in log


@pytest.mark.parametrize(
    "name", ["json.py", "random.py", "numpy/__init__.py", "colorsys.py", "resource.py", "files.py"]
)
def test_a_module_beside_the_script_hides_one_of_the_environment(runs: Runs, name: str) -> None:
    module = name.split("/", maxsplit=1)[0].replace(".py", "")
    runs.both(f"import {module}\nprint({module}.MINE, {module}.__file__)\n", beside={name: "MINE = 1\n"})


def test_other_forms_of_starting(runs: Runs) -> None:
    runs.both("print(__file__, __import__('sys').path[0])", argv=[sys.executable, "not_there.py"])


def test_a_script_in_a_folder_or_behind_a_link(runs: Runs) -> None:
    beside = {
        "inner/go.py": "import sys, near\nprint(sys.path[0], __file__, near.X, sys.argv)\n",
        "inner/near.py": "X = 1\n",
    }
    assert "1 ['./inner/go.py']" in runs.both("", beside=beside, argv=[sys.executable, "./inner/go.py"])["log"]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_pools_of_processes(runs: Runs, method: str) -> None:
    script = (
        "import multiprocessing\nfrom near import g\ndef f(x): return g(x)\n"
        f"if __name__ == '__main__':\n    with multiprocessing.get_context({method!r}).Pool(2) as pool:\n"
        "        print(pool.map(f, range(4)))\n"
    )
    assert runs.both(script, beside={"near.py": "def g(x): return x * x\n"})["log"] == "[0, 1, 4, 9]\n"


LEARNING = {
    "loky": "from joblib import Parallel, delayed\ndef f(x): return x + 1\n"
    "print(Parallel(2)(delayed(f)(i) for i in range(4)))",
    "boosting": "import numpy as np\nfrom sklearn.ensemble import HistGradientBoostingClassifier as H\n"
    "X = np.arange(4000.).reshape(-1, 2) % 7\ny = X[:, 0] > 3\n"
    "print(H(max_iter=5, random_state=0).fit(X, y).score(X, y))",
    "means": "import numpy as np\nfrom sklearn.cluster import KMeans\nX = np.random.RandomState(0).rand(500, 3)\n"
    "print(KMeans(3, n_init=2, random_state=0).fit(X).inertia_ > 0)",
    "blas": "import numpy as np\na = np.random.RandomState(0).rand(600, 600)\nprint(round(float((a @ a).sum()), 3))\n"
    "print(round(float(np.linalg.svd(a)[1][0]), 6))",
    "grid": "from sklearn.model_selection import GridSearchCV\nfrom sklearn.svm import SVC\n"
    "from sklearn.datasets import load_iris\n"
    "X, y = load_iris(return_X_y=True)\nprint(GridSearchCV(SVC(), {'C': [1, 2]}, n_jobs=2).fit(X, y).best_score_)",
    "figure": "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\n"
    "plt.plot([1, 2]); plt.savefig('outputs/a.png')\n"
    "print(len(open('outputs/a.png', 'rb').read()), matplotlib.get_backend())",
    "frame": "import pandas as pd\nprint(pd.DataFrame({'a': [1, 2], 'b': ['x', 'y']}).groupby('b').sum())",
    "model": "import joblib\nfrom sklearn.linear_model import LogisticRegression\n"
    "m = LogisticRegression().fit([[0], [1]], [0, 1])\n"
    "joblib.dump(m, 'outputs/model.joblib')\nprint(joblib.load('outputs/model.joblib').predict([[2]]))",
    "seeded": "import random, numpy as np\nrandom.seed(1); np.random.seed(1)\nprint(random.random(), np.random.rand())",
    "azureml": "from azureml.core import Run\nrun = Run.get_context()\nrun.log('accuracy', 0.5)\n"
    "print(run.id, run.experiment.name)",
    "unwritten": "import sklearn, near\nclass A:\n    def __del__(self): print('gone', sklearn.__name__)\n"
    "a = A(); a.itself = a; near.a = A()\nf = near.f = open('outputs/f', 'w'); f.write('x' * 100)\n"
    "g = open('outputs/g', 'w'); g.write('y')\nimport atexit\natexit.register(lambda: print(open('outputs/g').read()))",
    "own variables": "import sklearn, os\nprint(sorted(os.environ.items()))",
}  # fmt: skip


@pytest.mark.slow("imports large libraries twice")
@pytest.mark.sampled(3, covers=WARM_CODE)
@pytest.mark.parametrize("name", LEARNING)
def test_libraries(runs: Runs, name: str) -> None:
    assert runs.both(LEARNING[name], beside={"near.py": ""})["status"] == "completed"


def _numbers(runs: Runs, way: str, script: str) -> bytes:
    folder, job = runs.start(way, script, beside={})
    wait_for(lambda: job.wait(1), 60)
    return folder.log


def test_two_runs_have_each_their_own_chance(tmp_path: Path, computes: dict[str, LocalCompute]) -> None:
    script = (
        "import random, numpy as np, uuid, tempfile, multiprocessing.process as p\n"
        "print(random.random()); print(np.random.rand()); print(uuid.uuid4()); print(tempfile.mktemp())\n"
        "print(bytes(p.current_process().authkey))\nprint(np.random.default_rng().random())\n"
    )
    seen = [_numbers(Runs(tmp_path / str(i), computes), "warm", script).splitlines() for i in range(2)]
    assert len(seen[0]) == 6
    assert all(first != second for first, second in zip(*seen, strict=True))


@pytest.mark.parametrize("way", ["fresh", "warm"])
def test_cancel_timeout_and_leftovers(runs: Runs, way: str) -> None:
    ready = "import time, subprocess\np = subprocess.Popen(['sleep', '60'])\nprint(p.pid, flush=True)\ntime.sleep(60)\n"
    folder, job = runs.start(way, ready, beside={})
    child = int(folder.saying(b"\n"))
    assert job.wait(0) is False
    script = json.loads((folder.root / "process.json").read_text())["script"]
    job.cancel()
    wait_for(lambda: job.wait(1))
    assert (folder.result["status"], folder.result["signal"]) == ("canceled", "SIGTERM")
    assert not lives(child) and not lives(script)


def test_timeout(runs: Runs) -> None:
    assert runs.both("while True: pass", timeout=0.3)["reason"] == "timeout after 0.3 s"


@pytest.mark.parametrize("way", ["fresh", "warm"])
def test_memory_and_time(runs: Runs, way: str) -> None:
    folder, job = runs.start(
        way, "x = bytearray(80 << 20)\nsum(range(3000000))\nimport time\nprint(time.process_time())", beside={}
    )
    wait_for(lambda: job.wait(1), 30)
    assert 80 << 20 < folder.result["peak_memory"] < 250 << 20
    assert 0.02 < folder.result["cpu_seconds"] < 5
    assert float(folder.log) < 2


def test_the_death_of_the_worker_ends_the_script(runs: Runs) -> None:
    folder, job = runs.start("warm", "import time\nprint('ready', flush=True)\ntime.sleep(60)\n", beside={})
    folder.saying(b"ready")
    script = json.loads((folder.root / "process.json").read_text())["script"]
    job.cancel(kill=True)
    wait_for(lambda: job.wait(1))
    wait_for(lambda: not lives(script))
