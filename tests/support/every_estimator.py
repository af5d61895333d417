"""Every estimator that scikit-learn has: the least that it needs, and data that it takes."""

import inspect
from typing import Any

import numpy as np
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

X, Y = load_iris(return_X_y=True)
X, Y = np.abs(X[::3]), Y[::3]
TEXTS = ["good day", "bad day", "good", "bad and sad"] * 5

# What has no answer about rows it has not seen, with the reason.
NOT_SERVED = {
    "AgglomerativeClustering": "answers only for the rows it was fitted on",
    "BernoulliRBM": "served as transform; its score_samples draws at random",
    "ClassicalMDS": "answers only for the rows it was fitted on",
    "DBSCAN": "answers only for the rows it was fitted on",
    "HDBSCAN": "answers only for the rows it was fitted on",
    "MDS": "answers only for the rows it was fitted on",
    "OPTICS": "answers only for the rows it was fitted on",
    "SpectralBiclustering": "answers only for the rows it was fitted on",
    "SpectralClustering": "answers only for the rows it was fitted on",
    "SpectralCoclustering": "answers only for the rows it was fitted on",
    "SpectralEmbedding": "answers only for the rows it was fitted on",
    "TSNE": "answers only for the rows it was fitted on",
    "EmpiricalCovariance": "describes data, has no method of a model",
    "GraphicalLasso": "describes data, has no method of a model",
    "GraphicalLassoCV": "describes data, has no method of a model",
    "LedoitWolf": "describes data, has no method of a model",
    "MinCovDet": "describes data, has no method of a model",
    "OAS": "describes data, has no method of a model",
    "ShrunkCovariance": "describes data, has no method of a model",
    "FrozenEstimator": "a wrapper: what is in it is served",
    "KernelCenterer": "takes a kernel, which is no row",
    "NearestNeighbors": "has neighbours and no answer",
    "LabelBinarizer": "transforms labels, not rows",
    "LabelEncoder": "transforms labels, not rows",
    "MultiLabelBinarizer": "transforms labels, not rows",
    "DictVectorizer": "tested with mappings below",
    "FeatureHasher": "tested with mappings below",
    "PatchExtractor": "takes images of four dimensions, which are no rows",
}


def make(name: Any, cls: Any) -> Any:  # noqa: PLR0912 - a table of what each needs
    """Return an unfitted estimator with the least it needs."""
    from sklearn.compose import ColumnTransformer
    from sklearn.decomposition import SparseCoder
    from sklearn.linear_model import LogisticRegression, Ridge

    regressor = "Regress" in name or name in ("RANSACRegressor", "TransformedTargetRegressor")
    inner = Ridge() if regressor else LogisticRegression(max_iter=300)
    if name == "SparseCoder":
        return SparseCoder(np.eye(4))
    if name == "ColumnTransformer":
        return ColumnTransformer([("a", StandardScaler(), [0, 1]), ("b", "passthrough", [2, 3])])
    if name == "Pipeline":
        return make_pipeline(StandardScaler(), LogisticRegression())
    if name == "FeatureUnion":
        return cls([("a", StandardScaler()), ("b", StandardScaler(with_mean=False))])
    if name in ("StackingClassifier", "StackingRegressor", "VotingClassifier", "VotingRegressor"):
        return cls([("a", inner), ("b", type(inner)())])
    if name == "LocalOutlierFactor":
        return cls(novelty=True)
    if name == "SelfTrainingClassifier":
        return cls(inner)
    needed = {one.name for one in inspect.signature(cls).parameters.values() if one.default is one.empty}
    settings = {}
    if needed & {"estimator", "base_estimator"}:
        settings["estimator" if "estimator" in needed else "base_estimator"] = inner
    if "param_grid" in needed or "param_distributions" in needed:
        settings["param_grid" if "param_grid" in needed else "param_distributions"] = {
            "alpha" if regressor else "C": [0.1, 1.0]
        }
    if name in ("SelectFromModel", "SequentialFeatureSelector", "RFE", "RFECV"):
        settings["estimator"] = LogisticRegression(max_iter=300)
    if name in ("ClassifierChain", "RegressorChain"):
        settings["estimator"] = inner
    model = cls(**settings)
    for key, value in {"max_iter": 50, "n_estimators": 5, "random_state": 0, "cv": 3}.items():
        if key in model.get_params() and name != "OrthogonalMatchingPursuitCV":
            try:
                model.set_params(**{key: value})
            except ValueError:
                continue
    if "n_components" in model.get_params() and model.get_params()["n_components"] not in ("mle",):
        model.set_params(n_components=2)
    return model


def data_for(name: Any, model: Any) -> Any:
    """Return rows and targets that an estimator takes."""
    from serving.traits import input_types

    many = np.column_stack([Y, Y[::-1]])
    if name in ("CCA", "PLSCanonical", "PLSRegression", "PLSSVD"):
        return X, many.astype(float) + X[:, :2]
    if "MultiTask" in name or name in ("MultiOutputRegressor", "RegressorChain"):
        return X, many.astype(float)
    if name in ("MultiOutputClassifier",):
        return X, many
    if name == "ClassifierChain":
        return X, (many > 0).astype(int)
    if name in ("FixedThresholdClassifier", "TunedThresholdClassifierCV"):
        return X, (Y > 0).astype(int)
    if name == "GammaRegressor":
        return X, Y + 1.0
    if name == "OrthogonalMatchingPursuitCV":
        return X, X @ [1.0, 2.0, 0.0, 1.0]
    if name == "IsotonicRegression":
        return X[:, :1], Y
    if "categorical" in input_types(model) and name in ("CategoricalNB",):
        return np.floor(X).astype(int), Y
    if input_types(model) == {"string"}:
        return TEXTS, None
    return X, Y
