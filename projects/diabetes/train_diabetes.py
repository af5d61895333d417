"""Fits an elastic net to the diabetes data and logs with MLflow, a figure included."""

import argparse

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import mlflow
import mlflow.sklearn
from sklearn.datasets import load_diabetes
from sklearn.linear_model import ElasticNet
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import train_test_split


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--alpha", type=float, default=0.05)
    parser.add_argument("--l1-ratio", type=float, default=0.5)
    arguments = parser.parse_args()
    data = load_diabetes(as_frame=True)
    train_x, test_x, train_y, test_y = train_test_split(data.data, data.target, random_state=0)

    with mlflow.start_run():
        mlflow.log_params(vars(arguments))
        model = ElasticNet(alpha=arguments.alpha, l1_ratio=arguments.l1_ratio).fit(train_x, train_y)
        predicted = model.predict(test_x)
        mlflow.log_metric("r2", r2_score(test_y, predicted))
        mlflow.log_metric("mae", mean_absolute_error(test_y, predicted))
        figure, axes = plt.subplots()
        axes.scatter(test_y, predicted, s=12)
        axes.set(xlabel="measured", ylabel="predicted", title="Disease progression")
        mlflow.log_figure(figure, "predicted.png")
        mlflow.sklearn.log_model(model, name="model")


if __name__ == "__main__":
    main()
