"""Links conda packages into a folder, in a separate process. Nothing writes there once the process has ended.

Usage: ``python linking.py FOLDER PREFIX``, with a lock as standard input. Inside the controller, rattler's threads
would keep filling the folder after a failure or Ctrl-C, while it is being removed.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ == "__main__":  # started by path: search three folders up for the package, not this folder
    sys.path[0] = str(Path(__file__).resolve().parents[3])

from runner.environments.conda.client import client, reason
from runner.environments.conda.lock import Package, read_lock
from runner.environments.conda.package_cache import package_cache

if TYPE_CHECKING:
    from rattler import RepoDataRecord

_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


def main() -> None:
    """Link the packages that standard input lists. On failure, the last line of standard error is the reason."""
    ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)  # end with the controller if it is killed
    from rattler.exceptions import InstallerError

    folder, prefix = sys.argv[1:]
    records = [_record(package) for package in read_lock(sys.stdin.read()).packages]
    try:
        asyncio.run(_link(records, folder, prefix))
    except InstallerError as error:
        print(reason(error), file=sys.stderr, flush=True)
        os._exit(1)  # does not wait for work in progress, because the folder is useless
    os._exit(0)  # rattler's threads may still release Python objects, which a regular exit would already have freed


async def _link(records: list[RepoDataRecord], folder: str, prefix: str) -> None:
    import rattler

    await rattler.install(
        records,
        folder,
        alternative_target_prefix=prefix,
        show_progress=False,
        client=client(),
        package_cache=await package_cache(records),
    )


def _record(package: Package) -> RepoDataRecord:
    from rattler import PackageRecord, RepoDataRecord
    from rattler.package.build_string import BuildString

    record = PackageRecord(
        package.name,
        package.version,
        BuildString(package.build),
        0,  # the build number only decides between candidates, and there is only one
        package.subdir,
        depends=list(package.needs),
        sha256=bytes.fromhex(package.sha256),
        python_site_packages_path=package.site_packages,
    )
    channel, _, file_name = package.url.rpartition("/")
    return RepoDataRecord(record, file_name, package.url, channel.rpartition("/")[0])


if __name__ == "__main__":
    main()
