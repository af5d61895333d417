"""Dockerfiles that only BuildKit builds, and the secrets that their steps may use."""

import hashlib
import io
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from runner.config.schema import DockerEnvironmentConfig
from runner.environments.docker import buildkit
from runner.environments.docker.environment import DockerEnvironment
from runner.errors import UserError
from runner.hosts.local import LocalHost
from runner.layout import Layout
from tests.support.components import missing
from tests.support.engine import images_of

SECRET, ADDRESS = "machine packages.invalid login me password hunter2-secret\n", "https://planted-address/simple"


@pytest.fixture
def prepare(tmp_path: Path, base_image: Any, swept: Any) -> Any:
    """Build a Dockerfile's steps onto the base image."""
    try:
        buildkit._program()
    except UserError as mistake:
        missing(str(mistake))
    context, layout = tmp_path / "a folder, with a comma", Layout(tmp_path / "w")
    context.mkdir()

    def prepare(*steps: Any) -> Any:
        (context / "Dockerfile").write_text("\n".join([f"FROM {base_image}", *steps]) + "\n")
        settings = DockerEnvironmentConfig(dockerfile=str(context / "Dockerfile"))
        return DockerEnvironment(layout, settings).prepare(LocalHost(), lambda _line: None).record

    return prepare


def test_steps_use_secrets_and_no_layer_has_them(
    prepare: Any, engine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package is installed with a certificate that is mounted; a password and an address are there for their step."""
    home = tmp_path / "home, of somebody"
    home.mkdir()
    (home / ".netrc").write_text(SECRET)
    authorities = os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")
    (home / "certificates.pem").write_text(Path(authorities).read_text() + "# planted-certificate\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("SSL_CERT_FILE", str(home / "certificates.pem"))
    monkeypatch.setenv("UV_EXTRA_INDEX_URL", ADDRESS)
    record = prepare(
        "RUN --mount=type=secret,id=certificates PIP_CERT=/run/secrets/certificates "
        "sh -c 'python3 -m venv /opt/made && /opt/made/bin/pip install --no-cache-dir six==1.16.0'",
        "RUN --mount=type=secret,id=netrc,target=/root/.netrc --mount=type=secret,id=UV_EXTRA_INDEX_URL "
        "sh -c 'sha256sum < /root/.netrc > /seen && sha256sum < /run/secrets/UV_EXTRA_INDEX_URL >> /seen'",
        "ENV PATH=/opt/made/bin:$PATH",
    )
    assert record.packages["six"] == "1.16.0" and record.prefix == "/opt/made"
    image = engine.images.get(record.image)
    seen = engine.containers.run(image.id, ["cat", "/seen"], remove=True).decode()
    assert seen.split()[::2] == [hashlib.sha256(secret.encode()).hexdigest() for secret in (SECRET, ADDRESS)]
    planted = ("hunter2-secret", "planted-certificate", "planted-address")
    assert not any(secret in json.dumps(image.attrs) + json.dumps(image.history()) for secret in planted)
    layers = 0
    with tarfile.open(fileobj=io.BytesIO(b"".join(image.save()))) as saved:
        for member in saved:
            if member.name.endswith("layer.tar"):
                layers += 1
                layer = saved.extractfile(member)
                assert layer is not None
                content = layer.read()
                assert not any(secret.encode() in content for secret in planted)
    assert layers == 3


def test_the_same_content_is_built_once(prepare: Any) -> None:
    step = "RUN --mount=type=tmpfs,target=/scratch touch /scratch/x /made"
    first = prepare(step)
    assert not first.cached and prepare(step).cached
    assert prepare(step + "2").key != first.key


def test_a_step_that_fails_is_named_with_its_last_lines(prepare: Any, engine: Any, tmp_path: Path) -> None:
    before = set(images_of(engine, tmp_path))
    with pytest.raises(UserError, match=r"RUN --mount=type=tmpfs.* the reason .*exit code: 3"):
        prepare("RUN --mount=type=tmpfs,target=/scratch echo the reason && exit 3")
    assert set(images_of(engine, tmp_path)) == before


def test_a_secret_that_is_not_there_is_named(prepare: Any) -> None:
    with pytest.raises(UserError, match="secret nothing not found"):
        prepare("RUN --mount=type=secret,id=nothing,required=true true")


def test_without_a_command_that_has_it(prepare: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = tmp_path / "docker"
    fake.write_text("#!/bin/sh\n[ \"$1\" = --version ] && echo 'Docker version 28.2.2, build x'\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="needs BuildKit") as caught:
        prepare("RUN --mount=type=cache,target=/c true")
    assert "buildx" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("FROM a\nRUN echo --mount=x\n", False),
        ("FROM a\nRUN --mount=type=cache,target=/c true\n", True),
        ("# syntax=docker/dockerfile:1\nFROM a\n", True),
        ("FROM a\nCOPY --chmod=644 a b\n", True),
        ("FROM a\nRUN <<EOF\necho\nEOF\n", True),
        ("FROM a\nRUN cat <<< x\n", False),
        ("FROM a\nCOPY --from=b a b\n", False),
    ],
)
def test_what_asks_for_it(text: str, needed: bool) -> None:
    assert buildkit.is_needed(text) is needed
