"""Removes images of this workspace that nothing needs any more."""

from __future__ import annotations

from runner.console.notes import note
from runner.layout import EndpointLayout, Layout


def image_sizes(images: list[str]) -> dict[str, int]:
    """Return the sizes of images that exist, none if no engine answers."""
    if not images:
        return {}
    import docker

    from runner.environments.docker.engine import connect
    from runner.errors import UserError

    sizes: dict[str, int] = {}
    try:
        client = connect(timeout=5)
        for image in images:
            try:
                sizes[image] = int(client.images.get(image).attrs["Size"])
            except docker.errors.APIError as error:
                if not error.is_client_error():  # the image is gone, or its recorded name is none
                    raise
    except (UserError, docker.errors.DockerException, OSError) as error:  # errors of requests are OSErrors
        note(f"Cannot read the sizes of images: {' '.join(str(error).split())}")
    return sizes


def remove_image(key: str, root: str) -> str | None:
    """Remove the image of an environment if this workspace built it; return the problem, if any."""
    import docker

    from runner.environments.docker.engine import KEY, WORKSPACE, connect
    from runner.errors import UserError

    try:
        client = connect(timeout=10)
        image = client.images.get(f"vivero:{key}")
        if image.labels.get(KEY) == key and image.labels.get(WORKSPACE) == root:
            client.images.remove(f"vivero:{key}")
    except docker.errors.ImageNotFound:
        return None
    except (UserError, docker.errors.DockerException, OSError) as error:  # errors of requests are OSErrors
        return f"its image was kept: {' '.join(str(error).split())}"
    return None


def prune_served(layout: Layout, dry_run: bool) -> list[str]:
    """Remove the images of model versions that no endpoint serves; return their names.

    An image that is needed again is rebuilt quickly from the image of its environment.
    """
    import docker

    from runner.endpoints.docker.image import BUILDING, unused_images
    from runner.endpoints.store import EndpointStore
    from runner.environments.docker.engine import connect
    from runner.errors import UserError
    from runner.io.locks import is_locked

    if not (layout.endpoints / BUILDING).exists():  # it never existed
        return []
    store, removed = EndpointStore(layout), list[str]()
    deploying = [path.parent.name for path in layout.endpoints.glob(f"*/{EndpointLayout.deploying}") if is_locked(path)]
    if deploying:
        note(f"Images of model versions were kept: endpoint {deploying[0]} is being changed")
        return []
    try:
        client = connect(timeout=10)
        for name in unused_images(client, layout, {str(store.read(endpoint).image) for endpoint in store.names()}):
            if not dry_run:
                client.images.remove(name)
            removed.append(name)
    except (UserError, docker.errors.DockerException, OSError) as error:
        note(f"Images of model versions were kept: {' '.join(str(error).split())}")
    return removed
