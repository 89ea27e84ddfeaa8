"""Pictures of pretraining: reconstructions, losses, and the masking over time."""

from collections.abc import Mapping

import cv2
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from twinband.core.images import encode_jpeg
from twinband.core.normalise import MEAN, STD
from twinband.drawing import MODALITY_COLOURS, QUALITY, svg
from twinband.pretraining.facts import Curve

SHOWN_PAIRS = 6
GAP_PX = 2


def reconstruction_sheet(
    batch: Mapping[str, Tensor], pictures: Mapping[str, Tensor], scale: int = 2
) -> bytes:
    """Draw a row for each pair, as JPEG: RGB, its visible patches and its reconstruction, then the
    same of thermal, in grey: the mean of the three channels that the model makes of its one.

    Args:
        batch: ``rgb`` and ``thermal``, normalised.
        pictures: of ``MaskedModel.reconstruct``.
        scale: factor of enlargement.
    """
    rows = []
    for index in range(min(SHOWN_PAIRS, len(batch["rgb"]))):
        cells = []
        for modality in ("rgb", "thermal"):
            for image in (
                batch[modality],
                pictures[f"visible_{modality}"],
                pictures[f"restored_{modality}"],
            ):
                levels = _levels(image[index])
                if modality == "thermal":
                    levels[:] = levels.mean(2, keepdims=True)
                cells.append(_cell(levels, scale))
        rows.append(np.hstack(cells))
    return encode_jpeg(np.vstack(rows), QUALITY)


def _levels(image: Tensor) -> NDArray[np.float64]:
    """Turn ``3,H,W`` normalised values into ``H,W,3`` of 0..255, not rounded."""
    channels_last: NDArray[np.float32] = image.permute(1, 2, 0).cpu().numpy()
    return channels_last * np.array(STD) + np.array(MEAN)


def _cell(levels: NDArray[np.float64], scale: int) -> NDArray[np.uint8]:
    pixels = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    large = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
    white = (255, 255, 255)
    gap = GAP_PX
    return np.asarray(
        cv2.copyMakeBorder(large, gap, gap, gap, gap, cv2.BORDER_CONSTANT, value=white)
    )


def loss_figure(curve: Curve) -> bytes:
    """Plot the loss of each modality over steps, as SVG."""
    figure = Figure(figsize=(6.4, 3.2), layout="constrained")
    axes = figure.subplots()
    for modality, colour in MODALITY_COLOURS.items():
        axes.plot(curve["step"], curve[f"loss_{modality}"], color=colour, label=modality)
    axes.set_xlabel("step")
    axes.set_ylabel("loss of masked patches")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    return svg(figure)


def masking_figure(curve: Curve) -> bytes | None:
    """Plot the diagnostics of the masking strategy over steps, as SVG; None if there are none."""
    modalities = list(MODALITY_COLOURS)
    panels = {
        "visible patches an image": {m: f"masking_kept_{m}" for m in modalities},
        "objects among visible patches\n(1: as in all patches)": {
            m: f"visible_objects_{m}" for m in modalities
        },
        "centres drawn around (CMSS)": _numbered(curve, "masking_centre_"),
        "means of the mixture (CMSS)": _numbered(curve, "masking_mixture_mean_"),
    }
    present = {
        title: {label: name for label, name in names.items() if name in curve}
        for title, names in panels.items()
    }
    present = {title: names for title, names in present.items() if names}
    if not present:
        return None
    figure = Figure(figsize=(3.4 * len(present), 3.0), layout="constrained")
    for axes, (title, names) in zip(
        figure.subplots(1, len(present), squeeze=False)[0], present.items(), strict=True
    ):
        for label, name in names.items():
            colour = MODALITY_COLOURS.get(label)
            axes.plot(curve["step"], curve[name], color=colour, label=label)
        axes.set_title(title, fontsize=9)
        axes.set_xlabel("step")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=8)
    return svg(figure)


def _numbered(curve: Curve, prefix: str) -> dict[str, str]:
    """List the columns ``PREFIX1``, ``PREFIX2``, … by their numbers."""
    numbers = [name.removeprefix(prefix) for name in curve if name.startswith(prefix)]
    return {number: f"{prefix}{number}" for number in sorted(numbers) if number.isdecimal()}
