"""Leaves out the rows of a table that are far from the others. Without a table, it starts from scikit-learn's wines."""

import argparse
import csv
import glob
import os

import numpy as np
from sklearn.datasets import load_wine


def read(path):
    """Return the columns and rows of a CSV file, or of the one in a folder, or of the wines."""
    if not path:
        wine = load_wine()
        return [*wine.feature_names, "target"], np.column_stack([wine.data, wine.target])
    if os.path.isdir(path):
        (path,) = glob.glob(os.path.join(path, "*.csv"))
    with open(path, newline="") as file:
        columns, *rows = csv.reader(file)
    return columns, np.array(rows, dtype=float)


parser = argparse.ArgumentParser()
parser.add_argument("--raw", default=os.environ.get("VIVERO_INPUT_RAW"))
parser.add_argument("--clean", required=True)
parser.add_argument("--within", type=float, default=3.0, help="standard deviations")
arguments = parser.parse_args()

columns, rows = read(arguments.raw)
features = rows[:, :-1]
distance = np.abs(features - features.mean(axis=0)) / features.std(axis=0)
kept = rows[(distance <= arguments.within).all(axis=1)]
with open(os.path.join(arguments.clean, "wine.csv"), "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(columns)
    writer.writerows(kept.tolist())
print(f"rows: {len(rows)}")
print(f"kept: {len(kept)}")
