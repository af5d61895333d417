"""``azureml.core.authentication``: accepted where scripts pass it to a workspace. Nothing is logged in to."""


class InteractiveLoginAuthentication:
    """Accepts any arguments and does nothing: the run's workspace is a folder."""

    def __init__(self, *args, **kwargs):
        pass


class ServicePrincipalAuthentication(InteractiveLoginAuthentication):
    """Accepts any arguments and does nothing."""


class MsiAuthentication(InteractiveLoginAuthentication):
    """Accepts any arguments and does nothing."""


class AzureCliAuthentication(InteractiveLoginAuthentication):
    """Accepts any arguments and does nothing."""
