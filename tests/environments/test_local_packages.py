"""What is asked for by its place on this machine is built, kept, locked by hash, and installed."""

import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.environments.requirements.local_packages import with_stored_wheels
from runner.environments.requirements.lock import checked, compile_lock
from runner.environments.requirements.path_requirements import PathRequirement, path_requirement
from runner.environments.requirements.project import dependencies
from runner.environments.requirements.spec import Spec, gather
from runner.environments.requirements.wheel_store import WheelStore
from runner.environments.venv import VenvEnvironment
from runner.errors import UserError
from runner.hosts.local import LocalHost
from runner.layout import Layout
from tests.support.nodes.package_index import write_wheel
from tests.support.projects import write_project
from tests.support.suite.covered import ENVIRONMENTS

pytestmark = pytest.mark.sampled(45, covers=ENVIRONMENTS)


@pytest.fixture
def layout(tmp_path: Path) -> Any:
    return Layout(tmp_path / "w")


@pytest.fixture
def environment(layout: Layout, tmp_path: Path) -> Any:
    def make(packages: Any = (), **settings: Any) -> Any:
        return VenvEnvironment(layout, packages=packages, base=tmp_path, **settings)

    return make


def quiet(_line: str) -> None:
    """Take a line of progress."""


def value_in(handle: Any) -> str:
    code = "import scores; print(scores.VALUE)"
    return subprocess.check_output(handle.argv(["python", "-c", code]), text=True).strip()


FORMS = {
    "here": ".", "editable": "-e .", "long editable": "--editable=./", "below": "./mine", "slash": "mine/",
    "absolute": "{0}", "name": "scores @ file://{0}", "name and path": "scores @ {0}", "extra": "./mine[more]",
    "name, extra": "scores[more] @ file://{0}", "marker": "./mine ; python_version > '3'",
    "not here": "./mine ; python_version < '3'",
}  # fmt: skip


@pytest.mark.parametrize("where", ["packages", "requirements", "conda"])
@pytest.mark.parametrize("form", FORMS)
def test_a_folder_is_built_and_locked_by_its_hash(form: str, where: str, environment: Any, tmp_path: Path) -> None:
    here = form in ("here", "editable", "long editable")
    base = write_project(tmp_path if here and where == "packages" else tmp_path / "asked" / ("" if here else "mine"))
    line = FORMS[form].format(base)
    (tmp_path / "asked").mkdir(exist_ok=True)
    if where == "packages" and not here:
        line = line.replace("./mine", "./asked/mine").replace("mine/", "asked/mine/")
    (tmp_path / "asked" / "r.txt").write_text(f"{line}\n")
    (tmp_path / "asked" / "e.yml").write_text(f"dependencies: [python, {{pip: [{line!r}]}}]\n")
    settings: dict[str, Any] = {
        "packages": {"packages": [line]},
        "requirements": {"requirements": "asked/r.txt"},
        "conda": {"conda_file": "asked/e.yml"},
    }
    handle = environment(**settings[where]).prepare(LocalHost(), str)
    lock = handle.lock_text()
    if form == "not here":
        assert handle.record.packages == {}
        return
    assert handle.record.packages == {"scores": "1.0"} | ({"tabulate": "0.9.0"} if "extra" in form else {})
    assert str(tmp_path) not in lock and "scores==1.0" in lock and "--hash=sha256:" in lock
    assert value_in(handle) == "1"
    assert not (base / "left.txt").exists() and not list(base.glob("*.egg-info"))


ODD = {
    "space": "my lib", "at": "lib@2", "both": "my @ lib", "brackets": "lib[1]", "semicolon": "a;b", "percent": "100%20",
    "comma": "a,b", "umlaut": "süß", "quote": "it's", "equals": "six==1", "hash": "a#b", "option": "lib --hash",
}  # fmt: skip
ODD_FORMS = {
    "below": "./{0}", "inside": "{0}/", "editable": "-e ./{0}", "name": "scores @ ./{0}", "absolute": "{1}",
    "home": "~/{0}", "address": "scores @ {2}", "extra": "./{0}[more]", "marker": "./{0} ; python_version > '3'",
}  # fmt: skip


@pytest.mark.parametrize("form", ODD_FORMS)
@pytest.mark.parametrize("name", ODD)
def test_an_odd_path_is_a_path(
    name: str, form: str, layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is asked for by its place is in the requirement that is resolved, by its hash."""
    monkeypatch.setenv("HOME", str(tmp_path / "my home"))
    base = tmp_path / "my home"
    project = write_project(base / ODD[name])
    line = ODD_FORMS[form].format(ODD[name], project, project.as_uri())
    spec = with_stored_wheels(gather([line], None, None, None, base=base, say=quiet), WheelStore(layout), quiet)
    extra, marker = "[more]" * (form == "extra"), " ; python_version > '3'" * (form == "marker")
    assert re.fullmatch(re.escape(f"scores{extra}==1.0{marker} --hash=sha256:") + "[0-9a-f]{64}", spec.lines[0])
    (read,) = gather([line], None, None, None, base=base, say=quiet).lines
    assert (path_requirement(read) or project) == path_requirement(line, base)


@pytest.mark.parametrize("form", [".", "-e .", "./my lib", "-e ./my lib", "scores @ ./my lib"])
@pytest.mark.parametrize("beside", ["", "parcel"])
@pytest.mark.parametrize("where", ["packages", "requirements"])
def test_a_project_whose_own_path_has_a_space(
    form: str, beside: str, where: str, layout: Layout, tmp_path: Path
) -> None:
    base = tmp_path / "my work"
    write_project(base / ("" if form.endswith(".") else "my lib"))
    write_wheel(base / "my wheels")
    lines = ["--find-links ./my wheels", *filter(None, [form, beside])]
    (base / "other.txt").write_text("\n".join(lines))
    (base / "my list.txt").write_text("-r other.txt\n")
    settings: Any = {"packages": lines} if where == "packages" else {"requirements": "my list.txt"}
    handle = VenvEnvironment(layout, base=base, **settings).prepare(LocalHost(), quiet)
    assert handle.record.packages == {"scores": "1.0"} | ({"parcel": "1.0"} if beside else {})
    assert value_in(handle) == "1" and "scores==1.0" in handle.lock_text()


def test_options_that_no_builder_takes_do_not_stop_one(environment: Any, tmp_path: Path) -> None:
    write_project(tmp_path / "mine")
    assert value_in(environment(["--prefer-binary", "--pre", "./mine"]).prepare(LocalHost(), str)) == "1"


def test_a_commit_is_installed(environment: Any, tmp_path: Path) -> None:
    project = write_project(tmp_path / "mine")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-C", str(project)]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.check_call([*git, *words])
    write_wheel(tmp_path / "wheels")
    options = ["--no-index", "--find-links wheels"]
    for beside in ([], ["parcel"]):
        handle = environment([*options, f"scores @ git+{project.as_uri()}", *beside]).prepare(LocalHost(), str)
        assert value_in(handle) == "1"


NO_WAY = ["git+http://127.0.0.1:1/x/y", "git+https://nohost.invalid/x/y", "x @ http://127.0.0.1:1/x-1-py3-none-any.whl"]


@pytest.mark.parametrize("line", NO_WAY)
def test_an_address_that_cannot_be_reached_is_not_a_mistake_in_the_packages(line: str, environment: Any) -> None:
    with pytest.raises(UserError, match="Check access to the index") as caught:
        environment([line]).prepare(LocalHost(), str)
    assert "Correct environment.packages or the file" not in str(caught.value)


def test_what_is_gone_is_named(layout: Layout, tmp_path: Path) -> None:
    gone = (tmp_path / "my gone").as_uri()
    spec, python = Spec((f"six @ {gone}",)), ["--python", sys.executable]
    with pytest.raises(UserError, match=r"Restore .*/my gone, or remove what was installed from it"):
        compile_lock(LocalHost(), spec, python, tmp_path / "lock", quiet, WheelStore(layout))


def test_a_lock_in_which_something_has_no_name_is_refused() -> None:
    """The environment would be without it."""
    with pytest.raises(UserError, match="/x/lib has no version"):
        checked("six==1.16.0 \\\n    --hash=sha256:00\n/x/lib\n", [])
    whole = "# a\n--no-index\nsix==1.16.0 \\\n    --hash=sha256:00\nx @ file:///x/x-1-py3-none-any.whl\n"
    assert checked(whole, []) == whole


def test_a_source_archive(environment: Any, tmp_path: Path) -> None:
    write_project(tmp_path / "scores-1.0")
    (tmp_path / "scores-1.0" / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: scores\nVersion: 1.0\n")
    with tarfile.open(tmp_path / "scores-1.0.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "scores-1.0", "scores-1.0")
    assert value_in(environment(["./scores-1.0.tar.gz"]).prepare(LocalHost(), str)) == "1"


def test_a_changed_folder_is_another_environment_and_an_unchanged_one_is_built_once(
    environment: Any, tmp_path: Path
) -> None:
    project = write_project(tmp_path / "mine")
    lines: list[str] = []
    first = environment(["./mine"]).prepare(LocalHost(), lines.append)
    (project / "source" / "__pycache__").mkdir()
    (project / "source" / "__pycache__" / "scores.pyc").write_text("no part of it")
    assert environment(["./mine"]).prepare(LocalHost(), lines.append).record.cached
    write_project(project, code="VALUE = 2\n")
    second = environment(["./mine"]).prepare(LocalHost(), lines.append)
    assert (value_in(first), value_in(second)) == ("1", "2")
    assert sum(line.startswith("Building a wheel") for line in lines) == 2
    assert value_in(environment().restore(first.record, first.lock_text(), LocalHost(), str)) == "1"


def test_what_it_needs_is_resolved_with_it(environment: Any, tmp_path: Path) -> None:
    write_project(tmp_path / "mine", needs=("six==1.16.0",))
    assert environment(["./mine"]).prepare(LocalHost(), str).record.packages == {"scores": "1.0", "six": "1.16.0"}


def test_the_dependencies_of_a_project(environment: Any, tmp_path: Path) -> None:
    write_project(tmp_path, needs=("six==1.16.0",))
    handle = environment(requirements="pyproject.toml").prepare(LocalHost(), str)
    assert handle.record.packages == {"six": "1.16.0"}


def with_source(project: Path, source: str) -> None:
    with (project / "pyproject.toml").open("a") as file:
        file.write(f"\n[tool.uv.sources]\nScores_Lib = {source}\n")


@pytest.mark.parametrize("target", ["the project", "its dependencies"])
@pytest.mark.parametrize("editable", ["", ", editable = true"])
def test_a_dependency_comes_from_where_uv_is_told(target: str, editable: str, environment: Any, tmp_path: Path) -> None:
    """An index could have another package of that name."""
    write_project(tmp_path / "lib", "scores_lib", code="VALUE = 7\n", needs=("deeper",))
    with (tmp_path / "lib" / "pyproject.toml").open("a") as file:
        file.write("\n[tool.uv.sources]\ndeeper = {path = '../deeper'}\n")
    write_project(tmp_path / "deeper", "deeper")
    with_source(write_project(tmp_path / "mine", needs=("scores-lib>=1",)), f"{{ path = '../lib'{editable} }}")
    words: Any = {"packages": ["./mine"]} if target == "the project" else {"requirements": "mine/pyproject.toml"}
    handle = environment(**words).prepare(LocalHost(), str)
    installed = {name.replace("_", "-") for name in handle.record.packages}
    assert installed == {"scores-lib", "deeper"} | ({"scores"} if target == "the project" else set())
    assert str(tmp_path) not in handle.lock_text()


@pytest.mark.parametrize("source", ["{ workspace = true }", "{ index = 'mine' }", "[{ path = '../lib' }]"])
@pytest.mark.parametrize("target", ["./mine", "pyproject"])
def test_a_source_that_is_not_followed_is_refused(source: str, target: str, environment: Any, tmp_path: Path) -> None:
    with_source(write_project(tmp_path / "mine", needs=("scores-lib",)), source)
    words: Any = {"packages": [target]} if target == "./mine" else {"requirements": "mine/pyproject.toml"}
    with pytest.raises(UserError, match=r"\[tool\.uv\.sources\] of .* has an unsupported source for scores-lib"):
        environment(**words).prepare(LocalHost(), str)


def test_where_git_is_a_source_the_line_says_so(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        "[project]\nname = 'x'\ndependencies = ['a[b]>=1 ; python_version > \"3\"', 'c', 'd==1', 'e']\n"
        "[tool.uv.sources]\na = {git = 'https://example.org/a', tag = 'v1', subdirectory = 's'}\n"
        "c = {url = 'https://example.org/c.whl'}\nd = {git = 'ssh://git@example.org/d'}\n"
    )
    assert dependencies(tmp_path / "pyproject.toml") == [
        'a[b] @ git+https://example.org/a@v1#subdirectory=s ; python_version > "3"',
        "c @ https://example.org/c.whl",
        "d @ git+ssh://git@example.org/d",
        "e",
    ]


MISTAKES = {
    "./nothing": ".*/nothing does not exist",
    "./empty": "empty is not a package: it has neither pyproject.toml nor setup.py",
    "./empty;x": "'x' in './empty;x' is not a condition",
    "-e": "-e has no value",
    "other @ ./broken/../right": "right is scores, not other",
    "scores @ file://right": "names a host, 'right'",
    "~nobody-here/x": "starts with a home folder that does not exist",
    "./right --config-settings=x=y": ".*/right --config-settings=x=y does not exist",
    "file:///nowhere/right#egg=scores": "/nowhere/right does not exist",
    "./broken": "broken cannot be built: .*no builder today",
    "./no-1.whl": "no-1.whl is not named like a wheel",
    "./wheels/parcel-1.0-py3-none-any.whl --hash=sha256:" + 64 * "0": "does not have the given hash",
}


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_is_one_line(line: str, environment: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write_project(tmp_path / "right")
    broken = write_project(tmp_path / "broken")
    (broken / "builder" / "builder.py").write_text("raise SystemExit('no builder today')")
    (tmp_path / "no-1.whl").write_bytes(b"")
    write_wheel(tmp_path / "wheels")
    with pytest.raises(UserError, match=MISTAKES[line]) as caught:
        environment([line]).prepare(LocalHost(), str)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["[tool.poetry]\n", "[project]\nname = 'x'\n", "no = toml = at all"])
def test_a_project_file_that_says_nothing(content: str, environment: Any, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(content)
    with pytest.raises(UserError, match=r"pyproject\.toml (has no dependencies|cannot be read)"):
        environment(requirements="pyproject.toml").prepare(LocalHost(), str)


@pytest.mark.parametrize(
    "line", ["six", "six==1.0", "six>=1; python_version>'3'", "x @ https://example.org/x.whl", "x[a]"]
)
def test_what_is_no_place(line: str) -> None:
    assert path_requirement(line) is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("./a", ("a", "", "", "", ())),
        ("-e ./a", ("a", "", "", "", ())),
        ("--editable = ./-e b", ("-e b", "", "", "", ())),
        ("..", ("..", "", "", "", ())),
        (f"./{300 * 'x'}", (300 * "x", "", "", "", ())),  # longer than a name can be, which is said where it is read
        (f"./{300 * 'x'} ; os_name == 'posix'", (300 * "x", "", "", "os_name == 'posix'", ())),
        ("~/a", ("~/a", "", "", "", ())),
        ("x-1.TAR.zst.zip", ("x-1.TAR.zst.zip", "", "", "", ())),
        ("./a[b,c]", ("a", "", "[b,c]", "", ())),
        ("./a [b] ; os_name == 'posix'", ("a", "", "[b]", "os_name == 'posix'", ())),
        ("x[b] @ ./a", ("a", "x", "[b]", "", ())),
        ("x[b] @ ./a[c]", ("a[c]", "x", "[b]", "", ())),
        ("x @ file:a", ("a", "x", "", "", ())),
        ("x @ a.whl ; extra == 'b'", ("a.whl", "x", "", "extra == 'b'", ())),
        ("FILE:///b/c%20d", ("/b/c d", "", "", "", ())),
        ("file://localhost/b", ("/b", "", "", "", ())),
        ("./a#subdirectory=b%20c&egg=x", ("a/b c", "", "", "", ())),
        ("./a.zip#egg=x&sha256=0a&sha512=0b", ("a.zip", "", "", "", ("sha256:0a", "sha512:0b"))),
        ("file:///a.zip#sha256=0a --hash=sha256:0b --hash sha384:0c",
         ("/a.zip", "", "", "", ("sha256:0b", "sha384:0c", "sha256:0a"))),
        ("./a ; python_version > '3' --hash=sha256:0a", ("a", "", "", "python_version > '3'", ("sha256:0a",))),
    ],
)  # fmt: skip
def test_what_a_place_is_asked_for_with(line: str, expected: Any, tmp_path: Path) -> None:
    where, *rest = expected
    path = (tmp_path / Path(where).expanduser()).resolve()
    assert path_requirement(line, tmp_path) == PathRequirement(path, *rest)


NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,5}", fullmatch=True)
PLACES = st.builds(
    PathRequirement,
    path=st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1).map(
        lambda name: Path("/", "no such folder", name).resolve()
    ),
    name=st.just("") | NAMES,
    extras=st.lists(NAMES, max_size=2).map(lambda names: f"[{','.join(names)}]" if names else ""),
    marker=st.sampled_from(["", "python_version > '3'", "extra == 'a' or os_name == 'posix'"]),
    hashes=st.lists(st.from_regex(r"sha(256|512):[0-9a-f]{4}", fullmatch=True), max_size=2).map(tuple),
)


@given(PLACES, st.sampled_from(["/", "/elsewhere"]))
def test_the_line_of_a_place_is_read_as_it_from_any_folder(place: PathRequirement, folder: str) -> None:
    assert path_requirement(place.line(), Path(folder)) == place


def test_two_processes_build_it_once_each_into_one(layout: Layout, tmp_path: Path) -> None:
    write_project(tmp_path / "mine")
    code = (
        "import sys; from pathlib import Path\n"
        "from runner.environments.requirements.wheel_store import WheelStore\nfrom runner.layout import Layout\n"
        "print(WheelStore(Layout(Path(sys.argv[1]))).build(Path(sys.argv[2]), (), str).sha256)"
    )
    command = [sys.executable, "-c", code, str(layout.root), str(tmp_path / "mine")]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    digests = {process.communicate(timeout=60)[0].strip() for process in both}
    assert len(digests) == 1 and [entry.name for entry in layout.wheels.iterdir() if entry.is_dir()] == list(digests)
