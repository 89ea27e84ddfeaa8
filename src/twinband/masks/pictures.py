"""Pictures by which a person judges masks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import matplotlib as mpl
import numpy as np
import pyarrow as pa
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from twinband.core.images import encode_jpeg
from twinband.drawing import QUALITY, Image, enlarged, file_word, shown_size, svg
from twinband.labels.images import MODALITIES, image_of
from twinband.sam.rle import Crop, decode_crop
from twinband.shards.read import open_products
from twinband.shards.registered import registered_pair
from twinband.shards.write import write_atomically

FILL = 0.4
GOLDEN = 0.6180339887498949  # turns of the colour circle that never come close to each other
COLOURS = {"rgb": "#0072b2", "thermal": "#d55e00"}  # Okabe and Ito's


def write_pictures(
    pairs: Path, registered: Path, masks: Path, examples: Mapping[str, str], folder: Path
) -> None:
    """``HOUR-rgb.jpg`` and ``HOUR-thermal.jpg`` into ``folder``.

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
    """The image, so enlarged that a person sees it, under its masks: each in a colour of its own
    with a thin outline, smaller ones on top.

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
    for mask, colour in zip(decoded, _colours(len(decoded)), strict=True):
        smooth = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
        inside = smooth >= 0.5
        tinted[inside] = np.rint(canvas[inside] * (1 - FILL) + np.array(colour) * FILL)
        found, _ = cv2.findContours(inside.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        outlines.append((found, colour))
    for found, colour in outlines:
        cv2.drawContours(tinted, found, -1, colour, 1, cv2.LINE_AA)
    return tinted


def _colours(count: int) -> list[tuple[int, int, int]]:
    """Colours RGB far from their neighbours; the first are the same however many there are."""
    turns = (np.arange(count) * GOLDEN) % 1
    brightness = np.where(np.arange(count) % 2, 1.0, 0.85)
    colours = mpl.colors.hsv_to_rgb(np.stack([turns, np.full(count, 0.9), brightness], 1))
    return [(red, green, blue) for red, green, blue in np.rint(colours * 255).astype(int).tolist()]


def histogram(manifest: pa.Table) -> bytes:
    """SVG: how many images have how many masks."""
    figure = Figure(figsize=(6.4, 2.6), layout="constrained")
    axes = figure.subplots()
    counts = {m: manifest[f"masks_{m}"].drop_null().to_numpy() for m in MODALITIES}
    most = max((int(each.max()) for each in counts.values() if each.size), default=0)
    width = max(1, -(-(most + 1) // 30))
    edges = np.arange(0, most + 1 + width, width) - 0.5
    for modality, each in counts.items():
        label = f"{modality}, {each.mean():.1f} on average" if each.size else f"{modality}, none"
        heights, _ = np.histogram(each, edges)
        axes.stairs(heights, edges, color=COLOURS[modality], label=label, linewidth=1.4)
    axes.set_xlabel("masks of an image", fontsize=8)
    axes.set_ylabel("images", fontsize=8)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(bottom=0)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    return svg(figure)
