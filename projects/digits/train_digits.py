"""Searches a grid for handwritten digits on all cores. It only prints: its metrics are read from the log."""

import argparse
import os

import joblib
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folds", type=int, default=3)
    arguments = parser.parse_args()
    images, digits = load_digits(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(images, digits, random_state=0, stratify=digits)
    grid = {"svc__C": [1, 10], "svc__gamma": ["scale", 0.01]}
    search = GridSearchCV(make_pipeline(StandardScaler(), SVC()), grid, cv=arguments.folds, n_jobs=-1)
    search.fit(train_x, train_y)
    print("best parameters:", search.best_params_)
    print(f"cross-validated accuracy: {search.best_score_:.4f}")
    print(f"test accuracy: {search.score(test_x, test_y):.4f}")
    os.makedirs("outputs", exist_ok=True)
    joblib.dump(search.best_estimator_, "outputs/digits.joblib")


if __name__ == "__main__":
    main()
