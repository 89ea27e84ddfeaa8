"""Pictures by which a person judges masks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from twinband.core.images import encode_jpeg
from twinband.drawing import (
    MODALITY_COLOURS,
    QUALITY,
    Image,
    distinct_colours,
    enlarged,
    file_word,
    shown_size,
    svg,
)
from twinband.labels.images import MODALITIES, image_of
from twinband.sam.rle import Crop, decode_crop
from twinband.shards.read import open_products
from twinband.shards.registered import registered_pair
from twinband.shards.write import write_atomically

FILL = 0.4


def write_pictures(
    pairs: Path, registered: Path, masks: Path, examples: Mapping[str, str], folder: Path
) -> None:
    """Write ``HOUR-rgb.jpg`` and ``HOUR-thermal.jpg`` into ``folder``.

    Args:
        examples: by hour the key of the pair that is drawn.
    """
    products = {"pairs": pairs, "registered": registered, "masks": masks}
    dataset = open_products(products, examples.values())
    samples = {sample["key"]: sample for sample in dataset}
    for hour, key in examples.items():
        pair = registered_pair(samples[key])
        for modality in MODALITIES:
            image = image_of(pair, modality)
            if image is not None:
                drawn = overlay(image, samples[key]["masks"][modality]["masks"])
                data = encode_jpeg(drawn, QUALITY, sharp_colours=True)
                write_atomically(folder / f"{file_word(hour)}-{modality}.jpg", data)


def overlay(image: Image, masks: Sequence[Mapping[str, Any]]) -> Image:
    """Draw masks over the image, enlarged for a person: each in a colour of its own with a thin
    outline, smaller ones on top.

    Args:
        image: ``H,W,3``.
        masks: of the same size, largest first.
    """
    height, width = image.shape[:2]
    size, canvas = shown_size(image), enlarged(image)
    tinted = canvas.copy()
    outlines = []
    counts = [mask["rle"]["counts"] for mask in masks]
    decoded = decode_crop(counts, (height, width), Crop(0, 0, height, width))
    for mask, colour in zip(decoded, distinct_colours(len(decoded)), strict=True):
        smooth = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
        inside = smooth >= 0.5
        tinted[inside] = np.rint(canvas[inside] * (1 - FILL) + colour * FILL)
        contours, _ = cv2.findContours(
            inside.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE
        )
        outlines.append((contours, colour.tolist()))
    for contours, colour in outlines:
        cv2.drawContours(tinted, contours, -1, colour, 1, cv2.LINE_AA)
    return tinted


def histogram(manifest: pa.Table) -> bytes:
    """Draw how many images have how many masks, as SVG."""
    figure = Figure(figsize=(6.4, 2.6), layout="constrained")
    axes = figure.subplots()
    counts = {m: manifest[f"masks_{m}"].drop_null().to_numpy() for m in MODALITIES}
    most = max((int(masks.max()) for masks in counts.values() if masks.size), default=0)
    width = max(1, -(-(most + 1) // 30))
    edges = np.arange(0, most + 1 + width, width) - 0.5
    for modality, masks in counts.items():
        label = f"{modality}, {masks.mean():.1f} on average" if masks.size else f"{modality}, none"
        heights, _ = np.histogram(masks, edges)
        axes.stairs(heights, edges, color=MODALITY_COLOURS[modality], label=label, linewidth=1.4)
    axes.set_xlabel("masks of an image", fontsize=8)
    axes.set_ylabel("images", fontsize=8)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(bottom=0)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    return svg(figure)
