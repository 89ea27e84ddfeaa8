"""COCO's scores of a file of detections, of boxes and of masks alike."""

from pathlib import Path

from twinband.metrics.coco import CocoScores
from twinband.scoring.coco_files import read_detections, read_truth
from twinband.scoring.score import Options, Score, check_slice

PARTS = {"bbox": "bbox", "segm": "segmentation"}


def coco_score(predictions: Path, truth: Path, options: Options, kind: str) -> Score:
    """Score a JSON list of detections by ``bbox`` or ``segm``.

    Raises:
        InputError: a malformed file, with the entry, or detections on another list of images.
    """
    check_slice(options, f"coco-{kind}", "class", "size", "hour")
    true = read_truth(truth, PARTS[kind])
    found, remarks = read_detections(predictions, PARTS[kind], true)
    scores = CocoScores(true.stored, found, kind)
    slices = {}
    if options.by == "class":
        names = {key: true.categories[key] for key in scores.by_category()}
        slices = {names[key]: values for key, values in scores.by_category().items()}
    elif options.by == "size":
        slices = scores.by_size()
    elif options.by == "hour":
        slices = {hour: scores.values(images) for hour, images in true.hours().items()}
    crowds = sum(bool(entry.get("iscrowd")) for entry in true.stored["annotations"])
    return Score(
        scores.values(),
        {
            "task": f"coco-{kind}",
            "images": str(len(true.images)),
            "classes": ", ".join(sorted(true.categories.values())),
            "annotations": f"{len(true.stored['annotations'])}, {crowds} of them crowds",
            "detections": str(len(found)),
            "overlap": f"{'box' if kind == 'bbox' else 'mask'} IoU 0.50 to 0.95 by 0.05",
            "metric": "mean of 101 recall points, at most 100 detections an image and class",
            "sizes": "area of the annotation: small below 32² px, large above 96² px",
        },
        slices,
        tuple(remarks),
    )
