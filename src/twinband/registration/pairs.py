"""The pairs of a shard as registration reads them: images, data of thermal, labels."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from twinband.registration.trust import Sample
from twinband.shards.product import read_manifest
from twinband.shards.read import Product, decode_field

IMAGES = ("rgb", "thermal")


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """One pair of the product ``pairs``.

    Attributes:
        name, group: of the pair, and of its sequence (or its own name).
        rgb: ``H,W,3`` uint8.
        counts: thermal as it was measured, ``H,W``; None if the dataset has no thermal.
        data: pixels of ``counts`` that hold data; None: all of them.
        radiometry: linear map from counts to kelvin, where it is known.
        members: all members as bytes.
        labels: JSON labels.
    """

    name: str
    group: str
    rgb: NDArray[np.uint8]
    counts: NDArray[Any] | None
    data: NDArray[np.bool_] | None
    radiometry: Mapping[str, float] | None
    members: Mapping[str, bytes]
    labels: Mapping[str, Any]

    def sample(self) -> Sample:
        """Give the images as they are compared: a hole of thermal has its nearest pixel's count,
        since its border is no edge of the scene.

        Raises:
            ValueError: the pair has no thermal image.
        """
        if self.counts is None:
            raise ValueError(f"{self.name} has no thermal image")
        return Sample(self.name, self.group, self.rgb, filled(self.counts, self.data))


class Pairs:
    """Samples of the product ``pairs`` by key, read as often as asked for: memory holds one.

    Raises:
        InputError: the folder is no finished product.
    """

    def __init__(self, folder: Path, keys: Sequence[str]) -> None:
        self._product = Product("pairs", folder)
        table = read_manifest(folder, ["key", "name", "group"])
        wanted = set(keys)
        self._row = {key: row for row, key in enumerate(self._product.keys) if key in wanted}
        self._names = {key: table["name"][row].as_py() for key, row in self._row.items()}
        self.groups = {key: table["group"][row].as_py() for key, row in self._row.items()}
        self._last: tuple[str, dict[str, bytes]] = ("", {})

    def open(self, key: str) -> Opened:
        """Read and decode a pair.

        Raises:
            InputError: it is damaged.
        """
        members = self._members(key)
        with self._product.blamed(self._row[key]):
            images = dict(
                decode_field(field, data)
                for field, data in members.items()
                if field.partition(".")[0] in IMAGES
            )
            stored = json.loads(members["json"])
            thermal = stored.get("thermal") or {}
            counts = images.get("thermal")
            no_data = thermal.get("no_data")
            data = None if counts is None or no_data is None else counts != no_data
            return Opened(
                name=self._names[key],
                group=self.groups[key],
                rgb=images["rgb"],
                counts=counts,
                data=None if data is None or data.all() else data,
                radiometry=thermal.get("radiometry"),
                members=members,
                labels=stored["labels"],
            )

    def sample(self, key: str) -> Sample:
        """Read the images of a pair as they are compared.

        Raises:
            InputError: they are damaged.
        """
        return self.open(key).sample()

    def _members(self, key: str) -> dict[str, bytes]:
        if self._last[0] != key:
            self._last = (key, self._product.fields(self._row[key]))
        return self._last[1]


def filled(counts: NDArray[Any], data: NDArray[np.bool_] | None) -> NDArray[Any]:
    """Give pixels ``H,W`` without data the count of the nearest one that has some."""
    if data is None or not data.any():
        return counts
    nearest = distance_transform_edt(~data, return_distances=False, return_indices=True)
    return np.asarray(counts[tuple(nearest)])
