"""``attributes.csv`` at a dataset's root: facts of its pairs that the layout cannot express."""

import csv
from collections.abc import Mapping, Sequence

from twinband.errors import InputError
from twinband.readers._files import Files, read_lines

ATTRIBUTES_FILE = "attributes.csv"


def read_attributes(files: Files, paths: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    """The columns of each pair by the pair's name; nothing if there is no such file.

    Empty cells say nothing, so what the layout derives stays.

    Raises:
        InputError: it has no column ``name``, or a line with too many cells.
    """
    if ATTRIBUTES_FILE not in paths:
        return {}
    rows = csv.DictReader(read_lines(files, ATTRIBUTES_FILE))
    if "name" not in (rows.fieldnames or ()):
        raise InputError(f"{files.root}: {ATTRIBUTES_FILE} needs a first line with a column `name`")
    attributes = {}
    for row in rows:
        if None in row:
            line = f"line {rows.line_num} of {ATTRIBUTES_FILE}"
            raise InputError(f"{files.root}: {line} has more cells than columns")
        attributes[row["name"]] = {k: v for k, v in row.items() if v and k != "name"}
    return attributes
