"""``azureml.core.datastore.Datastore``, a stand-in: uploads go to the run's outputs."""

import os

from azureml.core._place import copy, files_beside_outputs, output_path

_ABSENT = "datastores are not available here: add data as an input, data.inputs.NAME.path=FILE_OR_FOLDER"


class Datastore:
    """The target of uploads."""

    def __init__(self, workspace=None, name=None, **kwargs):
        self.workspace, self.name, self.datastore_type = workspace, name or "outputs", "outputs"

    @classmethod
    def get(cls, workspace, datastore_name):
        """Return the only datastore."""
        return cls(workspace, datastore_name)

    get_default = get

    def upload(self, src_dir, target_path=None, overwrite=False, show_progress=True):
        """Copy a folder's files to outputs."""
        for relative, full in files_beside_outputs(src_dir):
            copy(full, output_path(os.path.join(target_path or "uploaded", relative)))

    def upload_files(self, files, relative_root=None, target_path=None, overwrite=False, show_progress=True):
        """Copy files to outputs."""
        for file in files:
            name = os.path.relpath(file, relative_root) if relative_root else os.path.basename(file)
            copy(file, output_path(os.path.join(target_path or "uploaded", name)))

    def path(self, path=None, data_reference_name=None):
        """Raise an error: nothing can be read from a datastore."""
        raise RuntimeError(_ABSENT)

    def download(self, target_path, prefix=None, overwrite=False, show_progress=True):
        """Raise an error: nothing can be read from a datastore."""
        raise RuntimeError(_ABSENT)
