"""Sample datasets on disk, what they were rendered from, and what a reader makes of them."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from twinband.core.images import decode
from twinband.ingest.dataset import Dataset, Pair, open_dataset
from twinband.world.render import Rendered, render
from twinband.world.scene import sample_scene
from twinband.world.write import write

SEED = 7
SIZES = {"class_folders": (160, 120)}  # large enough for crops; others are as small as can be
COUNTS = {"rgbt234": 20, "class_folders": 20}
LAYOUTS = ("mfnet", "llvip", "vt5000", "rgbt234", "roadscene", "class_folders")


@dataclass(frozen=True)
class Sample:
    """One written dataset."""

    layout: str
    root: Path
    count: int

    @property
    def size(self) -> tuple[int, int]:
        return SIZES.get(self.layout, (96, 72))

    @property
    def name(self) -> str:
        return f"sample-{self.layout}"

    @cached_property
    def dataset(self) -> Dataset:
        return open_dataset(self.layout, str(self.root))

    @cached_property
    def pairs(self) -> dict[str, Pair]:
        """By the name within the dataset."""
        return {pair.entry.name: pair for pair in self.dataset}

    def write(self, workers: int = 1, progress: Any = lambda done: None) -> "Sample":
        width, height = self.size
        write(
            self.layout,
            self.root,
            count=self.count,
            seed=SEED,
            width=width,
            height=height,
            name=self.name,
            workers=workers,
            progress=progress,
        )
        return self

    def rendered(self, index: int, hour: str) -> Rendered:
        return render(sample_scene(SEED, self.name, index, hour), *self.size)

    def image(self, path: str) -> NDArray[Any]:
        return decode((self.root / path).read_bytes(), path).pixels

    def table(self, path: str) -> list[dict[str, str]]:
        with (self.root / path).open(newline="") as stream:
            return list(csv.DictReader(stream))

    def hours(self) -> dict[str, str]:
        return {row["name"]: row["hour"] for row in self.table("attributes.csv")}

    def lines(self, path: str) -> list[str]:
        return (self.root / path).read_text().splitlines()

    def tree(self) -> dict[str, bytes]:
        files = sorted(path for path in self.root.rglob("*") if path.is_file())
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in files}


def alike(stored: NDArray[Any], rendered: NDArray[Any]) -> bool:
    """Whether an image looks as if another encoder had written it as a JPEG of quality 95."""
    stream = io.BytesIO()
    Image.fromarray(rendered).save(stream, "JPEG", quality=95, subsampling="4:2:0")
    expected = np.asarray(Image.open(stream)).astype(float)
    assert stored.shape == expected.shape
    return bool(np.abs(stored - expected).mean() < 0.5)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Sample]:
    """The written dataset of a layout; each layout is written once for all tests of a folder."""

    @cache
    def written(layout: str) -> Sample:
        root = tmp_path_factory.mktemp(layout)
        return Sample(layout, root, COUNTS.get(layout, 12)).write()

    return written
