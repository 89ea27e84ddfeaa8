"""VOC XML of any encoding and with any shape of object."""

import pytest

from twinband.core.errors import BadSample
from twinband.ingest.label_forms.voc_xml import read_voc

BOX = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>30</xmax><ymax>20</ymax></bndbox>"
SQUARE = "".join(
    f"<x{n}>{x}</x{n}><y{n}>{y}</y{n}>"
    for n, x, y in ((1, 1, 2), (2, 30, 2), (3, 30, 20), (4, 1, 20))
)


def annotation(inside: str, head: str = "") -> str:
    return f"{head}<annotation>{inside}</annotation>"


def person(name: str = "person", shape: str = BOX) -> str:
    return f"<object><name>{name}</name>{shape}</object>"


@pytest.mark.parametrize(
    "declared",
    [
        *("unicode", "ANSI", "utf8-bom", "gb2312", "GBK", "GB18030", "big5", "shift_jis", "euc-kr"),
        *("utf-8", "UTF8", "utf-16", "utf-32", "latin-1", "windows-1252", "ascii", "koi8-r"),
        *("base64", "rot13", "zlib", "idna", "punycode", "unicode_escape", "undefined", "utf-7"),
        *("mbcs", "x-user-defined", "none", "hex"),
    ],
)
def test_ascii_is_read_whatever_it_declares(declared: str) -> None:
    head = f'<?xml version="1.0" encoding="{declared}" standalone="yes"?>\n'
    boxes = read_voc(annotation(person(), head).encode(), "a.xml", False)
    assert [box["class"] for box in boxes.objects] == ["person"]


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        *(("utf-8", "utf-8"), ("utf-8", ""), ("utf-8-sig", "utf-8"), ("utf-8-sig", "gb2312")),
        *(("gb2312", "gb2312"), ("gbk", "GBK"), ("gb18030", ""), ("gbk", "utf-8")),
        *(("big5", "big5"), ("utf-16", "utf-16"), ("utf-16", ""), ("utf-16-le", "utf-16")),
        *(("utf-16-be", ""), ("utf-32", "utf-32"), ("utf-8", "unicode")),
    ],
)
def test_names_in_other_writing_are_kept(encoding: str, declared: str) -> None:
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    data = annotation(person("行人"), head).encode(encoding)
    assert [box["class"] for box in read_voc(data, "a.xml", False).objects] == ["行人"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" \n ",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"no annotation",
        b"<html></html>",
        b"<annotation><object>",
        b"<annotation>&nope;</annotation>",
        b"\0" * 40,
        bytes(range(256)),
        b'<!DOCTYPE a [<!ENTITY l "lol"><!ENTITY m "&l;&l;">]><annotation>&m;</annotation>',
        b'<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/hostname">]><annotation>&f;</annotation>',
        b"<annotation>" + b"<a>" * 100_000,
        b"<annotation><object><name>\x00</name></object></annotation>",
    ],
)
def test_what_is_no_annotation_is_a_bad_label(data: bytes) -> None:
    with pytest.raises(BadSample) as caught:
        read_voc(data, "Annotations/a.xml", False)
    assert caught.value.reason == "bad_label"
    assert caught.value.detail.startswith("Annotations/a.xml: ")


@pytest.mark.parametrize(
    "item",
    [
        person(""),
        f"<object>{BOX}</object>",
        person(shape=""),
        person(shape="<bndbox/>"),
        person(shape="<bndbox><xmin>1</xmin></bndbox>"),
        person(shape=BOX.replace("30", "thirty")),
        person(shape=BOX.replace("30", "")),
        person(shape="<polygon/>"),
        person(shape="<polygon><x1>1</x1><y1>1</y1></polygon>"),
        person(shape=f"<polygon>{SQUARE}</polygon>".replace(">30<", ">nan<")),
        person(shape="<robndbox><cx>1</cx></robndbox>"),
    ],
)
def test_an_object_that_cannot_be_read_leaves_the_others(item: str) -> None:
    boxes = read_voc(annotation(person("car") + item).encode(), "a.xml", False)
    assert [box["class"] for box in boxes.objects] == ["car"]
    assert len(boxes.unusable) == 1


POINTS = "".join(f"<pt><x>{x}</x><y>{y}</y></pt>" for x, y in ((1, 2), (30, 2), (30, 20), (1, 20)))
ROTATED = "<robndbox><cx>15.5</cx><cy>11</cy><w>29</w><h>18</h><angle>0</angle></robndbox>"


@pytest.mark.parametrize(
    "shape", [BOX, f"<polygon>{SQUARE}</polygon>", f"<polygon>{POINTS}</polygon>", ROTATED]
)
def test_every_shape_has_an_envelope(shape: str) -> None:
    [box] = read_voc(annotation(person(shape=shape)).encode(), "a.xml", False).objects
    assert box["xyxy"] == [1.0, 2.0, 30.0, 20.0]
    assert ("corners" in box) == (shape != BOX)
    if shape != BOX:
        assert box["corners"] == [[1.0, 2.0], [30.0, 2.0], [30.0, 20.0], [1.0, 20.0]]


def test_deep_nesting_is_read_or_refused_but_never_a_crash() -> None:
    data = b"<annotation>" + b"<a>" * 200_000 + b"</a>" * 200_000 + b"</annotation>"
    assert read_voc(data, "a.xml", False).objects == []


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("<x>2</x><y>3</y><w>6</w><h>12</h>", [2.0, 3.0, 8.0, 15.0]),
        ("<x>2.5</x><y>3</y><w>6</w><h>12</h>", [2.5, 3.0, 8.5, 15.0]),
        ("<w>6</w><h>12</h><y>3</y><x>2</x>", [2.0, 3.0, 8.0, 15.0]),
        ("<x>2</x><y>3</y><w>6</w>", None),
        ("<x>2</x><y>3</y><w>six</w><h>12</h>", None),
    ],
)
def test_boxes_of_kaist_have_x_y_w_h(inside: str, expected: list[float] | None) -> None:
    shape = f"<bndbox>{inside}</bndbox><occlusion>1</occlusion>"
    boxes = read_voc(annotation(person(shape=shape)).encode(), "a.xml", False)
    assert [box["xyxy"] for box in boxes.objects] == ([expected] if expected else [])
    assert [box["occlusion"] for box in boxes.objects] == ([1] if expected else [])
    assert len(boxes.unusable) == (not expected)
