"""A user with a cluster of three machines."""

import json
import os

from runner.layout import RunLayout
from tests.conftest import CommandLine
from tests.waiting import wait_for

BARE = ["environment=venv", "environment.packages=[]"]


class Team(CommandLine):
    """A user whose cluster it is."""

    def __init__(self, folder, cluster, **settings):
        super().__init__(folder)
        self.cluster, self.begun = cluster, []
        self.words = cluster.compute(folder, **settings)
        self.home = {
            "HOME": str(cluster.home),
            "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", os.path.expanduser("~/.cache/uv")),
        }

    def start(self, *words, **options):
        options["variables"] = {**self.home, **options.get("variables", {})}
        process = super().start(*words, **options)
        self.begun.append(process)
        return process

    def end(self):
        """End what a test that failed has left."""
        for process in self.begun:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def begin(self, *words):
        """Start a run of ``src/train.py`` and return the process."""
        bare = [] if any(word.startswith("environment") for word in words) else BARE
        return self.start("runner", *self.words, "job.source=src", "job.script=train.py", *bare, *words)

    def train(self, *words, code=0):
        done = self._end(self.begin(*words))
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def nodes(self, *words):
        return self.vivero("nodes", *words, *self.words)

    def records(self):
        return [json.loads(path.read_text()) for path in sorted(self.workspace.glob("runs/*/*/run.json"))]

    def folders(self):
        return [RunLayout(path.parent) for path in sorted(self.workspace.glob("runs/*/*/run.json"))]

    def wait_for_log(self, text, seconds=30):
        def there():
            last = self.folders()[-1:]
            return last and last[0].log.exists() and text in last[0].log.read_text()

        wait_for(there, seconds)

    def wait_for_end(self, seconds=60):
        """Wait until the last run has ended, as any reading command says it."""

        def ended():
            record = json.loads(self.vivero("show", "latest", "--json").stdout)
            return record if record["status"] in ("completed", "failed", "canceled") else None

        return wait_for(ended, seconds)

    def node(self):
        """Return the machine that the last run is on."""
        name = json.loads(self.folders()[-1].node.read_text())["node"]
        return next(one for one in self.cluster.machines if one.name == name)


COUNTING = """
import sys, time
for number in range({many}):
    print("line", number, flush=True)
    time.sleep({pause})
open("outputs/done.txt", "w").write("done")
"""


def lines(many):
    return "".join(f"line {number}\n" for number in range(many))
