"""KAIST's ten miss rates beside plain loops, on a list of the test set's size.

Both are given the same files. The loops go image by image and box by box, as the published
evaluations do; their numbers are checked to be equal, in both modes. The second row is a result of
100 detections an image, which the loops are not asked to read.
"""

import json
import tempfile
import time
from pathlib import Path

import numpy as np

from benches._record import record
from tests.made.miss_rate import spec_miss_rate
from twinband.metrics.kaist import SETTINGS, Detections, Truth
from twinband.scorers.kaist import score
from twinband.scoring.kaist_files import read_detections, read_truth
from twinband.scoring.score import Options

IMAGES, DAY, BOXES = 2252, 1455, 4254
SPARSE, DENSE = 9471, 225_200  # detections of a published result, and of 100 an image


def write_truth(folder: Path) -> Path:
    """Write annotations of people of all heights, a fifth of them ignored."""
    rng = np.random.default_rng(0)
    images = np.sort(rng.integers(IMAGES, size=BOXES))
    heights = np.exp(rng.uniform(np.log(20), np.log(200), BOXES)).round()
    corners = rng.uniform(0, (600, 400), (BOXES, 2)).round()
    annotations = [
        {
            "id": number,
            "image_id": int(images[number]),
            "category_id": 1,
            "bbox": [*corners[number].tolist(), float(heights[number] // 2), heights[number]],
            "height": heights[number],
            "occlusion": int(rng.choice(3, p=[0.8, 0.13, 0.07])),
            "ignore": int(rng.random() < 0.2),
        }
        for number in range(BOXES)
    ]
    listed = [
        {"id": k, "im_name": f"set{'06' if k < DAY else '09'}/V000/I{k:05d}"} for k in range(IMAGES)
    ]
    path = folder / "truth.json"
    path.write_text(json.dumps({"images": listed, "annotations": annotations}))
    return path


def write_result(path: Path, truth: Truth, count: int) -> Path:
    """Write detections, half of them moved people and half anywhere."""
    rng = np.random.default_rng(1)
    chosen = rng.integers(BOXES, size=count)
    boxes = truth.boxes[chosen] * rng.normal(1, 0.03, (count, 4))
    images, scores = truth.image[chosen] + 1, rng.beta(4, 2, count)
    wrong = rng.random(count) < 0.5
    boxes[wrong, :2] = rng.uniform(0, (600, 400), (int(wrong.sum()), 2))
    images[wrong], scores[wrong] = rng.integers(1, IMAGES + 1, wrong.sum()), rng.beta(1, 4)
    rows = np.column_stack([images, boxes, scores])
    np.savetxt(path, rows, fmt=["%d", *["%.4f"] * 4, "%.8f"], delimiter=",")
    return path


def by_loops(truth: Truth, found: Detections, mode: str) -> list[float]:
    """Compute the ten numbers, in the order of ours."""
    parts = {"reasonable_day": range(DAY), "reasonable_night": range(DAY, IMAGES)}
    names = ["reasonable", *parts, *list(SETTINGS)[1:]]
    settings = [SETTINGS[name.partition("_")[0]] for name in names]
    return [
        100
        * spec_miss_rate(truth, found, s.heights, s.occlusions, parts.get(n, range(IMAGES)), mode)
        for n, s in zip(names, settings, strict=True)
    ]


def main() -> None:
    """Measure both modes together."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        truth = write_truth(folder)
        listed = read_truth(truth)
        for count in (SPARSE, DENSE):
            result = write_result(folder / f"{count}.txt", listed.truth, count)
            begin = time.perf_counter()
            ours = list(score(result, truth, Options()).values.values())
            row = {"detections": count, "twinband_s": round(time.perf_counter() - begin, 2)}
            if count == SPARSE:
                begin = time.perf_counter()
                found, _ = read_detections(result, read_truth(truth))
                loops = by_loops(listed.truth, found, "strict")
                row["loops_s"] = round(time.perf_counter() - begin, 2)
                row["speedup"] = round(row["loops_s"] / row["twinband_s"], 1)
                np.testing.assert_allclose(ours, loops, atol=1e-9)
                script = score(result, truth, Options(mode="evalai")).values.values()
                loops = by_loops(listed.truth, found, "evalai")
                np.testing.assert_allclose(list(script), loops, atol=1e-9)
            rows.append({**row, "reasonable": round(ours[0], 3)})
    record("score_kaist", *rows)


if __name__ == "__main__":
    main()
