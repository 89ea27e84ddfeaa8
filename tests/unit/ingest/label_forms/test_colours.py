"""Tables of colours."""

import numpy as np
import pytest

from twinband.core.errors import InputError
from twinband.ingest.label_forms.colours import ids_of_colours, read_colours

TABLE = {0x000000: 0, 0x4080FF: 3}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("c.csv", "r,g,b,id\n0,0,0,0\n64,128,255,3\n"),
        ("c.csv", "0,0,0,0\r\n64,128,255,3\r\n\r\n"),
        ("c.csv", " R, G, B, ID\n0, 0, 0, 0\n64, 128, 255, 3"),
        ("c.txt", "0,0,0,0\n0,0,0,0\n64,128,255,3"),
        ("c.csv", '"0","0","0","0"\n"64","128","255","3"'),
        ("c.csv", "\ufeffr,g,b,id\n0,0,0,0\n64,128,255,3\n"),
        ("c.json", "[[0,0,0,0],[64,128,255,3]]"),
        ("C.JSON", '[{"r":0,"g":0,"b":0,"id":0},{"r":64,"g":128,"b":255,"id":3}]'),
        ("c.json", '[{"id":0,"b":0,"g":0,"r":0,"name":"road"},[64,128,255,3]]'),
        ("c.json", '[["r","g","b","id"],[0,0,0,0],[64,128,255,3]]'),
    ],
)
def test_tables_are_read(path: str, text: str) -> None:
    assert read_colours(text.encode(), path) == TABLE


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("c.csv", ""),
        ("c.csv", "r,g,b,id\n"),
        ("c.csv", "1,2,3\n"),
        ("c.csv", "1,2,3,4,5\n"),
        ("c.csv", "1,2,256,4\n"),
        ("c.csv", "1,2,-1,4\n"),
        ("c.csv", "1,2,3,70000\n"),
        ("c.csv", "1,2,3,car\n"),
        ("c.csv", "1,2,3,4\n1,2,3,5\n"),
        ("c.csv", "\0\0\0"),
        ("c.json", ""),
        ("c.json", "{}"),
        ("c.json", "[1, 2]"),
        ("c.json", '[{"r": 1}]'),
        ("c.json", "[" * 100_000),
    ],
)
def test_what_is_no_table_is_told(path: str, text: str) -> None:
    with pytest.raises(InputError, match=f"^{path} is no table of colours"):
        read_colours(text.encode(), path)


def test_ids_beyond_a_byte_are_wide() -> None:
    pixels = np.array([[[0, 0, 0], [64, 128, 255]]], np.uint8)
    assert ids_of_colours(pixels, TABLE, "a").dtype == np.uint8
    found = ids_of_colours(pixels, {0: 0, 0x4080FF: 300}, "a")
    assert found.dtype == np.uint16 and found.tolist() == [[0, 300]]
