"""The pairs of one task, read again as often as they are needed: memory holds one at a time."""

from collections.abc import Sequence
from pathlib import Path

from twinband.registration.backends._base import Sample
from twinband.shards.decode import decode_field
from twinband.shards.join import Product
from twinband.shards.manifest import read_manifest


class Pairs:
    """Samples of the product ``pairs`` by key.

    Raises:
        InputError: the folder is no finished product.
    """

    def __init__(self, folder: Path, keys: Sequence[str]) -> None:
        self._product = Product("pairs", folder)
        table = read_manifest(folder, ["key", "name", "group"])
        wanted = set(keys)
        self._row = {key: row for row, key in enumerate(self._product.keys) if key in wanted}
        self._names = {key: table["name"][row].as_py() for key, row in self._row.items()}
        self._groups = {key: table["group"][row].as_py() for key, row in self._row.items()}
        self._last: tuple[str, dict[str, bytes]] = ("", {})

    def fields(self, key: str) -> dict[str, bytes]:
        """All members of a pair, as bytes."""
        if self._last[0] != key:
            self._last = (key, self._product.fields(self._row[key]))
        return self._last[1]

    def sample(self, key: str) -> Sample:
        """The pair's images, decoded."""
        fields = self.fields(key)
        images = dict(
            decode_field(field, data)
            for field, data in fields.items()
            if field.partition(".")[0] in ("rgb", "thermal")
        )
        return Sample(self._names[key], self._groups[key], images["rgb"], images["thermal"])
