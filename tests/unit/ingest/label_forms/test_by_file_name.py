"""Pairs found by the names that a label file gives."""

from collections.abc import Sequence

import pytest

from twinband.ingest.label_forms.by_file_name import pairs_of_files

FLAT = {"Test/190001": ["Test_LLVIP_vi/190001.jpg", "Test_LLVIP_ir/190001.jpg"]}
KAIST = {
    f"set00/V00{n}/I0": [f"images/set00/V00{n}/visible/I0.jpg", f"images/set00/V00{n}/lwir/I0.jpg"]
    for n in (0, 1)
}
FLIR = {"FLIR_1": ["JPEGImages/FLIR_1_RGB.jpg", "JPEGImages/FLIR_1_PreviewData.jpeg"]}


@pytest.mark.parametrize(
    ("pairs", "file", "pair"),
    [
        (FLAT, "lwir/test/190001.jpg", "Test/190001"),
        (FLAT, "190001.png", "Test/190001"),
        (FLAT, "190001", "Test/190001"),
        (FLAT, "C:\\data\\190001.JPG", "Test/190001"),
        (FLAT, "./190001.jpg", "Test/190001"),
        (FLAT, "Test_190001.jpg", "Test/190001"),
        (FLAT, "190002.jpg", None),
        (FLAT, "", None),
        (KAIST, "I0.jpg", None),
        (KAIST, "set00/V001/lwir/I0.jpg", "set00/V001/I0"),
        (KAIST, "set00/V000/visible/I0.jpg", "set00/V000/I0"),
        (KAIST, "set00/V000/I0.jpg", "set00/V000/I0"),
        (KAIST, "set00_V001_I0.jpg", "set00/V001/I0"),
        (KAIST, "lwir/I0.jpg", None),
        (KAIST, "set09/V009/lwir/I0.jpg", None),
        (FLIR, "FLIR_1_PreviewData.jpeg", "FLIR_1"),
        (FLIR, "data/FLIR_1_RGB.jpg", "FLIR_1"),
        (FLIR, "FLIR_1.jpg", "FLIR_1"),
    ],
)
def test_a_file_names_its_pair(
    pairs: dict[str, Sequence[str]], file: str, pair: str | None
) -> None:
    found, remarks = pairs_of_files([file], pairs, "b.json")
    assert found == ({file: pair} if pair else {})
    assert len(remarks) == (pair is None)


def test_of_two_files_of_one_stem_folders_decide() -> None:
    pairs = {"1": ["train/1.jpg", "train/ir/1.jpg"]}
    found, remarks = pairs_of_files(["train/1.jpg", "test/1.jpg"], pairs, "b.json")
    assert found == {"train/1.jpg": "1"}
    assert remarks == [
        "b.json: 1 images that it lists may be of several pairs, by their names (e.g. test/1.jpg)"
    ]


def test_files_of_both_modalities_are_of_one_pair() -> None:
    pairs = {"1": ["visible/1.jpg", "lwir/1.jpg"]}
    found, remarks = pairs_of_files(["visible/1.jpg", "lwir/1.jpg"], pairs, "b.json")
    assert found == {"visible/1.jpg": "1", "lwir/1.jpg": "1"} and not remarks
