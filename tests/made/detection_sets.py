"""Public sets for detection in their exact layouts, a pair at a time, with tiny images."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.made.layouts import HEIGHT, WIDTH, write_image, write_pixels, write_text, write_voc

Box = tuple[str, tuple[float, float, float, float]]  # class and x1, y1, x2, y2


def write_kaist_pair(root: Path, name: str) -> None:
    """``images/set00/V000/{visible,lwir}/I00001.jpg``."""
    sequence, _, frame = name.rpartition("/")
    write_image(root / f"images/{sequence}/visible/{frame}.jpg")
    write_image(root / f"images/{sequence}/lwir/{frame}.jpg", channels=1)


def kaist_text(boxes: Sequence[Box], header: str = "% bbGt version=3") -> str:
    """A bbGt text, an object a line."""
    lines = [
        f"{name} {x1} {y1} {x2 - x1} {y2 - y1} 0 0 0 0 0 0 0" for name, (x1, y1, x2, y2) in boxes
    ]
    return "\n".join([*([header] if header else []), *lines, ""])


def write_kaist_annotation(root: Path, generation: str, name: str, boxes: Sequence[Box]) -> None:
    """An annotation where its generation puts it; of the paired one, the same for both."""
    flat, (sequence, _, frame) = name.replace("/", "_"), name.rpartition("/")
    if generation == "original":
        write_text(root / f"annotations/{name}.txt", kaist_text(boxes, header=""))
    elif generation == "bbgt":
        write_text(root / f"annotations/{name}.txt", kaist_text(boxes))
    elif generation == "improved":
        write_text(root / f"annotations_KAIST_test_set/{flat}.txt", kaist_text(boxes))
    elif generation == "sanitized":
        write_text(root / f"sanitized_annotations/{flat}.txt", kaist_text(boxes))
    elif generation == "paired":
        for modality in ("visible", "lwir"):
            path = root / f"annotations_paired/{sequence}/{modality}/{frame}.txt"
            write_text(path, kaist_text(boxes))
    else:
        images = [{"id": 0, "im_name": name, "width": WIDTH, "height": HEIGHT}]
        write_json(root / "KAIST_annotation.json", images, boxes, first=0, occlusion=1)


def write_json(
    path: Path,
    images: Sequence[Mapping[str, Any]],
    boxes: Sequence[Box],
    first: int = 1,
    **others: Any,
) -> None:
    """COCO's JSON; all boxes are of the first image, ids count from ``first``."""
    names = list(dict.fromkeys(name for name, _ in boxes))
    annotations = [
        {
            "id": first + number,
            "image_id": images[0]["id"],
            "category_id": names.index(name) + 1,
            "bbox": [x1, y1, x2 - x1, y2 - y1],
            **others,
        }
        for number, (name, (x1, y1, x2, y2)) in enumerate(boxes)
    ]
    categories = [{"id": number, "name": name} for number, name in enumerate(names, 1)]
    stored = {"images": [*images], "annotations": annotations, "categories": categories}
    write_text(path, json.dumps(stored))


def write_flir_aligned_pair(root: Path, number: str, boxes: Sequence[Box] | None = None) -> None:
    """``align/JPEGImages/FLIR_NNNNN_{RGB.jpg,PreviewData.jpeg}`` and its XML."""
    write_image(root / f"align/JPEGImages/FLIR_{number}_RGB.jpg")
    write_image(root / f"align/JPEGImages/FLIR_{number}_PreviewData.jpeg", channels=1)
    if boxes is not None:
        write_voc(root / f"align/Annotations/FLIR_{number}_PreviewData.xml", [*boxes])


def write_flir_adas_pair(root: Path, split: str, stem: str) -> None:
    """RGB of twice the size, thermal of 8 and of 16 bits."""
    pixels = np.zeros((2 * HEIGHT, 2 * WIDTH, 3), np.uint8)
    write_pixels(root / f"{split}/RGB/{stem}.jpg", pixels)
    write_image(root / f"{split}/thermal_8_bit/{stem}.jpeg", channels=1)
    deep = np.full((HEIGHT, WIDTH), 7000, np.uint16)
    deep[0, 0] = 9000
    write_pixels(root / f"{split}/thermal_16_bit/{stem}.tiff", deep)


def write_cvc14_image(root: Path, hour: str, modality: str, place: str, stem: str) -> None:
    """An image such as ``Day/Visible/Train/FramesPos/TIME.tif``."""
    write_image(root / f"{hour}/{modality}/{place}/{stem}.tif", channels=1)


def write_vedai_pair(root: Path, name: str, side: int = 512, text: str | None = None) -> None:
    """``Vehicules512/NAME_{co,ir}.png`` with ``Annotations512/NAME.txt``."""
    write_image(root / f"Vehicules{side}/{name}_co.png")
    write_image(root / f"Vehicules{side}/{name}_ir.png", channels=1)
    if text is not None:
        write_text(root / f"Annotations{side}/{name}.txt", text)


def write_drone_pair(root: Path, split: str, stem: str, border: int = 100) -> None:
    """Images of 32x24 px with a white border, as JPEG."""
    for kind, level in (("img", 60), ("imgr", 90)):
        pixels = np.full((HEIGHT + 2 * border, WIDTH + 2 * border, 3), 255, np.uint8)
        pixels[border : border + HEIGHT, border : border + WIDTH] = level
        write_pixels(root / f"{split}/{split}{kind}/{stem}.jpg", pixels)


def polygon_xml(objects: Sequence[tuple[str, Sequence[tuple[float, float]]]]) -> str:
    """DroneVehicle's XML: a polygon of four corners an object, in an image with its border."""
    text = ""
    for name, corners in objects:
        points = "".join(f"<x{n}>{x}</x{n}><y{n}>{y}</y{n}>" for n, (x, y) in enumerate(corners, 1))
        text += f"<object><name>{name}</name><polygon>{points}</polygon></object>"
    size = f"<size><width>{WIDTH + 200}</width><height>{HEIGHT + 200}</height></size>"
    return f"<annotation>{size}{text}</annotation>"
