"""Errors tell of things found in files."""

import pickle

from hypothesis import given, settings
from hypothesis import strategies as st

from twinband.core.errors import MOST_CHARACTERS, BadSample, told


def test_what_would_command_a_terminal_is_shown() -> None:
    assert told("a\x1b[31m\nb\udcff") == r"a\x1b[31m\nb\udcff"
    assert told("größe, 100 %") == "größe, 100 %"


def test_of_a_long_text_both_ends_are_shown() -> None:
    shown = told(f"begin{'x' * 10**6}end")
    assert shown.startswith("begin") and shown.endswith("end") and len(shown) < 500


@settings(derandomize=True, deadline=None)
@given(st.text(st.characters(), max_size=3 * MOST_CHARACTERS))
def test_it_is_one_short_line_that_stays(text: str) -> None:
    shown = told(text)
    assert shown.isprintable() and len(shown) <= MOST_CHARACTERS + 3 and told(shown) == shown
    again = pickle.loads(pickle.dumps(BadSample("odd", text)))
    assert (again.reason, again.detail) == ("odd", shown)
