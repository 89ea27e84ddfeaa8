"""What commands share: their own kind of error, and finding the project's params.yaml."""

from pathlib import Path
from typing import Any

import yaml

from twinband.errors import InputError


class UsageError(Exception):
    """The command cannot do what it was asked for (exit code 2); the message says what to do."""


def read_text(path: Path) -> str:
    """The text of a file of the project, whose folder commands run in.

    Raises:
        InputError: it is not there.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        raise InputError(f"no {path} here; run this inside the project's folder") from None


def parse_yaml(text: str, path: Path) -> Any:
    """A parsed YAML text.

    Raises:
        UsageError: it is not YAML.
    """
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"{path} is not YAML: {error}") from None
