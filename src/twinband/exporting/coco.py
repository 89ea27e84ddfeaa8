"""COCO's form: images in folders, and one JSON of boxes for each split and modality.

``images/SPLIT/MODALITY/KEY.jpg``, ``annotations/SPLIT_MODALITY.json``, and label images as
``semantics/SPLIT/KEY.png``. Ids begin with 1 and are those of the other modality's file too; an
image names its partner as ``pair``.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from twinband.exporting.folder import Form
from twinband.exporting.pair_files import ImageFile, Object, PairFiles


class Coco(Form):
    """Boxes as ``bbox`` in pixels; outlines as ``segmentation`` too.

    What is difficult has ``iscrowd`` 1, which evaluators neither count nor punish, and ``ignore``.
    """

    def __init__(
        self, folder: Path, dataset: str, classes: Sequence[str], modalities: Sequence[str]
    ) -> None:
        super().__init__(folder, dataset, classes, modalities)
        self._id_of = {name: number for number, name in enumerate(classes, 1)}
        self._images: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self._annotations: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self._pairs: dict[str, int] = {}

    def add(self, pair: PairFiles) -> None:
        number = self._pairs[pair.split] = self._pairs.get(pair.split, 0) + 1
        places = {m: _place(pair, m, image) for m, image in pair.images.items()}
        for modality, image in pair.images.items():
            self.write(f"images/{places[modality]}", image.data)
            described = _image(number, pair, image, places[modality])
            partner = [place for other, place in places.items() if other != modality]
            described |= {"pair": partner[0]} if partner else {}
            described |= {} if modality in pair.objects else {"labelled": False}
            self._images.setdefault((pair.split, modality), []).append(described)
            own = self._annotations.setdefault((pair.split, modality), [])
            for item in pair.objects.get(modality, ()):
                own.append(self._annotation(len(own) + 1, number, item))
        self.write_masks(pair)

    def finish(self) -> None:
        categories = [{"id": number, "name": name} for name, number in self._id_of.items()]
        for (split, modality), images in self._images.items():
            content = {
                "images": images,
                "annotations": self._annotations[split, modality],
                "categories": categories,
            }
            data = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
            self.write(f"annotations/{split}_{modality}.json", data)

    def _annotation(self, number: int, image: int, item: Object) -> dict[str, Any]:
        x1, y1, x2, y2 = item.xyxy
        outline = [value for corner in item.corners for value in corner]
        return {
            "id": number,
            "image_id": image,
            "category_id": self._id_of[item.name],
            "bbox": [x1, y1, x2 - x1, y2 - y1],
            "area": (x2 - x1) * (y2 - y1),
            "iscrowd": int(item.difficult),
            "ignore": int(item.difficult),
            **({"segmentation": [outline]} if outline else {}),
        }


def _place(pair: PairFiles, modality: str, image: ImageFile) -> str:
    return f"{pair.split}/{modality}/{pair.key}.{image.suffix}"


def _image(number: int, pair: PairFiles, image: ImageFile, place: str) -> dict[str, Any]:
    facts: Mapping[str, Any] = {"name": pair.name, "sequence": pair.sequence, "hour": pair.hour}
    return {
        "id": number,
        "file_name": place,
        "width": image.width,
        "height": image.height,
        **{key: value for key, value in facts.items() if value},
        **({} if pair.thermal_present else {"thermal_present": False}),
    }
