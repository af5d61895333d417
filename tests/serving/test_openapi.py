"""The description is what is served: schemathesis finds no 5xx on any route, and the examples work."""

import pytest
import schemathesis
from sklearn.datasets import load_iris
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.svm import SVC

X, Y = load_iris(return_X_y=True)
MODELS = {"svm": SVC().fit(X, Y), "trees": HistGradientBoostingClassifier(max_iter=5).fit(X, Y)}


@pytest.mark.parametrize("version", ["2", "3", "3.1"])
@pytest.mark.parametrize("names", [["svm"], ["svm", "trees"]])
def test_the_examples_work(version, names, client):
    asked = client(**{name: MODELS[name] for name in names})
    found = asked.get(f"/swagger.json?version={version}").json
    posts = {path: actions["post"] for path, actions in found["paths"].items() if "post" in actions}
    assert len(posts) == 3 * len(names)
    for path, action in posts.items():
        if version == "2":
            example = action["parameters"][0]["schema"]["example"]
        else:
            example = action["requestBody"]["content"]["application/json"]["example"]
        assert asked.post(path, json=example).status_code == 200, path


def test_another_version_of_the_description(client):
    assert client(m=MODELS["svm"]).get("/swagger.json?version=4").status_code == 404


def test_no_request_ends_in_a_5xx(client):
    asked = client(m=MODELS["svm"], n=MODELS["trees"])
    schema = schemathesis.openapi.from_wsgi("/openapi.json", asked.application)

    checked = 0
    for operation in schema.get_all_operations():
        strategy = operation.ok().as_strategy()
        checked += _try(strategy)
    assert checked > 100


def _try(strategy):
    from hypothesis import HealthCheck, given, settings

    count = 0

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=strategy)
    def check(case):
        nonlocal count
        count += 1
        assert case.call().status_code < 500

    check()
    return count
