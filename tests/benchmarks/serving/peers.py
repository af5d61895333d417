"""The servers that are compared, each in an environment of its own, one worker process each."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.suite import caches

ROOT = Path(__file__).resolve().parents[3]
SKLEARN = ["scikit-learn==1.5.2", "joblib"]
PACKAGES = {
    "azure": ["azureml-inference-server-http==1.5.1"],
    "mlserver": ["mlserver==1.7.1", "mlserver-sklearn==1.7.1"],
    "mlflow": ["mlflow<4"],
    "kserve": ["kserve==0.21.0", "pytest"],  # its client
    "constant": ["flask", "gunicorn", "granian"],
}
SCORE = """
import json, os, joblib
def init():
    global model
    model = joblib.load(os.environ["MODEL_FILE"])
def run(raw):
    return {"predict": model.predict(json.loads(raw)["data"]).tolist()}
"""
AZURE = """
from azureml_inference_server_http import amlserver
amlserver.DEFAULT_HOST = "127.0.0.1"  # it has no setting for it
amlserver.run()
"""
CONSTANT = """
from flask import Flask, request
app = Flask(__name__)
@app.post("/score")
def score():
    request.get_json()
    return {"predict": [0]}
@app.get("/")
def home():
    return "Healthy"
"""


@dataclass
class Peer:
    """One server: how it is started for a model, where it is asked, in which form."""

    name: str
    port: int
    health: str
    path: str
    process: subprocess.Popen[bytes] | None = None
    seconds: float = 0.0
    variables: dict[str, str] = field(default_factory=dict)

    def body(self, rows: list[list[float]]) -> bytes:
        if self.name == "mlserver":
            flat = [value for row in rows for value in row]
            tensor = {"name": "x", "shape": [len(rows), len(rows[0])], "datatype": "FP64", "data": flat}
            return json.dumps({"inputs": [tensor]}).encode()
        return json.dumps({"instances" if self.name == "mlflow" else "data": rows}).encode()

    def answer(self, content: bytes) -> list[float]:
        answer = json.loads(content)
        values: list[float]
        if self.name == "mlserver":
            values = answer["outputs"][0]["data"]
        else:
            values = answer["predictions" if self.name == "mlflow" else "predict"]
        return values

    def ask(self, rows: list[list[float]]) -> list[float]:
        request = urllib.request.Request(self.url, self.body(rows), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return self.answer(answer.read())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.path}"

    def start(self, command: list[str], folder: Path) -> None:
        """Start it and measure the time to the first 200."""
        begun = time.perf_counter()
        with (folder / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, **self.variables},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{self.health}", timeout=1):
                    break
            except OSError:
                if self.process.poll() is not None or time.perf_counter() - begun > 120:
                    self.stop()
                    said = (folder / f"{self.name}.log").read_text()[-2000:]
                    raise SystemExit(f"{self.name} does not start:\n{said}") from None
                time.sleep(0.02)
        self.seconds = time.perf_counter() - begun

    def megabytes(self) -> float:
        """Return the memory of all its processes, shared pages counted once (PSS)."""
        assert self.process is not None
        total = 0
        for path in Path("/proc").glob("[0-9]*"):
            try:
                if os.getsid(int(path.name)) == self.process.pid:
                    lines = (path / "smaps_rollup").read_text().splitlines()
                    total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
            except OSError:
                continue
        return total / 1024

    def stop(self) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
            self.process = None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(name: str) -> Path:
    """Return the interpreter of a peer's environment, built once."""
    from uv import find_uv_bin

    packages = PACKAGES[name] + ([] if name == "constant" else SKLEARN)

    def build(place: Path) -> None:
        uv = find_uv_bin()
        subprocess.run(
            [uv, "venv", "-q", "--allow-existing", "--relocatable", "--python", sys.executable, str(place)], check=True
        )
        install = [uv, "pip", "install", "-q", "--compile-bytecode", "--python", str(place / "bin" / "python")]
        subprocess.run([*install, *packages], check=True)

    return caches.kept("peers", packages, build) / "bin" / "python"


def make_peer(name: str, model: Path, folder: Path, *more: str) -> Peer:
    """Start one peer with a model."""
    port = free_port()
    if name == "ours":
        peer = Peer(name, port, "/", "/score", variables={"PYTHONPATH": str(ROOT)})
        command = [
            sys.executable,
            "-m",
            "serving",
            f"model={model.stem}",
            f"workspace.root={folder / 'workspace'}",
            f"port={port}",
            *more,
        ]
        peer.start(command, folder)
        return peer
    bin_ = environment("constant" if name.startswith("constant") else name).parent
    if name == "azure":
        (folder / "score.py").write_text(SCORE)
        peer = Peer(name, port, "/", "/score", variables={"MODEL_FILE": str(model)})
        peer.start([str(bin_ / "python"), "-c", AZURE, "--entry_script", "score.py", "--port", str(port)], folder)
    elif name == "mlserver":
        below = folder / f"mlserver-{model.stem}"
        below.mkdir(exist_ok=True)
        ports = {"host": "127.0.0.1", "http_port": port, "grpc_port": free_port(), "metrics_port": free_port()}
        (below / "settings.json").write_text(json.dumps({"parallel_workers": 0, "debug": False, **ports}))
        settings = {"name": "m", "implementation": "mlserver_sklearn.SKLearnModel", "parameters": {"uri": str(model)}}
        (below / "model-settings.json").write_text(json.dumps(settings))
        peer = Peer(name, port, "/v2/models/m/ready", "/v2/models/m/infer")
        peer.start([str(bin_ / "mlserver"), "start", str(below)], folder)
    elif name == "mlflow":
        peer = Peer(name, port, "/ping", "/invocations", variables={"PATH": f"{bin_}:{os.environ['PATH']}"})
        words = [
            "models",
            "serve",
            "-m",
            str(folder / f"mlflow-{model.stem}"),
            "--env-manager",
            "local",
            "--workers",
            "1",
        ]
        peer.start([str(bin_ / "mlflow"), *words, "--port", str(port)], folder)
    else:
        (folder / "constant.py").write_text(CONSTANT)
        peer = Peer(name, port, "/", "/score")
        gunicorn = [str(bin_ / "gunicorn"), "-b", f"127.0.0.1:{port}", "constant:app"]
        granian = [str(bin_ / "granian"), "--interface", "wsgi", "--no-log", "--port", str(port), "constant:app"]
        peer.start(gunicorn if name == "constant-gunicorn" else granian, folder)
    return peer
