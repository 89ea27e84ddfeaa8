"""Labels of a dataset: kept, checked, converted to PNG."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.made.raw_pairs import encoded, ingest_folder, rows_by_name, scene, write
from twinband.core.images import encode_png
from twinband.shards.read import open_products


def write_mfnet(root: Path, name: str, seed: int, labels: NDArray[Any]) -> None:
    rgb, thermal = scene(seed)
    write(root / "images" / f"{name}.png", encode_png(np.dstack([rgb, thermal])))
    write(root / "labels" / f"{name}.png", encode_png(labels))


def ingest_mfnet(
    tmp_path: Path, labels: NDArray[Any], **options: bool
) -> dict[str, dict[str, Any]]:
    write_mfnet(tmp_path / "raw", "00001D", 1, scene(1)[1] // 40)
    write_mfnet(tmp_path / "raw", "00002N", 2, labels)
    return rows_by_name(ingest_folder(tmp_path / "raw", tmp_path, reader="mfnet", options=options))


def test_label_images_are_kept_and_listed(tmp_path: Path) -> None:
    rows = ingest_mfnet(tmp_path, scene(2)[1] // 40)
    assert [rows[name]["labels"] for name in ("00001D", "00002N")] == [["semantics"]] * 2
    samples = {s["key"]: s["pairs"] for s in open_products({"pairs": tmp_path / "pairs"})}
    for name, seed in (("00001D", 1), ("00002N", 2)):
        rgb, thermal = scene(seed)
        sample = samples[rows[name]["key"]]
        np.testing.assert_array_equal(sample["rgb"], rgb)
        np.testing.assert_array_equal(sample["thermal"], thermal)
        np.testing.assert_array_equal(sample["semantics"], thermal // 40)


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (np.full((48, 64), 200, np.uint8), "odd_label_id"),
        (np.zeros((24, 32), np.uint8), "label_size"),
    ],
)
def test_labels_that_cannot_be_right_are_quarantined(
    tmp_path: Path, labels: NDArray[Any], reason: str
) -> None:
    rows = ingest_mfnet(tmp_path, labels, strict_labels=True)
    assert (rows["00002N"]["status"], rows["00002N"]["reason"]) == ("quarantined", reason)
    assert "labels/00002N.png" in rows["00002N"]["detail"]
    assert rows["00001D"]["status"] == "ok"


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (np.full((48, 64), 200, np.uint8), "odd_label_id"),
        (np.zeros((24, 32), np.uint8), "label_size"),
    ],
)
def test_labels_that_cannot_be_right_are_left_out_of_their_pair(
    tmp_path: Path, labels: NDArray[Any], reason: str
) -> None:
    rows = ingest_mfnet(tmp_path, labels)
    bad = rows["00002N"]
    assert (bad["status"], bad["labels"], bad["notes"]) == ("ok", [], ["label_dropped"])
    assert bad["detail"].startswith(f"label_dropped: {reason}: labels/00002N.png")
    assert rows["00001D"]["status"] == "ok"


def test_a_label_of_another_format_becomes_png(tmp_path: Path) -> None:
    mask = np.where(scene(1)[1] > 128, 255, 0).astype(np.uint8)
    for folder, pixels, suffix in (
        ("RGB", scene(1)[0], "jpg"),
        ("T", scene(1)[1], "jpg"),
        ("GT", mask, "bmp"),
    ):
        write(tmp_path / "raw" / folder / f"a.{suffix}", encoded(pixels, f".{suffix}"))
    ingest_folder(tmp_path / "raw", tmp_path, reader="vt5000")
    [sample] = open_products({"pairs": tmp_path / "pairs"})
    np.testing.assert_array_equal(sample["pairs"]["saliency"], mask)
