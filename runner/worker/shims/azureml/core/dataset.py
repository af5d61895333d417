"""``azureml.core.dataset.Dataset``: the run's data inputs, by their names, and files of this machine."""

import os

from azureml.core import _tables
from azureml.core._place import copy, inputs


class _Tabular:
    """What a tabular dataset is asked for beside its rows; each answer is one that is asked in turn."""

    def take(self, count):
        """Return the first rows."""
        return _Rows(self.to_pandas_dataframe().head(count))

    def skip(self, count):
        """Return the rows behind the first."""
        return _Rows(self.to_pandas_dataframe().iloc[count:])

    def drop_columns(self, columns):
        """Return the rows without some columns."""
        return _Rows(self.to_pandas_dataframe().drop(columns=columns))

    def keep_columns(self, columns, validate=False):
        """Return the rows with some columns only."""
        return _Rows(self.to_pandas_dataframe()[[columns] if isinstance(columns, str) else list(columns)])

    def random_split(self, percentage, seed=None):
        """Return a share of the rows, drawn at random, and the others."""
        frame = self.to_pandas_dataframe()
        drawn = frame.sample(frac=percentage, random_state=seed).index
        return _Rows(frame[frame.index.isin(drawn)]), _Rows(frame[~frame.index.isin(drawn)])


class InputDataset(_Tabular, str):
    """The path of a data input, with what Azure's tabular and file datasets are asked for."""

    def __new__(cls, path, name=None, read=None):
        """Make it from a path."""
        made = str.__new__(cls, path)
        made.name, made.id, made.version, made.description, made.tags = name, name, 1, None, {}
        made._read = read or {}
        return made

    def to_pandas_dataframe(self, on_error="null", out_of_range_datetime="null"):
        """Return the rows as a data frame."""
        return _tables.read(str(self), **self._read)

    def to_path(self):
        """Return the files by their paths within, each with a slash in front."""
        if not os.path.isdir(self):
            return ["/" + os.path.basename(self)]
        return ["/" + os.path.relpath(one, self) for one in _tables.files(self)]

    def download(self, target_path=None, overwrite=False, ignore_not_found=False):
        """Return the paths of the files, in `target_path` if one is given: they are here already."""
        if target_path is None:
            return _tables.files(self)
        found = []
        for path in _tables.files(self):
            name = os.path.relpath(path, self) if os.path.isdir(self) else os.path.basename(path)
            place = os.path.join(target_path, name)
            if os.path.exists(place) and not overwrite:
                raise FileExistsError("{} already exists; pass overwrite=True to replace it".format(place))
            os.makedirs(os.path.dirname(place) or ".", exist_ok=True)
            copy(path, place)
            found.append(place)
        return found

    def mount(self, mount_point=None, **kwargs):
        """Return what may be mounted: it is here already, and is linked to from `mount_point` if one is given."""
        return _Mounted(self, mount_point)

    def as_mount(self, path_on_compute=None):
        """Return it: as a data input it is mounted or copied."""
        return self

    as_download = as_hdfs = as_named_input = as_mount


class _Rows(_Tabular):
    def __init__(self, frame):
        self._frame = frame

    def to_pandas_dataframe(self, **kwargs):
        """Return the rows as a data frame."""
        return self._frame


class _Mounted:
    def __init__(self, path, mount_point=None):
        self._path, self.mount_point = str(path), mount_point or str(path)

    def start(self):
        """Make the link."""
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
        """Return the rows of a delimited file of this machine."""
        return InputDataset(_place(path), read={"kind": "read_csv", "sep": separator, "header": 0 if header else None})

    @staticmethod
    def from_parquet_files(path, **kwargs):
        """Return the rows of Parquet files of this machine."""
        return InputDataset(_place(path), read={"kind": "read_parquet"})

    @staticmethod
    def from_json_lines_files(path, **kwargs):
        """Return the rows of files of JSON lines of this machine."""
        return InputDataset(_place(path), read={"kind": "read_json", "lines": True})


class _File:
    @staticmethod
    def from_files(path, **kwargs):
        """Return files of this machine."""
        return InputDataset(_place(path))


class Dataset:
    """A data input of the run."""

    Tabular, File = _Tabular, _File

    @staticmethod
    def get_by_name(workspace, name, version="latest"):
        """Return a data input by its name."""
        return named(name)

    @staticmethod
    def get_by_id(workspace, id, **kwargs):
        """Return a data input by its name, which is its id here."""
        return named(id)

    @staticmethod
    def get_all(workspace):
        """Return all data inputs by their names."""
        return everything()


def everything():
    """Return the run's data inputs by their names."""
    return {name: InputDataset(path, name) for name, path in inputs().items()}


def named(name):
    """Return a data input, or say how it becomes one."""
    found = everything()
    if name not in found:
        raise KeyError(
            "the run has no data input {0!r}{1}. Give it one: data.inputs.{0}.path=FILE_OR_FOLDER".format(
                name, "; it has " + ", ".join(sorted(found)) if found else ""
            )
        )
    return found[name]


def _place(path):
    one = path[0] if isinstance(path, (list, tuple)) and len(path) == 1 else path
    if not isinstance(one, (str, os.PathLike)):
        raise ValueError(
            "a datastore's path is not available here: add the data as an input, data.inputs.NAME.path=FILE_OR_FOLDER"
        )
    return os.fspath(one)
