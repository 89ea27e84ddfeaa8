"""The truth of an image, and scores of a label against it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinband.core.errors import BadSample, InputError
from twinband.core.images import decode
from twinband.metrics.depth import abs_rel, aligned, delta
from twinband.metrics.segmentation import class_iou, confusion_matrix
from twinband.pseudo_labels.label import Depth
from twinband.world.classes import SCENE_CLASSES

LEVELS_PER_M = 256
FARTHEST_M = np.iinfo(np.uint16).max / LEVELS_PER_M  # what lies beyond, the truth cannot say
VOID = 0  # class id of what nobody knows, and depth level of sky
CLASS_TABLES: Mapping[str, tuple[str, ...]] = {"sample_world": SCENE_CLASSES}


@dataclass(frozen=True, slots=True)
class Truth:
    """True depth and classes in a folder.

    Attributes:
        folder: with ``depth/NAME.png`` and ``semantics/NAME.png``, as far as they are known.
        classes: the names of class ids; id 0 is void.
    """

    folder: Path
    classes: tuple[str, ...]

    def knows(self, kind: str) -> bool:
        """Tell if there is any truth for ``depth`` or ``semantics``."""
        return (self.folder / kind).is_dir()

    def depth_m(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float64] | None:
        """Read distances ``H,W`` in metres, 0 for sky and unknown; None if there is no such truth.

        Raises:
            InputError: it cannot be read, or is of another shape.
        """
        levels = self._read("depth", name, shape)
        return None if levels is None else levels / LEVELS_PER_M

    def semantics(self, name: str, shape: tuple[int, ...]) -> NDArray[np.integer] | None:
        """Read class ids ``H,W``; None if there is no such truth.

        Raises:
            InputError: it cannot be read, is of another shape, or holds an id that is no class.
        """
        ids = self._read("semantics", name, shape)
        if ids is not None and int(ids.max(initial=0)) >= len(self.classes):
            raise InputError(
                f"{self.folder}/semantics/{name}.png holds the class {ids.max()}, but there are"
                f" only {len(self.classes)}"
            )
        return ids

    def ids_of(self, names: Sequence[str]) -> NDArray[np.intp] | None:
        """Find the id of each of an annotator's classes, void for one that the truth does not
        know; None if the annotator lacks one of the truth's, for then nothing can be compared."""
        known = self.classes[VOID + 1 :]
        if not set(known) <= set(names):
            return None
        return np.array([self.classes.index(n) if n in known else VOID for n in names], np.intp)

    def _read(self, kind: str, name: str, shape: tuple[int, ...]) -> NDArray[Any] | None:
        path = self.folder / kind / f"{name}.png"
        if not path.is_file():
            return None
        try:
            pixels = decode(path.read_bytes(), str(path)).pixels
        except (OSError, BadSample) as error:
            raise InputError(f"{path}: this truth cannot be read: {error}") from None
        if pixels.shape != shape:
            raise InputError(
                f"{path} has the shape {pixels.shape}, the label {shape}: the truth must lie on"
                " the grid of the RGB image"
            )
        return pixels


def depth_scores(truth: NDArray[np.float64], depth: Depth) -> dict[str, float] | None:
    """Compute ``abs_rel`` and ``delta1`` where there is a true distance; None if there is none.

    Labels in metres are compared as they are; others are first brought to the truth's scale and
    shift by least squares, in their own kind: inverse depth in inverse depth. Nothing is taken to
    be farther than the truth could say.

    Args:
        truth: ``H,W`` metres, 0 where unknown.
    """
    known = truth > 0
    if not known.any():
        return None
    metres = truth[known]
    values: NDArray[np.floating] = depth.values[known].astype(np.float64)
    if depth.scale_m is not None:
        values = values / depth.scale_m if depth.inverse else values * depth.scale_m
    else:
        values = aligned(values, 1 / metres if depth.inverse else metres)
    nearest = 1 / LEVELS_PER_M
    if depth.inverse:
        values = 1 / np.clip(values, 1 / FARTHEST_M, 1 / nearest)
    else:
        values = np.clip(values, nearest, FARTHEST_M)
    scores = {"abs_rel": abs_rel(metres, values), "delta1": delta(metres, values)}
    return {name: round(score, 6) for name, score in scores.items()}


def class_counts(
    truth: NDArray[np.integer], predicted: NDArray[np.integer], ids: NDArray[np.intp], classes: int
) -> NDArray[np.int64]:
    """Count the confusion matrix ``classes,classes``; void counts in the prediction only.

    Args:
        predicted: indices of the annotator's classes.
        ids: of these, see ``Truth.ids_of``.
    """
    return confusion_matrix(truth, ids[predicted], classes, ignore=VOID)


def iou_of_classes(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """Compute the IoU of every class but void; NaN for one that occurs nowhere."""
    return class_iou(confusion)[VOID + 1 :]
