from pathlib import Path

from runner.worker.run.script_requests import Requests


def test_each_request_is_taken_once_the_oldest_first(tmp_path: Path) -> None:
    requests = Requests(str(tmp_path))
    for name in ("10.json", "9.json", "2.json", "2.answer.json", ".3.json", "notes.txt"):
        (tmp_path / name).touch()
    assert [requests.take() for _ in range(3)] == ["9", "10", None]
    (tmp_path / "11.json").touch()
    assert requests.take() == "11"
    assert requests.answer("11") == str(tmp_path / "11.answer.json")


def test_a_folder_that_is_missing_or_a_link_has_no_requests(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "1.json").touch()
    (tmp_path / "requests").symlink_to("elsewhere")
    assert Requests(str(tmp_path / "requests")).take() is None
    assert Requests(str(tmp_path / "missing")).take() is None
