"""COCO from files: known scores, slices and bad input."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask

from tests.made.detections import coco_truth, detection, write_json, write_text
from tests.made.known_scores import crosscheck
from twinband.core.errors import InputError
from twinband.metrics.coco import NAMES
from twinband.scorers import coco_bbox, coco_segm
from twinband.scoring.score import Options

KNOWN = {
    "bbox": (
        *(0.504581, 0.696973, 0.572982, 0.585626, 0.519400, 0.501398),
        *(0.386813, 0.593680, 0.595353, 0.639811, 0.566421, 0.564291),
    ),
    "segm": (
        *(0.319545, 0.562288, 0.298927, 0.387374, 0.310183, 0.326934),
        *(0.268230, 0.415449, 0.416839, 0.469450, 0.376759, 0.381472),
    ),
}
SCORERS = {"bbox": coco_bbox, "segm": coco_segm}
BOX = (10, 10, 40, 40)


@pytest.mark.parametrize("kind", KNOWN)
def test_known_scores(kind: str) -> None:
    folder = crosscheck("coco")
    result = SCORERS[kind].score(
        folder / f"instances_val2014_fake{kind}100_results.json",
        folder / "instances_val2014_100.json",
        Options(),
    )
    assert dict(result.values) == pytest.approx(
        dict(zip(NAMES, KNOWN[kind], strict=True)), abs=1e-6
    )
    assert result.protocol["annotations"] == "839, 9 of them crowds"


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    """Three images of 120 x 100 px, a person on each of the first two, ids from 0."""
    return write_json(tmp_path / "truth.json", coco_truth({0: [BOX], 1: [BOX]}))


def scored(tmp_path: Path, truth: Path, found: Any, by: str = "") -> Any:
    return coco_bbox.score(write_json(tmp_path / "found.json", found), truth, Options(by=by))


def test_the_truth_itself(tmp_path: Path, truth: Path) -> None:
    result = scored(tmp_path, truth, [detection(0, BOX), detection(1, BOX)])
    for name in ("ap", "ar100", "ap_medium"):
        assert result.values[name] == pytest.approx(1)
    assert np.isnan(result.values["ap_large"])
    assert result.remarks == ("1 of 3 images have no detection; what is on them counts as missed",)


def test_a_sparse_list_is_not_rewarded(tmp_path: Path, truth: Path) -> None:
    result = scored(tmp_path, truth, [detection(0, BOX)])
    assert result.values["ap"] == pytest.approx(51 / 101)
    nothing = scored(tmp_path, truth, [])
    assert nothing.values["ap"] == 0 and "3 of 3 images" in nothing.remarks[0]


def test_slices(tmp_path: Path, truth: Path) -> None:
    found = [detection(0, BOX)]
    by_hour = scored(tmp_path, truth, found, "hour").slices
    assert (by_hour["day"]["ap"], by_hour["night"]["ap"]) == pytest.approx((0, 1))
    by_class = scored(tmp_path, truth, found, "class").slices
    assert by_class["person"]["ap50"] == pytest.approx(51 / 101)
    assert np.isnan(by_class["car"]["ap"])
    assert list(scored(tmp_path, truth, found, "size").slices) == ["small", "medium", "large"]
    with pytest.raises(InputError, match="--by attribute: coco-bbox has slices only by"):
        scored(tmp_path, truth, found, "attribute")


def test_hours_must_be_known(tmp_path: Path, truth: Path) -> None:
    stored = coco_truth({0: [BOX]})
    del stored["images"][2]["hour"]
    with pytest.raises(InputError, match="image 2 has no hour"):
        scored(tmp_path, write_json(tmp_path / "t.json", stored), [detection(0, BOX)], "hour")


def test_foreign_categories_are_told(tmp_path: Path, truth: Path) -> None:
    result = scored(tmp_path, truth, [detection(0, BOX), detection(0, BOX, category=99)])
    assert (
        "1 detections are of categories that the truth lacks (the first of 99)"
        in (result.remarks[0])
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image_id": 3}, "image_id 3 is not in .*truth.json, another list?"),
        ({"image_id": None}, "image_id None is not in"),
        ({"bbox": [1, 2, -3, 4]}, "has a negative size; it is x, y, width, height, not two"),
        ({"bbox": [1, 2, 3]}, "it is x, y, width, height in pixels"),
        ({"bbox": [1, 2, 3, float("nan")]}, "it is x, y, width, height in pixels"),
        ({"score": float("nan")}, "score nan; it is a finite number"),
        ({"score": "high"}, "score 'high'; it is a finite number"),
        ({"category_id": []}, r"category_id \[\]; it is an id"),
    ],
)
def test_bad_detections(tmp_path: Path, truth: Path, change: dict[str, Any], message: str) -> None:
    found = [detection(0, BOX), {**detection(1, BOX), **change}]
    with pytest.raises(InputError, match=f"found.json: entry 2 of 2: .*{message}"):
        scored(tmp_path, truth, found)


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        ("annotations", {"id": 0}, r"annotations\[1\]: id 0 stands there before"),
        ("annotations", {"image_id": 9}, r"annotations\[1\]: image_id 9 is not in the images"),
        ("annotations", {"category_id": 9}, r"annotations\[1\]: category_id 9 is not in"),
        ("annotations", {"area": None}, r"annotations\[1\]: area None; sizes cannot be told"),
        ("annotations", {"area": -1}, r"annotations\[1\]: area -1"),
        ("annotations", {"iscrowd": "no"}, r"annotations\[1\]: iscrowd 'no'; it is 0 or 1"),
        ("images", {"id": "1"}, "images: ids are numbers or texts, not both"),
        ("annotations", {"bbox": [1, 2, -3, 4]}, r"annotations\[1\]: .* negative size"),
        ("images", {"id": 0}, r"images\[1\]: id 0 stands there before"),
        ("images", {"id": None}, r"images\[1\]: no id"),
    ],
)
def test_bad_truths(tmp_path: Path, kind: str, change: dict[str, Any], message: str) -> None:
    stored = coco_truth({0: [BOX], 1: [BOX]})
    stored[kind][1].update(change)
    with pytest.raises(InputError, match=f"truth.json: {message}"):
        scored(tmp_path, write_json(tmp_path / "truth.json", stored), [detection(0, BOX)])


def test_files_that_are_something_else(tmp_path: Path, truth: Path) -> None:
    with pytest.raises(InputError, match=r"found.json: no list of detections"):
        scored(tmp_path, truth, {"annotations": []})
    with pytest.raises(InputError, match="no COCO truth"):
        scored(tmp_path, write_json(tmp_path / "t.json", []), [])
    broken = write_text(tmp_path / "broken.json", "[", '{"image_id": 0,}', "]")
    with pytest.raises(InputError, match=r"broken.json: line 2: not JSON"):
        coco_bbox.score(broken, truth, Options())
    with pytest.raises(InputError, match="line 1: the file is empty"):
        coco_bbox.score(write_text(tmp_path / "empty.json"), truth, Options())


def rle(height: int, width: int) -> dict[str, Any]:
    pixels = np.zeros((height, width), np.uint8, order="F")
    pixels[10:50, 10:50] = 1
    found = mask.encode(pixels)
    return {"size": found["size"], "counts": found["counts"].decode()}


def of_masks(tmp_path: Path, found: Any, true: Any) -> Any:
    """Score a mask against another, on an image of 120 x 100 px."""
    stored = coco_truth({0: [BOX]})
    stored["annotations"][0]["segmentation"] = true
    truth = write_json(tmp_path / "truth.json", stored)
    entry = {"image_id": 0, "category_id": 1, "score": 1, "segmentation": found}
    return coco_segm.score(write_json(tmp_path / "found.json", [entry]), truth, Options())


RUNS = [10 * 100 + 10, *[40, 60] * 39, 40, 50 + 70 * 100]  # the same, column by column
POLYGONS = [[10, 10, 50, 10, 50, 50, 10, 50]]


@pytest.mark.parametrize("found", [rle(100, 120), {"size": [100, 120], "counts": RUNS}])
@pytest.mark.parametrize("true", [POLYGONS, rle(100, 120), {"size": [100, 120], "counts": RUNS}])
def test_masks(tmp_path: Path, found: Any, true: Any) -> None:
    assert of_masks(tmp_path, found, true).values["ap"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("segmentation", "message"),
    [
        (rle(120, 100), r"a mask of \[120, 100\] for an image of \[100, 120\]"),
        (POLYGONS, "a mask is {size"),
        ({"size": [100, 120], "counts": RUNS[:-1]}, "its runs do not fill 100 x 120 pixels"),
        ({"size": [100, 120], "counts": rle(90, 120)["counts"]}, "its runs do not fill"),
        ({"size": [100, 120], "counts": "Te02`3>C9F8I00001O0000"}, "its runs do not fill"),
        ({"size": [100, 120], "counts": ""}, "its runs do not fill"),
        ({"size": [100, 120], "counts": 7}, "its runs do not fill"),
        ({"size": [100, 120], "counts": [13000, -1000]}, "its runs do not fill"),
    ],
)
def test_bad_masks(tmp_path: Path, segmentation: Any, message: str) -> None:
    with pytest.raises(InputError, match=f"entry 1 of 1: {message}"):
        of_masks(tmp_path, segmentation, POLYGONS)
    if segmentation is not POLYGONS:
        with pytest.raises(InputError, match=rf"annotations\[0\]: {message}"):
            of_masks(tmp_path, rle(100, 120), segmentation)


@pytest.mark.parametrize(
    "polygons", [[], [[1, 2, 3, 4]], [[1, 2, 3, 4, 5, "x"]], [[1, 2, 3, 4, 5, 1e9]], [7]]
)
def test_bad_polygons(tmp_path: Path, polygons: Any) -> None:
    with pytest.raises(InputError, match=r"annotations\[0\]: .*polygon"):
        of_masks(tmp_path, rle(100, 120), polygons)


def test_a_box_on_some_masks_only(tmp_path: Path) -> None:
    stored = coco_truth({0: [BOX]})
    stored["annotations"][0]["segmentation"] = POLYGONS
    entries = [{**detection(0, BOX), "segmentation": rle(100, 120)} for _ in range(2)]
    del entries[1]["bbox"]
    found = write_json(tmp_path / "found.json", entries)
    with pytest.raises(InputError, match="entry 1 has a bbox, others have none"):
        coco_segm.score(found, write_json(tmp_path / "truth.json", stored), Options())
