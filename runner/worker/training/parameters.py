"""Prints the names of the parameters of classes as JSON: ``parameters.py estimator:sklearn.svm.SVC ...``.

A class that takes any parameter has null, and one that cannot be used a text that says why. Its key is in the text.
"""

from __future__ import annotations

import inspect
import json
import sys
from typing import Any

from vivero_training.declaration import PACKAGES
from vivero_training.mistakes import Mistake
from vivero_training.models.building import find_class


def parameters_of(place: str, name: str) -> Any:
    """Return the sorted names of a class's parameters, None if it takes any, or why it cannot be used."""
    try:
        parameters = inspect.signature(find_class(name, place, PACKAGES)).parameters
    except Mistake as mistake:
        return str(mistake)
    except (TypeError, ValueError):  # it does not say
        return None
    takes_any = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
    return None if takes_any else sorted(parameters)


if __name__ == "__main__":
    print(
        json.dumps(
            {name: parameters_of(place, name) for place, _, name in (word.partition(":") for word in sys.argv[1:])}
        )
    )
