"""KAIST's text: lines as published, worn, and broken."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinband.core.errors import BadSample
from twinband.ingest.label_forms.kaist_text import read_kaist

HEADER = "% bbGt version=3\n"
TAIL = " 0 0 0 0 0 0 0"


def read(text: str, one_based: bool = False) -> list[dict[str, object]]:
    return read_kaist(text.encode(), "I00001.txt", one_based).objects


def item(
    name: str, xyxy: tuple[float, ...], difficult: bool = False, occlusion: int | None = 0
) -> dict[str, object]:
    stated = {} if occlusion is None else {"occlusion": occlusion}
    return {"class": name, "xyxy": list(xyxy), "difficult": difficult, **stated}


PERSON = item("person", (10.0, 20.0, 40.0, 80.0))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{HEADER}person 10 20 30 60{TAIL}\n", [PERSON]),
        (f"person 10 20 30 60{TAIL}", [PERSON]),
        (f"{HEADER}person 10 20 30 60{TAIL}\n".replace("\n", "\r\n"), [PERSON]),
        (f"\ufeff{HEADER}person 10 20 30 60{TAIL}\n\n  \n", [PERSON]),
        (f"%bbGt version=3\n\tperson\t10 20  30 60{TAIL} \n", [PERSON]),
        ("person 9.5 20 30 60 1 0 0 0 0 0 0", [item("person", (9.5, 20, 39.5, 80), occlusion=1)]),
        ("person 10 20 30 60 2 0 0 0 0 0 0", [item("person", (10, 20, 40, 80), occlusion=2)]),
        (f"{HEADER}person 10 20 30 60 0 0 0 0 0 1 0", [item("person", (10, 20, 40, 80), True)]),
        (f"{HEADER}people 10 20 30 60{TAIL}", [item("people", (10, 20, 40, 80), True)]),
        (f"{HEADER}person? 10 20 30 60{TAIL}", [item("person?", (10, 20, 40, 80), True)]),
        (f"{HEADER}cyclist 10 20 30 60{TAIL}", [item("cyclist", (10, 20, 40, 80), True)]),
        (f"{HEADER}baby carriage 1 2 3 4{TAIL}", [item("baby carriage", (1, 2, 4, 6))]),
        ("person 10 20 30 60", [item("person", (10, 20, 40, 80), occlusion=None)]),
        ("person 10 20 30 60 1", [item("person", (10, 20, 40, 80), occlusion=1)]),
        (HEADER, []),
        ("", []),
        ("\r\n", []),
    ],
)  # fmt: skip
def test_lines_as_people_have_them(text: str, expected: list[dict[str, object]]) -> None:
    assert read(text) == expected


def test_files_of_matlab_count_from_one() -> None:
    assert read(f"person 1 1 30 60{TAIL}", one_based=True) == [item("person", (0, 0, 30, 60))]


@pytest.mark.parametrize(
    "line",
    [
        "person",
        "person 10 20 30",
        "person 10 20 thirty 60",
        "10 20 30 60 0 0 0 0 0 0 0",
        "person nan 20 30 60",
        "person 10 20 inf 60",
        "person a b c d",
        "<html><body>",
    ],
)
def test_a_line_that_is_none_is_told_and_costs_no_other(line: str) -> None:
    boxes = read_kaist(f"{HEADER}{line}\nperson 10 20 30 60{TAIL}\n".encode(), "a.txt", False)
    assert boxes.objects == [PERSON]
    assert len(boxes.unusable) == 1 and boxes.unusable[0].startswith("line 2: ")
    with pytest.raises(BadSample, match=r"a\.txt: no text of KAIST"):
        read_kaist(line.encode(), "a.txt", False)


@given(
    name=st.sampled_from(["person", "people", "person?", "cyclist", "a b"]),
    box=st.lists(st.floats(-1e4, 1e4), min_size=4, max_size=4),
    occlusion=st.integers(0, 2),
    ignore=st.booleans(),
    end=st.sampled_from(["\n", "\r\n", ""]),
)
def test_what_is_written_is_read(
    name: str, box: list[float], occlusion: int, ignore: bool, end: str
) -> None:
    numbers = " ".join(map(repr, box))
    text = f"% bbGt version=3\n{name} {numbers} {occlusion} 0 0 0 0 {int(ignore)} 0{end}"
    [found] = read(text)
    x, y, width, height = box
    assert found == item(
        name, (x, y, x + width, y + height), ignore or name not in ("person", "a b"), occlusion
    )


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_reason(data: bytes) -> None:
    try:
        boxes = read_kaist(data, "a.txt", False)
    except BadSample as error:
        assert error.reason == "bad_label"
    else:
        assert all(math.isfinite(v) for o in boxes.objects for v in o["xyxy"])
