"""``azureml.core.run.Run``: the run that a script is part of."""

import os
import shutil
import tempfile
import uuid
import weakref

from azureml.core._place import layout, metrics, run_folder, tags
from azureml.core._run import children
from azureml.core._run.files import FilesMixin
from azureml.core._run.logging import LoggingMixin, read_lines
from azureml.core.dataset import everything
from azureml.core.experiment import Experiment


class Run(LoggingMixin, FilesMixin):
    """A run or a child run. Get it with ``Run.get_context()``."""

    def __init__(self, experiment=None, run_id=None, outputs=None, **kwargs):
        if run_id is None or "_folder" not in kwargs:
            raise RuntimeError("In a script the run is Run.get_context(); runs are started with: python -m runner")
        self._id, self.experiment, self._folder = run_id, experiment, kwargs["_folder"]
        self.parent = kwargs.get("_parent")
        self.number = kwargs.get("_number", 0)
        self._name = kwargs.get("_name")
        self._outputs = kwargs.get("_outputs")  # for a child: the name of its folder in the run's outputs
        self._status = "Running"

    @classmethod
    def get_context(cls, allow_offline=True, used_for_context_manager=False, **kwargs):
        """Return the run of this process. Outside a run, return one that prints."""
        folder = run_folder()
        if folder is None:
            if not allow_offline:
                raise RunEnvironmentException(
                    "This process is not part of a run. Start the script with python -m runner"
                )
            return OfflineRun()
        return Run(
            Experiment(name=os.environ["VIVERO_EXPERIMENT"]),
            os.environ["VIVERO_RUN_ID"],
            _folder=folder,
            _number=int(os.environ.get("VIVERO_RUN_NUMBER", "0")),
            _name=os.environ.get("VIVERO_DISPLAY_NAME") or os.environ["VIVERO_RUN_ID"],
        )

    id = property(lambda self: self._id)
    name = property(lambda self: self._name or self._id)
    status = property(lambda self: self._status)
    type = property(lambda self: "azureml.scriptrun")

    @property
    def input_datasets(self):
        """Return the data inputs by name. Each is its path and has a dataset's methods."""
        return everything()

    @property
    def display_name(self):
        """Return the display name."""
        return self._name or self._id

    @display_name.setter
    def display_name(self, name):
        self._name = str(name)
        if self.parent is None:
            metrics.set_property(self._folder, "display_name", "display_name", self._name)
        else:
            self._end(self._status)

    def get_status(self):
        """Return the status."""
        return self._status

    def get_details(self):
        """Return the known facts about the run."""
        return {"runId": self.id, "status": self._status, "properties": self.get_properties(), "tags": self.get_tags()}

    def tag(self, key, value=None):
        """Set a tag."""
        metrics.set_property(self._folder, "tag", key, "" if value is None else str(value))

    def set_tags(self, tags):
        """Set several tags."""
        for key, value in tags.items():
            self.tag(key, value)

    def remove_tags(self, tags):
        """Remove tags by name."""
        for key in [tags] if isinstance(tags, str) else tags:
            metrics.set_property(self._folder, "tag", key, None)

    def get_tags(self):
        """Return the tags, including those of the composition."""
        given = tags() if self.parent is None else {}
        return self._properties("tag", given)

    tags = property(get_tags)

    def add_properties(self, properties):
        """Set properties. A property that is set cannot be changed."""
        known = self.get_properties()
        for key, value in properties.items():
            if key in known and known[key] != str(value):
                raise ValueError("property {!r} is already set and cannot be changed".format(key))
            metrics.set_property(self._folder, "property", key, str(value))

    def get_properties(self):
        """Return the properties."""
        return self._properties("property")

    properties = property(get_properties)

    def _properties(self, kind, given=()):
        values = dict(given)
        for line in read_lines(os.path.join(self._folder, layout.PROPERTIES)):
            if line["kind"] == kind:
                values[line["name"]] = line["value"]
        return {key: value for key, value in values.items() if value is not None}

    def get_portal_url(self):
        """Return the run's folder, in place of a portal's address."""
        return "file://" + str(self._folder)

    def register_model(
        self,
        model_name,
        model_path=None,
        tags=None,
        properties=None,
        model_framework=None,
        model_framework_version=None,
        description=None,
        datasets=None,
        sample_input_dataset=None,
        sample_output_dataset=None,
        resource_configuration=None,
        **kwargs,
    ):
        """Register a file or folder of this run as the next version of a model, and return it."""
        from azureml.core._run.register import register

        return register(
            run_folder(),
            name=model_name,
            path=self._own_path(model_path or "outputs/" + model_name),
            tags=tags,
            properties=properties,
            framework=model_framework,
            framework_version=model_framework_version,
            description=description,
            resources=resource_configuration,
        )

    def child_run(self, name=None, run_id=None, outputs=None):
        """Start a child: a run with its own metrics and tags, stored with its parent."""
        return children.create(self, name)

    def _open_child(self, folder, run_id, number, name, outputs=None):
        return Run(self.experiment, run_id, _folder=folder, _parent=self, _number=number, _name=name, _outputs=outputs)

    def create_children(self, count=None, tag_key=None, tag_values=None):
        """Start several children."""
        values = tag_values if tag_values is not None else [None] * (count or 0)
        children = []
        for value in values:
            child = self.child_run()
            if tag_key is not None:
                child.tag(tag_key, value)
            children.append(child)
        return children

    def get_children(self, recursive=False, tags=None, properties=None, type=None, status=None, _rehydrate_runs=True):
        """Yield the children, newest first."""
        return children.children(self, recursive)

    def _end(self, status):
        self._status = status
        if self.parent is not None:
            children.write(self)

    def complete(self, _set_status=True):
        """Mark a child as completed. The run's own status depends on how the script ends."""
        self._end("Completed")

    def fail(self, error_details=None, error_code=None, _set_status=True):
        """Mark a child as failed. For the run itself, the message is recorded as the property ``error``."""
        if error_details is not None:
            metrics.set_property(self._folder, "property", "error", str(error_details))
        self._end("Failed")

    def cancel(self):
        """Mark a child as canceled. The run itself is asked to end."""
        if self.parent is None:
            with open(os.path.join(self._folder, layout.CANCEL), "w") as file:
                file.write('{"format": 1, "by": "the script"}\n')
        self._end("Canceled")

    def start(self):
        """Mark a child as running."""
        self._end("Running")

    def flush(self, timeout_seconds=300):
        """Return at once, because every call writes immediately."""

    def wait_for_completion(self, show_output=False, wait_post_processing=False, raise_on_error=True):
        """Return the details: a script cannot wait for its own end."""
        return self.get_details()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is not None:
            self.fail(error)
        elif self._status == "Running":
            self.complete()

    def __repr__(self):
        return "Run(Experiment: {}, Id: {}, Status: {})".format(self.experiment.name, self.id, self._status)


class OfflineRun(Run):
    """The run of a script that is started by hand. It prints metrics, so that the script works without vivero."""

    def __init__(self):
        folder = tempfile.mkdtemp(prefix="offline-run-")
        super().__init__(Experiment(name="offline"), "OfflineRun_{}".format(uuid.uuid4()), _folder=folder)
        weakref.finalize(self, shutil.rmtree, folder, True)

    def _record(self, name, value, step=None, kind="scalar"):
        super()._record(name, value, step, kind)
        print("Attempted to log {} metric {}:\n{}".format(kind, name, value))

    def register_model(self, model_name, model_path=None, **kwargs):
        """Raise an error, because there is no registry outside a run."""
        raise RuntimeError("register_model needs a run: start the script with python -m runner")


class RunEnvironmentException(Exception):
    """The run is not available here."""


def get_run(experiment, run_id, rehydrate=True, clean_up=True):
    """Raise an error: a script only knows its own run."""
    raise RunEnvironmentException("A script can only read its own run. For other runs: vivero show RUN")


_OfflineRun = OfflineRun  # scripts import it by this name
