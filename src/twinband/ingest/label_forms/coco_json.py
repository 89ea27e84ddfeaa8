"""Boxes in COCO's JSON: one file for many images, which name the files that they are of."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twinband.core.errors import MALFORMED, BadSample
from twinband.ingest.files import BAD_CHARACTER
from twinband.ingest.label_forms.boxes import Boxes, Size, described, enclosed
from twinband.ingest.label_forms.text import decoded_text


@dataclass(frozen=True, slots=True)
class CocoImage:
    """An image that a file lists, by the path that it gives, and what is annotated on it."""

    file_name: str
    boxes: Boxes


def read_coco(data: bytes, path: str) -> tuple[list[CocoImage], list[str]]:
    """Read all images of a file; those without a box have none, which is a label too.

    Returns:
        The images, and remarks on what belongs to none of them.

    Raises:
        BadSample: ``bad_label`` for what is no COCO file.
    """
    try:
        stored = json.loads(decoded_text(data))
        if not isinstance(stored, dict) or not isinstance(stored.get("images"), list):
            raise ValueError("no object with a list `images`")
        images = {
            image["id"]: _image(image, path)
            for image in stored["images"]
            if isinstance(image, dict) and _named(image)
        }
        names = {entry["id"]: _text(entry.get("name")) for entry in stored.get("categories") or ()}
        lost = _share_out(stored.get("annotations") or [], images, names)
    except MALFORMED as error:
        why = str(error) if isinstance(error, ValueError) else repr(error)
        raise BadSample("bad_label", f"{path}: no COCO file: {why}") from None
    remarks = [f"{path}: {lost} annotations are of no image that it lists"] if lost else []
    nameless = len(stored["images"]) - len(images)
    if nameless:
        remarks.append(f"{path}: {nameless} of its images have no file_name, or an id twice")
    return list(images.values()), remarks


def _image(image: Mapping[str, Any], path: str) -> CocoImage:
    name = _named(image)
    return CocoImage(name, Boxes(f"{path}, image {name}", size=_size(image)))


def _named(image: Mapping[str, Any]) -> str:
    """Read what an image is called; KAIST's file has names without a suffix, as ``im_name``."""
    return _text(image.get("file_name")) or _text(image.get("im_name"))


def _size(image: Mapping[str, Any]) -> Size | None:
    """Read the stated size; None if there is none that can be one."""
    width, height = image.get("width"), image.get("height")
    if not isinstance(width, int | float) or not isinstance(height, int | float):
        return None
    return (float(width), float(height)) if width > 0 and height > 0 else None


def _share_out(
    annotations: list[Any], images: Mapping[Any, CocoImage], names: Mapping[Any, str]
) -> int:
    """Add every annotation to its image; returns how many have none."""
    lost = 0
    for annotation in annotations:
        try:
            image = images[annotation["image_id"]]
        except MALFORMED:
            lost += 1
            continue
        try:
            image.boxes.objects.append(_object(annotation, names))
        except MALFORMED as error:
            image.boxes.unusable.append(f"annotation {annotation.get('id')!r}: {error}")
    return lost


def _object(annotation: Mapping[str, Any], names: Mapping[Any, str]) -> dict[str, Any]:
    category = annotation.get("category_id")
    name = names.get(category) or _text(category)
    if not name:
        raise ValueError("it has no category_id")
    difficult = any(annotation.get(flag) in (1, True) for flag in ("ignore", "iscrowd"))
    occlusion = annotation.get("occlusion")
    hidden = {"occlusion": occlusion} if isinstance(occlusion, int) else {}
    box = annotation.get("bbox")
    if box:
        x, y, width, height = map(float, box)
        return {**described(name, (x, y, x + width, y + height), difficult), **hidden}
    outline = annotation.get("segmentation")
    if not isinstance(outline, list) or not outline:
        raise ValueError("it has neither bbox nor polygons as segmentation")
    values = [float(value) for part in outline for value in part]
    points = [[x, y] for x, y in zip(values[::2], values[1::2], strict=True)]
    return {**enclosed(name, points, difficult), **hidden}


def _text(value: Any) -> str:
    """Return a name as text that can be printed and stored."""
    if value is None or isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return BAD_CHARACTER.sub("\ufffd", str(value)).strip()
