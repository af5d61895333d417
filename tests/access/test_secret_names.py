"""What is secret in a composition, by name and form."""

import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.access.secrets import MASK, confidential, is_secret, masked_word
from runner.config.composition import dump_yaml
from runner.errors import UserError
from runner.execution.secret_values import mask_secrets, read_given, restore_secrets

SECRET = [
    "password",
    "DB_PASSWORD",
    "db-passwd",
    "passphrase",
    "client_secret",
    "SECRET_KEY",
    "token",
    "GITHUB_TOKEN",
    "accessToken",
    "--api-key",
    "API_KEY",
    "apikey",
    "aws_access_key",
    "AWS_SECRET_ACCESS_KEY",
    "privateKey",
    "credentials",
    "auth",
    "BASIC_AUTH",
    "oauth",
    "TOKEN_2",
    "Authorization",
]
OPEN = [
    "kernel",
    "n_estimators",
    "author",
    "tokenizer",
    "TOKENIZERS_PARALLELISM",
    "max_tokens",
    "authors",
    "token_pattern",
    "path",
    "HOME",
    "monkey",
    "keyboard",
    "C",
]
words = st.text(string.ascii_letters + string.digits, min_size=8, max_size=20)


@pytest.mark.parametrize("name", SECRET)
@pytest.mark.parametrize("prefix", ["", "--", "MY_"])
def test_a_name_says_that_its_value_is_secret(prefix: str, name: str) -> None:
    assert is_secret(prefix + name, "value")
    for value in (None, True, False, ""):
        assert not is_secret(prefix + name, value)


@pytest.mark.parametrize("name", OPEN)
def test_a_name_that_says_nothing(name: str) -> None:
    assert not is_secret(name, "value") and not is_secret(name, "https://host/path?a@b")
    assert is_secret(name, "postgresql://user:word@host/base")


def job(**sections: Any) -> dict[str, Any]:
    return {"job": {"environment_variables": {}, "arguments": None, "command": None, **sections}}


def recorded(written: dict[str, Any], resolved: dict[str, Any]) -> dict[str, Any]:
    masked = confidential(resolved, dump_yaml(written))
    return masked.plain if masked else resolved


@given(secret=words, name=st.sampled_from(SECRET), kind=st.sampled_from(["variables", "mapping", "list", "joined"]))
def test_what_was_typed_is_nowhere_in_the_record(secret: str, name: str, kind: str) -> None:
    secret = f"s{secret}9"
    flag = name if name.startswith("-") else f"--{name}"
    made = {
        "variables": job(environment_variables={name: secret, "PLAIN": "kept"}),
        "mapping": job(arguments={name: secret, "kernel": "kept"}),
        "list": job(arguments=[flag, secret, "--kernel", "kept"]),
        "joined": job(command=["python", "x.py", f"{flag}={secret}", "kept"]),
    }[kind]
    made["model"] = {"tags": {"note": f"with {secret}"}}
    masked = confidential(made, dump_yaml(made))
    assert masked is not None
    for text in (json.dumps(masked.plain), dump_yaml(masked.written)):
        assert secret not in text and MASK in text and "kept" in text


@given(value=words, name=st.sampled_from(["A", "PATH_TO", "TOKEN"]), default=st.sampled_from(["", ",other-default"]))
def test_what_the_environment_has_is_a_reference(value: str, name: str, default: str) -> None:
    value = f"s{value}9"  # else it may be a name that is there anyway
    written = job(environment_variables={"X": f"${{oc.env:{name}{default}}}"}, arguments={"copy": "${job.x}"})
    resolved = job(environment_variables={"X": value}, arguments={"copy": value})
    record = recorded(written, resolved)
    assert record["job"]["environment_variables"]["X"].startswith(f"${{oc.env:{name}")
    assert name != "TOKEN" or (value not in str(record) and "other-default" not in str(record))


def test_a_place_that_is_no_secret_stays_readable() -> None:
    written = {**job(), "workspace": {"root": "${oc.env:HOME}/runs"}, "data": {"path": "${input:x}"}}
    resolved = {**job(), "workspace": {"root": "/home/me/runs"}, "data": {"path": "${input:x}"}}
    assert recorded(written, resolved) == resolved


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("+job.arguments.token=abc", "+job.arguments.token=***"),
        ("job.environment_variables.API_KEY=a,b", "job.environment_variables.API_KEY=***"),
        ("job.arguments.token=${oc.env:T}", "job.arguments.token=${oc.env:T}"),
        ("job.arguments.token=${oc.env:T,abc}", "job.arguments.token=${oc.env:T}"),
        ("job.arguments.kernel=rbf", "job.arguments.kernel=rbf"),
        ("endpoint.auth=key", "endpoint.auth=key"),
        ("job.arguments.token=null", "job.arguments.token=null"),
    ],
)
def test_words_of_the_command_line(word: str, expected: str) -> None:
    assert masked_word(word) == expected


def test_a_rerun_finds_its_secrets_again(monkeypatch: pytest.MonkeyPatch) -> None:
    config = job(environment_variables={"A": "${oc.env:WORD_A}", "TOKEN": MASK}, arguments=["--token", MASK])
    with pytest.raises(UserError, match=r"job\.environment_variables\.A comes from .*WORD_A.*export WORD_A="):
        restore_secrets(config, "run", {})
    monkeypatch.setenv("WORD_A", "found")
    with pytest.raises(UserError, match=r"vivero rerun run job\.environment_variables\.TOKEN="):
        restore_secrets(config, "run", {})
    words = read_given(["job.environment_variables.TOKEN=a=b", "job.arguments.1=c"])
    again = restore_secrets(config, "run", words)["job"]
    assert again["environment_variables"] == {"A": "found", "TOKEN": "a=b"} and again["arguments"] == ["--token", "c"]
    assert mask_secrets(config)["job"]["environment_variables"]["A"] == MASK


@pytest.mark.parametrize("word", ["job.script=x", "TOKEN=x", "job.arguments", "job.tags.a=b", "job.arguments.absent=1"])
def test_a_rerun_takes_nothing_else(word: str) -> None:
    with pytest.raises(UserError, match="rerun only takes"):
        restore_secrets(job(arguments={}), "run", read_given([word]))
