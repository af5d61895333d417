"""``azureml.core.model.Model``: a registered model, as `Run.register_model` returns it."""


class Model:
    """One version of a model."""

    class Framework:
        """Frameworks a model can be registered with; only ScikitLearn models are loaded and inspected."""

        CUSTOM = "Custom"
        SCIKITLEARN = "ScikitLearn"

    def __init__(self, workspace, name=None, id=None, tags=None, properties=None, version=None, run_id=None, **kwargs):
        facts = kwargs.get("_facts")
        if facts is None:
            raise RuntimeError("Model(...) cannot look models up in a script; see: vivero models download NAME")
        self.name, self.version = name, version
        self.tags, self.properties = facts["tags"], facts["properties"]
        self.description, self.run_id = facts["description"], facts["run_id"]
        self.model_framework, self.model_framework_version = facts["framework"], facts["framework_version"]

    id = property(lambda self: "{}:{}".format(self.name, self.version))

    @staticmethod
    def register(*args, **kwargs):
        """Refuse, naming the way that keeps track of where a model comes from."""
        raise RuntimeError("In a script a model is registered with Run.get_context().register_model(...)")

    def __repr__(self):
        return "Model(name={}, id={}, version={})".format(self.name, self.id, self.version)
