"""What a YAML file or a word may come to is limited: a line that says so, at once and in little memory."""

import io
import json
import os
import re
import resource
from pathlib import Path
from typing import Any

import pytest
import yaml
from hydra import compose, initialize_config_dir
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from runner.config.composition import read_composition
from runner.config.endpoint_settings import EndpointSettings
from runner.config.limits import yaml_files
from runner.config.limits.words import check_sweep_words, check_words
from runner.config.limits.yaml_files import MOST_VALUES, check, load, load_config, read_text
from runner.config.messages.mistakes import as_user_error
from runner.config.schema import CONF, HYDRA_VERSION, register_schemas
from runner.config.validation.hydra_settings import check_hydra
from runner.config.validation.switches import read_switches
from runner.endpoints.typed_settings import read_words
from runner.environments.requirements.spec import Requirements, conda_content
from runner.errors import UserError
from runner.execution.planning import register_resolvers
from runner.stages.collect import read_metrics
from tests.support.command_line import CommandLine
from tests.support.suite.examples import examples

TEN = ",".join(["1"] * 10)


def aliases(start: str, levels: int, between: str = ", ") -> str:
    """Return anchors of which each stands for ten times the one before."""
    lists = [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels + 1)]
    return between.join([f"a0: &a0 {start}", *lists])


BOMB = aliases(f"[{TEN}]", 5)
MERGES = "\n".join(["a0: &a0 {a: 1}", *(f"a{n}: &a{n}\n  <<: [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 8))])
BEYOND: dict[str, tuple[Any, str]] = {
    "a bomb": (BOMB.replace(", a", "\na"), "more than 20,000 values"),
    "merges": (MERGES, "more than 20,000 values"),
    "many": ("x: [" + "1," * MOST_VALUES + "1]", "more than 20,000 values"),
    "an alias of a large list": (f"x: &a [{'1,' * 1000}1]\ny: [{'*a,' * 1000}*a]", "more than 20,000 values"),
    "a circle of lists": ("x: &a [*a]", r"line 2: \*a refers to a node that contains it"),
    "a circle of mappings": ("x: &a\n  y: *a", r"line 3: \*a refers to a node that contains it"),
    "deep lists": ("x: " + "[" * 10_000 + "]" * 10_000, "nested more than 50 levels"),
    "deep mappings": ("x: " + "{a: " * 10_000 + "}" * 10_000, "nested more than 50 levels"),
    "deep lines": ("x: " + "- " * 200 + "1", "nested more than 50 levels|not allowed here"),
    "a large file": ("x: '" + "a" * 1_000_000 + "'", "more than 1 MB"),
    "a long number": ("x: " + "9" * 5000, "a number of 5000 digits"),
    "a long number by its tag": ("x: !!int '" + "9" * 5000 + "'", "a number of 5000 digits"),
    "a date that is none": ("job: {description: !!timestamp 2026-99-99}", "month must be in"),
    "a time that is none": ("x: !!timestamp zz", "does not match its YAML tag"),
    "a truth that is none": ("x: !!bool abc", "does not match its YAML tag"),
    "text of another encoding": (b"x: \xff\xfe", "not UTF-8"),
    "zeros": ("x: \0", "special characters"),
}  # fmt: skip
CLASSES = {
    "an argument": "job:\n  arguments:\n    _target_: os.system",
    "a quoted key": "job:\n  tags: {'_target_': os.system}",
    "an alias": "x: &t _target_\njob:\n  tags: {*t : os.system}",
    "a callback": "hydra:\n  callbacks: {x: {_target_: os.system}}",
    "what is merged": "x: &a {_target_: os.system}\njob:\n  tags:\n    <<: *a",
}


@pytest.fixture(autouse=True)
def composing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text("print(1)")
    monkeypatch.chdir(tmp_path)
    register_schemas()
    register_resolvers()


def composed(folder: Path, text: str | bytes, *words: str, name: str = "own") -> Any:
    """Compose an experiment as a command does that has `--config-dir`."""
    path = folder / "conf" / "experiment" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(b"# @package _global_\n" + text)
    search = f"hydra.searchpath=[file://{folder / 'conf'}]"
    with initialize_config_dir(config_dir=CONF, job_name="runner", version_base=HYDRA_VERSION):
        words = (search, "job.source=src", "job.script=train.py", f"+experiment={name}", *words)
        return compose("config", list(words), return_hydra_config=True)


def told(do: Any) -> str:
    """Return the one line that a user reads."""
    with pytest.raises(Exception) as raised:
        do()
    mistake = as_user_error(raised.value)
    assert mistake is not None, raised.value
    assert "\n" not in str(mistake)
    return str(mistake)


def run_spec(folder: Path, text: str, *words: str) -> Any:
    config = composed(folder, text, *words)
    check_hydra(config)
    OmegaConf.set_struct(config, False)
    del config["hydra"]
    return read_composition(config)


@pytest.mark.parametrize("case", BEYOND)
def test_a_file_beyond_a_limit(case: str, tmp_path: Path) -> None:
    text, line = BEYOND[case]
    assert re.search(line, told(lambda: composed(tmp_path, text)))


@pytest.mark.parametrize("case", CLASSES)
def test_a_class_is_named_nowhere(case: str, tmp_path: Path) -> None:
    assert "_target_ is not allowed" in told(lambda: composed(tmp_path, CLASSES[case]))


def test_a_class_that_a_reference_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MADE", "{_target_: os.system}")
    text = "job:\n  arguments:\n    x: ${oc.decode:${oc.env:MADE}}"
    assert "_target_ is not allowed" in told(lambda: run_spec(tmp_path, text))


@pytest.mark.parametrize("text", ["_target_", "x: _target_", "[_target_]", "job: {description: a _target_}"])
def test_the_word_itself_is_a_text_like_any(text: str) -> None:
    check(text, "text", targets=False)


@pytest.mark.parametrize("defaults", ["[own]", "[/experiment/own, _self_]", "[other]"])
def test_a_defaults_list_that_leads_back(defaults: str, tmp_path: Path) -> None:
    other = tmp_path / "conf" / "experiment" / "other.yaml"
    other.parent.mkdir(parents=True)
    other.write_text("# @package _global_\ndefaults: [own]\n")
    line = told(lambda: composed(tmp_path, f"defaults: {defaults}"))
    assert line.startswith("The defaults list of experiment/o")


def ten_references(level: int, form: str, between: str) -> str:
    return f"    a{level}: " + form.format(between.join([f"${{job.arguments.a{level - 1}}}"] * 10)) + "\n"


REFERENCES = {
    "texts": "    a0: xxxxxxxxxx\n" + "".join(ten_references(n, "{}", "") for n in range(1, 8)),
    "lists": "    a0: [1]\n" + "".join(ten_references(n, "['{}']", "', '") for n in range(1, 8)),
    "a large list, often": f"    a0: [{'1,' * 5000}1]\n" + ten_references(1, "['{}']", "', '"),
    "a long text, often": f"    a0: {'x' * 200_000}\n" + ten_references(1, "{}", "") + ten_references(2, "{}", ""),
    "in a circle through the environment": "    a: ${oc.decode:${oc.env:CIRCLE}}\n",
}


@pytest.mark.parametrize("case", REFERENCES)
def test_references_that_stand_for_too_much(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIRCLE", "${oc.decode:${oc.env:CIRCLE}}")
    line = told(lambda: run_spec(tmp_path, "job:\n  arguments:\n" + REFERENCES[case]))
    assert "expand to too many values" in line or "refers to itself" in line


def test_a_hundred_references_are_none_too_many(tmp_path: Path) -> None:
    names = "".join(f"    a{n}: ${{job.script}} ${{project_root:}}\n" for n in range(100))
    assert run_spec(tmp_path, "job:\n  arguments:\n" + names).spec.job.arguments["a99"].startswith("train.py /")


FLAT = st.recursive(
    st.integers(0, 9) | st.text("ab", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, max_size=4)
    ),
    max_leaves=12,
)


def values_in(content: Any) -> int:
    if isinstance(content, dict):
        return 1 + sum(1 + values_in(value) for value in content.values())
    return 1 + sum(map(values_in, content)) if isinstance(content, list) else 1


@settings(max_examples=examples(60, whole=3000))
@given(FLAT, st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_aliases_count_with_all_that_they_stand_for(start: Any, times: list[int]) -> None:
    lines = [f"a0: &a0 {json.dumps(start)}"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * many)}]" for n, many in enumerate(times, 1)]
    text = "\n".join(lines)
    total = values_in(yaml.safe_load(text))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml_files, "MOST_VALUES", total)
        check(text, "text")
        patch.setattr(yaml_files, "MOST_VALUES", total - 1)
        with pytest.raises(UserError, match="more than"):
            check(text, "text")


AWKWARD = ["1e3", "1.5", ".5", "1_000", "0x1f", "0o17", "017", "1:30", "2026-01-01", "yes", "~", "", "'1'", "nan",
           ".nan", "-.inf", "{a: 1, 2: b}", "[a, [b]]", "a b", "'a: b'", "|\n  two\n  lines\n", "!!str 5",
           "&x {a: 1}", "${a.b}", "a#b", "a #b", "{?, a}", "{a:1}", "@a", "%a", "a: b: c", "[1",
           "'\\'"]  # fmt: skip


@pytest.mark.parametrize("value", AWKWARD)
def test_a_configuration_is_read_as_omegaconf_reads_it(value: str) -> None:
    def outcome(read: Any) -> Any:
        try:
            return repr(OmegaConf.to_container(read()))
        except (yaml.YAMLError, OmegaConfBaseException) as error:
            return str(error)

    text = f"key: {value}\nother: 1\n"
    assert outcome(lambda: load_config(text, "<file>")) == outcome(lambda: OmegaConf.load(io.StringIO(text)))


@settings(max_examples=examples(60, whole=3000))
@given(FLAT)
def test_any_content_is_read_as_omegaconf_reads_it(content: Any) -> None:
    text = yaml.safe_dump({"key": content})
    assert repr(load_config(text, "x")) == repr(OmegaConf.load(io.StringIO(text)))
    assert load(text, "x") == yaml.safe_load(text)


@pytest.mark.parametrize("kind", ["pipe", "folder", "sparse", "absent", "letters"])
@pytest.mark.parametrize("read", ["text", "conda", "requirements"])
def test_what_is_no_file_of_text(kind: str, read: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "sparse":
        with path.open("wb") as file:
            file.truncate(1 << 32)
    elif kind == "letters":
        path.write_bytes(b"\xff\xff")
    readers: Any = {
        "text": read_text,
        "conda": lambda file: conda_content(file, "environment.file"),
        "requirements": lambda file: Requirements().read(file, "environment.requirements"),
    }
    line = told(lambda: readers[read](path))
    assert str(path) in line
    assert any(words in line for words in ("is not a file", "more than 1 MB", "cannot be read", "not UTF-8"))


@pytest.mark.parametrize("text", [BEYOND[case][0] for case in ("a bomb", "a circle of lists", "deep lists", "many")])
def test_a_conda_file_and_metrics_beyond_a_limit(text: str, tmp_path: Path) -> None:
    path = tmp_path / "file.yml"
    path.write_text(text)
    assert "environment.file: " in told(lambda: conda_content(path, "environment.file"))
    with pytest.raises(ValueError, match=r"more than|refers to a node that contains it"):
        read_metrics(path)


WORDS = {
    "a long one": (["job.description=" + "a" * 100_000], "characters. The limit is 20000"),
    "a list": (["job.arguments=[" + "a," * 5000 + "a]"], "more than 1000 parts"),
    "a deep list": (["job.arguments=" + "[" * 100 + "]" * 100], "nested more than 50"),
    "a deeper one": (["job.arguments=" + "[" * 5000 + "]" * 5000], "more than 1000 parts"),
    "references": (["job.description=" + "${oc.decode:" * 90 + "1" + "}" * 90], "nested more than 50"),
    "a deep key": (["+job.arguments." + "a." * 5000 + "b=1"], "more than 1000 parts"),
    "many": ([f"+job.tags.a{n}=1" for n in range(3000)], "The command line has 3000 words"),
    "a class of the sweeper": (["-m", "hydra.sweeper._target_=os.system"], "_target_ is not allowed"),
    "a callback": (["+hydra.callbacks.x={_target_: os.system}"], "_target_ is not allowed"),
    "an argument": (["+job.arguments._target_=os.system"], "_target_ is not allowed"),
}


@pytest.mark.parametrize("case", WORDS)
def test_words_beyond_a_limit(case: str) -> None:
    words, line = WORDS[case]
    assert line in told(lambda: read_switches(words))


@pytest.mark.parametrize("value", ["[" * 10_000 + "]" * 10_000, "{" + BOMB + "}", "&a [*a]", "a" * 50_000])
def test_settings_of_an_endpoint_beyond_a_limit(value: str) -> None:
    assert told(lambda: read_words(EndpointSettings, [f"port={value}"]))
    if not value.startswith(("{", "&")):  # a single word of a list is its text, whatever YAML would make of it
        assert told(lambda: read_words(EndpointSettings, [f"hosts={value}"]))


SWEEPS = {
    "range(0,1000000000)": "1000000000 values",
    "range(1000000000)": "1000000000 values",
    "range(0,1,0.000000001)": "values, more than",
    "range(1000000000,0,-1)": "1000000000 values",
    "sort(range(0,1000000000))": "1000000000 values",
    "shuffle(range(0,1000000000))": "1000000000 values",
    "range(0,1,0)": "never ends",
    "range(0,inf)": "never ends",
}


@pytest.mark.parametrize("value", SWEEPS)
def test_a_range_beyond_a_limit(value: str) -> None:
    assert SWEEPS[value] in told(lambda: check_sweep_words([f"job.arguments.a={value}"]))


def test_combinations_beyond_a_limit() -> None:
    words = [f"job.arguments.a{n}=range(0,10)" for n in range(9)]
    assert "1000000000 combinations" in told(lambda: check_sweep_words(words))
    check_sweep_words(words[:5])


SECTIONS = {
    "callbacks: {x: {a: 1}}": "hydra.callbacks is not allowed",
    "job_logging: {handlers: {x: {class: logging.FileHandler, filename: MADE}}}": "hydra.job_logging has no effect",
    "hydra_logging: {handlers: {x: {(): os.system, command: touch MADE}}}": "hydra.hydra_logging has no effect",
    "run: {dir: MADE}": "hydra.run.dir has no effect",
    "sweep: {dir: MADE}": "hydra.sweep.dir has no effect",
    "job: {env_set: {LD_PRELOAD: MADE}}": "hydra.job.env_set has no effect",
    "job: {chdir: true}": "hydra.job.chdir has no effect",
    "sweeper: {params: '${oc.decode:${oc.env:MADE}}'}": "hydra.sweeper._target_ is not allowed",
    "sweeper: '${oc.decode:${oc.env:MADE}}'": "hydra.sweeper is not a mapping",
    "launcher: {x: '${oc.decode:${oc.env:MADE}}'}": "hydra.launcher._target_ is not allowed",
}


@pytest.mark.parametrize("section", SECTIONS)
def test_hydras_own_section(section: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MADE", "{_target_: os.system}")
    line = told(lambda: check_hydra(composed(tmp_path, f"hydra:\n  {section}")))
    assert SECTIONS[section] in line


TYPED = (
    ("a bomb", BEYOND["a bomb"][0], ()),
    ("logging", "hydra:\n  " + list(SECTIONS)[1], ()),
    ("logging of a sweep", "hydra:\n  " + list(SECTIONS)[1], ("-m", "+job.tags.a=1,2")),
    ("a place", "hydra:\n  run: {dir: MADE}", ()),
    ("a range", "", ("-m", "+job.tags.a=range(0,1000000000)")),
    ("combinations", "", ("-m", *(f"+job.tags.a{n}=range(0,10)" for n in range(9)))),
    (
        "combinations of Hydra's sweeper",
        "",
        ("-m", "hydra/sweeper=basic", *(f"+job.tags.a{n}=range(0,10)" for n in range(9))),
    ),
)


@pytest.mark.parametrize(("_case", "text", "words"), TYPED, ids=[case[0] for case in TYPED])
def test_one_line_in_little_memory(_case: str, text: str, words: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "conf" / "experiment" / "own.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(f"# @package _global_\n{text}\n")

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        resource.setrlimit(resource.RLIMIT_CPU, (10, 10))

    typed = ("--config-dir", "conf", "+experiment=own", "job.source=src", "job.script=train.py", *words)
    line = CommandLine(tmp_path)
    done = line.finish(line.start("runner", *typed, preexec_fn=limited))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    assert done.stderr.startswith("error: ")
    assert not (tmp_path / "MADE").exists()
    assert not line.workspace.exists()


@pytest.mark.parametrize("name", ["my_target_column", "_target_name", "train_target_", "x_target_y", "é_target_é"])
@pytest.mark.parametrize("word", ["+job.arguments.column={}", "+job.arguments.{}=1", "job.arguments={{{}: a}}"])
def test_a_name_with_target_in_it_is_no_class(name: str, word: str) -> None:
    check_words([word.format(name)])


@pytest.mark.parametrize(
    "word", ["hydra.sweeper._target_=a.B", "+_target_=a.B", "job={_target_: a.B}", 'job={"_target_": a.B}', "~_target_"]
)
def test_a_class_is_refused_however_it_is_written(word: str) -> None:
    with pytest.raises(UserError, match="cannot name classes"):
        check_words([word])
