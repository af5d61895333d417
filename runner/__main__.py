"""``python -m runner``: compose, plan, execute."""

from __future__ import annotations

import copy
import gc
import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace
    from contextlib import AbstractContextManager

    from omegaconf import DictConfig

    from runner.errors import UserError
    from runner.execution.plan import Plan

PLUGINS = str(Path(__file__).resolve().parent / "sweeps" / "plugins")
MULTIRUN = ("-m", "--multirun")


def main() -> None:
    """Run the command line and exit with its code.

    Everything is on disk by then, so the interpreter exits without tearing down its objects, which takes 15 ms.
    """
    gc.disable()  # until the run starts: composing creates many objects and no garbage, and is 10 % faster without
    os.environ["HYDRA_FULL_ERROR"] = "1"  # so that errors reach us and become one line
    from runner.console.boundary import guarded
    from runner.console.pipes import ignore_closed_output, open_streams
    from runner.execution import announcement

    announcement.take()
    open_streams()
    code = guarded(_interruptible, _explain)
    with ignore_closed_output():
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            print(f"error: Cannot write the output: {error.strerror}", file=sys.stderr)
            code = code or 1
    sys.stderr.flush()
    os._exit(code)


def _explain(error: BaseException) -> UserError | None:
    from runner.config.messages.mistakes import as_user_error

    return as_user_error(error)


def _interruptible() -> int:
    from runner.execution.interrupts import cancel_on_sigterm

    try:
        cancel_on_sigterm()
        return _compose_and_run()
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        raise


def _compose_and_run() -> int:
    from runner.config.messages.help import HELP, help_text
    from runner.config.schema import register_schemas
    from runner.config.validation.switches import read_switches
    from runner.config.variables import check_variables
    from runner.execution.planning import register_resolvers

    check_variables()
    words = sys.argv[1:] = read_switches(sys.argv[1:])
    if "--version" in words:
        return _print_version()
    if any(word in HELP for word in words):
        print(help_text(words), end="")
        return 0
    register_schemas()
    register_resolvers()
    return _run_one(words) if all(map(_is_plain, words)) else _run_with_hydra()


def _print_version() -> int:
    import hydra

    from runner import __version__

    print(f"vivero {__version__} (Hydra {hydra.__version__})")
    return 0


def _is_plain(word: str) -> bool:
    """Return whether a word only changes the composition and is not a switch or setting of Hydra."""
    return not word.startswith("-") and not word.lstrip("+~").startswith("hydra")


def _run_one(overrides: list[str]) -> int:
    """Compose once and run. Hydra's own main function composes twice, which takes 0.07 s longer."""
    from hydra import compose, initialize_config_dir
    from hydra.core.hydra_config import HydraConfig

    from runner.config.schema import CONF, HYDRA_VERSION
    from runner.config.validation.hydra_settings import check_hydra

    with initialize_config_dir(config_dir=CONF, job_name="runner", version_base=HYDRA_VERSION):
        config = compose("config", overrides, return_hydra_config=True)
        check_hydra(config)
        HydraConfig.instance().set_config(config)
        plan = _plan(config, Path.cwd())
    return _execute(plan)


def _run_with_hydra() -> int:
    """Let Hydra handle its switches. A multirun comes back to us through its plugins."""
    sys.path.append(PLUGINS)
    import hydra
    from omegaconf import OmegaConf

    from runner.config.schema import CONF, HYDRA_VERSION
    from runner.config.validation.switches import check_arguments

    arguments = _arguments()
    check_arguments(arguments)
    if not any((arguments.cfg, arguments.info, arguments.hydra_help, arguments.shell_completion)):
        from runner.config.validation.hydra_settings import check_config_loads

        check_config_loads()
    base = Path.cwd()
    codes: list[int] = []
    multirun: AbstractContextManager[None] = nullcontext()
    if any(word in MULTIRUN for word in sys.argv):
        from runner.multirun import make_sweep_context
        from runner.sweeps.controller.request import providing

        context = make_sweep_context(base)
        codes, multirun = context.codes, providing(context)
    plans: list[Plan] = []

    def run_folder(_root_: DictConfig) -> str:
        """Plan the run before Hydra creates its folder, so that a mistake leaves nothing behind."""
        if not plans:
            plans.append(_plan(copy.deepcopy(_root_), base))
        return str(plans[0].run.root)

    OmegaConf.register_new_resolver("run_folder", run_folder, replace=True)
    OmegaConf.register_new_resolver("multirun_folder", lambda _root_: str(_multirun_folder(_root_, base)), replace=True)

    @hydra.main(config_path=CONF, config_name="config", version_base=HYDRA_VERSION)
    def task(_config: DictConfig) -> None:
        if not plans:
            from runner.errors import UserError

            raise UserError(
                "hydra.run.dir has no effect: a run's files are kept in its workspace", "Remove it from the YAML file"
            )
        codes.append(_execute(plans[0]))

    with multirun:
        task()
    return max(codes, default=0)


def _arguments() -> Namespace:
    """Parse the command line with Hydra's parser, and shorten its long error messages."""
    import contextlib
    import io

    from hydra._internal.utils import get_args_parser

    output = io.StringIO()
    try:
        with contextlib.redirect_stderr(output):
            return get_args_parser().parse_args()
    except SystemExit:
        from runner.errors import UserError

        raise UserError(
            output.getvalue().rpartition("error: ")[2].strip(), "For all options: python -m runner --help"
        ) from None


def _multirun_folder(config: DictConfig, base: Path) -> Path:
    """Return the folder for the file of Hydra's own sweeper, which would otherwise be among the user's."""
    from runner.execution.plan import layout_of

    return Path(layout_of(config.workspace.root, base).sweeps / ".multirun")


def _plan(config: DictConfig, base: Path) -> Plan:
    """Remove Hydra's own settings from a composition and plan the rest."""
    from omegaconf import OmegaConf, open_dict

    from runner.config.composition import complete_source, read_composition
    from runner.execution.planning import checked_plan, make_plan

    chosen = config.hydra.runtime.choices.get("experiment")
    overrides = OmegaConf.to_container(config.hydra.overrides.task, resolve=False)  # otherwise it would contain secrets
    assert isinstance(overrides, list)  # noqa: S101 - of words
    with open_dict(config):
        del config["hydra"]
    complete_source(config)
    return checked_plan(make_plan(read_composition(config), base, chosen, tuple(map(str, overrides))))


def _execute(plan: Plan) -> int:
    from runner.run_plan import run_plan

    unused = [word.partition("=")[0] for word in plan.overrides if word.lstrip("+~").startswith("sweep.")]
    if unused:
        print(f"warning: {', '.join(unused)} only affects a sweep. Add -m to start one.", file=sys.stderr)
    gc.freeze()
    gc.enable()
    return run_plan(plan)


if __name__ == "__main__":
    main()
