"""Makes joblib use the run's cluster as soon as the script imports it. Other libraries are not affected."""

import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import sys

_VARIABLE = "VIVERO_ENGINE"
_WAITS = 60  # seconds for the cluster
_ALL = 10  # seconds for the workers that were started before the script


def _connect(folder, workers):
    """Create the client that joblib finds, and make Dask joblib's default backend."""
    import joblib
    from distributed import Client, Security

    with open(os.path.join(folder, "address.json"), encoding="utf-8") as file:
        address = json.load(file)["address"]
    client_files = {"tls_client_" + what: os.path.join(folder, what + ".pem") for what in ("cert", "key")}
    security = Security(tls_ca_file=os.path.join(folder, "ca.pem"), require_encryption=True, **client_files)

    class ScatteringClient(Client):
        """Sends data to all workers, because Dask would start fits where the data is and move them one by one."""

        def scatter(self, data, *args, **options):
            options.setdefault("broadcast", True)
            return super().scatter(data, *args, **options)

    client = ScatteringClient(address, security=security, timeout=_WAITS, set_as_default=True)
    client.wait_for_workers(1, timeout=_WAITS)
    try:
        client.wait_for_workers(workers, timeout=_ALL)
    except TimeoutError:  # the others come later, or not at all: their node then says why
        pass
    chosen = getattr(joblib, "parallel_config", joblib.parallel_backend)
    chosen("dask", wait_for_workers_timeout=_WAITS)


class _Loader(importlib.abc.Loader):
    """Loads joblib with its own loader, and then connects."""

    def __init__(self, loader, arguments):
        self._loader, self._found = loader, arguments

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        _connect(*self._found)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds joblib at its first import."""

    def __init__(self, *arguments):
        self._found = arguments

    def find_spec(self, name, path, target=None):
        if name != "joblib":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self._found)
        return spec


def _other():
    """Run the ``sitecustomize`` that this one stands before."""
    here = os.path.dirname(os.path.abspath(__file__))
    spec = importlib.machinery.PathFinder.find_spec(
        "sitecustomize", [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    )
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


# Taken away: processes that the script starts work for it, not beside it.
_folder, _workers = os.environ.pop(_VARIABLE, None), os.environ.pop(_VARIABLE + "_WORKERS", "1")
if _folder is not None:
    sys.meta_path.insert(0, _Finder(_folder, int(_workers)))
_other()
