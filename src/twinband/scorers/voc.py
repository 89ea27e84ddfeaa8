"""VOC's AP50 in both variants, of upright boxes or of rotated ones (DroneVehicle).

`twinband.scoring.voc_files` says what is read.
"""

from pathlib import Path

import numpy as np

from twinband.metrics.rotated import rotated_iou
from twinband.metrics.voc import average_precisions, box_iou, inclusive_iou
from twinband.scoring.score import Options, Score, check_slice
from twinband.scoring.voc_files import Objects, read_detections, read_truth

NAMES = {"area": "ap50", "11-point": "ap50_11point"}


def score(predictions: Path, truth: Path, options: Options) -> Score:
    """Score a folder of text files, one a class, or a COCO list.

    Raises:
        InputError: a malformed file, with its line, or detections on another list of images.
    """
    check_slice(options, "voc", "class")
    true = read_truth(truth)
    found, remarks = read_detections(predictions, true)
    overlaps = inclusive_iou if true.inclusive else rotated_iou if true.rotated else box_iou
    classes = {
        name: {
            NAMES[variant]: value
            for variant, value in average_precisions(boxes, found[name], overlaps).items()
        }
        for name, boxes in true.classes.items()
    }
    known = [values for values in classes.values() if not np.isnan(values["ap50"])]
    means = {
        name: float(np.mean([values[name] for values in known])) if known else float("nan")
        for name in NAMES.values()
    }
    detections = sum(len(boxes.scores) for boxes in found.values())
    return Score(
        means,
        _protocol(true, len(known), detections),
        classes if options.by == "class" else {},
        tuple(remarks),
    )


def _protocol(true: Objects, classes: int, detections: int) -> dict[str, str]:
    boxes = sum(len(of_class.boxes) for of_class in true.classes.values())
    difficult = sum(int(of_class.difficult.sum()) for of_class in true.classes.values())
    if true.rotated:
        overlap = "exact IoU of rotated boxes"
    elif true.inclusive:
        overlap = "IoU of boxes whose second corner is inside, as in VOC's development kit"
    else:
        overlap = "IoU of boxes whose second corner is outside"
    return {
        "task": "voc",
        "images": str(len(true.images)),
        "classes": ", ".join(true.classes),
        "annotations": f"{boxes}, {difficult} of them difficult and left out",
        "detections": str(detections),
        "overlap": f"{overlap}, of at least 0.5",
        "metric": "ap50: area under the envelope (2010); ap50_11point: eleven recalls (2007)",
        "mean": f"over {classes} classes that have boxes to find",
    }
