"""The hash of a folder is what its documentation says."""

import hashlib
from pathlib import Path

from runner.io.folders import list_files
from runner.io.hashes import hash_tree


def test_the_hash_of_a_folder_can_be_reproduced(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "two").write_bytes(b"2")
    (tmp_path / "one").write_bytes(b"1")
    (tmp_path / "link").symlink_to("one")
    assert list_files(tmp_path) == ["b/two", "one"]
    lines = "".join(f"{hashlib.sha256(c).hexdigest()}  {n}\n" for n, c in (("b/two", b"2"), ("one", b"1")))
    assert hash_tree(tmp_path) == hashlib.sha256(lines.encode()).hexdigest()
