"""``azureml.core.resource_configuration.ResourceConfiguration``."""


class ResourceConfiguration:
    """The resources that a served copy of a model needs."""

    def __init__(self, cpu=None, memory_in_gb=None, gpu=None):
        for name, value in (("cpu", cpu), ("memory_in_gb", memory_in_gb)):
            if value is not None and value <= 0:
                raise ValueError("{} must be above 0, not {!r}".format(name, value))
        self.cpu, self.memory_in_gb, self.gpu = cpu or 1, memory_in_gb or 0.5, gpu
