"""Label maps against true ones: mIoU and mAcc from one confusion matrix over the whole set.

`--definition` names the set's convention, one of `twinband.metrics.segmentation_conventions`. Maps
are images of one channel whose values are ids; a prediction of another size is resized to its label
by nearest neighbours.
"""

from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from twinband.core.errors import InputError
from twinband.metrics.segmentation import Counts, confusion_matrix
from twinband.metrics.segmentation_conventions import (
    CONVENTIONS,
    VOID,
    Convention,
    ids_convention,
    mfnet_old,
)
from twinband.scoring.files import image_sets
from twinband.scoring.pictures import read_image
from twinband.scoring.score import DEFINITIONS, Options, Score, check_slice

HOURS = {"D": "day", "N": "night"}  # the last letter of MFNet's and MSRS's names
Ids = NDArray[np.integer]
Pairs = list[tuple[str, tuple[Path, ...]]]


def score(predictions: Path, truth: Path, options: Options) -> Score:
    """Score a folder of label maps, or one.

    Args:
        predictions: maps of ids, named as the truth's.
        truth: maps of ids; 255 is ignored everywhere.

    Raises:
        InputError: maps that are missing or no maps of ids, an id that is no class of the
            convention, an unknown convention.
    """
    check_slice(options, "segmentation", "class", "hour")
    pairs = image_sets(truth, predictions)
    convention, name = _convention(options.definition, pairs)
    hours = {stem: _hour(path) for stem, (path, _) in pairs} if options.by == "hour" else {}
    total: defaultdict[str, Counts] = defaultdict(lambda: np.zeros((), np.int64))
    resized = []
    for stem, (true_path, path) in pairs:
        true, guess = read_ids(true_path), read_ids(path)
        if guess.shape != true.shape:
            resized.append(f"{path} ({_size(guess)}, its label {_size(true)})")
            guess = cv2.resize(
                guess, (true.shape[1], true.shape[0]), interpolation=cv2.INTER_NEAREST
            )
        counts = _confusion(true, guess, convention, true_path, path)
        total["overall"] = total["overall"] + counts
        if hours:
            total[hours[stem]] = total[hours[stem]] + counts
    confusion = total.pop("overall")
    slices = {hour: convention.values(counts) for hour, counts in sorted(total.items())}
    if options.by == "class":
        slices = _by_class(convention, confusion)
    return Score(
        convention.values(confusion) | _variants(name, confusion),
        _protocol(name, convention, confusion, len(pairs)),
        slices,
        tuple(_remarks(name, resized)),
    )


def read_ids(path: Path) -> Ids:
    """Read a map of ids ``H,W``, of an image with a palette its indices.

    Raises:
        InputError: no image, or one of several channels.
    """
    pixels = read_image(path).pixels
    if pixels.ndim != 2:
        raise InputError(f"{path}: {pixels.shape[2]} channels; a map of ids has one")
    return pixels.astype(np.int32)


def _convention(definition: str, pairs: Pairs) -> tuple[Convention, str]:
    if definition in CONVENTIONS:
        return CONVENTIONS[definition], definition
    if definition and definition not in DEFINITIONS:  # of fusion: `Options` has one of them
        raise InputError(f"--definition {definition}: there are {', '.join(CONVENTIONS)}")
    present = [np.unique(read_ids(path)) for _, paths in pairs for path in paths]
    ids = np.unique(np.concatenate(present))
    return ids_convention(int(ids[ids != VOID].max(initial=0)) + 1), "ids"


def _confusion(
    true: Ids, guess: Ids, convention: Convention, true_path: Path, path: Path
) -> Counts:
    counted = convention.counted(true)
    classes = len(convention.classes)
    for ids, place in ((true, true_path), (guess, path)):
        wrong = counted & (ids >= classes)
        if wrong.any():
            row, column = np.argwhere(wrong)[0]
            raise InputError(
                f"{place}: id {ids[row, column]} at x {column}, y {row}; classes are 0 to "
                f"{classes - 1} ({convention.text})"
            )
    return confusion_matrix(true[counted], guess[counted], classes)


def _hour(path: Path) -> str:
    if path.stem[-1] not in HOURS:
        raise InputError(f"{path}: names end in D or N where the hour is known (MFNet, MSRS)")
    return HOURS[path.stem[-1]]


def _variants(name: str, confusion: Counts) -> dict[str, float]:
    """Compute the numbers of the set's other variants, which papers print too."""
    if name == "mfnet":
        return {"miou_without_unlabeled": mfnet_old(confusion)}
    return {}


def _by_class(convention: Convention, confusion: Counts) -> dict[str, dict[str, float]]:
    iou, recall = convention.scored(confusion)
    return {
        label: {"iou": float(iou[number]), "recall": float(recall[number])}
        for number, label in enumerate(convention.classes)
        if number not in convention.ignored
    }


def _protocol(name: str, convention: Convention, confusion: Counts, images: int) -> dict[str, str]:
    iou, _ = convention.scored(confusion)
    pixels = confusion.sum(-1)
    absent = [
        label
        for number, label in enumerate(convention.classes)
        if not pixels[number] and number not in convention.ignored
    ]
    return {
        "task": "segmentation",
        "definition": name,
        "convention": convention.text,
        "images": str(images),
        "pixels": str(confusion.sum()),
        "classes": f"{np.isfinite(iou).sum()} in the mean",
        "absent": f"not in the truth: {', '.join(absent) or 'none'}; "
        + ("left out" if convention.absent_left_out else "left out, or 0 if they are predicted"),
        "mean": "one confusion matrix over the whole set, then over classes",
        "resizing": "predictions to the size of the labels, nearest neighbours",
    }


def _remarks(name: str, resized: list[str]) -> list[str]:
    remarks = []
    if name == "ids":
        remarks.append(
            "no convention was named, so this compares with no paper; name the set's by "
            f"--definition: {', '.join(CONVENTIONS)}"
        )
    if resized:
        remarks.append(f"{len(resized)} predictions were resized, the first is {resized[0]}")
    return remarks


def _size(ids: Ids) -> str:
    return f"{ids.shape[1]} x {ids.shape[0]}"
