"""Trains the estimator that a composition declares. It is the script of such a run."""

import contextlib
import sys

# Each training needs these. Here, trials of a sweep share the imports; what is missing is reported where it is used.
with contextlib.suppress(ImportError):
    import joblib  # noqa: F401
    import pandas  # noqa: F401
    import sklearn.compose
    import sklearn.datasets
    import sklearn.dummy
    import sklearn.metrics
    import sklearn.model_selection
    import sklearn.pipeline
    import sklearn.preprocessing  # noqa: F401

from vivero_training.program import main

if __name__ == "__main__":
    sys.exit(main())
