"""Predicts digits, a list of image files at a time: an entry script as Azure's ParallelRunStep calls it."""

import argparse
import os

import joblib
import numpy as np


def init():
    """Load the model, once for each process."""
    global model  # noqa: PLW0603 - where run() finds it
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True, help="folder with model.joblib")
    arguments, _ = parser.parse_known_args()
    model = joblib.load(os.path.join(arguments.model, "model.joblib"))


def run(mini_batch):
    """Return one line for each file."""
    found = model.predict(np.stack([np.load(path) for path in mini_batch]))
    return [f"{os.path.basename(path)},{digit}" for path, digit in zip(mini_batch, found)]  # noqa: B905 - any Python 3
