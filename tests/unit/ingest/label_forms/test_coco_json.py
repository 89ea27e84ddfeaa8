"""COCO's JSON: images with their boxes, and what belongs to nothing."""

import json
from typing import Any

import pytest

from twinband.core.errors import BadSample
from twinband.ingest.label_forms.coco_json import read_coco

IMAGES = [
    {"id": 0, "file_name": "a/1.jpg", "width": 32, "height": 24},
    {"id": 1, "file_name": "a/2.jpg"},
]
CATEGORIES = [{"id": 7, "name": "feright_car"}]


def coco(*annotations: Any, **others: Any) -> bytes:
    stored = {"images": IMAGES, "annotations": annotations, "categories": CATEGORIES, **others}
    return json.dumps(stored).encode()


def car(**others: Any) -> dict[str, Any]:
    return {"id": 5, "image_id": 0, "category_id": 7, "bbox": [1, 2, 10, 20], **others}


def test_images_have_their_boxes_and_sizes() -> None:
    (first, second), remarks = read_coco(coco(car(), car(iscrowd=1)), "b.json")
    assert (first.file_name, first.boxes.size) == ("a/1.jpg", (32.0, 24.0))
    assert first.boxes.objects == [
        {"class": "feright_car", "xyxy": [1.0, 2.0, 11.0, 22.0], "difficult": difficult}
        for difficult in (False, True)
    ]
    assert (second.boxes.size, second.boxes.objects, remarks) == (None, [], [])


@pytest.mark.parametrize(
    "annotation",
    [
        car(bbox=None),
        car(bbox=[]),
        car(bbox=[1, 2, 3]),
        car(bbox=[1, 2, 3, 4, 5]),
        car(bbox=["one", 2, 3, 4]),
        car(bbox={"x": 1}),
        car(bbox=[None] * 4),
        car(bbox=[10**400, 1, 2, 3]),
        car(bbox=None, segmentation={"counts": [1], "size": [2, 2]}),
        car(bbox=None, segmentation=[[1, 2, 3]]),
        car(bbox=None, segmentation=[[1, 2, 3, 4]]),
        car(category_id=None),
    ],
)
def test_a_bad_annotation_leaves_the_others(annotation: dict[str, Any]) -> None:
    (first, _), _ = read_coco(coco(annotation, car()), "b.json")
    assert len(first.boxes.objects) == 1
    assert len(first.boxes.unusable) == 1 and "annotation 5" in first.boxes.unusable[0]


@pytest.mark.parametrize(
    "lost", [car(image_id=9), car(image_id=None), car(image_id=[1]), {}, [], None, 3, "text"]
)
def test_annotations_of_no_image_are_a_remark(lost: Any) -> None:
    (first, _), remarks = read_coco(coco(lost, car()), "b.json")
    assert len(first.boxes.objects) == 1
    assert remarks == ["b.json: 1 annotations are of no image that it lists"]


def test_polygons_have_an_envelope_and_corners() -> None:
    outline = car(bbox=None, segmentation=[[1, 2, 30, 2, 30, 20]])
    (first, _), _ = read_coco(coco(outline), "b.json")
    [found] = first.boxes.objects
    assert found["xyxy"] == [1.0, 2.0, 30.0, 20.0]
    assert found["corners"] == [[1.0, 2.0], [30.0, 2.0], [30.0, 20.0]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030"])
def test_any_encoding_is_read(encoding: str) -> None:
    text = coco(car(), categories=[{"id": 7, "name": "x"}]).decode().replace('"x"', '"行人"')
    (first, _), _ = read_coco(text.encode(encoding), "b.json")
    assert first.boxes.objects[0]["class"] == "行人"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b"{}",
        b"NaN",
        b'{"images": null}',
        b'{"images": {"a": 1}}',
        b'{"images": [], "annotations": 3}',
        b'{"images": [], "categories": [1]}',
        b'{"images": [{"file_name": "a"}]}',
        b'{"images": [{"id": [], "file_name": "a"}]}',
        b'{"images": [',
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b"9" * 10_000,
        bytes(range(256)),
        b"\0" * 50,
    ],
)
def test_what_is_no_coco_file_is_a_bad_label(data: bytes) -> None:
    with pytest.raises(BadSample) as caught:
        read_coco(data, "b.json")
    assert caught.value.reason == "bad_label"
    assert caught.value.detail.startswith("b.json: no COCO file")


@pytest.mark.parametrize("name", ["\ud800", "a\nb", "a\x1b[2J", 7, "  car "])
def test_names_can_be_stored_and_printed(name: Any) -> None:
    (first, _), _ = read_coco(coco(car(), categories=[{"id": 7, "name": name}]), "b.json")
    found = first.boxes.objects[0]["class"]
    assert found.encode() and found.isprintable()


def test_names_without_suffix_ids_from_0_and_occlusion_as_in_kaists_file() -> None:
    images = [{"id": 0, "im_name": "set06/V000/I00019", "width": 640, "height": 512}]
    (image,), remarks = read_coco(coco(car(id=0, occlusion=2, ignore=1), images=images), "k.json")
    assert image.file_name == "set06/V000/I00019" and not remarks
    [box] = image.boxes.objects
    assert box["occlusion"] == 2 and box["difficult"]
