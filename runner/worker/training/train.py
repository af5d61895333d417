"""Trains the estimator that a composition declares. It is the script of such a run."""

import sys

from vivero_training.program import main

if __name__ == "__main__":
    sys.exit(main())
