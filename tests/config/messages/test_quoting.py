"""What a word's error says to type instead is taken, and means what was typed."""

import shlex

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import OverrideParseException
from hypothesis import assume, example, given
from hypothesis import strategies as st

from runner.config.messages.mistakes import as_user_error

PARSER = OverridesParser.create()


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=30))
@example("a=b c")
@example("it's (here")
@example("${x")
@example("[a>=1, b==2]")
def test_the_word_to_type_instead_is_taken(value: str) -> None:
    try:
        PARSER.parse_overrides([f"job.display_name={value}"])
        assume(condition=False)
    except OverrideParseException as error:
        message = str(as_user_error(error))
    if "Quote special characters" in message:
        return
    (word,) = shlex.split(message.partition(": ")[2])
    (override,) = PARSER.parse_overrides([word])
    assert override.key_or_group == "job.display_name"
    if value[0] != "[":
        assert str(override.value()).replace("\\", "") == value.replace("\\", "")
