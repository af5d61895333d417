"""Training scripts that several tests run."""

MODEL = """
import sys, joblib
from sklearn.svm import SVC
from sklearn.datasets import load_iris
x, y = load_iris(return_X_y=True)
joblib.dump(SVC(kernel=sys.argv[-1]).fit(x, y), "outputs/model.joblib")
print("Accuracy: 0.75")
"""
