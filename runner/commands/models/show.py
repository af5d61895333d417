"""``vivero models show``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from runner.commands.common import global_options, opened, wants_json
from runner.commands.output import emit_json, facts, say, section, show_bytes, show_time, show_value

if TYPE_CHECKING:
    from pathlib import Path

    from runner.records import Inspection, ModelRecord

_SHOWN = 20


@click.command()
@click.argument("reference", metavar="NAME[:VERSION|@ALIAS]")
@global_options
def show(reference: str) -> None:
    """Show one version of a model, and list the others."""
    version = opened().model(reference)
    record, aliases, parity = version.record, version.aliases, version.parity
    versions, location = version.model.version_numbers(), version.path
    if wants_json():
        emit_json(
            {
                **record.to_json(),
                "aliases": aliases,
                "versions": versions,
                "location": str(location),
                "parity": parity,
                "card": version.card,
            }
        )
    else:
        _print(record, aliases, versions, location, parity)
        _print_card(version.card)


def _print(record: ModelRecord, aliases: list[str], versions: list[int], location: Path, parity: Any) -> None:
    facts(
        {
            "model": f"{record.name}:{record.version}",
            "aliases": ", ".join(aliases),
            "description": record.description,
            "created": show_time(record.created),
            "framework": " ".join(text for text in (record.framework, record.framework_version) if text),
            "python": record.python_version,
            "resources": ", ".join(f"{name}={show_value(value)}" for name, value in record.resources.items()),
            "run": record.run,
            "experiment": record.experiment,
            "git commit": record.git_commit,
            "method": record.default_method,
        }
    )
    for title, details in (
        ("Tags", record.tags),
        ("Properties", record.properties),
        ("Metrics", record.metrics),
        ("Data", _data(record)),
        ("ONNX", {name: _parity(method) for name, method in parity.get("methods", {}).items()} if parity else {}),
        ("Inspected", _inspected(record.inspection) if record.inspection else {}),
    ):
        if details:
            section(title)
            facts(details, indent=2)
    section("Artefact")
    facts({"path": str(location), "size": show_bytes(record.bytes), "sha256": record.sha256}, indent=2)
    others = [str(version) for version in versions[-_SHOWN:]]
    say()
    say(f"Versions: {'... ' if len(versions) > _SHOWN else ''}{' '.join(others)}")


def _print_card(card: str | None) -> None:
    if card is not None:
        say()
        for line in card.rstrip().splitlines():
            say(line)


def _data(record: ModelRecord) -> dict[str, str]:
    """Return the hash of each input, after the version of the data asset if it is one."""
    assets = {name: f"{asset} " for name, asset in record.assets.items()}
    return {name: f"{assets.get(name, '')}{digest}" for name, digest in record.data.items()}


def _inspected(inspection: Inspection) -> dict[str, Any]:
    names = inspection.feature_names
    return {
        "class": inspection.model_class,
        "steps": ", ".join(f"{step.get('name')}: {step.get('class')}" for step in inspection.steps),
        "features": ", ".join(names) if names else inspection.features,
        "classes": list(inspection.classes) if inspection.classes is not None else None,
        "methods": ", ".join(inspection.methods),
        "example input": inspection.example_input,
    }


def _parity(report: dict[str, Any]) -> str:
    if not report["used"]:
        return f"not used: {report.get('reason')}"
    if report.get("labels_equal") is not None:
        return f"labels equal ({report.get('precision')} precision)"
    off = report.get("largest_difference")
    shown = f"{off:.1e}" if isinstance(off, float) else str(off)
    return f"off by {shown} at most ({report.get('precision')} precision)"
