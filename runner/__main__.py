"""``python -m runner``: compose, plan, execute."""

from __future__ import annotations

import copy
import os
import sys
import traceback
from pathlib import Path
from typing import Any

os.environ["HYDRA_FULL_ERROR"] = "1"  # so that errors reach us, to be said in one line

CONF = str(Path(__file__).resolve().parent.parent / "conf")
INTERNAL_ERROR = 3


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(_guarded())


def _guarded() -> int:
    try:
        return _compose_and_run()
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    except SystemExit as leaving:  # argparse's 2 means a failed run here
        return 1 if leaving.code == 2 else int(leaving.code or 0)
    except Exception as error:  # noqa: BLE001 - the one place that tells mistakes from bugs
        from runner.compose_errors import as_user_error

        mistake = as_user_error(error)
        if mistake is None:
            traceback.print_exception(error)
            return INTERNAL_ERROR
        print(f"error: {mistake}", file=sys.stderr)
        return 1


def _compose_and_run() -> int:
    import hydra
    from omegaconf import DictConfig, OmegaConf, open_dict

    from runner.plan import Plan, make_plan, register_resolvers
    from runner.schema import register_schemas

    register_schemas()
    register_resolvers()
    base = Path.cwd()
    plans: list[Plan] = []
    codes: list[int] = []

    def run_folder(_root_: Any) -> str:
        """Plan the run before Hydra makes its folder, so that a mistake leaves nothing behind."""
        if not plans:
            plans.append(_plan(_root_))
        return str(plans[0].run.root)

    def _plan(root: Any) -> Plan:
        choices, overrides = root.hydra.runtime.choices, tuple(root.hydra.overrides.task)
        composed = copy.deepcopy(root)
        with open_dict(composed):
            del composed["hydra"]
        return make_plan(composed, base, choices.get("experiment"), overrides)

    OmegaConf.register_new_resolver("run_folder", run_folder, replace=True)

    @hydra.main(config_path=CONF, config_name="config", version_base="1.3")
    def task(_config: DictConfig) -> None:
        from runner.wiring import run_plan

        codes.append(run_plan(plans[0]))

    task()
    return codes[0] if codes else 0


if __name__ == "__main__":
    main()
