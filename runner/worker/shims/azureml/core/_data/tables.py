"""Reads table files, a single one or a folder of them, as pandas data frames."""

import os

_READERS = {
    ".csv": ("read_csv", {}), ".tsv": ("read_csv", {"sep": "\t"}),
    ".txt": ("read_csv", {"sep": None, "engine": "python"}), ".parquet": ("read_parquet", {}),
    ".json": ("read_json", {}), ".jsonl": ("read_json", {"lines": True}),
}  # fmt: skip


def read(path, kind=None, **options):
    """Return the rows of a file, or of all files of a folder in the order of their names."""
    import pandas

    names = files(path) if os.path.isdir(path) else [path]
    known = [name for name in names if _suffix(name) in _READERS]
    if not known:
        raise ValueError("{} contains no readable table: no file ends in {}".format(path, ", ".join(sorted(_READERS))))
    frames = []
    for name in known:
        reader, usual = _READERS[_suffix(name)]
        frames.append(getattr(pandas, kind or reader)(name, **dict({} if kind else usual, **options)))
    return frames[0] if len(frames) == 1 else pandas.concat(frames, ignore_index=True)


def files(path):
    """Return the files of a folder, or the file itself."""
    if not os.path.isdir(path):
        return [path]
    return sorted(os.path.join(parent, name) for parent, _, names in os.walk(path) for name in names)


def _suffix(path):
    return os.path.splitext(path[:-3] if path.endswith(".gz") else path)[1].lower()
