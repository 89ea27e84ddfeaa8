"""Pictures by which a person judges labels: one pair an hour, with its depth and classes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from twinband.core.images import encode_jpeg
from twinband.drawing import (
    QUALITY,
    Image,
    distinct_colours,
    enlarged,
    example_keys,
    file_word,
    svg,
)
from twinband.labels.images import image_of
from twinband.pseudo_labels.label import Depth, read_depth
from twinband.shards.read import open_products
from twinband.shards.registered import registered_pair
from twinband.shards.write import write_atomically

NEAR_TO_FAR = "inferno_r"  # equal steps look equal, in grey and to colour-blind eyes too
LOWEST, HIGHEST = 2, 98  # percentiles at which colours end
NATURAL: Mapping[str, tuple[int, int, int]] = {
    "road": (110, 90, 140),
    "sidewalk": (225, 150, 210),
    "building": (165, 120, 85),
    "pole": (245, 215, 60),
    "vegetation": (70, 160, 60),
    "sky": (110, 175, 235),
    "person": (225, 30, 50),
    "car": (25, 60, 200),
    "bicycle": (0, 200, 190),
    "guardrail": (150, 200, 150),
    "cone": (255, 125, 0),
    "marking": (245, 245, 245),
    "kerb": (120, 40, 110),
}
GREY_SHARE = 0.35  # of a pixel's colour; the rest is its class's
LEGEND_WIDTH = 8.4
LEGEND_NAMES = 40  # of a longer table only what the pictures show


def write_pictures(
    pairs: Path,
    registered: Path,
    depth: Path,
    semantics: Path,
    names: Sequence[str],
    folder: Path,
) -> None:
    """Write ``HOUR-rgb.jpg``, ``-thermal``, ``-depth`` and ``-semantics`` of one pair an hour, and
    ``classes.svg``, into ``folder``.

    Args:
        names: of the classes of ``semantics``.
    """
    products = {"pairs": pairs, "registered": registered, "depth": depth, "semantics": semantics}
    examples = example_keys(pairs, registered)
    samples = {s["key"]: s for s in open_products(products, examples.values())}
    seen: set[int] = set()
    for hour, key in examples.items():
        for kind, picture in _drawn(samples[key], palette(names)).items():
            name = f"{file_word(hour)}-{kind}.jpg"
            write_atomically(folder / name, encode_jpeg(picture, QUALITY, sharp_colours=True))
        if (label := samples[key]["semantics"]) is not None:
            seen.update(np.unique(label["classes"]).tolist())
    shown = range(len(names)) if len(names) <= LEGEND_NAMES else sorted(seen)
    colours = palette(names)
    write_atomically(folder / "classes.svg", legend({names[i]: colours[i] for i in shown}))


def _drawn(sample: Mapping[str, Any], colours: Image) -> dict[str, Image]:
    """Draw images and labels, by kind; a label that does not exist is left out."""
    pair = registered_pair(sample)
    images = {name: image_of(pair, name) for name in ("rgb", "thermal")}
    drawn = {name: enlarged(image) for name, image in images.items() if image is not None}
    if sample["depth"] is not None:
        drawn["depth"] = enlarged(coloured_depth(read_depth(sample["depth"])))
    if (label := sample["semantics"]) is not None:
        image = images[label["json"]["modality"]]
        assert image is not None  # it was labelled
        drawn["semantics"] = coloured_classes(label["classes"], drawn_grey(image), colours)
    return drawn


def coloured_depth(depth: Depth) -> Image:
    """Colour depth ``H,W,3``: near is dark, far is bright, evenly in inverse depth."""
    values = depth.values.astype(np.float64)
    inverse = values if depth.inverse else 1 / np.maximum(values, 1e-6)
    low, high = np.percentile(inverse, (LOWEST, HIGHEST))
    place = np.clip((inverse - low) / max(float(high - low), 1e-12), 0, 1)
    colours: Image = mpl.colormaps[NEAR_TO_FAR](place, bytes=True)[..., :3]
    return np.ascontiguousarray(colours)


def coloured_classes(classes: NDArray[np.integer], grey: Image, colours: Image) -> Image:
    """Draw every class in its colour over the enlarged image.

    Args:
        classes: ``h,w``.
        grey: ``H,W,3``, of any larger size.
        colours: ``n,3``, of all classes.
    """
    size = (grey.shape[1], grey.shape[0])
    larger = cv2.resize(classes.astype(np.uint16), size, interpolation=cv2.INTER_NEAREST)
    blend = colours[larger] * (1 - GREY_SHARE) + grey * GREY_SHARE
    return np.rint(blend).astype(np.uint8)


def palette(names: Sequence[str]) -> Image:
    """Pick a colour for each class, ``n,3``: a natural one for what every street has; of others
    those of near indices far apart, and none depends on how many there are."""
    colours = distinct_colours(len(names))
    for index, name in enumerate(names):
        colours[index] = NATURAL.get(name, colours[index])
    return colours


def legend(colours: Mapping[str, NDArray[np.uint8]]) -> bytes:
    """Draw each class's colour and name, as SVG."""
    patches = [
        Patch(facecolor=tuple(colour / 255), edgecolor="0.6", linewidth=0.5, label=name)
        for name, colour in colours.items()
    ]
    column = 0.5 + 0.075 * max(map(len, colours), default=0)
    columns = max(1, min(len(patches), int(LEGEND_WIDTH / column)))
    rows = max(1, -(-len(patches) // columns))
    figure = Figure(figsize=(column * columns, 0.1 + 0.24 * rows))
    figure.legend(
        handles=patches, ncols=columns, loc="center", frameon=False, fontsize=9, handlelength=1.2
    )
    return svg(figure)


def drawn_grey(image: Image) -> Image:
    """Enlarge the image and take its colours away."""
    return cv2.cvtColor(cv2.cvtColor(enlarged(image), cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
