"""The contract of registries. Inherit the class and define `registry` and `registry_again`, the same one reopened."""

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import pytest

from runner.errors import UserError
from runner.records import ModelRecord
from tests.support.references import NO_REFERENCES

RECORD = ModelRecord(name="iris", version=0, created="", artefact="", sha256="", bytes=0, run="r1")


class RegistryContract:
    @pytest.fixture
    def model(self, tmp_path: Path) -> Any:
        path = tmp_path / "model.joblib"
        path.write_bytes(b"a model")
        return path

    def test_versions_count_from_one_and_survive(self, registry: Any, registry_again: Any, model: Any) -> None:
        assert [registry.register(model, RECORD).version for _ in range(3)] == [1, 2, 3]
        assert registry_again.versions("iris") == [1, 2, 3]
        assert registry_again.resolve("iris") == registry.resolve("iris:3") == registry.resolve("iris:latest")
        assert registry.names() == ["iris"]

    def test_the_artefact_is_copied_and_hashed(self, registry: Any, model: Any) -> None:
        made = registry.register(model, RECORD)
        model.write_bytes(b"something else")
        assert made.sha256 == hashlib.sha256(b"a model").hexdigest()
        assert registry.verified_bytes(made) == b"a model"
        assert registry.verify("iris", 1) == []

    def test_a_folder_is_an_artefact_too(self, registry: Any, tmp_path: Path) -> None:
        folder = tmp_path / "model"
        (folder / "a").mkdir(parents=True)
        (folder / "a" / "b").write_text("1")
        made = registry.register(folder, RECORD)
        assert [file.path for file in made.files] == ["a/b"]
        (registry.artefact(made) / "a" / "b").write_text("2")
        assert registry.verify("iris", 1) == ["a/b has changed since it was registered"]

    def test_links_in_a_folder_are_refused(self, registry: Any, tmp_path: Path) -> None:
        folder = tmp_path / "model"
        folder.mkdir()
        (folder / "link").symlink_to("/etc/passwd")
        with pytest.raises(UserError, match="links"):
            registry.register(folder, RECORD)
        assert registry.versions("iris") == [] and not list(registry.root.iterdir())

    def test_one_flipped_byte_is_refused_before_loading(self, registry: Any, model: Any) -> None:
        made = registry.register(model, RECORD)
        path = registry.artefact(made)
        path.write_bytes(b"b" + path.read_bytes()[1:])
        with pytest.raises(UserError, match="SHA-256"):
            registry.verified_bytes(made)
        assert registry.verify("iris", 1) == ["model.joblib has changed since it was registered"]

    def test_bytes_that_were_not_inspected_are_refused(self, registry: Any, model: Any) -> None:
        with pytest.raises(UserError, match="changed after it was inspected"):
            registry.register(model, dataclasses.replace(RECORD, sha256="0" * 64))
        assert registry.versions("iris") == [] and not list(registry.root.iterdir())

    def test_a_name_that_a_model_file_cannot_have_leaves_nothing(self, registry: Any, model: Any) -> None:
        record = model.rename(model.with_name("model.json"))
        with pytest.raises(UserError, match="another name"):
            registry.register(record, RECORD)
        assert not list(registry.root.iterdir())

    def test_a_deleted_number_is_not_used_again(self, registry: Any, model: Any) -> None:
        registry.register(model, RECORD)
        registry.register(model, RECORD)
        registry.delete("iris", 2)
        assert registry.versions("iris") == [1]
        assert registry.register(model, RECORD).version == 3
        registry.delete("iris", None)
        assert registry.names() == []
        assert registry.register(model, RECORD).version == 4

    def test_aliases_move_and_remember(self, registry: Any, registry_again: Any, model: Any) -> None:
        for _ in range(2):
            registry.register(model, RECORD)
        registry.set_alias("iris", "champion", 1)
        before = registry.alias_history("iris")[0]["time"]
        registry.set_alias("iris", "champion", 2)
        assert registry_again.resolve("iris@champion").version == 2
        assert registry_again.aliases("iris", before) == {"champion": 1}
        assert registry_again.aliases("iris", "2001-03-01") == {}
        with pytest.raises(UserError, match="champion"):
            registry.delete("iris", 2)
        registry.set_alias("iris", "champion", None)
        assert registry.aliases("iris") == {}
        assert [change["version"] for change in registry.alias_history("iris")] == [1, 2, None]

    @pytest.mark.parametrize("alias", ["latest", "3", "../x", "a b", ""])
    def test_words_that_are_no_alias(self, registry: Any, model: Any, alias: str) -> None:
        registry.register(model, RECORD)
        with pytest.raises(UserError):
            registry.set_alias("iris", alias, 1)

    @pytest.mark.parametrize("reference", ["irs", "iris@nobody", "../iris", "iris:../1", *NO_REFERENCES])
    def test_what_is_not_there_is_a_clear_error(self, registry: Any, model: Any, reference: str) -> None:
        registry.register(model, RECORD)
        with pytest.raises(UserError) as caught:
            registry.resolve(reference)
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 400

    def test_tags_are_set_and_dropped(self, registry: Any, registry_again: Any, model: Any) -> None:
        registry.register(model, RECORD)
        registry.set_tags("iris", 1, {"a": "1", "b": "2"})
        registry.set_tags("iris", 1, {"a": None})
        assert registry_again.resolve("iris:1").tags == {"b": "2"}

    def test_the_versions_a_run_made(self, registry: Any, model: Any) -> None:
        registry.register(model, RECORD)
        registry.register(model, dataclasses.replace(RECORD, run="r2"))
        assert [version.version for version in registry.find_by_run("r1", "iris")] == [1]
