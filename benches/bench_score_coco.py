"""COCO's scores of a file of detections beside pycocotools alone, on 5,000 images.

Both begin with the files and end with the twelve numbers, which are checked to be equal. The set
has the size of val2017: 80 categories of very unequal frequency, 7 boxes and 20 detections an
image.
"""

import contextlib
import io
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from benches._record import record
from twinband.scorers.coco_bbox import score
from twinband.scoring.score import Options

IMAGES, CATEGORIES, BOXES, DETECTIONS = 5000, 80, 7, 20
ROUNDS = 2


def write_files(folder: Path) -> tuple[Path, Path]:
    """Write a truth, and detections that are its boxes, moved, and as many elsewhere."""
    rng = np.random.default_rng(0)
    chance = 1 / np.arange(1, CATEGORIES + 1)
    count = IMAGES * BOXES
    images = rng.integers(IMAGES, size=count)
    categories = rng.choice(CATEGORIES, count, p=chance / chance.sum()) + 1
    sizes = np.exp(rng.uniform(np.log(8), np.log(300), (count, 2)))
    boxes = np.hstack([rng.uniform(0, 340, (count, 2)), sizes]).round(2)
    annotations = [
        {
            "id": number,
            "image_id": int(image),
            "category_id": int(category),
            "bbox": box.tolist(),
            "area": float(box[2] * box[3]),
            "iscrowd": 0,
        }
        for number, (image, category, box) in enumerate(
            zip(images, categories, boxes, strict=True), 1
        )
    ]
    truth = {
        "images": [{"id": k, "height": 640, "width": 640} for k in range(IMAGES)],
        "categories": [{"id": k + 1, "name": f"class {k + 1}"} for k in range(CATEGORIES)],
        "annotations": annotations,
    }
    chosen = rng.integers(count, size=IMAGES * DETECTIONS)
    moved = boxes[chosen] + rng.normal(0, 0.15, (len(chosen), 4)) * sizes[chosen].repeat(2, 1)
    moved[:, 2:] = np.abs(moved[:, 2:])
    moved = moved.round(2)
    found = [
        {
            "image_id": int(images[row]),
            "category_id": int(categories[row]),
            "bbox": box.tolist(),
            "score": float(value),
        }
        for row, box, value in zip(chosen, moved, rng.random(len(chosen)).round(4), strict=True)
    ]
    paths = folder / "truth.json", folder / "found.json"
    for path, value in zip(paths, (truth, found), strict=True):
        path.write_text(json.dumps(value))
    return paths


def of_pycocotools(truth: Path, found: Path) -> list[float]:
    """Compute the twelve numbers as its own example does."""
    with contextlib.redirect_stdout(io.StringIO()):
        indexed = COCO(str(truth))
        evaluation = COCOeval(indexed, indexed.loadRes(str(found)), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return [float(value) for value in evaluation.stats]


def main() -> None:
    """Measure both in turns."""
    seconds: dict[str, list[float]] = {"ours": [], "pycocotools": []}
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        truth, found = write_files(Path(folder))
        for _ in range(ROUNDS):
            begin = time.perf_counter()
            results["pycocotools"] = of_pycocotools(truth, found)
            seconds["pycocotools"].append(time.perf_counter() - begin)
            begin = time.perf_counter()
            results["ours"] = list(score(found, truth, Options()).values.values())
            seconds["ours"].append(time.perf_counter() - begin)
    assert results["ours"] == results["pycocotools"]
    least = {name: min(times) for name, times in seconds.items()}
    record(
        "score_coco",
        {
            "images": IMAGES,
            "detections": IMAGES * DETECTIONS,
            "twinband_s": round(least["ours"], 2),
            "pycocotools_s": round(least["pycocotools"], 2),
            "speedup": round(least["pycocotools"] / least["ours"], 2),
            "ap": round(results["ours"][0], 6),
        },
    )


if __name__ == "__main__":
    main()
