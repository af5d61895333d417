"""``azureml.core.dataset.Dataset``: the run's data inputs by name, and local files."""

import os

from azureml.core._data import tables
from azureml.core._data.tabular import Tabular
from azureml.core._place import assets, copy, inputs


class InputDataset(Tabular, str):
    """The path of a data input, with the methods of Azure's tabular and file datasets."""

    def __new__(cls, path, name=None, read=None, asset=None):
        """Create an input from a path. `asset` is the version of the data asset that it is, ``NAME:VERSION``."""
        made = str.__new__(cls, path)
        known, _, version = (asset or "").partition(":")
        made.name, made.id, made.description, made.tags = known or name, asset or name, None, {}
        made.version = int(version or 1)
        made._read = read or {}
        return made

    def __getitem__(self, name):
        """Return a column for a condition; with a number or a slice, a part of the path."""
        return str.__getitem__(self, name) if isinstance(name, (int, slice)) else Tabular.__getitem__(self, name)

    def __fspath__(self):
        """Return the path."""
        return str(self)

    def to_pandas_dataframe(self, on_error="null", out_of_range_datetime="null"):
        """Return the rows as a data frame."""
        return tables.read(str(self), **self._read)

    def to_path(self):
        """Return the paths of the files in the input, each with a leading slash."""
        if not os.path.isdir(self):
            return ["/" + os.path.basename(self)]
        return ["/" + os.path.relpath(path, self) for path in tables.files(self)]

    def download(self, target_path=None, overwrite=False, ignore_not_found=False):
        """Return the paths of the files. If `target_path` is given, they are copied there."""
        if target_path is None:
            return tables.files(self)
        places = []
        for path in tables.files(self):
            name = os.path.relpath(path, self) if os.path.isdir(self) else os.path.basename(path)
            place = os.path.join(target_path, name)
            if os.path.exists(place) and not overwrite:
                raise FileExistsError("{} already exists; pass overwrite=True to replace it".format(place))
            os.makedirs(os.path.dirname(place) or ".", exist_ok=True)
            copy(path, place)
            places.append(place)
        return places

    def mount(self, mount_point=None, **kwargs):
        """Return a context manager. The data is already on this machine; `mount_point` becomes a link to it."""
        return _Mounted(self, mount_point)

    def as_mount(self, path_on_compute=None):
        """Return the input itself: it is already on this machine."""
        return self

    as_download = as_hdfs = as_named_input = as_mount


class _Mounted:
    def __init__(self, path, mount_point=None):
        self._path, self.mount_point = str(path), mount_point or str(path)

    def start(self):
        """Create the link."""
        if self.mount_point != self._path and not os.path.lexists(self.mount_point):
            os.makedirs(os.path.dirname(os.path.abspath(self.mount_point)), exist_ok=True)
            os.symlink(self._path, self.mount_point)

    def stop(self):
        """Remove the link."""
        if os.path.islink(self.mount_point):
            os.unlink(self.mount_point)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()


class _Tabular:
    @staticmethod
    def from_delimited_files(path, separator=",", header=True, **kwargs):
        """Return the rows of a local delimited file."""
        return InputDataset(_place(path), read={"kind": "read_csv", "sep": separator, "header": 0 if header else None})

    @staticmethod
    def from_parquet_files(path, **kwargs):
        """Return the rows of local Parquet files."""
        return InputDataset(_place(path), read={"kind": "read_parquet"})

    @staticmethod
    def from_json_lines_files(path, **kwargs):
        """Return the rows of local JSON lines files."""
        return InputDataset(_place(path), read={"kind": "read_json", "lines": True})


class _File:
    @staticmethod
    def from_files(path, **kwargs):
        """Return local files."""
        return InputDataset(_place(path))


class Dataset:
    """A data input of the run."""

    Tabular, File = _Tabular, _File

    @staticmethod
    def get_by_name(workspace, name, version="latest"):
        """Return a data input by its own name or that of the data asset that it is."""
        return named(name, version)

    @staticmethod
    def get_by_id(workspace, id, **kwargs):
        """Return a data input by name, which is its id here."""
        return named(id)

    @staticmethod
    def get_all(workspace):
        """Return all data inputs by name."""
        return everything()


def everything():
    """Return the run's data inputs by name."""
    known = assets()
    return {name: InputDataset(path, name, asset=known.get(name)) for name, path in inputs().items()}


def named(name, version="latest"):
    """Return a data input, by its name or its data asset's. If there is none, the error says how to add one."""
    known = everything()
    wanted = [] if version in (None, "latest") else [str(version)]
    for key, asset in assets().items():
        if asset.partition(":")[0] == name and (not wanted or asset.partition(":")[2] == wanted[0]):
            return known[key]
    if name in known and not (wanted and name in assets()):
        return known[name]
    shown = sorted(assets().get(key, key) for key in known)
    raise KeyError(
        "the run has no data input {0!r}{1}. Give it one: data.inputs.{0}={2} for a data asset, or "
        "data.inputs.{0}.path=FILE_OR_FOLDER".format(
            name, "; it has " + ", ".join(shown) if shown else "", ":".join([name, *wanted])
        )
    )


def _place(path):
    single = path[0] if isinstance(path, (list, tuple)) and len(path) == 1 else path
    if not isinstance(single, (str, os.PathLike)):
        raise ValueError(
            "a datastore's path is not available here: add the data as an input, data.inputs.NAME.path=FILE_OR_FOLDER"
        )
    return os.fspath(single)
