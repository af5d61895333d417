"""Fits a classifier to the table that prepare.py left."""

import argparse
import os

import joblib
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

parser = argparse.ArgumentParser()
parser.add_argument("--data", required=True, help="folder with train.csv")
parser.add_argument("--out", required=True, help="folder for model.pkl")
parser.add_argument("--alpha", type=float, default=1.0, help="strength of the regularization")
arguments = parser.parse_args()

table = np.loadtxt(os.path.join(arguments.data, "train.csv"), delimiter=",", skiprows=1)
model = make_pipeline(StandardScaler(), LogisticRegression(C=1 / arguments.alpha))
model.fit(table[:, :-1], table[:, -1].astype(int))
joblib.dump(model, os.path.join(arguments.out, "model.pkl"))
