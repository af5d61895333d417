"""``vivero deploy``, ``vivero rollback`` and ``vivero stop``."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from runner.commands.common import confirm, global_options, opened, trusted_workspace, wants_json
from runner.commands.output import emit_json, say

if TYPE_CHECKING:
    from runner.api.endpoints.endpoint import Endpoint
    from runner.config.endpoint_settings import EndpointSettings


@click.command()
@click.argument("model")
@click.option("--endpoint", metavar="NAME", help="The endpoint. Default: the model's name.")
@click.option("--weight", type=float, help="Share of the traffic, 0 to 1. The current versions keep the rest.")
@click.option("--mirror", is_flag=True, help="Mirror the traffic to it and discard its answers.")
@click.option("--set", "words", multiple=True, metavar="KEY=VALUE", help="A setting, such as port=5002 or workers=2.")
@global_options
def deploy(model: str, endpoint: str | None, weight: float | None, mirror: bool, words: tuple[str, ...]) -> None:
    """Serve MODEL, or switch a running endpoint to it without losing a request."""
    trusted_workspace()
    settings = read_settings(words, endpoint)
    _show(opened().endpoints.deploy_with(model, settings, keep=not words, weight=weight, mirror=mirror))


@click.command()
@click.argument("endpoint")
@global_options
def rollback(endpoint: str) -> None:
    """Make an endpoint serve what it served before."""
    trusted_workspace()
    _show(opened().endpoints.get(endpoint).rollback())


@click.command()
@click.argument("endpoint")
@click.option("--delete", is_flag=True, help="Also remove its folder, with keys and logs.")
@click.option("--yes", "-y", is_flag=True, help="Skip the confirmation.")
@global_options
def stop(endpoint: str, delete: bool, yes: bool) -> None:
    """Stop an endpoint. Requests in progress are answered first."""
    trusted_workspace()
    target = opened().endpoints.get(endpoint)
    if delete:
        confirm(f"Remove endpoint {endpoint} with its keys and logs?", yes)
    stopped = target.stop(delete=delete)
    if wants_json():
        emit_json({"name": endpoint, "stopped": stopped, "deleted": delete})
    else:
        what = "was stopped" if stopped else "was not running"
        say(f"Endpoint {endpoint} {what}{' and is removed' if delete else ''}")


def read_settings(words: tuple[str, ...], name: str | None) -> EndpointSettings:
    """Return settings typed as ``key=value``.

    Raises
    ------
    UserError
        For a misspelt key or a value of another type.
    """
    from runner.config.endpoint_settings import EndpointSettings
    from runner.endpoints.typed_settings import read_words

    settings = read_words(EndpointSettings, words)
    return dataclasses.replace(settings, name=name or settings.name)


def _show(endpoint: Endpoint) -> None:
    done = endpoint.deployed
    assert done is not None  # noqa: S101 - it was just deployed
    if wants_json():
        emit_json(dataclasses.asdict(done))
        return
    models = ", ".join(done.models)
    if done.serving:
        say(f"Endpoint {done.endpoint} serves {models} at {done.address}")
    else:
        say(f"Endpoint {done.endpoint} is stopped. Start it with {models}: vivero deploy {done.models[0]}")
    for which, key in done.keys.items():
        say(f"{which} key (shown once): {key}")
