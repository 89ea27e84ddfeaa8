"""Names and paths that may stand in params.yaml, and those that must not."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from tests.made.injections import COMMANDS, ODD
from twinband.core.names import Name, ProjectPath


@pytest.mark.parametrize("value", ["a", "0", "sample-mfnet", "seg_mfnet-mae", "a" * 64])
def test_names(value: str) -> None:
    assert TypeAdapter(Name).validate_python(value) == value


@pytest.mark.parametrize(
    "value", ["data/raw/My Rig (2)"[:15], "models/none.json", "a b/c@2+x_y-z", "/abs", "../x", "."]
)
def test_paths(value: str) -> None:
    assert TypeAdapter(ProjectPath).validate_python(value) == value


@pytest.mark.parametrize("value", [*COMMANDS, *ODD])
@pytest.mark.parametrize("kind", [Name, ProjectPath])
def test_what_a_shell_could_take_for_more_is_refused(kind: Any, value: str) -> None:
    with pytest.raises(ValidationError, match=r"a (name|path) has .*letters"):
        TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize("value", ["A", "-a", "_a", "a.b", "a/b", "a b", "a" * 65, "a\n"])
def test_what_is_a_path_is_no_name(value: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Name).validate_python(value)
