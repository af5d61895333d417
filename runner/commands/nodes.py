"""``vivero nodes``: shows, checks and cleans the nodes of a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runner.commands.common import global_options, wants_json, workspace
from runner.commands.output import emit_json, say, show_bytes, show_table
from runner.errors import UserError, nearest

if TYPE_CHECKING:
    from runner.compute.cluster.node import Node
    from runner.compute.cluster.preflight import Finding
    from runner.config.schema import RunSpec

_ACTIONS = ("check", "clean", "stop")


@click.command()
@click.argument("words", nargs=-1, metavar="[check|clean|stop] [NODE...] compute=NAME [KEY=VALUE...]")
@click.option("--config-dir", type=click.Path(path_type=Path), help="A folder that contains compute/NAME.yaml.")
@click.option("--all", "everything", is_flag=True, help="clean: also remove environments, sources and data.")
@click.option("--runs", is_flag=True, help="stop: also end running jobs.")
@global_options
def nodes(words: tuple[str, ...], config_dir: Path | None, everything: bool, runs: bool) -> None:
    """Show the nodes of a cluster: state, slots, disk and running jobs.

    check reports whether the nodes can run jobs; clean removes what ended runs left there; stop ends prefork
    interpreters.
    """
    action = words[0] if words and words[0] in _ACTIONS else ""
    rest = words[1:] if action else words
    names, overrides = [word for word in rest if "=" not in word], [word for word in rest if "=" in word]
    from runner.api.nodes import compose_cluster, find_machines, nodes_of

    spec = compose_cluster(overrides, config_dir)
    machines, all_nodes = find_machines(spec, action), list["Node"]()
    try:
        all_nodes = nodes_of(machines, spec)
        _execute(action, _chosen(all_nodes, names), spec, everything=everything, runs=runs)
    finally:
        for node in all_nodes:
            node.close()
        machines.close()


def _execute(action: str, chosen: list[Node], spec: RunSpec, *, everything: bool, runs: bool) -> None:
    from runner.api.nodes import look_at_each

    if action == "clean":
        _clean(chosen, everything)
    elif action == "stop":
        _stop(chosen, runs)
    else:
        _show(_check(chosen, spec) if action else look_at_each(chosen), checked=bool(action))


def _chosen(all_nodes: list[Node], names: list[str]) -> list[Node]:
    known = {node.name: node for node in all_nodes}
    for name in names:
        if name not in known:
            raise UserError(f"The cluster has no node '{name}'", nearest(name, [*known, *_ACTIONS]))
    return [known[name] for name in names or known]


def _check(nodes: list[Node], spec: RunSpec) -> list[Finding]:
    from runner.api.nodes import ask_each
    from runner.compute.cluster.preflight import check

    python = getattr(spec.environment, "python", None)
    return ask_each(nodes, lambda node: check(node, python))


def _show(findings: list[Finding], *, checked: bool) -> None:
    import dataclasses

    from runner.console.tables import Column

    if wants_json():
        emit_json([dataclasses.asdict(node) for node in findings])
    else:
        rows = [_row(node) for node in findings]
        columns: list[Column | str] = [
            "NODE",
            "STATE",
            "RUNNING",
            "SLOTS",
            "FREE",
            Column("PYTHON", optional=3),
            Column("PLATFORM", optional=1),
            Column("PING", optional=2),
        ]
        show_table(columns, rows)
        for node in findings:
            for problem in node.problems if node.up else ():
                say(f"{node.name}: {problem}")
            if not node.up:
                say(node.problems[0])
            if checked and node.up and not node.problems:
                kept = sum(node.state["kept"].values())
                say(f"{node.name}: ready, as {node.facts['user']}, {show_bytes(kept)} kept in {node.facts['root']}")
    if any(node.problems for node in findings):
        raise click.exceptions.Exit(1)


def _row(finding: Finding) -> list[str]:
    if not finding.up:
        return [finding.name, "down", "", "", "", "", "", ""]
    running = len(finding.state.get("running", ()))
    state = "busy" if running else "warm" if finding.state.get("daemon") else "idle"
    facts = finding.facts
    ping = f"{finding.milliseconds:.1f} ms" if finding.milliseconds is not None else ""
    platform = str(facts["platform"])
    return [
        finding.name,
        state,
        str(running),
        str(finding.slots),
        show_bytes(facts["free"]),
        facts["python"],
        platform,
        ping,
    ]


def _clean(nodes: list[Node], everything: bool) -> None:
    from runner.compute.cluster.cleanup import clear

    layout = workspace()
    _tell(nodes, lambda node: clear(node, layout, everything))


def _stop(nodes: list[Node], runs: bool) -> None:
    from runner.compute.cluster.cleanup import stop

    _tell(nodes, lambda node: stop(node, runs))


def _tell(nodes: list[Node], do: Any) -> None:
    """Run an action on all nodes and print the results. A node that is down gives exit code 1."""
    from runner.hosts.remote.client import RefusedError

    def guarded(node: Node) -> tuple[dict[str, Any], str]:
        try:
            answer = do(node)
        except (UserError, OSError, RefusedError) as error:
            return {"node": node.name, "problem": str(error)}, str(error)
        return {"node": node.name, **answer}, f"{node.name}: {answer['said']}"

    from runner.api.nodes import ask_each

    done = ask_each(nodes, guarded)
    if wants_json():
        emit_json([facts for facts, _ in done])
    else:
        for _, line in done:
            say(line)
    if any("problem" in facts for facts, _ in done):
        raise click.exceptions.Exit(1)
