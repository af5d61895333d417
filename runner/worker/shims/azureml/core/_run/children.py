"""Child runs: folders in the parent's folder, each with a ``child.json`` and its own metrics."""

import json
import os
import re

from azureml.core._place import layout, outputs_folder


def create(parent, name):
    """Start a child run. Creating its folder reserves its number."""
    below = os.path.join(parent._folder, layout.CHILDREN)
    os.makedirs(below, exist_ok=True)
    number = len(os.listdir(below)) + 1
    while True:
        run_id = "{}_{}".format(parent.id, number)
        try:
            os.mkdir(os.path.join(below, run_id))
            break
        except FileExistsError:
            number += 1
    child = parent._open_child(os.path.join(below, run_id), run_id, number, name)
    write(child)
    return child


def make_outputs(child):
    """Return the name of a child's own folder of outputs. Creating the folder reserves the name."""
    wanted = re.sub(r"[^A-Za-z0-9._-]+", "-", child._name or "").strip(".-") or child.id
    name, number = wanted, 1
    while True:
        try:
            os.makedirs(os.path.join(outputs_folder(), name))
            return name
        except FileExistsError:
            name = "{}-{}".format(wanted, number)
            number += 1


def write(child):
    """Replace a child's record."""
    path = os.path.join(child._folder, layout.CHILD)
    temporary = "{}.{}.tmp".format(path, os.getpid())
    facts = {"id": child.id, "name": child._name, "number": child.number, "status": child._status.lower()}
    if child._outputs:
        facts["outputs"] = child._outputs
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(facts, file)
    os.replace(temporary, path)


def children(parent, recursive):
    """Yield a run's children, newest first."""
    below = os.path.join(parent._folder, layout.CHILDREN)
    if not os.path.isdir(below):
        return
    entries = []
    for name in os.listdir(below):
        with open(os.path.join(below, name, layout.CHILD), encoding="utf-8") as file:
            entries.append((json.load(file), os.path.join(below, name)))
    for facts, folder in sorted(entries, key=lambda entry: -entry[0]["number"]):
        child = parent._open_child(folder, facts["id"], facts["number"], facts["name"], facts.get("outputs"))
        child._status = facts["status"].capitalize()
        yield child
        if recursive:
            for descendant in children(child, True):
                yield descendant
