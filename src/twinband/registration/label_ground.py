"""Label ground: the image, RGB or thermal, that each label of a pair was drawn on.

The size tells it where the two images differ in size, whatever the dataset's ``labels_on`` says;
else the label's name (``target_thermal``), else ``labels_on``. Boxes that state no size are taken
to stand where the label images of their pair do.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from twinband.core.errors import InputError
from twinband.core.images import decode

MODALITIES = ("rgb", "thermal")
IMAGES = frozenset(MODALITIES)
IMAGE_SIZE = "image_size"  # width and height that a box's file states of its image
PNG_HEADER, PNG_SIZE_AT = b"\x89PNG\r\n\x1a\n", 16
SLACK_PX = 1  # files count from 0 or from 1, which is seldom known

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Ground:
    """Modality that each label stands on, by name, and what a person should know of it."""

    stands_on: Mapping[str, str]
    remarks: tuple[str, ...] = ()


def find_ground(
    members: Mapping[str, bytes],
    labels: Mapping[str, Any],
    sizes: Mapping[str, Size],
    labels_on: str,
) -> Ground:
    """Find the ground of all label images and JSON labels of a pair.

    Args:
        members: of the pair, label images among them as ``NAME.png``.
        sizes: width and height of both images, by modality.
        labels_on: the dataset's setting.

    Raises:
        InputError: a label image has the size of neither image.
    """
    images = {name: _image_size(data) for name, data in label_images(members)}
    for name, size in images.items():
        if size not in sizes.values():
            raise InputError(
                f"the label image {name} has {_told(size)} px, which is the size of neither image: "
                "ingest the dataset again"
            )
    by_size = {name: _of_size(size, sizes) for name, size in images.items()}
    by_size |= {name: _of_size(_stated(value), sizes) for name, value in labels.items()}
    of_images = {ground for name in images if (ground := by_size[name])}
    usual = of_images.pop() if len(of_images) == 1 else labels_on
    stands_on = {name: by_size[name] or _of_name(name) or labels_on for name in images}
    stands_on |= {name: by_size[name] or _of_name(name) or usual for name in labels}
    placed = [*images, *(name for name, value in labels.items() if any(_boxes(value)))]
    remarks = _overruled({name: stands_on[name] for name in placed}, labels_on)
    return Ground(stands_on, (*remarks, *_outside(labels, stands_on, sizes)))


def label_images(members: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """List the label images among a pair's members by name."""
    for field, data in members.items():
        name, _, suffix = field.rpartition(".")
        if suffix == "png" and name not in IMAGES:
            yield name, data


def is_box(value: Any) -> bool:
    """Tell if a JSON label is ``[x1, y1, x2, y2]``."""
    return (
        isinstance(value, list)
        and len(value) == 4
        and all(isinstance(x, int | float) for x in value)
    )


def _boxes(value: Any) -> Iterator[list[float]]:
    """List all boxes in a JSON label."""
    if is_box(value):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _boxes(item)
    elif isinstance(value, Mapping) and is_box(value.get("xyxy")):
        yield value["xyxy"]


def _stated(value: Any) -> Size | None:
    """Take the size of the image that all objects of a label state; None if they differ."""
    items = value if isinstance(value, list) else [value]
    found = {
        tuple(item[IMAGE_SIZE])
        for item in items
        if isinstance(item, Mapping) and isinstance(item.get(IMAGE_SIZE), list)
    }
    if len(found) != 1:
        return None
    size = found.pop()
    return (size[0], size[1]) if len(size) == 2 else None


def _of_size(size: Size | None, sizes: Mapping[str, Size]) -> str | None:
    """Name the only image that has this size; None if both or neither have it."""
    found = [modality for modality in MODALITIES if sizes[modality] == size]
    return found[0] if len(found) == 1 else None


def _of_name(name: str) -> str | None:
    ending = name.rpartition("_")[2]
    return ending if ending in IMAGES else None


def _overruled(stands_on: Mapping[str, str], labels_on: str) -> Iterator[str]:
    """Tell of labels that stand elsewhere than their name or the setting says."""
    for modality in MODALITIES:
        names = [
            name
            for name, ground in stands_on.items()
            if ground == modality != (_of_name(name) or labels_on)
        ]
        if names:
            yield (
                f"{', '.join(sorted(names))}: labels have the size of the {modality} image and "
                f"were taken to stand on it; labels_on: {modality} would say so"
            )


def _outside(
    labels: Mapping[str, Any], stands_on: Mapping[str, str], sizes: Mapping[str, Size]
) -> Iterator[str]:
    for name, value in sorted(labels.items()):
        width, height = sizes[stands_on[name]]
        count = sum(
            min(x1, y1) < -SLACK_PX or x2 > width + SLACK_PX or y2 > height + SLACK_PX
            for x1, y1, x2, y2 in _boxes(value)
        )
        if count:
            yield (
                f"{name}: {count} reach outside the {stands_on[name]} image of "
                f"{_told((width, height))} px; were they drawn on the other one (labels_on)?"
            )


def _image_size(data: bytes) -> Size:
    if data.startswith(PNG_HEADER) and len(data) >= PNG_SIZE_AT + 8:
        width, height = struct.unpack_from(">II", data, PNG_SIZE_AT)
        return width, height
    height, width = decode(data, "a label image").pixels.shape[:2]
    return width, height


def _told(size: Size) -> str:
    return f"{size[0]} x {size[1]}"
