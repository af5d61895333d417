"""The files of a run: copies to and from the script's outputs."""

import os

from azureml.core._place import copy, files_beside_outputs, output_path, outputs_folder
from azureml.core._run.children import make_outputs, write


class FilesMixin:
    """The file methods of ``Run``."""

    def _stored_folder(self):
        """Return the folder of this run's files. Each child run has its own."""
        if self.parent is None:
            return outputs_folder()
        if self._outputs is None:
            self._outputs = make_outputs(self)
            write(self)
        return os.path.join(outputs_folder(), self._outputs)

    def upload_file(self, name, path_or_stream, datastore_name=None):
        """Copy a file to outputs."""
        target = output_path(name, self._stored_folder())
        if hasattr(path_or_stream, "read"):
            with open(target, "wb") as file:
                content = path_or_stream.read()
                file.write(content.encode() if isinstance(content, str) else content)
        else:
            copy(path_or_stream, target)

    def upload_files(self, names, paths, return_artifacts=False, timeout_seconds=None, datastore_name=None):
        """Copy several files to outputs."""
        if len(names) != len(paths):
            raise ValueError("upload_files: {} names for {} paths".format(len(names), len(paths)))
        for name, path in zip(names, paths):
            self.upload_file(name, path)

    def upload_folder(self, name, path, datastore_name=None):
        """Copy a folder's files to outputs, except those that are in outputs already."""
        for relative, full in files_beside_outputs(path):
            self.upload_file(os.path.join(name, relative), full)

    def download_file(self, name, output_file_path=None, _validate_checksum=False):
        """Copy a file from outputs to another path."""
        target = output_file_path or os.path.basename(name)
        copy(
            output_path(name, self._stored_folder()),
            os.path.join(target, os.path.basename(name)) if os.path.isdir(target) else target,
        )

    def download_files(
        self,
        prefix=None,
        output_directory=None,
        output_paths=None,
        batch_size=100,
        append_prefix=True,
        timeout_seconds=None,
    ):
        """Copy the files in outputs whose names start with a prefix to a folder."""
        names = [name for name in self.get_file_names() if name.startswith(prefix or "")]
        targets = output_paths if isinstance(output_paths, list) else None
        for at, name in enumerate(names):
            short = name if append_prefix or not prefix else name[len(prefix) :].lstrip("/")
            target = os.path.join(output_directory or ".", targets[at] if targets else short)
            os.makedirs(os.path.dirname(os.path.abspath(target)), exist_ok=True)
            copy(output_path(name, self._stored_folder()), target)

    def get_file_names(self):
        """Return the files in outputs."""
        if self.parent is not None and self._outputs is None:
            return []
        names, kept = [], self._stored_folder()
        for parent, _, files in os.walk(kept):
            names += ["outputs/" + os.path.relpath(os.path.join(parent, name), kept) for name in files]
        return sorted(names)

    def _own_path(self, path):
        """Return the path of a file or folder that this child run has uploaded, or any other path unchanged."""
        if self.parent is not None and self._outputs is not None:
            output = output_path(path, self._stored_folder())
            if os.path.exists(output):
                return output
        return path
