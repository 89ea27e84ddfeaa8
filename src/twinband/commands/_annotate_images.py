"""Annotation of image files, for ``twinband annotate``."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from twinband.annotators.dpt import Dpt
from twinband.annotators.dpt import open_annotator as open_dpt
from twinband.annotators.mask2former import Mask2Former
from twinband.annotators.mask2former import open_annotator as open_mask2former
from twinband.cli import UsageError
from twinband.commands._outputs import (
    check_files,
    check_folder,
    check_not_overwritten,
    distinct_names,
    writing,
)
from twinband.commands._thermal_levels import grey_thermal
from twinband.core import images
from twinband.core.errors import BadSample, InputError
from twinband.core.outside import LIMITS, read_file
from twinband.core.thermal import ThermalLevels
from twinband.drawing import QUALITY, Image, enlarged
from twinband.labels.encoding import compact
from twinband.labels.images import grey_image
from twinband.masks.pictures import overlay
from twinband.pseudo_labels.label import Depth, Semantics, encoded
from twinband.pseudo_labels.pictures import coloured_classes, coloured_depth, drawn_grey, palette
from twinband.sam.generate import AutomaticMasks
from twinband.sam.settings import MaskSettings
from twinband.sam.weights import load
from twinband.shards.product import to_json
from twinband.shards.sums import check_sums
from twinband.shards.write import write_atomically
from twinband.weights import Weights, weights_file

WRITTEN = (
    "masks.json",
    "depth.png",
    "depth.json",
    "classes.png",
    "classes.json",
    "overview.jpg",
)


@dataclass(frozen=True, slots=True)
class Annotators:
    """Annotators with their weights in memory."""

    masks: AutomaticMasks
    depth: Dpt
    semantics: Mask2Former

    @classmethod
    def open(
        cls, sam: Path, settings: MaskSettings, depth: Path, semantics: Path, device: str
    ) -> "Annotators":
        """Read all weights.

        Raises:
            InputError: weights are missing, or are of another model.
            UsageError: there is no such device.
        """
        for folder in (depth, semantics):
            if weights_file(folder) is None:
                raise InputError(
                    f"{folder}: no weights there; call this in the project's folder, where"
                    " models/sample is, or name the folder of a model"
                )
            check_sums(folder)
        try:
            return cls(
                AutomaticMasks(load(sam).to(device), settings),
                open_dpt(Weights(depth, "", str(depth)), {}, device),
                open_mask2former(Weights(semantics, "", str(semantics)), {}, device),
            )
        except (RuntimeError, AssertionError, ValueError) as error:
            raise UsageError(f"--device {device}: {error}") from None


@dataclass(frozen=True, slots=True)
class Task:
    """An image, and the folder for what is found in it."""

    image: Image
    folder: Path


def read_tasks(files: Sequence[Path], out: Path, levels: ThermalLevels) -> list[Task]:
    """Read the files and name their folders; weights, which take long, come after that.

    Args:
        levels: counts of thermal images that become black and white.

    Raises:
        InputError: a file is missing, or no image.
        UsageError: ``out`` or a folder in it is a file, or a file is named twice.
    """
    check_files(files)
    folders = [out / name for name in distinct_names(files)]
    for folder in folders:
        check_folder(folder)
    check_not_overwritten(files, (folder / name for folder in folders for name in WRITTEN))
    return [Task(_read(file, levels), folder) for file, folder in zip(files, folders, strict=True)]


def annotate_images(tasks: Sequence[Task], annotators: Annotators) -> Iterator[str]:
    """Annotate one image after the other; yields a line about each."""
    bar = tqdm(tasks, unit="image", leave=False, disable=not sys.stderr.isatty())
    for task in bar:
        with writing(task.folder):
            line = _annotate(task.image, task.folder, annotators)
        yield line


def _annotate(image: Image, folder: Path, annotators: Annotators) -> str:
    masks = annotators.masks.generate(image)
    (depth,) = annotators.depth.labels([image])
    (semantics,) = annotators.semantics.labels([image])
    height, width = image.shape[:2]
    write_atomically(
        folder / "masks.json", compact({"height": height, "width": width, "masks": masks})
    )
    fields, depth_facts = encoded(depth)
    write_atomically(folder / "depth.png", fields["depth.png"])
    write_atomically(folder / "depth.json", to_json(depth_facts))
    fields, classes_facts = encoded(semantics)
    write_atomically(folder / "classes.png", fields["classes.png"])
    classes_facts = {**classes_facts, "classes": list(semantics.names)}
    write_atomically(folder / "classes.json", to_json(classes_facts))
    write_atomically(folder / "overview.jpg", overview(image, masks, depth, semantics))
    frequent = [semantics.names[c] for c in _most_frequent(semantics.classes)]
    return f"{folder}: {len(masks)} masks; mostly {', '.join(frequent)}"


def _most_frequent(classes: NDArray[np.integer], limit: int = 3) -> list[int]:
    numbers, counts = np.unique(classes, return_counts=True)
    return [int(n) for n in numbers[np.argsort(-counts, kind="stable")][:limit]]


def overview(
    image: Image, masks: Sequence[dict[str, Any]], depth: Depth, semantics: Semantics
) -> bytes:
    """Draw a JPEG of the image and its masks; below them depth (near is dark) and classes."""
    classes = coloured_classes(semantics.classes, drawn_grey(image), palette(semantics.names))
    above = np.hstack([enlarged(image), overlay(image, masks)])
    below = np.hstack([enlarged(coloured_depth(depth)), classes])
    return images.encode_jpeg(np.vstack([above, below]), QUALITY, sharp_colours=True)


def _read(path: Path, levels: ThermalLevels) -> Image:
    """Read an image ``H,W,3``: RGB as it is, one channel (8 or 16 bits) as thermal in grey."""
    try:
        decoded = images.decode(read_file(path, str(path)), str(path), LIMITS)
        if decoded.channels == 1:
            return grey_image(grey_thermal(decoded, path, levels))
        return images.as_rgb(decoded, str(path))
    except BadSample as error:
        raise InputError(error.detail) from None
