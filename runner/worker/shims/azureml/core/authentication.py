"""``azureml.core.authentication``: taken as scripts give it to a workspace. Nothing is logged in to."""


class InteractiveLoginAuthentication:
    """Whoever the script would log in as; the run's workspace is a folder."""

    def __init__(self, *args, **kwargs):
        pass


class ServicePrincipalAuthentication(InteractiveLoginAuthentication):
    """The same."""


class MsiAuthentication(InteractiveLoginAuthentication):
    """The same."""


class AzureCliAuthentication(InteractiveLoginAuthentication):
    """The same."""
