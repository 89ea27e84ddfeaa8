"""Text of label files in encodings that nobody declares."""

import time

import pytest

from twinband.ingest.label_forms.text import decoded_text
from twinband.ingest.label_forms.voc_xml import read_voc

EUROPEAN = [
    *("Fußgänger", "piéton", "vélo", "Größe", "café", "señal", "Äpfel", "façade", "Straßenbahn"),
    *("coração", "træ", "é", "GEBÄUDE", "naïve", "être", "Brøndby", "tête-à-tête", "Überführung"),
    *("bicyclette à moteur", "öppen väg", "façade dégradée", "Ampel für Fußgänger"),
]
CHINESE = [
    *("人", "车", "行人", "自行车", "汽车_car", "car车", "人a", "红绿灯", "朱镕基", "镕", "树"),
    *("龙", "火焰", "飛機", "門", "轎車", "person(行人)", "A车B", "行人person", "car人b"),
    "公共汽车 bus",
]


def annotation(name: str, encoding: str, declared: str = "") -> bytes:
    head = f'<?xml version="1.0"{declared}?>' if declared else ""
    box = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox>"
    text = f"{head}<annotation><object><name>{name}</name>{box}</object></annotation>"
    return text.encode(encoding)


def class_of(data: bytes) -> str:
    return str(read_voc(data, "a.xml", False).objects[0]["class"])


@pytest.mark.parametrize("name", EUROPEAN)
@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-8"])
def test_european_names_are_read_undeclared(name: str, encoding: str) -> None:
    assert class_of(annotation(name, encoding)) == name


@pytest.mark.parametrize("name", CHINESE)
@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_chinese_names_are_read_undeclared(name: str, encoding: str) -> None:
    assert class_of(annotation(name, encoding)) == name


@pytest.mark.parametrize("name", ["Größe", "car人b", "é"])
def test_what_is_declared_counts_before_any_guess(name: str) -> None:
    encoding = "gb18030" if "人" in name else "latin-1"
    assert class_of(annotation(name, encoding, f' encoding="{encoding}"')) == name


def test_one_odd_word_does_not_decide() -> None:
    text = "Temperatur: 30 °C, Fußgänger, Größe, café"
    assert decoded_text(text.encode("cp1252")) == text
    text = "café 行人 汽车"
    assert decoded_text(text.encode("gb18030")) == text


@pytest.mark.parametrize(
    "unit", [b"a\xe9", b"\xe9", b"a", b"\xff\xfe\x80 ", b"ab\xdf\xdf", b"\x81 "]
)
def test_guessing_takes_no_time_without_end(unit: bytes) -> None:
    begin = time.perf_counter()
    decoded_text(b"x\xff" + unit * 500_000)
    decoded_text(unit * 500_000 + b" \xff")
    assert time.perf_counter() - begin < 10
