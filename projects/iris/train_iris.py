"""Trains a support vector machine on the iris flowers, in the manner of a script written for Azure ML."""

import argparse
import os

import joblib
from azureml.core.run import Run
from sklearn.datasets import load_iris
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

run = Run.get_context()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kernel", default="linear", help="kernel of the machine")
    parser.add_argument("--penalty", type=float, default=1.0, help="penalty of the error term")
    arguments = parser.parse_args()
    run.log("Kernel type", arguments.kernel)
    run.log("Penalty", arguments.penalty)

    flowers, kinds = load_iris(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(flowers, kinds, random_state=0)
    model = SVC(kernel=arguments.kernel, C=arguments.penalty).fit(train_x, train_y)

    accuracy = model.score(test_x, test_y)
    print(f"Accuracy of SVM classifier on test set: {accuracy:.2f}")
    run.log("Accuracy", accuracy)
    confusion = confusion_matrix(test_y, model.predict(test_x))
    print(confusion)
    run.log_confusion_matrix(
        "Confusion matrix",
        {
            "schema_type": "confusion_matrix",
            "schema_version": "1.0.0",
            "data": {"class_labels": ["setosa", "versicolor", "virginica"], "matrix": confusion.tolist()},
        },
    )

    os.makedirs("outputs", exist_ok=True)
    joblib.dump(model, "outputs/model.joblib")


if __name__ == "__main__":
    main()
