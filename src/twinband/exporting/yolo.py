"""Ultralytics' form of YOLO: for each modality a folder with images, labels and ``data.yaml``.

``MODALITY/images/SPLIT/KEY.jpg``, ``MODALITY/labels/SPLIT/KEY.txt``: files of both modalities have
one name but for the suffix, so that two-stream trainers find the partner. An object a line, in
shares of the image: ``class x y w h``, or with ``oriented`` ``class x1 y1 … x4 y4``.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from twinband.exporting.folder import Form
from twinband.exporting.pair_files import ImageFile, Object, PairFiles

DECIMALS = 8  # of shares: a thousandth of a pixel in images of 10,000 px and more


class Yolo(Form):
    """Boxes are cut off at the border; difficult objects, which YOLO cannot mark, are left out.

    Args:
        oriented: the four corners of each object, for oriented detectors.
    """

    def __init__(
        self,
        folder: Path,
        dataset: str,
        classes: Sequence[str],
        modalities: Sequence[str],
        oriented: bool = False,
    ) -> None:
        super().__init__(folder, dataset, classes, modalities)
        self._id_of = {name: number for number, name in enumerate(classes)}
        self._oriented = oriented
        self._splits: set[str] = set()
        self._difficult = 0

    def add(self, pair: PairFiles) -> None:
        self._splits.add(pair.split)
        for modality, image in pair.images.items():
            self.write(f"{modality}/images/{pair.split}/{pair.key}.{image.suffix}", image.data)
            if modality not in pair.objects:
                continue
            objects = pair.objects[modality]
            counted = [item for item in objects if not item.difficult]
            self._difficult += len(objects) - len(counted)
            lines = "".join(f"{self._line(item, image)}\n" for item in counted)
            self.write(f"{modality}/labels/{pair.split}/{pair.key}.txt", lines.encode())
        self.write_masks(pair)

    def finish(self) -> None:
        for modality in self.modalities:
            self.write(f"{modality}/data.yaml", self._yaml().encode())
        if self._difficult:
            self.remarks.append(f"{self._difficult} objects marked as difficult are left out")

    def _line(self, item: Object, image: ImageFile) -> str:
        size = np.array([image.width, image.height], np.float64)
        if self._oriented:
            numbers = (_four_corners(item) / size).ravel()
        else:
            box = np.reshape(item.clipped(image.width, image.height), (2, 2))
            numbers = np.concatenate([box.mean(0) / size, (box[1] - box[0]) / size])
        shares = " ".join(f"{number:.{DECIMALS}f}" for number in numbers)
        return f"{self._id_of[item.name]} {shares}"

    def _yaml(self) -> str:
        """Describe the set, without ``path``: Ultralytics then takes this file's folder."""
        lines = [f"{split}: images/{split}" for split in ("train", "val", "test")]
        lines = [line for line in lines if line.partition(":")[0] in self._splits]
        if "train" in self._splits and "val" not in self._splits:
            lines.append("val: images/train  # there is no split val, and test is not for choosing")
            remark = "there is no split val; data.yaml names train in its place, since it must"
            self.remarks = [*dict.fromkeys([*self.remarks, remark])]
        # JSON's texts are YAML's.
        names = [f"  {i}: {json.dumps(name)}" for i, name in enumerate(self.classes)]
        return "\n".join([*lines, "names:" if names else "names: {}", *names]) + "\n"


def _four_corners(item: Object) -> NDArray[np.float64]:
    """Give ``4,2`` corners: those of the object, or of the least turned box around its outline."""
    if len(item.corners) == 4:
        return np.asarray(item.corners, np.float64)
    if item.corners:
        outline = np.asarray(item.corners, np.float32)
        return np.asarray(cv2.boxPoints(cv2.minAreaRect(outline)), np.float64)
    x1, y1, x2, y2 = item.xyxy
    return np.asarray([(x1, y1), (x2, y1), (x2, y2), (x1, y2)], np.float64)
