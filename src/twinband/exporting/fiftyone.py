"""FiftyOne's own form: a grouped dataset, whose slices are the RGB and the thermal image.

``fo.Dataset.from_dir(OUT, fo.types.FiftyOneDataset)`` reads it. It is a dump of the two
collections that FiftyOne keeps in its database, so fields are described as its documents are.
Nothing of FiftyOne is needed to write it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from twinband.exporting.folder import Form
from twinband.exporting.pair_files import Object, PairFiles

# The release whose form this is: later ones migrate it when they read it, earlier ones refuse it.
VERSION = "0.25.0"
FIELDS = "fiftyone.core.fields"
BOXES, OUTLINES = "ground_truth", "outlines"
MIME_TYPES = {"jpg": "image/jpeg", "png": "image/png"}
TEXTS = ("key", "pair_name", "hour", "sequence")


class FiftyOne(Form):
    """Boxes are ``ground_truth``, outlines ``outlines``, label images fields of their own name.

    Splits are tags. Coordinates are shares of the image; what is difficult has ``iscrowd``.
    """

    def __init__(
        self, folder: Path, dataset: str, classes: Sequence[str], modalities: Sequence[str]
    ) -> None:
        super().__init__(folder, dataset, classes, modalities)
        self._samples: list[dict[str, Any]] = []
        self._masks: set[str] = set()

    def add(self, pair: PairFiles) -> None:
        masks = {**pair.label_images, **({"valid": pair.valid} if pair.valid else {})}
        for name, data in masks.items():
            self.write(f"fields/{name}/{pair.key}.png", data)
        self._masks.update(masks)
        for modality, image in pair.images.items():
            path = f"data/{modality}/{pair.key}.{image.suffix}"
            self.write(path, image.data)
            place = f"{pair.key}/{modality}"
            sample: dict[str, Any] = {
                "_id": self._id(place),
                "filepath": path,
                "tags": [pair.split],
                "metadata": {
                    "_cls": "ImageMetadata",
                    "size_bytes": len(image.data),
                    "mime_type": MIME_TYPES[image.suffix],
                    "width": image.width,
                    "height": image.height,
                },
                "_media_type": "image",
                "_rand": int(_digest(f"{self.dataset}/{place}")[:8], 16) / 2**32,
                "_dataset_id": self._id(""),
                "key": pair.key,
                "pair_name": pair.name,
                "hour": pair.hour or None,
                "sequence": pair.sequence or None,
                "attributes": dict(pair.attributes),
                "thermal_present": pair.thermal_present,
            }
            if len(self.modalities) > 1:
                group = {"_id": self._id(f"{pair.key}/group"), "_cls": "Group", "name": modality}
                sample["group"] = group
            if modality in pair.objects:
                size = (image.width, image.height)
                sample |= _labels(pair.objects[modality], size, f"{self.dataset}/{place}")
            for name in masks:
                sample[name] = {
                    "_id": self._id(f"{place}/{name}"),
                    "_cls": "Segmentation",
                    "tags": [],
                    "mask_path": f"fields/{name}/{pair.key}.png",
                }
            self._samples.append(sample)

    def finish(self) -> None:
        self.write("samples.json", _json({"samples": self._samples}))
        self.write("metadata.json", _json(self._dataset()))

    def _id(self, place: str) -> dict[str, str]:
        return _id(f"{self.dataset}/{place}")

    def _dataset(self) -> dict[str, Any]:
        grouped = len(self.modalities) > 1
        group = {
            "group_field": "group",
            "group_media_types": dict.fromkeys(self.modalities, "image"),
            "default_group_slice": self.modalities[0],
        }
        return {
            "_id": self._id(""),
            "name": self.dataset,
            "slug": self.dataset,
            "version": VERSION,
            "created_at": None,
            "last_loaded_at": None,
            "sample_collection_name": "samples.twinband",
            "persistent": False,
            "media_type": "group" if grouped else "image",
            **(group if grouped else {}),
            "tags": [],
            "info": {},
            "app_config": {},
            "classes": {BOXES: list(self.classes), OUTLINES: list(self.classes)},
            "default_classes": [],
            "mask_targets": {},
            "default_mask_targets": {},
            "skeletons": {},
            "sample_fields": self._fields(grouped),
            "frame_fields": [],
            "saved_views": [],
            "workspaces": [],
            "annotation_runs": {},
            "brain_methods": {},
            "evaluations": {},
            "runs": {},
        }

    def _fields(self, grouped: bool) -> list[dict[str, Any]]:
        group = [_field("id", "ObjectIdField", db="_id"), _field("name", "StringField")]
        return [
            _field("id", "ObjectIdField", db="_id"),
            _field("filepath", "StringField"),
            _list("tags", "StringField"),
            _document("metadata", "metadata.ImageMetadata", METADATA),
            _field("_media_type", "StringField"),
            _field("_rand", "FloatField"),
            _field("_dataset_id", "ObjectIdField"),
            *([_document("group", "groups.Group", group)] if grouped else []),
            *(_field(name, "StringField") for name in TEXTS),
            _field("attributes", "DictField"),
            _field("thermal_present", "BooleanField"),
            _document(BOXES, "labels.Detections", [_list_of("detections", "Detection", DETECTION)]),
            _document(OUTLINES, "labels.Polylines", [_list_of("polylines", "Polyline", POLYLINE)]),
            *(_document(name, "labels.Segmentation", MASK) for name in sorted(self._masks)),
        ]


def _labels(objects: Sequence[Object], size: tuple[int, int], place: str) -> dict[str, Any]:
    """Describe boxes, and outlines where there are any."""
    width, height = size
    detections, polylines = [], []
    for number, item in enumerate(objects):
        x1, y1, x2, y2 = item.xyxy
        common = {"attributes": {}, "tags": [], "label": item.name}
        detections.append(
            {
                "_id": _id(f"{place}/box/{number}"),
                "_cls": "Detection",
                **common,
                "bounding_box": [x1 / width, y1 / height, (x2 - x1) / width, (y2 - y1) / height],
                "iscrowd": int(item.difficult),
            }
        )
        if item.corners:
            polylines.append(
                {
                    "_id": _id(f"{place}/outline/{number}"),
                    "_cls": "Polyline",
                    **common,
                    "points": [[[x / width, y / height] for x, y in item.corners]],
                    "closed": True,
                    "filled": True,
                }
            )
    boxes = {BOXES: {"_cls": "Detections", "detections": detections}}
    outlines = {OUTLINES: {"_cls": "Polylines", "polylines": polylines}}
    return {**boxes, **(outlines if polylines else {})}


def _field(name: str, kind: str, *, db: str = "", **more: Any) -> dict[str, Any]:
    """Describe a field of FiftyOne's documents."""
    described: Mapping[str, Any] = {
        "name": name,
        "ftype": f"{FIELDS}.{kind}",
        "embedded_doc_type": None,
        "subfield": None,
        "fields": [],
        "db_field": db or name,
        "description": None,
        "info": None,
    }
    return {**described, **more}


def _list(name: str, of: str) -> dict[str, Any]:
    return _field(name, "ListField", subfield=f"{FIELDS}.{of}")


def _document(name: str, kind: str, fields: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    kind = f"fiftyone.core.{kind}"
    return _field(name, "EmbeddedDocumentField", embedded_doc_type=kind, fields=list(fields))


def _list_of(name: str, kind: str, fields: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return _field(
        name,
        "ListField",
        subfield=f"{FIELDS}.EmbeddedDocumentField",
        embedded_doc_type=f"fiftyone.core.labels.{kind}",
        fields=list(fields),
    )


METADATA = [
    _field("size_bytes", "IntField"),
    _field("mime_type", "StringField"),
    *(_field(name, "IntField") for name in ("width", "height", "num_channels")),
]
LABEL = [_field("id", "ObjectIdField", db="_id"), _list("tags", "StringField")]
OBJECT = [
    *LABEL,
    _field(
        "attributes",
        "DictField",
        subfield=f"{FIELDS}.EmbeddedDocumentField",
        embedded_doc_type="fiftyone.core.labels.Attribute",
    ),
    _field("label", "StringField"),
    _field("confidence", "FloatField"),
    _field("index", "IntField"),
]
DETECTION = [
    *OBJECT,
    _list("bounding_box", "FloatField"),
    _field("mask", "ArrayField"),
    _field("mask_path", "StringField"),
    _field("iscrowd", "IntField"),
]
POLYLINE = [
    *OBJECT,
    _field("points", "PolylinePointsField"),
    _field("closed", "BooleanField"),
    _field("filled", "BooleanField"),
]
MASK = [*LABEL, _field("mask", "ArrayField"), _field("mask_path", "StringField")]


def _id(place: str) -> dict[str, str]:
    """Make the id of a document, always the same for one place."""
    return {"$oid": _digest(place)[:24]}


def _digest(place: str) -> str:
    return hashlib.sha256(f"twinband/{place}".encode()).hexdigest()


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
