"""Class ids of label images that hold colours, by a table of the dataset's own."""

import csv
import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinband.core.errors import MALFORMED, BadSample, InputError, told
from twinband.ingest.files import Files
from twinband.ingest.label_forms.text import decoded_text

ColourTable = Mapping[int, int]  # red << 16 | green << 8 | blue, to the id
COLUMNS = ("r", "g", "b", "id")
MOST_ID = 0xFFFF
FORM = "a CSV file of lines r,g,b,id, or a JSON list of [r, g, b, id]"


def read_colours(data: bytes, path: str) -> ColourTable:
    """Read a table of colours, as CSV with or without a first line of names, or as JSON.

    Raises:
        InputError: it is none, or gives one colour two ids.
    """
    text = decoded_text(data)
    try:
        rows = json.loads(text) if path.lower().endswith(".json") else csv.reader(text.splitlines())
        return _table(_cells(row) for row in rows if row)
    except (csv.Error, *MALFORMED) as error:
        raise InputError(f"{path} is no table of colours ({FORM}): {told(str(error))}") from None


def colour_table(files: Files, path: str) -> ColourTable:
    """Read the table of colours of a dataset.

    Raises:
        InputError: there is no such file, or it is none.
    """
    try:
        return read_colours(files.read(path, "text_mib"), path)
    except BadSample as error:
        raise InputError(f"{files.root}: the option colours: {error.detail}") from None


def _cells(row: Any) -> list[Any]:
    return [row[column] for column in COLUMNS] if isinstance(row, Mapping) else list(row)


def _table(rows: Iterable[list[Any]]) -> ColourTable:
    table: dict[int, int] = {}
    for number, row in enumerate(rows, 1):
        if number == 1 and [str(cell).strip().lower() for cell in row] == list(COLUMNS):
            continue
        red, green, blue, own = map(int, row)
        if not (
            min(red, green, blue) >= 0 and max(red, green, blue) <= 255 and 0 <= own <= MOST_ID
        ):
            raise ValueError(f"row {number}: {row} has a colour or an id out of range")
        if table.setdefault(red << 16 | green << 8 | blue, own) != own:
            raise ValueError(f"row {number}: the colour {row[:3]} has two ids")
    if not table:
        raise ValueError("it has no rows")
    return table


def ids_of_colours(
    pixels: NDArray[np.generic], table: ColourTable, path: str
) -> NDArray[np.generic]:
    """Look up the ids of ``H,W,3`` colours.

    Raises:
        BadSample: ``odd_label_id`` for a colour that the table lacks, ``wrong_bit_depth`` for
            colours of more than 8 bits.
    """
    if pixels.dtype != np.uint8:
        raise BadSample("wrong_bit_depth", f"{path}: colours of more than 8 bits a channel")
    wide = pixels.astype(np.uint32)
    codes, places = np.unique(
        wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2], return_inverse=True
    )
    unknown = [int(code) for code in codes if int(code) not in table]
    if unknown:
        red, green, blue = unknown[0] >> 16, unknown[0] >> 8 & 255, unknown[0] & 255
        raise BadSample(
            "odd_label_id",
            f"{path}: {len(unknown)} colours that the table of colours lacks, the first {red},"
            f"{green},{blue}",
        )
    ids = np.array([table[int(code)] for code in codes])
    kind = np.uint8 if ids.max() <= 255 else np.uint16
    return ids.astype(kind)[places].reshape(pixels.shape[:2])
