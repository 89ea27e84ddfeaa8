"""Small detection benchmarks in the formats of the real ones."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Box = Sequence[float]  # x, y, width, height


def write_json(path: Path, value: Any) -> Path:
    """Write ``value`` as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))
    return path


def write_text(path: Path, *lines: str) -> Path:
    """Write lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def kaist_truth(people: Mapping[int, Sequence[Box]], images: int, first_id: int = 0) -> Any:
    """Make the leaderboard's file: people by the number of their image, from 0; the last fifth of
    the images are of the night."""
    boxes = [(image, box) for image, its in people.items() for box in its]
    return {
        "images": [
            {"id": k, "im_name": f"set{'06' if k < 0.8 * images else '09'}/V000/I{k:05d}"}
            for k in range(images)
        ],
        "annotations": [
            {
                "id": number,
                "image_id": image,
                "category_id": 1,
                "bbox": list(box),
                "height": box[3],
                "occlusion": 0,
                "ignore": 0,
            }
            for number, (image, box) in enumerate(boxes, first_id)
        ],
        "categories": [{"id": 1, "name": "person"}],
    }


def coco_truth(boxes: Mapping[int, Sequence[Box]], images: int = 3) -> dict[str, Any]:
    """Make a COCO truth of people by image, annotation ids from 0."""
    listed = [(image, box) for image, its in boxes.items() for box in its]
    return {
        "images": [
            {"id": k, "height": 100, "width": 120, "hour": "day" if k % 2 else "night"}
            for k in range(images)
        ],
        "categories": [{"id": 1, "name": "person"}, {"id": 2, "name": "car"}],
        "annotations": [
            {
                "id": number,
                "image_id": image,
                "category_id": 1,
                "bbox": list(box),
                "area": box[2] * box[3],
            }
            for number, (image, box) in enumerate(listed)
        ],
    }


def detection(image: int, box: Box, score: float = 0.5, category: int = 1) -> dict[str, Any]:
    """Make an entry of a COCO list."""
    return {"image_id": image, "category_id": category, "bbox": list(box), "score": score}


def voc_object(name: str, box: Box, difficult: int = 0) -> str:
    """Make the XML of an object from two corners."""
    corners = zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True)
    inside = "".join(f"<{tag}>{value}</{tag}>" for tag, value in corners)
    return (
        f"<object><name>{name}</name><difficult>{difficult}</difficult>"
        f"<bndbox>{inside}</bndbox></object>"
    )


def voc_polygon(name: str, corners: Sequence[float]) -> str:
    """Make the XML of a rotated object from four corners, as DroneVehicle's."""
    tags = [f"{axis}{number}" for number in range(1, 5) for axis in "xy"]
    inside = "".join(f"<{tag}>{v}</{tag}>" for tag, v in zip(tags, corners, strict=True))
    return f"<object><name>{name}</name><polygon>{inside}</polygon></object>"


def write_voc(folder: Path, images: Mapping[str, Sequence[str]]) -> Path:
    """Write an XML file an image, of objects in XML."""
    for name, objects in images.items():
        write_text(folder / f"{name}.xml", f"<annotation>{''.join(objects)}</annotation>")
    return folder
