"""Makes a script's ``pip install`` install beside its run, because other runs use the same environment.

Only pip's own command changes, in its own process. Builds that pip starts, and the pip of a virtual environment that
the script creates, are unchanged. pip installs into a new folder below the run's packages, from which we
move the files: pip itself does not replace what is in a folder of this kind, and would uninstall what it replaces from
the environment.
"""

import importlib
import importlib.machinery
import importlib.util
import os
import re
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterator, List, Optional

PACKAGES, PREFIX = "VIVERO_PACKAGES", "VIVERO_PACKAGES_OF"
_INFO = re.compile(r"(.+?)-([^-]+)(?:-py[\d.]+)?\.(?:dist-info|egg-info)$")
_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


def import_pip(before: str) -> None:
    """Import the real pip in place of the one in the folder `before`, changed where it would change the environment."""
    folder = os.environ.get(PACKAGES)
    prefix = os.environ.get(PREFIX)
    if folder and prefix and os.path.realpath(prefix) == os.path.realpath(sys.prefix):
        changes = _Changes(folder)
        if not any(isinstance(finder, _Changes) for finder in sys.meta_path):
            sys.meta_path.insert(0, changes)
    entries = list(sys.path)
    sys.path[:] = [entry for entry in entries if not entry or os.path.abspath(entry) != before]
    del sys.modules["pip"]
    try:
        importlib.import_module("pip")
    finally:  # keep what the import has added
        at = next((number for number, entry in enumerate(entries) if entry and os.path.abspath(entry) == before), None)
        if at is not None:
            sys.path.insert(at + len(sys.path) - len(entries) + 1, entries[at])


class _Changes:
    """Finds the modules of pip's commands and changes them as they are imported."""

    def __init__(self, folder: str) -> None:
        self._changes = {}  # type: Dict[str, Callable[[Any], None]]
        for package in ("pip._internal", "pip"):  # pip 9 has no ``_internal``
            self._changes[package + ".commands.install"] = lambda module: _change_install(module, folder)
            self._changes[package + ".commands.uninstall"] = lambda module: _change_uninstall(module, folder)

    def find_spec(self, name: str, path: "Any" = None, target: "Any" = None) -> "Any":
        """Return where a module is that is to be changed, None for any other."""
        change = self._changes.get(name)
        spec: "Any" = importlib.machinery.PathFinder.find_spec(name, path) if change is not None else None
        if spec is None or change is None:
            return None
        spec.loader = (_Loader if hasattr(spec.loader, "exec_module") else _OldLoader)(spec.loader, change)
        return spec


class _OldLoader:
    """Loads a module and changes it, where loaders have one method: zip files before Python 3.10."""

    def __init__(self, loader: "Any", change: "Callable[[Any], None]") -> None:
        self._loader, self._change = loader, change

    def __getattr__(self, name: str) -> "Any":
        return getattr(self._loader, name)

    def load_module(self, name: str) -> "Any":
        module = self._loader.load_module(name)
        self._change(module)
        return module


class _Loader(_OldLoader):
    """Loads a module and changes it."""

    def create_module(self, spec: "Any") -> "Any":
        return self._loader.create_module(spec)

    def exec_module(self, module: "Any") -> None:
        self._loader.exec_module(module)
        self._change(module)


class _Nothing:
    """Stands in for an uninstalled package."""

    def commit(self) -> None:
        """Do nothing."""

    def rollback(self) -> None:
        """Do nothing."""


def _change_install(module: "Any", folder: str) -> None:
    original = module.InstallCommand.run

    def run(command: "Any", options: "Any", args: "List[str]") -> "Any":
        if options.target_dir or options.prefix_path or options.root_path:  # the script knows where
            return original(command, options, args)
        requirement = importlib.import_module(module.__name__.replace(".commands.", ".req.req_")).InstallRequirement
        begin, uninstall = requirement.__init__, requirement.uninstall

        def begin_copy(self: "Any", *args: "Any", **kwargs: "Any") -> None:
            # With -e, the project's folder would have to be on Python's path. Install a copy instead.
            copied = {name: None for name in ("editable", "source_dir") if kwargs.get("editable") and name in kwargs}
            begin(self, *args, **dict(kwargs, **copied))

        os.makedirs(folder, exist_ok=True)
        import shutil
        import tempfile  # these take long to import, and each script's worker imports this module

        stage = tempfile.mkdtemp(prefix=".installing-", dir=folder)
        options.prefix_path, options.use_user_site, options.warn_script_location = stage, False, False
        if getattr(options, "use_pep517", True) is None and importlib.util.find_spec("setuptools") is None:
            options.use_pep517 = True  # before pip 23.1 a setup.py is built with what is installed, or not at all
        requirement.__init__ = begin_copy
        requirement.uninstall = lambda *args, **kwargs: _Nothing()  # it would uninstall from the shared environment
        try:
            code = original(command, options, args)
            if isinstance(code, int) and code:  # earlier ones return what they installed
                return code
            _merge(stage, folder)
            return code
        finally:
            requirement.__init__, requirement.uninstall = begin, uninstall
            shutil.rmtree(stage, ignore_errors=True)

    module.InstallCommand.run = run


def _change_uninstall(module: "Any", folder: str) -> None:
    original = module.UninstallCommand.run

    def run(command: "Any", options: "Any", args: "List[str]") -> "Any":
        if options.requirements:
            return _refuse("pip uninstall -r is not supported in a run: name the packages")
        names = [match[1] for match in map(_NAME.match, args) if match]
        if not names:
            return original(command, options, args)
        ours, others = installed([folder]), installed(entry for entry in sys.path if entry != folder)
        for name in names:
            if normalised(name) not in ours and normalised(name) in others:
                return _refuse(
                    "{} was not uninstalled: it is in the environment, which other runs use. "
                    "Remove it from environment.packages".format(name)
                )
        for name in names:
            version = ours.get(normalised(name))
            if version is None:
                print("WARNING: Skipping {} as it is not installed.".format(name), file=sys.stderr)
            else:
                _remove(folder, name)
                print("Successfully uninstalled {}-{}".format(name, version))
        return 0

    module.UninstallCommand.run = run


def _refuse(why: str) -> int:
    print("ERROR: " + why, file=sys.stderr)
    return 1


def normalised(name: str) -> str:
    """Return a distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed(folders: "Any") -> "Dict[str, str]":
    """Return name and version of every distribution in folders, the first one's first."""
    versions = {}  # type: Dict[str, str]
    for folder in folders:
        for info in _infos(folder):
            match = _INFO.match(info)
            if match is not None:
                versions.setdefault(normalised(match.group(1)), match.group(2))
    return versions


def _infos(folder: str, name: "Optional[str]" = None) -> "Iterator[str]":
    """Yield the names of the metadata folders of one distribution or of all."""
    try:
        names = sorted(os.listdir(folder or "."))
    except OSError:
        return
    for entry in names:
        match = _INFO.match(entry)
        if match is not None and (name is None or normalised(match.group(1)) == normalised(name)):
            yield entry


def _merge(stage: str, folder: str) -> None:
    """Move what pip has installed below `stage` into a folder, replacing the same packages there."""
    sites = [
        parent for parent, _, _ in os.walk(stage) if os.path.basename(parent) in ("site-packages", "dist-packages")
    ]
    for site in sites:
        for info in _infos(site):
            match = _INFO.match(info)
            if match is not None:
                _remove(folder, match.group(1))
            _correct_record(os.path.join(site, info, "RECORD"), os.path.relpath(stage, site) + "/")
        _move(site, folder)
    _move(stage, folder)


def _correct_record(path: str, up: str) -> None:
    """Correct the paths of programs and data, which are now beside the packages and not above them."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            lines = file.readlines()
    except OSError:
        return
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.writelines(line[len(up) :] if line.startswith(up) else line.replace('"' + up, '"', 1) for line in lines)


def _move(source: str, target: str) -> None:
    """Move a folder's content into another. Folders without files are skipped."""
    import shutil

    for name in os.listdir(source):
        old, new = os.path.join(source, name), os.path.join(target, name)
        if not os.path.isdir(old) or os.path.islink(old):
            if os.path.isdir(new) and not os.path.islink(new):
                shutil.rmtree(new)
            os.replace(old, new)
        elif any(files for _, _, files in os.walk(old)):
            if os.path.islink(new) or os.path.isfile(new):
                os.remove(new)
            if os.path.isdir(new):
                _move(old, new)
            else:
                os.rename(old, new)


def _remove(folder: str, name: str) -> None:
    """Remove a distribution from a folder."""
    import csv
    import shutil

    for info in _infos(folder, name):
        whole = os.path.join(folder, info)
        for listed, base in (("RECORD", folder), ("installed-files.txt", whole)):
            try:
                with open(os.path.join(whole, listed), encoding="utf-8", newline="") as file:
                    rows = [row[0] for row in csv.reader(file) if row]
            except OSError:
                continue
            for row in rows:
                path = os.path.normpath(os.path.join(base, row))
                if path.startswith(folder + os.sep):
                    _delete(path, folder)
        if os.path.isdir(whole):
            shutil.rmtree(whole)
        elif os.path.exists(whole):
            os.remove(whole)


def _delete(path: str, folder: str) -> None:
    """Delete a file, and the folders that are empty then."""
    try:
        os.remove(path)
    except OSError:
        return
    while True:
        path = os.path.dirname(path)
        if path == folder:
            return
        try:
            os.rmdir(path)
        except OSError:
            return
