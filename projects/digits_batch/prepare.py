"""Fits a classifier of handwritten digits, and leaves the images that it has not seen, one file each."""

import argparse
import os

import joblib
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True, help="folder for model.joblib")
parser.add_argument("--images", required=True, help="folder for the images")
arguments = parser.parse_args()

train_x, test_x, train_y, _ = train_test_split(*load_digits(return_X_y=True), test_size=200, random_state=0)
joblib.dump(LogisticRegression(max_iter=2000).fit(train_x, train_y), os.path.join(arguments.model, "model.joblib"))
for number, image in enumerate(test_x):
    np.save(os.path.join(arguments.images, f"{number:03}.npy"), image)
