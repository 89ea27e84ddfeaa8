"""COCO's scores beside pycocotools itself, and what is done around it."""

import contextlib
import io
import json
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from twinband.metrics.coco import NAMES, CocoScores


def annotation(number: int, image: int, category: int, box: list[float]) -> dict[str, Any]:
    return {
        "id": number,
        "image_id": image,
        "category_id": category,
        "bbox": box,
        "area": box[2] * box[3],
        "iscrowd": 0,
    }


def scene(seed: int, images: int = 12) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Boxes of three categories, two of them rare, of all sizes; detections are moved copies."""
    rng = np.random.default_rng(seed)
    annotations, detections = [], []
    for number in range(5 * images):
        image, category = int(rng.integers(images)), int(rng.choice([1, 4, 9], p=[0.8, 0.1, 0.1]))
        size = rng.choice([10, 50, 150]) * rng.uniform(0.7, 1.4, 2)
        box = [float(x) for x in (*rng.uniform(0, 400, 2), *size)]
        annotations.append(annotation(number + 1, image, category, box))
        annotations[-1]["iscrowd"] = int(rng.random() < 0.1)
        for _ in range(int(rng.integers(3))):
            moved = [float(x) for x in np.array(box) + rng.normal(0, 0.1 * size[0], 4)]
            detections.append(
                {
                    "image_id": image,
                    "category_id": category,
                    "bbox": [*moved[:2], abs(moved[2]), abs(moved[3])],
                    "score": float(rng.integers(20) / 20),
                }
            )
    categories = [{"id": k, "name": str(k)} for k in (1, 4, 9, 17)]
    return {
        "images": [{"id": k, "height": 600, "width": 600} for k in range(images)],
        "categories": categories,
        "annotations": annotations,
    }, detections


def plain(truth: dict[str, Any], detections: list[dict[str, Any]]) -> list[float]:
    """The twelve numbers as pycocotools alone counts them."""
    with contextlib.redirect_stdout(io.StringIO()):
        indexed = COCO()
        indexed.dataset = json.loads(json.dumps(truth))
        indexed.createIndex()
        results = indexed.loadRes(json.loads(json.dumps(detections)))
        evaluation = COCOeval(indexed, results, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return [float(value) for value in evaluation.stats]


@pytest.mark.parametrize("seed", range(6))
def test_it_equals_pycocotools(seed: int) -> None:
    truth, detections = scene(seed)
    values = CocoScores(truth, detections, "bbox").values()
    assert tuple(values) == NAMES
    assert list(values.values()) == plain(truth, detections)


def test_an_id_of_0_is_an_id() -> None:
    truth, detections = scene(0)
    expected = CocoScores(truth, detections, "bbox").values()
    for entry in truth["annotations"]:
        entry["id"] -= 1
    assert CocoScores(truth, detections, "bbox").values() == expected
    assert plain(truth, detections)[0] < expected["ap"]  # a match with id 0 is a miss there


def test_one_box_found_and_one_not() -> None:
    truth = {
        "images": [{"id": 7}],
        "categories": [{"id": 1}],
        "annotations": [annotation(0, 7, 1, [0, 0, 50, 50]), annotation(1, 7, 1, [100, 0, 50, 50])],
    }
    hit = [{"image_id": 7, "category_id": 1, "bbox": [0, 0, 50, 50], "score": 0.5}]
    values = CocoScores(truth, hit, "bbox").values()
    assert values["ap"] == pytest.approx(51 / 101)  # recalls 0, 0.01, … 0.5
    assert values["ar100"] == 0.5
    assert np.isnan(values["ap_small"]) and values["ap_medium"] == values["ap"]


def test_nothing_found_is_0_and_nothing_to_find_is_no_number() -> None:
    truth, detections = scene(1)
    assert CocoScores(truth, [], "bbox").values()["ap"] == 0
    nothing = {**truth, "annotations": []}
    assert np.isnan(CocoScores(nothing, detections, "bbox").values()["ap"])


def test_slices() -> None:
    truth, detections = scene(2)
    scores = CocoScores(truth, detections, "bbox")
    by_category = scores.by_category()
    assert list(by_category) == [1, 4, 9, 17]
    for name in ("ap", "ap50", "ap75", "ar100"):
        known = [values[name] for values in by_category.values() if not np.isnan(values[name])]
        assert np.mean(known) == pytest.approx(scores.values()[name])
    by_size = scores.by_size()
    assert {name: values["ap"] for name, values in by_size.items()} == {
        name: scores.values()[f"ap_{name}"] for name in ("small", "medium", "large")
    }
    some = [0, 1, 2, 3]
    kept = [entry for entry in truth["annotations"] if entry["image_id"] in some]
    part = {**truth, "images": truth["images"][:4], "annotations": kept}
    found = [entry for entry in detections if entry["image_id"] in some]
    assert scores.values(some) == pytest.approx(
        CocoScores(part, found, "bbox").values(), nan_ok=True
    )


def test_what_is_given_stays_as_it_is() -> None:
    truth, detections = scene(3)
    before = json.dumps([truth, detections])
    CocoScores(truth, detections, "bbox").values()
    assert json.dumps([truth, detections]) == before
