"""Does fusing help a detector? Persons found by FastestDet in RGB, thermal and fused images.

    python -m benches.fused_persons LLVIP_SAMPLES FastestDet.onnx [NAME=MODEL ...]

``LLVIP_SAMPLES`` holds ``Test_LLVIP_vi``, ``Test_LLVIP_ir`` and the boxes ``boxes_test.json`` in
COCO's form; images and boxes are joined by stem. The detector was trained on COCO's RGB images
and is the same for all. A difference counts as told if its interval of 95 % over images leaves
out 0. Printed and written to ``results/``.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import onnxruntime
import typer
from numpy.typing import NDArray

from benches._record import Figures, record
from twinband.core.images import as_rgb, as_thermal, decode
from twinband.fusion.interface import Fusion, load_fusion, method_names
from twinband.metrics.bootstrap import paired_interval
from twinband.metrics.coco import CocoScores
from twinband.scoring.coco_files import read_truth

PERSON = 0  # among COCO's 80 classes
SIDE = 352
LEAST_SCORE, MOST_OVERLAP = 0.01, 0.45
RESAMPLES = 300
CONTROLS = ("visible", "infrared")
Boxes = list[dict[str, Any]]


class FastestDet:
    """The detector; see the page of dog-qiuqiu/FastestDet for the form of its output."""

    def __init__(self, path: Path) -> None:
        self._session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def persons(self, image: NDArray[np.uint8]) -> Boxes:
        """Find persons in ``H,W,3`` RGB: ``bbox`` x, y, width, height in px, and ``score``."""
        height, width = image.shape[:2]
        pixels = cv2.resize(image[..., ::-1], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        given = (pixels.astype(np.float32) / 255).transpose(2, 0, 1)[None]
        (output,) = self._session.run(None, {self._input: given})
        objectness, tx, ty, tw, th = output[0, :5]
        score = objectness**0.6 * output[0, 5 + PERSON] ** 0.4
        rows, columns = np.indices(score.shape)
        x, y = (np.tanh(tx) + columns) / score.shape[1], (np.tanh(ty) + rows) / score.shape[0]
        w, h = 1 / (1 + np.exp(-tw)), 1 / (1 + np.exp(-th))
        boxes = np.stack([(x - w / 2) * width, (y - h / 2) * height, w * width, h * height], -1)
        person = (output[0, 5:].argmax(0) == PERSON) & (score > LEAST_SCORE)
        kept = cv2.dnn.NMSBoxes(
            boxes[person].tolist(), score[person].tolist(), LEAST_SCORE, MOST_OVERLAP
        )
        return [{"bbox": boxes[person][i].tolist(), "score": float(score[person][i])} for i in kept]


class Scores:
    """AP50 of one method's images, over all images or a draw of them."""

    def __init__(self, truth: Sequence[Boxes], found: Sequence[Boxes]) -> None:
        self._truth, self._found = truth, found

    def values(self, counts: NDArray[np.int64]) -> dict[str, float]:
        """Compute COCO's numbers; an image that was drawn twice counts as two."""
        drawn = np.repeat(np.arange(len(self._truth)), counts)
        truth = {
            "images": [{"id": number} for number in range(len(drawn))],
            "categories": [{"id": 1}],
            "annotations": _numbered(self._truth, drawn),
        }
        return CocoScores(truth, _numbered(self._found, drawn), "bbox").values()

    def ap50(self, counts: NDArray[np.int64]) -> float:
        """Compute AP50 of a draw."""
        return self.values(counts)["ap50"]


def _numbered(boxes: Sequence[Boxes], drawn: NDArray[np.int64]) -> Boxes:
    return [
        {**box, "image_id": number, "category_id": 1}
        for number, image in enumerate(drawn)
        for box in boxes[image]
    ]


def opened(models: Sequence[str]) -> dict[str, Fusion]:
    """Open all methods without weights, and networks given as NAME=PATH."""
    named = dict(model.split("=", 1) for model in models)
    methods = {name: load_fusion(name) for name in (*CONTROLS, *method_names())}
    return methods | {name: load_fusion(Path(path)) for name, path in named.items()}


def main(
    folder: Annotated[Path, typer.Argument(help="with Test_LLVIP_vi, Test_LLVIP_ir, boxes")],
    detector: Annotated[Path, typer.Argument(help="FastestDet.onnx")],
    models: Annotated[list[str] | None, typer.Argument(help="NAME=PATH of networks")] = None,
) -> None:
    """Fuse, detect, score and record."""
    truth = read_truth(folder / "boxes_test.json", "bbox")
    detect = FastestDet(detector)
    boxes: list[Boxes] = []
    pairs = []
    for key, image in truth.images.items():
        name = f"{Path(image['file_name']).stem}.jpg"
        visible, infrared = (
            decode((folder / part / name).read_bytes(), name)
            for part in ("Test_LLVIP_vi", "Test_LLVIP_ir")
        )
        pairs.append((as_rgb(visible, name), as_thermal(infrared, name)))
        boxes.append(
            [
                {"bbox": a["bbox"], "area": a["area"], "iscrowd": a.get("iscrowd", 0)}
                for a in truth.stored["annotations"]
                if a["image_id"] == key
            ]
        )
    scores = {
        name: Scores(boxes, [detect.persons(fusion.fuse(*pair)) for pair in pairs])
        for name, fusion in opened(models or []).items()
    }
    record("fused_persons", *rows_of(scores, len(pairs), sum(map(len, boxes))))


def rows_of(scores: Mapping[str, Scores], images: int, persons: int) -> list[Figures]:
    """Compare every method with the better single image."""
    whole = np.ones(images, np.int64)
    values = {name: each.values(whole) for name, each in scores.items()}
    better = max(CONTROLS, key=lambda name: values[name]["ap50"])
    rows: list[Figures] = []
    for name, each in scores.items():
        row: dict[str, float | int | str] = {"method": name, "images": images, "persons": persons}
        row |= {metric: round(values[name][metric], 3) for metric in ("ap50", "ap", "ar100")}
        if name != better:
            found = paired_interval(each.ap50, scores[better].ap50, images, 0, RESAMPLES)
            row |= {
                "above": better,
                "ap50_above": round(found.value, 3),
                "low": round(found.low, 3),
                "high": round(found.high, 3),
                "told": "yes" if found.beyond_zero else "no",
            }
        rows.append(row)
    return rows


if __name__ == "__main__":
    typer.run(main)
