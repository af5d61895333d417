"""All estimators of scikit-learn, with the least arguments they need, and the rows and targets they require."""

import inspect
import warnings
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import SparseCoder
from sklearn.exceptions import SkipTestWarning
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import all_estimators

# Estimators without an answer for new rows, with the reason.
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
    "PatchExtractor": "takes images of four dimensions, which are no rows",
}
with warnings.catch_warnings():
    warnings.simplefilter("ignore", SkipTestWarning)
    ESTIMATORS: dict[str, Any] = {name: cls for name, cls in all_estimators() if name not in NOT_SERVED}
_SEVERAL_OUTPUTS = (
    "CCA", "ClassifierChain", "MultiOutputClassifier", "MultiOutputRegressor", "PLSCanonical", "PLSRegression",
    "PLSSVD", "RegressorChain",
)  # fmt: skip
_QUICK = {"max_iter": 15, "n_estimators": 3, "random_state": 0, "cv": 2, "n_init": 1, "Cs": 2, "n_features": 16}


def make(name: str) -> Any:
    """Return an unfitted estimator with the least arguments it needs."""
    model = _least(name, ESTIMATORS[name])
    for key, value in _QUICK.items():
        if key in model.get_params() and name != "OrthogonalMatchingPursuitCV":
            try:
                model.set_params(**{key: value})
            except ValueError:
                continue
    if model.get_params().get("n_components", "mle") != "mle":
        model.set_params(n_components=2)
    return model


def _least(name: str, cls: Any) -> Any:
    regressor = "Regress" in name
    inner = Ridge() if regressor else LogisticRegression(max_iter=15)
    if name == "SparseCoder":
        return SparseCoder(np.eye(4))
    if name == "ColumnTransformer":
        return ColumnTransformer([("a", StandardScaler(), [0, 1]), ("b", "passthrough", [2, 3])])
    if name == "Pipeline":
        return make_pipeline(StandardScaler(), inner)
    if name == "FeatureUnion":
        return cls([("a", StandardScaler()), ("b", StandardScaler(with_mean=False))])
    if name in ("StackingClassifier", "StackingRegressor", "VotingClassifier", "VotingRegressor"):
        return cls([("a", inner), ("b", type(inner)())])
    if name == "LocalOutlierFactor":
        return cls(novelty=True)
    if name == "SelfTrainingClassifier":
        return cls(inner)
    needed = {
        parameter.name
        for parameter in inspect.signature(cls).parameters.values()
        if parameter.default is parameter.empty
    }
    settings: dict[str, Any] = {word: inner for word in ("estimator", "base_estimator") if word in needed}
    if name in ("RFE", "RFECV", "SelectFromModel", "SequentialFeatureSelector"):
        settings["estimator"] = RidgeClassifier()
    searched = {"alpha" if regressor else "C": [0.1, 1.0]}
    settings |= {word: searched for word in ("param_grid", "param_distributions") if word in needed}
    return cls(**settings)


def has_several_outputs(name: str) -> bool:
    """Return whether an estimator is fitted to several targets."""
    return name in _SEVERAL_OUTPUTS or name.startswith("MultiTask")


def rows_for(name: str, matrix: Any) -> Any:
    """Return a matrix that the estimator takes: a single column, codes, or the matrix itself."""
    if name == "IsotonicRegression":
        return matrix[:, :1]
    return np.floor(matrix).astype(int) if name == "CategoricalNB" else matrix


def takes_only(name: str, kind: str) -> bool:
    """Return whether an estimator takes texts (``string``) or mappings (``dict``), and not a matrix."""
    tags = make(name).__sklearn_tags__().input_tags
    return bool(getattr(tags, kind)) and not tags.two_d_array
