"""Models of other libraries answer as in Python, bit for bit, over each protocol."""

import contextlib
import io
import warnings
from collections.abc import Callable
from typing import Any

import joblib
import numpy as np
import pandas
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from runner.errors import UserError
from runner.worker.models.flavours import METHODS
from serving.dataplane.outputs import normalize_output
from tests.support.servers.answers import forms, layouts, same, tensors

X = load_iris().data[::2]
Y = load_iris().target[::2] % 2
NAMES = ["sepal length", "sepal width", "petal length", "petal width"]
FEW = slice(3, 20, 4)


class Own(TransformerMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """A transformer from somebody's package, which indexes columns by name."""

    def fit(self, rows: Any, labels: Any = None) -> "Own":
        self.n_features_in_ = rows.shape[1]
        self.feature_names_in_ = np.array(rows.columns, dtype=object)
        return self

    def transform(self, rows: Any) -> Any:
        return rows[["petal length", "sepal width"]]


def array() -> Any:
    return X


def numbers() -> Any:
    return pandas.DataFrame(X, columns=NAMES)


def texts() -> Any:
    return numbers().assign(job=[["clerk", "cook", "smith"][at % 3] for at in range(len(X))])


def categories() -> Any:
    """Categories of texts, some cells missing, and of whole numbers, not in the order of their values."""
    jobs = pandas.Series([["smith", "clerk", "cook", None][at % 4] for at in range(len(X))])
    floors = pandas.Series(pandas.Categorical(np.arange(len(X)) % 3, categories=[2, 0, 1]))
    return numbers().assign(job=jobs.astype("category"), floor=floors)


def kinds() -> Any:
    return texts().assign(floor=np.arange(len(X)) % 3)


def lightgbm(**settings: Any) -> Any:
    from lightgbm import LGBMClassifier

    return LGBMClassifier(n_estimators=5, min_child_samples=3, verbose=-1, **settings)


def xgboost(**settings: Any) -> Any:
    from xgboost import XGBClassifier

    return XGBClassifier(n_estimators=5, **settings)


def catboost(**settings: Any) -> Any:
    from catboost import CatBoostClassifier

    return CatBoostClassifier(iterations=5, verbose=0, allow_writing_files=False, thread_count=1, **settings)


def balanced(*steps: Any) -> Any:
    from imblearn.over_sampling import RandomOverSampler
    from imblearn.pipeline import make_pipeline as make

    return make(*(RandomOverSampler(random_state=0) if step == "sampler" else step for step in steps))


def encoders(name: str, **settings: Any) -> Any:
    import category_encoders

    return getattr(category_encoders, name)(**settings)


def engine(name: str) -> Any:
    from feature_engine import encoding, imputation

    return getattr(encoding if hasattr(encoding, name) else imputation, name)()


MODELS: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "LightGBM": (lightgbm, array),
    "LightGBM, names with spaces": (lightgbm, numbers),
    "LightGBM, categories": (lightgbm, categories),
    "LightGBM after a scaler": (lambda: make_pipeline(StandardScaler(), lightgbm()), numbers),
    "LightGBM in a search": (lambda: GridSearchCV(lightgbm(), {}, cv=2), categories),
    "LightGBM calibrated": (lambda: CalibratedClassifierCV(lightgbm(), cv=2), categories),
    "LightGBM in a vote": (lambda: VotingClassifier([("a", lightgbm()), ("b", lightgbm(max_depth=2))]), categories),
    "XGBoost": (xgboost, array),
    "XGBoost, names": (xgboost, numbers),
    "XGBoost, categories": (lambda: xgboost(enable_categorical=True), categories),
    "XGBoost in a search": (lambda: GridSearchCV(xgboost(enable_categorical=True), {}, cv=2), categories),
    "CatBoost": (catboost, array),
    "CatBoost, names": (catboost, numbers),
    "CatBoost, texts and whole numbers": (lambda: catboost(cat_features=["job", "floor"]), kinds),
    "LightGBM behind other steps": (lambda: behind(lightgbm()), categories),
    "LightGBM behind a function": (lambda: make_pipeline(FunctionTransformer(), lightgbm()), categories),
    "XGBoost behind other steps": (lambda: behind(xgboost(enable_categorical=True)), categories),
    "XGBoost, boosted by dart": (lambda: xgboost(enable_categorical=True, booster="dart"), categories),
    "sampler first": (lambda: balanced("sampler", LogisticRegression()), numbers),
    "sampler after a scaler": (lambda: balanced(StandardScaler(), "sampler", RandomForestClassifier(5)), numbers),
    "sampler after an encoder": (
        lambda: balanced(encoders("OneHotEncoder", cols=["job"]), "sampler", RandomForestClassifier(5)),
        texts,
    ),
    "category_encoders, target": (lambda: make_pipeline(encoders("TargetEncoder"), RandomForestClassifier(5)), texts),
    "category_encoders, ordinal": (lambda: make_pipeline(encoders("OrdinalEncoder"), RandomForestClassifier(5)), texts),
    "feature_engine, encoder": (lambda: make_pipeline(engine("OneHotEncoder"), RandomForestClassifier(5)), texts),
    "feature_engine, imputer": (lambda: make_pipeline(engine("MeanMedianImputer"), RandomForestClassifier(5)), numbers),
    "own transformer by names": (lambda: make_pipeline(Own(), RandomForestClassifier(5)), numbers),
}


def behind(model: Any) -> Any:
    """Put a model behind a transformer of some columns that passes the others on, categories as such."""
    scaled = make_column_transformer((StandardScaler(), NAMES[:2]), remainder="passthrough")
    return make_pipeline(scaled.set_output(transform="pandas"), model)


def kept(model: Any) -> Any:
    """Return a model as it is when it was written and read: CatBoost forgets things then."""
    written = io.BytesIO()
    joblib.dump(model, written)
    written.seek(0)
    return joblib.load(written)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODELS)
def test_it_answers_as_in_python(name: str, client: Any) -> None:
    make, rows_of = MODELS[name]
    rows = rows_of()
    model = kept(make().fit(rows, Y))
    few = rows.iloc[FEW] if isinstance(rows, pandas.DataFrame) else rows[FEW]
    server = client(m=model)
    for method in [method for method in METHODS if hasattr(model, method)]:
        expected = [normalize_output(getattr(model, method)(layout)) for layout in layouts(few)]
        for body in forms(few):
            answer = server.post("/score", json={"data": body, "method": method})
            assert answer.status_code == 200, (method, answer.json)
            assert any(same(answer.json[method], wanted) for wanted in expected), method
        if isinstance(few, pandas.DataFrame):
            backwards = list(reversed(range(few.shape[1])))
            split = {
                "columns": [str(few.columns[at]) for at in backwards],
                "data": [[row[at] for at in backwards] for row in forms(few)[0]],
            }
            answer = server.post("/invocations", json={"dataframe_split": split, "params": {"method": method}})
            assert any(same(answer.json["predictions"], wanted) for wanted in expected), method
    if isinstance(few, pandas.DataFrame):
        expected = [normalize_output(model.predict(layout)) for layout in layouts(few)]
        answer = server.post(
            "/invocations", data=few[list(reversed(few.columns))].to_csv(index=False), content_type="text/csv"
        )
        assert any(same(answer.json["predictions"], wanted) for wanted in expected), answer.json
        answer = server.post("/v2/models/m/infer", json={"inputs": tensors(few)})
        assert any(same(answer.json["outputs"][0]["data"], np.ravel(wanted)) for wanted in expected), answer.json
        unknown = [{f"{column}?": 1 for column in few.columns}]
        assert server.post("/score", json={"data": unknown}).status_code == 400


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("rows_of", [numbers, categories])
def test_a_booster_of_lightgbm_has_names(rows_of: Any, client: Any) -> None:
    import lightgbm as library

    rows = rows_of()
    booster = kept(library.train({"verbose": -1, "objective": "binary"}, library.Dataset(rows, Y), 5))
    server, expected = client(m=booster), booster.predict(rows.iloc[FEW]).tolist()
    for body in forms(rows.iloc[FEW]):
        assert server.post("/score", json={"data": body}).json["predict"] == expected


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("rows_of", [array, numbers, categories])
def test_a_booster_of_xgboost_takes_rows(rows_of: Any, client: Any) -> None:
    import xgboost as library

    rows = rows_of()
    booster = kept(
        library.train({"objective": "binary:logistic"}, library.DMatrix(rows, Y, enable_categorical=True), 5)
    )
    few = rows.iloc[FEW] if isinstance(rows, pandas.DataFrame) else rows[FEW]
    server, expected = client(m=booster), booster.predict(library.DMatrix(few, enable_categorical=True)).tolist()
    for body in forms(few):
        assert server.post("/score", json={"data": body}).json["predict"] == expected


@pytest.mark.filterwarnings("ignore")
def test_a_value_that_is_no_category_is_as_in_python(client: Any) -> None:
    """LightGBM takes it for a missing one; XGBoost refuses it, and here so that the column is named."""
    rows = categories()
    strange = rows.iloc[FEW].assign(job=pandas.Series(["pilot"] * 5, index=rows.index[FEW], dtype="category"))
    model = lightgbm().fit(rows, Y)
    answer = client(m=model).post("/score", json={"data": forms(strange)[1], "method": "predict_proba"})
    assert answer.json["predict_proba"] == model.predict_proba(strange).tolist()
    answer = client(m=xgboost(enable_categorical=True).fit(rows, Y)).post("/score", json={"data": forms(strange)[1]})
    assert answer.status_code == 400 and "column 'job': 'pilot' is not one of" in answer.json["error"]["message"]


@pytest.mark.filterwarnings("ignore")
def test_two_spellings_of_one_column_are_refused(client: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = client(m=lightgbm().fit(numbers(), Y))
    row = dict(zip(NAMES, X[0].tolist(), strict=True)) | {"sepal_length": 1.0}
    for body in ({"data": [row]}, {"data": {name: [value] for name, value in row.items()}}):
        answer = server.post("/score", json=body)
        assert answer.status_code == 400 and "'sepal_length' occurs twice" in answer.json["error"]["message"]


@pytest.mark.filterwarnings("ignore")
def test_categories_of_any_letters(client: Any) -> None:
    """XGBoost 3.2 keeps them wrongly and says so of itself: then it is not served, and with the reason."""
    rows = categories().assign(job=pandas.Series(["gr\u00fcn", "\u6570\u636e", "red"] * 25).astype("category"))
    model = lightgbm().fit(rows, Y)
    answer = client(m=model).post("/score", json={"data": forms(rows.iloc[FEW])[1]})
    assert answer.json["predict"] == model.predict(rows.iloc[FEW]).tolist()
    model = xgboost(enable_categorical=True).fit(rows, Y)
    with contextlib.suppress(UserError):
        answer = client(m=model).post("/score", json={"data": forms(rows.iloc[FEW])[1]})
        assert answer.json["predict"] == model.predict(rows.iloc[FEW]).tolist()
