"""A package index that only a cluster's nodes can reach, for packages that they download themselves."""

from __future__ import annotations

import base64
import hashlib
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class PackageIndex:
    """An index with one package, ``parcel`` 1.0, whose module knows its version. Use it in a ``with`` block."""

    def __init__(self, folder: Path, host: str) -> None:
        write_wheel(folder / "simple" / "parcel")
        self._server = ThreadingHTTPServer((host, 0), partial(_Quiet, directory=str(folder)))
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.url = f"http://{host}:{self._server.server_port}/simple"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


def write_wheel(folder: Path, name: str = "parcel", version: str = "1.0", module: str | None = None) -> Path:
    """Write a wheel, ``parcel-1.0-py3-none-any.whl``, with one module and a program that prints its version.

    Parameters
    ----------
    folder : Path
        The target folder.
    name, version : str
        The package's name and version.
    module : str or None
        The path of the module below ``site-packages``. None means a module with the package's name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = module or f"{name}.py"
    info, dotted = f"{name}-{version}.dist-info", file.removesuffix(".py").replace("/", ".")
    files = {
        file: f'__version__ = "{version}"\n\ndef tell():\n    print("{name}", __version__)\n'.encode(),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {dotted}:tell\n".encode(),
    }
    record = "".join(f"{name},sha256={_digest(content)},{len(content)}\n" for name, content in files.items())
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for inner, content in files.items():
            wheel.writestr(inner, content)
        wheel.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
    return path


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
