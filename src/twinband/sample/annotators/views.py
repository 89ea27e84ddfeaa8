"""What training sees of a scene: one modality, perhaps a part of it, perhaps mirrored, its greys
changed as another camera's might be."""

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from twinband.sample.annotators.scenes import LabelledScene

MODALITIES = ("rgb", "thermal")


@dataclass(frozen=True, slots=True)
class View:
    """An image ``H,W,3`` uint8 and its truth on the same grid, as in ``LabelledScene``."""

    image: NDArray[np.uint8]
    depth: NDArray[np.float32]
    semantics: NDArray[np.uint8]
    instances: NDArray[np.uint16]


def draw_view(
    scene: LabelledScene, least_zoom: float, image_px: int, rng: np.random.Generator
) -> View:
    """A view of some size in the scene's proportions.

    Args:
        least_zoom: half of the views are cut out with sides of this share up to the whole; 1
            cuts nothing, for what can be told from the whole image only.
        image_px: longer side of the view; a camera of the scene's own size took the image.
    """
    image = scene.image(MODALITIES[int(rng.integers(2))])
    view = View(image, scene.depth, scene.semantics, scene.instances)
    if least_zoom < 1 and rng.random() < 0.5:
        view = _cut(view, float(rng.uniform(least_zoom, 1)), rng)
    if rng.random() < 0.5:
        view = View(*(a[:, ::-1] for a in _arrays(view)))
    height, width = view.semantics.shape
    scale = image_px / max(height, width)
    taken = replace(view, image=_other_camera(view.image, rng))
    return _resized(taken, round(height * scale), round(width * scale))


def _arrays(view: View) -> tuple[NDArray[Any], ...]:
    return view.image, view.depth, view.semantics, view.instances


def _cut(view: View, zoom: float, rng: np.random.Generator) -> View:
    height, width = view.semantics.shape
    rows, columns = round(height * zoom), round(width * zoom)
    top, left = int(rng.integers(height - rows + 1)), int(rng.integers(width - columns + 1))
    part = (slice(top, top + rows), slice(left, left + columns))
    return _resized(View(*(array[part] for array in _arrays(view))), height, width)


def _resized(view: View, height: int, width: int) -> View:
    def resized(array: NDArray[Any], how: int) -> NDArray[Any]:
        return cv2.resize(np.ascontiguousarray(array), (width, height), interpolation=how)

    image, *truth = _arrays(view)
    return View(resized(image, cv2.INTER_LINEAR), *(resized(a, cv2.INTER_NEAREST) for a in truth))


def _other_camera(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    gain, offset = rng.uniform(0.7, 1.3), rng.uniform(-20, 20)
    gamma = np.exp(rng.uniform(-0.35, 0.35))
    levels = (np.arange(256) / 255) ** gamma * 255
    table = np.clip((levels - 128) * gain + 128 + offset, 0, 255).astype(np.uint8)
    changed = table[image]
    if rng.random() < 0.25:
        changed = cv2.GaussianBlur(changed, (0, 0), float(rng.uniform(0.4, 1.2)))
    if rng.random() < 0.5:
        noise = rng.standard_normal(image.shape[:2], np.float32)[..., None] * rng.uniform(1, 8)
        changed = np.clip(changed + noise, 0, 255).astype(np.uint8)
    return changed
