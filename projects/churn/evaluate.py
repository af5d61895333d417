"""Asks a model about customers that it has not seen."""

import argparse
import os

import joblib
import numpy as np
from sklearn.metrics import accuracy_score, roc_auc_score

parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True, help="folder with model.pkl")
parser.add_argument("--data", required=True, help="folder with test.csv")
arguments = parser.parse_args()

table = np.loadtxt(os.path.join(arguments.data, "test.csv"), delimiter=",", skiprows=1)
features, left = table[:, :-1], table[:, -1].astype(int)
model = joblib.load(os.path.join(arguments.model, "model.pkl"))
print(f"accuracy: {accuracy_score(left, model.predict(features)):.4f}")
print(f"auc: {roc_auc_score(left, model.predict_proba(features)[:, 1]):.4f}")
