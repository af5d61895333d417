"""Everything in conf composes, and what is misspelt gets one line with the nearest right name."""

import json
from typing import Any

import pytest

from tests.support.command_line import CONF, CommandLine

COMPOSED = ["conf/**/*.yaml", "runner/*.py", "runner/config/**/*.py"]
ADDED = ("experiment", "endpoint", "pipeline", "train")
OPTIONS = sorted(
    f"{'+' if path.parent.name in ADDED else ''}{path.parent.relative_to(CONF)}={path.stem}"
    for path in CONF.rglob("*.yaml")
    if path.parent != CONF
)


@pytest.mark.sampled(10, covers=COMPOSED)
@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_composes(option: Any, command_line: CommandLine) -> None:
    sources = [] if "experiment" in option else ["job.source=x"]
    done = command_line.run(option, *sources, "--cfg", "job", "--resolve")
    assert done.returncode == 0, done.stderr
    assert "stages:" in done.stdout
    assert list(command_line.folder.iterdir()) == []


MISTAKES = {
    "job.command=[python]": "job.script and job.command cannot be combined. Remove one of them",
    "jobs.script=x": "Unknown key 'jobs.script'. Did you mean 'job.script'?",
    "job.scrpt=x": "Unknown key 'job.scrpt'. Did you mean 'job.script'?",
    "model.nmae=x": "Unknown key 'model.nmae'. Did you mean 'model.name'?",
    "enviroment=venv": "Did you mean 'environment'?",
    "environment=venvv": "Unknown environment 'venvv'. Did you mean 'venv'?",
    "+experiment=irs": "Unknown experiment 'irs'. Did you mean 'iris'?",
    "experiment=iris": "put a + before it: +experiment=iris",
    "stages=[prepare,ruun]": "Did you mean 'run'?",
    "stages=[run]": "skips a stage that a later one needs",
    "job.script=trian.py": "Did you mean 'train.py'?",
    "job.script=../x.py": "outside the source folder",
    "job.source=scr": "Did you mean 'src'?",
    "job.timeout=soon": "job.timeout must be a number, not 'soon'",
    "compute.slots=two": "compute.slots must be a whole number, not 'two'",
    "compute.slots=0": "compute.slots=0 must be at least 1",
    "stages=prepare": "stages must be a list, such as stages=[prepare]",
    "stages={a: 1}": "stages must be",
    "detach=maybe": "detach must be true or false, not 'maybe'",
    "model.name=[a]": "model.name must be text, not ['a']",
    "job.snapshot=7": "job.snapshot must be a mapping of max_megabytes, max_files, allow_secrets, not 7",
    "job.tags=7": "job.tags must be a mapping, such as {name: value}",
    "job.metrics={a: {b: 1}}": "job.metrics.a must be text, not {'b': 1}",
    "job.command=[[a]]": "job.command[0] must be text, not ['a']",
    "job.tags={1: 2}": "job.tags.1: names must be text. Quote 1",
    "data.inputs=${job}": "data.inputs.command must be text or a mapping",
    "job.timeout=${job}": "job.timeout: it refers to a section that contains it",
    "model.name=${job}": "model.name: the value that ${job} refers to is not allowed",
    "model.name=${nope}": "${nope} refers to a key that does not exist",
    "model.name=${nope:1}": "Unsupported interpolation type nope",
    "pipeline={steps: {a: {}}}": "No pipeline is chosen by default. To add one",
    "pipeline.force=true": "pipeline.force has no effect: no pipeline is chosen. Add one: +pipeline=NAME",
    "endpoint={port: 1}": "No endpoint is chosen by default. To add one",
    "+data.inputs.a=7": "data.inputs.a must be text or a mapping of path, asset",
    "data.inputs.a={path: src, asset: b}": "has more than one source",
    "data.inputs.a=null": "not null",
    "data.inputs.a={paht: src}": "Unknown key 'data.inputs.a.paht'. Did you mean 'data.inputs.a.path'?",
    "data.outputs.a={as: 7}": "data.outputs.a.as must be text, not 7",
    "model=5": "A group's value is the name of one of its files",
    "+job.tmeout=5": "Unknown key 'job.tmeout'. Did you mean 'job.timeout'?",
    "++job.snapshot.max_file=5": "Unknown key 'job.snapshot.max_file'. Did you mean 'job.snapshot.max_files'?",
    "+experimnt=iris": "Unknown key 'experimnt'. Did you mean 'experiment'?",
    "+enviroment=venv": "Unknown key 'enviroment'. Did you mean 'environment'?",
    "job.timeout=-1": "above 0",
    "job.metrics={a: '('}": "is not a valid regular expression",
    "job.arguments={a:1": "cannot be read",
    "model.name=../x": "cannot be a model name",
    "model.name=a%2e%2e": "cannot be a model name",
    "model.name=" + 300 * "x": "cannot be a model name",
    "model.name=modèle": "'modèle' cannot be a model name (model.name=...). Use 1 to 128 letters from a to z",
    "+experiment_name=modèle": "'modèle' cannot be an experiment name",
    "endpoint.name=modèle": "'modèle' cannot be an endpoint name",
    "job.script=modèle": """Quote the text: 'job.script="modèle"'""",
    "job.command=[a>=1, b]": """Quote the texts: 'job.command=["a>=1","b"]'""",
    "jobs": "'jobs' cannot be read. Settings are written as KEY=VALUE",
    "model.name='modèle'": "cannot be a model name",
    "experiment_name=a/b": "cannot be an experiment name",
    "data.inputs={a: {path: nothere}}": "does not exist",
    "data.inputs={a: {path: src, mode: mnt}}": "Did you mean 'mount'?",
    "job.arguments={x: '${input:nope}'}": "names an unknown data input",
    "data.inputs={a: {path: src, filename: a/b}}": "data.inputs.a.filename: 'a/b' is not the name of a file",
    "--cfgg": "Unknown option --cfgg. Did you mean '--cfg'?",
    "--experiment=iris": "Unknown option --experiment. Write +experiment=iris",
    "model.name=a,b": "model.name has several values (a, b). Add -m to try each one, or write 'model.name=[a,b]'",
    "hydra.run.dir=x": "hydra.run.dir has no effect: a run's files are kept in its workspace. To use another",
    "hydra.sweep.dir=x": "hydra.sweep.dir has no effect",
    "hydra.output_subdir=x": "hydra.output_subdir has no effect",
    "hydra.job.chdir=true": "hydra.job.chdir has no effect",
    "hydra/launcher=basic": "hydra/launcher has no effect on a single run. Add -m",
    "hydra.sweeper.params={job.tags.a: '1,2'}": "hydra.sweeper.params has no effect on a single run",
    "--resolve": "--resolve has no effect on its own. To print the resolved configuration: --cfg job --resolve",
    "--experimental-rerun=x": "To repeat a run: vivero rerun RUN",
    "--package=job": "--package has no effect on its own. To print part of the configuration: --cfg job --package job",
    "-pjob": "--package has no effect on its own",
    "--cfg=bad": "argument --cfg/-c: invalid choice: 'bad'",
    "--info=bad": "argument --info/-i: invalid choice: 'bad'",
    "--multirun=1": "argument --multirun/-m",
    "-x": "unrecognized arguments: -x",
    "--shell-completion": "For example: -sc install=bash",
    "workspace.root=src/train.py": "src/train.py cannot be created: it is not a folder. Choose another",
    "workspace.root=src/train.py/below/it": "cannot be created: Not a directory. Choose another",
    "workspace.root=/proc/nothere": "cannot be created: No such file or directory",
    "workspace.root=/proc/self/fd/nothere": "cannot be created",
    "environment.packages=[a]": "Unknown key 'environment.packages'. It exists with environment=venv",
    "compute.hosts=[a]": "Unknown key 'compute.hosts'. It exists with compute=ssh",
}
UNHEEDED = (
    "hydra.job.name=foo", "hydra/job_logging=disabled", "hydra/hydra_logging=default", "hydra.verbose=true",
    "hydra/help=default", "hydra/env=default", "++hydra.nope=1", "+hydra.job.env_set.X=1", "~hydra.job",
)  # fmt: skip
MISTAKES |= dict.fromkeys(UNHEEDED, "has no effect on a run")


@pytest.mark.sampled(15, covers=COMPOSED)
@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda text: text[:40])
def test_a_mistake_gets_one_line_and_creates_nothing(mistake: Any, command_line: CommandLine) -> None:
    command_line.script("print(1)")
    done = command_line.job(mistake)
    assert done.returncode == 1, done.stderr
    assert MISTAKES[mistake] in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1
    assert sorted(path.name for path in command_line.folder.iterdir()) == ["src"]


@pytest.mark.parametrize("words", [[], ["-m", "job.arguments.a=1,2"]], ids=["run", "sweep"])
def test_a_link_to_nowhere_is_no_workspace(words: list[str], command_line: CommandLine) -> None:
    command_line.script("print(1)")
    (command_line.folder / "link").symlink_to("nowhere")
    done = command_line.job("workspace.root=link", *words)
    assert done.returncode == 1 and "link cannot be created: it is not a folder" in done.stderr
    assert done.stderr.count("\n") == 1 and not (command_line.folder / "nowhere").exists()


@pytest.mark.parametrize("words", [["--cfg", "hydra"], ["-chydra"], ["--cfg=all"]])
def test_what_only_shows_a_composition_takes_all_of_hydras_settings(words: Any, command_line: CommandLine) -> None:
    command_line.script("print(1)")
    done = command_line.job("hydra.job.name=foo", *words)
    assert done.returncode == 0 and "name: foo" in done.stdout, done.stderr


@pytest.mark.parametrize("words", [["-m", "--cfg", "job"], ["--multirun", "--info"], ["--cfg=job", "-m"]])
def test_switches_that_do_not_go_together_are_named(words: list[str], command_line: CommandLine) -> None:
    command_line.script("print(1)")
    done = command_line.job(*words)
    assert done.returncode == 1 and "cannot be combined. Remove one of them" in done.stderr, done.stderr
    assert done.stderr.count("\n") == 1


FILES = {
    "job: {source: src, script: train.py": "mine/experiment/a.yaml, line 3, column 1: expected ',' or '}'",
    "job:\n  source: src\n  source: src": "mine/experiment/a.yaml, line 4, column 3: found duplicate key source",
    "job: {source: src, script: train.py, timeout: soon}": "job.timeout must be a number, not 'soon', in experiment/a",
    "job: {source: }": "job.source: null is not allowed here, in experiment/a",
    "job: {script: train.py}": "job.source has no value",
    "job: 7": "must be a mapping of source, script, ",
    "job: [a]": "must be a mapping of source, script, ",
    "job:": "job: null is not allowed here, in experiment/a",
    "data: {inputs: [a]}": "must be a mapping, such as {name: value}, not a list, in experiment/a",
    "data: {inputs: {a: 7}}": "data.inputs.a must be text or a mapping of path, asset, step, mode, filename, not 7",
    "job: {source: \x07}": "special characters are not allowed",
}


@pytest.mark.parametrize("content", FILES, ids=lambda text: text[-16:])
def test_a_mistake_in_a_file_gets_one_line_with_its_place(content: str, command_line: CommandLine) -> None:
    command_line.script("print(1)")
    mine = command_line.folder / "mine" / "experiment"
    mine.mkdir(parents=True)
    (mine / "a.yaml").write_text(f"# @package _global_\n{content}\n")
    done = command_line.run("--config-dir", "mine", "+experiment=a")
    assert done.returncode == 1 and FILES[content] in done.stderr and done.stderr.count("\n") == 1


def test_an_experiment_without_its_first_line_is_named(command_line: CommandLine) -> None:
    mine = command_line.folder / "mine" / "experiment"
    mine.mkdir(parents=True)
    (mine / "a.yaml").write_text("job: {source: src, script: train.py}\n")
    done = command_line.run("--config-dir", "mine", "+experiment=a")
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "experiment/a.yaml does not begin with '# @package _global_'" in done.stderr


def test_a_key_of_ones_own_is_there_for_others(command_line: CommandLine) -> None:
    command_line.script("import sys; print(sys.argv[1:])")
    done = command_line.job("+rate=0.5", "job.arguments={a: '${rate}', b: '${rate}'}")
    assert "['--a', '0.5', '--b', '0.5']" in done.stdout


def test_an_argument_that_is_misspelt(command_line: CommandLine) -> None:
    done = command_line.run("+experiment=iris", "job.arguments.kernl=rbf")
    assert done.returncode == 1
    right = (
        "error: Unknown key 'job.arguments.kernl'. Did you mean 'job.arguments.kernel'? To add it, put a + before it\n"
    )
    assert done.stderr == right


def test_without_a_word_it_says_how_to_begin(command_line: CommandLine) -> None:
    done = command_line.run()
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "+experiment=iris" in done.stderr


def test_the_version_is_ours(command_line: CommandLine) -> None:
    done = command_line.run("--version")
    assert done.returncode == 0 and done.stdout.startswith("vivero ") and "(Hydra 1." in done.stdout


def test_vivero_run_is_the_same_command(command_line: CommandLine) -> None:
    command_line.script("import sys; print(sys.argv[1:])")
    words = ("job.source=src", "job.script=train.py", "job.arguments=[--help, -m]")
    done = command_line.vivero("run", *words)
    assert done.returncode == 0 and "['--help', '-m']" in done.stdout, done.stderr
    assert command_line.vivero("run", "job.scrpt=x").returncode == 1
    assert "Hydra" in command_line.vivero("run", "--version").stdout


def test_a_folder_of_ones_own_for_all_commands(command_line: CommandLine) -> None:
    command_line.script("print('mine')")
    mine = command_line.folder / "mine" / "experiment"
    mine.mkdir(parents=True)
    (mine / "a.yaml").write_text("# @package _global_\njob: {source: src, script: train.py}\n")
    variables = {"VIVERO_CONFIG_DIR": str(mine.parent)}
    done = command_line.run("+experiment=a", variables=variables)
    assert done.returncode == 0 and "mine" in done.stdout, done.stderr
    done = command_line.run("-m", "+experiment=a", "+job.arguments.a=1,2", variables=variables)
    assert done.returncode == 0 and "2 completed" in done.stdout, done.stderr


def test_a_missing_source_is_named(command_line: CommandLine) -> None:
    done = command_line.run("job.script=train.py")
    assert done.returncode == 1
    assert "job.source" in done.stderr


def test_a_source_that_is_a_circle_of_links(command_line: CommandLine) -> None:
    (command_line.folder / "src").symlink_to("src")
    done = command_line.job()
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


def test_a_conf_folder_of_ones_own(command_line: CommandLine) -> None:
    command_line.script("import sys; print(sys.argv[1:])")
    mine = command_line.folder / "mine" / "experiment"
    mine.mkdir(parents=True)
    mine.joinpath("flowers.yaml").write_text(
        "# @package _global_\n"
        "job: {source: src, script: train.py, arguments: {a: [1, 2], b: true, c: false, d: null}}\n"
    )
    done = command_line.run("--config-dir", "mine", "+experiment=flowers")
    assert done.returncode == 0, done.stderr
    assert "['--a', '1', '--a', '2', '--b']" in done.stdout
    (run,) = json.loads(command_line.vivero("runs", "--json").stdout)
    assert run["experiment"] == "flowers"


def test_nothing_stray_is_left_beside_the_workspace(command_line: CommandLine) -> None:
    command_line.script("print(1)")
    assert command_line.job().returncode == 0
    assert sorted(path.name for path in command_line.folder.iterdir()) == [".vivero", "src"]


@pytest.mark.parametrize(
    "words",
    [
        ["stages=[prepare]", "--config-dir", "mine", "environment=team", "--cfg", "job"],
        ["environment=team", "-c", "job", "-cd", "mine", "stages=[prepare]"],
    ],
)
def test_switches_may_stand_anywhere(command_line: CommandLine, words: Any) -> None:
    command_line.script("print('hello')\n")
    below = command_line.folder / "mine" / "environment"
    below.mkdir(parents=True)
    (below / "team.yaml").write_text("defaults:\n  - /schema/environment/venv@_here_\n  - _self_\npackages: [six]\n")
    done = command_line.job(*words)
    assert done.returncode == 0, done.stderr
    assert "- six" in done.stdout and "- prepare" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["environment=venv", "environment.requirements=req.txt"], "req.txt does not exist"),
        (["environment=venv", "environment.conda_file=env.yml"], "env.yml does not exist"),
        (["environment=conda", "environment.file=env.yml"], "env.yml does not exist"),
        (["environment=docker", "environment.dockerfile=Dockerfil"], "Dockerfil does not exist"),
        (["environment=docker", "environment.spec.file=env.yml"], "env.yml does not exist"),
    ],
)
def test_a_file_that_is_not_there_is_a_mistake_and_no_failed_run(
    words: list[str], said: str, command_line: CommandLine
) -> None:
    command_line.script("print(1)")
    (command_line.folder / "Dockerfile").touch()
    done = command_line.job(*words)
    assert done.returncode == 1 and said in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert ("Did you mean 'Dockerfile'?" in done.stderr) == (
        words[0] == "environment=docker" and "Dockerfil" in words[1]
    )
    assert not (command_line.folder / ".vivero").exists()


def test_words_of_a_sweep_without_one_are_said_to_have_no_effect(command_line: CommandLine) -> None:
    command_line.script("print(1)")
    done = command_line.job("sweep.objective=Accuracy", "sweep.seed=3")
    assert done.returncode == 0
    assert "warning: sweep.objective, sweep.seed only affects a sweep. Add -m to start one." in done.stderr


def test_a_reader_of_the_help_may_leave(command_line: CommandLine) -> None:
    process = command_line.start("runner", "--help")
    assert process.stdout is not None
    process.stdout.close()
    done = command_line.finish(process)
    assert "Traceback" not in done.stderr
