"""Names and paths in params.yaml.

DVC makes paths, arguments and Git references of them, so they hold nothing that means more than
itself to a shell, a file system or an option parser.
"""

import re
from typing import Annotated

from pydantic import AfterValidator

ITEM_NAME = r"[a-z0-9][a-z0-9_-]{0,63}"
NAME_RULE = (
    "a name has lower-case letters, digits, - and _, begins with a letter or digit, and has 64 "
    "characters at most"
)
PATH = r"(?!-)[A-Za-z0-9 ._/@+-]{1,255}"
PATH_RULE = (
    "a path has letters, digits, spaces and ._/@+- only, does not begin with -, and has 255 "
    "characters at most"
)


def _name(value: str) -> str:
    if not re.fullmatch(ITEM_NAME, value):
        raise ValueError(NAME_RULE)
    return value


def _path(value: str) -> str:
    if not re.fullmatch(PATH, value):
        raise ValueError(PATH_RULE)
    return value


# Of an item, or of a plug-in by its module.
Name = Annotated[str, AfterValidator(_name)]
# From the project's root.
ProjectPath = Annotated[str, AfterValidator(_path)]
