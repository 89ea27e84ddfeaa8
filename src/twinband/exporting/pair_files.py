"""A registered pair as files: the bytes of its images, and its labels by the image they are of."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinband.core.images import decode, encode_png
from twinband.shards.product import read_manifest
from twinband.shards.read import Product, decode_fields, open_products
from twinband.shards.registered import RegisteredPair, registered_pair

MODALITIES = ("rgb", "thermal")
BOXES = "boxes"
MAY_BE_TURNED = (b"Exif", b"eXIf")  # what announces an EXIF orientation in JPEG and PNG
COLUMNS = ["key", "status", "name", "split", "hour", "group", "attributes"]
Member = tuple[str, bytes]  # suffix and content


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image file: its bytes, its suffix without dot, and its size in pixels."""

    data: bytes
    suffix: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Object:
    """An object on an image.

    Attributes:
        name: its class.
        xyxy: in pixels, from 0 and half-open, as its pair has it: it may reach a pixel beyond.
        difficult: its label says that it does not count.
        corners: of a turned box or polygon, as pairs of x and y; else empty.
    """

    name: str
    xyxy: tuple[float, float, float, float]
    difficult: bool = False
    corners: tuple[tuple[float, float], ...] = ()

    def clipped(self, width: int, height: int) -> tuple[float, float, float, float]:
        """Cut the box off at the borders of its image; nothing may be left of it."""
        x1, y1, x2, y2 = self.xyxy
        return max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height))


@dataclass(frozen=True, slots=True)
class PairFiles:
    """A pair on one grid.

    Attributes:
        sequence: that it is of, if any.
        images: by modality, those that are exported and there.
        objects: by modality; a modality that nobody labelled with boxes is not there.
        label_images: PNG files by name, such as ``semantics``.
        valid: PNG file, 255 where both images have data; None if that is everywhere, or if there
            is no thermal image.
        thermal_present: False if it counts as without thermal, which is then not exported.
    """

    key: str
    name: str
    split: str
    hour: str
    sequence: str
    attributes: Mapping[str, str]
    images: Mapping[str, ImageFile]
    objects: Mapping[str, Sequence[Object]] = field(default_factory=dict)
    label_images: Mapping[str, bytes] = field(default_factory=dict)
    valid: bytes | None = None
    thermal_present: bool = True


class Pairs:
    """The registered pairs of a dataset, in order of key.

    Args:
        splits: those that are wanted; empty for all.

    Attributes:
        keys: of the pairs that are exported.
        dropped: number of those that registration dropped from training, and so are left out.

    Raises:
        InputError: the products are not there, damaged, or do not fit together.
    """

    def __init__(self, pairs: Path, registered: Path, splits: Sequence[str] = ()) -> None:
        open_products({"pairs": pairs, "registered": registered})  # checks that they fit
        self._products = [Product("pairs", pairs), Product("registered", registered)]
        self._rows = {row["key"]: row for row in read_manifest(pairs, COLUMNS).to_pylist()}
        columns = ["key", "status", "training"]
        usable = {
            row["key"]: row["training"]
            for row in read_manifest(registered, columns).to_pylist()
            if row["status"] == "ok" and (not splits or self._rows[row["key"]]["split"] in splits)
        }
        self.keys = [key for key, trains in usable.items() if trains or not self._is_train(key)]
        self.dropped = len(usable) - len(self.keys)

    def splits(self) -> dict[str, int]:
        """Count the pairs by split."""
        counts: dict[str, int] = {}
        for key in self.keys:
            split = self._rows[key]["split"]
            counts[split] = counts.get(split, 0) + 1
        return dict(sorted(counts.items()))

    def classes(self) -> list[str]:
        """List the classes of all objects of the dataset in order, whatever is exported of it.

        Raises:
            InputError: a label is not what it should be.
        """
        registered = self._products[1]
        names: set[str] = set()
        for row in np.flatnonzero(registered.present).tolist():
            labels = registered.decoded(row)["json"]["labels"]
            for modality in MODALITIES:
                names.update(item.name for item in objects_on(labels, modality) or ())
        return sorted(names)

    def read(self, modalities: Sequence[str]) -> Iterator[PairFiles]:
        """Read the pairs one by one.

        Raises:
            InputError: a pair cannot be read.
        """
        row_of = {p.name: {key: row for row, key in enumerate(p.keys)} for p in self._products}
        for key in self.keys:
            sample: dict[str, Any] = {"key": key}
            members: dict[str, Member] = {}  # by name: what registration made anew comes last
            for product in self._products:
                row = row_of[product.name][key]
                fields = product.fields(row)
                with product.blamed(row):
                    sample[product.name] = decode_fields(fields)
                for field_name, data in fields.items():
                    name, _, suffix = field_name.rpartition(".")
                    members[name] = (suffix, data)
            pair = registered_pair(sample)
            yield _files(self._rows[key], members, pair, modalities)

    def _is_train(self, key: str) -> bool:
        return bool(self._rows[key]["split"] == "train")


def objects_on(labels: Mapping[str, Any], modality: str) -> list[Object] | None:
    """List the objects that a pair's JSON labels have on one of its images; None if nobody looked.

    ``NAME_rgb`` and ``NAME_thermal`` are of one modality, any other name is of both. A box by
    itself, such as ``target_rgb`` of a tracking set, is an object whose class is its name. An
    object that was labelled on each image (``rgb_xyxy``, ``thermal_xyxy``) has its own box there,
    and one on a single image is on that one only.

    Raises:
        ValueError, KeyError: a box is malformed.
    """
    found: list[Object | None] = []
    labelled = False
    for name, value in sorted(labels.items()):
        base, _, ending = name.rpartition("_")
        if ending in MODALITIES and ending != modality:
            continue
        own = base if ending in MODALITIES else name
        if _is_box(value):
            found.append(Object(own, _four(value)))
        elif isinstance(value, list) and all(isinstance(item, Mapping) for item in value):
            if value and "xyxy" not in value[0]:
                continue
            found += [_object(item, modality) for item in value]
        elif value is not None or ending not in MODALITIES:
            continue
        labelled = True
    return [item for item in found if item is not None] if labelled else None


def _files(
    row: Mapping[str, Any],
    members: Mapping[str, Member],
    pair: RegisteredPair,
    modalities: Sequence[str],
) -> PairFiles:
    # Thermal as it was measured: its grey levels are the pipeline's choice, not the dataset's.
    pixels: dict[str, NDArray[Any]] = {"rgb": pair.rgb}
    if pair.thermal_present:
        pixels["thermal"] = pair.counts
    images = {m: _image(members.get(m), pixels[m]) for m in modalities if m in pixels}
    found = {m: objects_on(pair.labels, m) for m in images}
    whole = pair.valid.all() or not pair.thermal_present
    return PairFiles(
        key=row["key"],
        name=row["name"],
        split=row["split"],
        hour=row["hour"] or "",
        sequence=row["group"] if row["group"] != row["name"] else "",
        attributes=dict(row["attributes"] or ()),
        images=images,
        objects={m: objects for m, objects in found.items() if objects is not None},
        label_images=dict(_label_images(members)),
        valid=None if whole else encode_png(pair.valid.astype(np.uint8) * 255),
        thermal_present=pair.thermal_present,
    )


def _image(member: Member | None, pixels: NDArray[Any]) -> ImageFile:
    """Take the member as it is, unless most tools would turn it and not its labels."""
    height, width = pixels.shape[:2]
    if member is not None:
        suffix, data = member
        may_be_turned = any(mark in data for mark in MAY_BE_TURNED)
        if not may_be_turned or decode(data, "an image").orientation == 1:
            return ImageFile(data, suffix, width, height)
    return ImageFile(encode_png(pixels), "png", width, height)


def _label_images(members: Mapping[str, Member]) -> Iterator[tuple[str, bytes]]:
    for name, (suffix, data) in sorted(members.items()):
        if suffix == "png" and name not in (*MODALITIES, "valid"):
            yield name, data


def _object(item: Mapping[str, Any], modality: str) -> Object | None:
    """Describe an object as one modality has it; None if it has not."""
    xyxy, corners = item["xyxy"], item.get("corners") or ()
    if any(f"{each}_xyxy" in item for each in MODALITIES):
        xyxy, corners = item.get(f"{modality}_xyxy"), item.get(f"{modality}_corners") or ()
        if xyxy is None:
            return None
    outline = tuple((float(x), float(y)) for x, y in corners)
    return Object(item["class"], _four(xyxy), bool(item.get("difficult")), outline)


def _is_box(value: Any) -> bool:
    numbers = isinstance(value, list) and len(value) == 4
    return numbers and all(isinstance(x, int | float) for x in value)


def _four(value: Sequence[float]) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = map(float, value)
    return x1, y1, x2, y2
