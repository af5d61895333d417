"""What is suggested for a misspelt name, and what is not."""

import pytest

from runner.errors import nearest

KNOWN = ("train.py", "score.sh", "imp-none", "iris", "validation_accuracy", "src", "outputs/model.joblib", "max_files")


@pytest.mark.parametrize("word", [word for word in KNOWN if len(word) > 3])
def test_a_slip_of_the_fingers_is_recognised(word: str) -> None:
    stem, dot, end = word.rpartition(".") if "." in word else (word, "", "")
    middle = stem.rpartition("/")[2]
    at = len(stem) - len(middle) + len(middle) // 2
    slips = {
        "left out": stem[:at] + stem[at + 1 :],
        "twice": stem[:at] + stem[at] + stem[at:],
        "another": stem[:at] + "q" + stem[at + 1 :],
        "swapped": stem[: at - 1] + stem[at] + stem[at - 1] + stem[at + 1 :],
        "last left out": stem[:-1],
    }
    for slip, typed in slips.items():
        assert nearest(typed + dot + end, KNOWN) == f"Did you mean '{word}'?", slip


@pytest.mark.parametrize(
    "word",
    [
        "nope.csv",
        "nope",
        "none-of-it",
        "x.py",
        "data.py",
        "outputs/x.joblib",
        "outputs/weights.joblib",
        "loss",
        "",
        "a",
    ],
)
def test_what_is_like_none_lists_all(word: str) -> None:
    assert nearest(word, KNOWN) == f"Known: {', '.join(sorted(KNOWN))}."


def test_a_long_list_is_cut() -> None:
    said = nearest("x", [f"run-{number:03d}" for number in range(400)])
    assert said.endswith("run-029 and 370 more.") and nearest("x", []) == ""
