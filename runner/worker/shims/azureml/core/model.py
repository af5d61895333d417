"""``azureml.core.model.Model``: registered models, from `Run.register_model` or by name."""

import os

from azureml.core import _registry


class Model:
    """One version of a model."""

    class Framework:
        """The frameworks of registered models. Only ScikitLearn models are loaded and inspected."""

        CUSTOM = "Custom"
        SCIKITLEARN = "ScikitLearn"

    def __init__(self, workspace, name=None, id=None, tags=None, properties=None, version=None, run_id=None, **kwargs):
        facts = kwargs.get("_facts")
        if facts is None:
            if name is None and id is not None:
                name, colon, number = id.partition(":")
                version = number if version is None and colon else version
            facts = _registry.find(name, version)
        self.name, self.version = name or facts["name"], facts.get("version", version)
        self.tags, self.properties = facts["tags"], facts["properties"]
        self.description, self.run_id = facts["description"], facts.get("run_id", facts.get("run"))
        self.model_framework, self.model_framework_version = facts["framework"], facts["framework_version"]

    id = property(lambda self: "{}:{}".format(self.name, self.version))

    @staticmethod
    def get_model_path(model_name, version=None, _workspace=None):
        """Return the path of a copy of a registered model: a file or a folder."""
        return _registry.copy(_registry.find(model_name, version), os.path.join(os.getcwd(), "azureml-models"))

    def download(self, target_dir=".", exist_ok=False, exists_ok=None):
        """Copy the model into a folder and return its path there."""
        return _registry.copy_into(_registry.find(self.name, self.version), target_dir, exist_ok or bool(exists_ok))

    @staticmethod
    def list(workspace, name=None, tags=None, properties=None, run_id=None, latest=False, **kwargs):
        """Return registered versions, newest first."""
        return [Model(workspace, facts["name"], _facts=facts) for facts in _registry.every(name, latest)]

    @staticmethod
    def register(*args, **kwargs):
        """Raise an error that names `Run.register_model`, which records where a model comes from."""
        raise RuntimeError("In a script a model is registered with Run.get_context().register_model(...)")

    def __repr__(self):
        return "Model(name={}, id={}, version={})".format(self.name, self.id, self.version)
