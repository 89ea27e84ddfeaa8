"""Pictures of pretraining: reconstructions, losses, and the masking over time."""

from collections.abc import Mapping

import cv2
import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from twinband.core.images import encode_jpeg
from twinband.core.normalise import MEAN, STD, three_channels
from twinband.drawing import MODALITY_COLOURS, QUALITY, distinct_colours, jpg, svg, words
from twinband.networks.masked import Drawn, Sheet
from twinband.pretraining.facts import Curve

SHOWN_PAIRS = 6
GAP_PX = 2
MASKED_LEVEL = 128  # grey of patches that the encoder does not see
DEPTHS = cv2.COLORMAP_VIRIDIS
DEPTH_RANGE = 2.5  # deviations to either side that a depth map's colours span


def reconstruction_sheet(drawn: Mapping[str, Drawn], scale: int = 2) -> bytes:
    """Draw a row for each sample, as JPEG: of each modality the image, its visible patches and its
    reconstruction.

    Args:
        drawn: of ``MaskedModel.draw``.
        scale: factor of enlargement of images, so that they are at least as wide as each other.
    """
    width = max(part.truth.shape[-1] for part in drawn.values()) * scale
    strips = [
        np.hstack([_column(images, width) for images in _triple(name, part)])
        for name, part in drawn.items()
    ]
    return encode_jpeg(np.hstack(strips), QUALITY)


def captioned_sheet(sheet: Sheet) -> bytes:
    """Draw images in rows and columns with their captions, as JPEG."""
    figure = Figure(figsize=(1.5 * len(sheet.columns), 1.5 * len(sheet.rows)), layout="constrained")
    grid = figure.subplots(len(sheet.rows), len(sheet.columns), squeeze=False)
    for column, (caption, (modality, images)) in enumerate(sheet.columns.items()):
        for axes, image in zip(grid[:, column], pixels(modality, images), strict=True):
            axes.imshow(image, interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
        grid[0, column].set_title(words(caption), fontsize=8)
    for axes, caption in zip(grid[:, 0], sheet.rows, strict=True):
        axes.set_ylabel(words(caption), fontsize=8)
    return jpg(figure)


def _triple(modality: str, drawn: Drawn) -> list[NDArray[np.uint8]]:
    """Colour truth, what is visible of it, and its reconstruction: ``n,H,W,3`` each."""
    shown = slice(SHOWN_PAIRS)
    truth, restored = (pixels(modality, x[shown]) for x in (drawn.truth, drawn.restored))
    height, width = truth.shape[1:3]
    visible = drawn.visible[shown].cpu().numpy()
    rows = round((visible.shape[1] * height / width) ** 0.5)
    grid = visible.reshape(len(visible), rows, -1)
    side = height // rows
    seen = grid.repeat(side, 1).repeat(side, 2)[..., None]
    return [truth, np.where(seen, truth, np.uint8(MASKED_LEVEL)), restored]


def pixels(modality: str, images: Tensor) -> NDArray[np.uint8]:
    """Colour the images of a modality, in the model's units, for people: ``n,H,W,3``.

    RGB as it is; thermal in grey, the mean of its channels; depth from near to far, unknown values
    grey; classes each in a colour.

    Args:
        images: ``n,C,H,W``, or ``n,H,W`` of classes.
    """
    values = images.detach().float().cpu()
    if modality == "semseg":
        colours = distinct_colours(256)
        colours[-1] = MASKED_LEVEL
        return colours[values.long().numpy()]
    if modality == "depth":
        return _depths(values[:, 0].numpy())
    mean, std = (torch.tensor(each).view(3, 1, 1) for each in (MEAN, STD))
    if values.shape[1] == 1:
        values = three_channels(values)
    levels = values * std + mean
    if modality == "thermal":
        levels = levels.mean(1, keepdim=True).expand_as(levels)
    return levels.round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()


def _depths(standardised: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Colour standardised depth maps ``n,H,W``."""
    share = np.nan_to_num(standardised / DEPTH_RANGE).clip(-1, 1) / 2 + 0.5
    levels = np.rint(255 * share).astype(np.uint8)
    coloured = [cv2.cvtColor(cv2.applyColorMap(x, DEPTHS), cv2.COLOR_BGR2RGB) for x in levels]
    known = np.isfinite(standardised)[..., None]
    return np.where(known, np.stack(coloured), np.uint8(MASKED_LEVEL))


def _column(images: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Stack images ``n,H,W,3``, enlarged to ``width``, with white between them."""
    scale = width / images.shape[2]
    gap, white = GAP_PX, (255, 255, 255)
    cells = [
        cv2.copyMakeBorder(
            cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST),
            *(gap, gap, gap, gap),
            cv2.BORDER_CONSTANT,
            value=white,
        )
        for image in images
    ]
    return np.vstack(cells)


def loss_figure(curve: Curve) -> bytes:
    """Plot the loss of each output over steps, as SVG."""
    figure = Figure(figsize=(6.4, 3.2), layout="constrained")
    axes = figure.subplots()
    for column in (name for name in curve if name.startswith("loss_")):
        label = column.removeprefix("loss_")
        colour = MODALITY_COLOURS.get(label)
        axes.plot(curve["step"], curve[column], color=colour, label=words(label))
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
