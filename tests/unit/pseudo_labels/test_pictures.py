"""Pictures of labels: which there are, and what their colours mean."""

from pathlib import Path

import numpy as np

from tests.made.cmss import write_dataset
from tests.made.pseudo_labels import SCENE_NAMES, label_dataset, shards, specs
from twinband.core.images import decode
from twinband.drawing import LEAST_WIDTH_PX
from twinband.pseudo_labels.label import Depth
from twinband.pseudo_labels.pictures import (
    coloured_classes,
    coloured_depth,
    legend,
    palette,
    write_pictures,
)

RAMP = np.linspace(1, 9, 32, dtype=np.float32)[None].repeat(8, 0)


def brightness(picture: np.ndarray) -> np.ndarray:
    return picture.astype(float).sum(2)[0]


def test_an_image_of_every_hour_is_drawn(tmp_path: Path) -> None:
    pairs, registered = write_dataset(tmp_path, *shards(1, 4))
    for kind, spec in specs(tmp_path).items():
        label_dataset(kind, spec, tmp_path)
    write_pictures(
        pairs,
        registered,
        tmp_path / "depth",
        tmp_path / "semantics",
        SCENE_NAMES,
        tmp_path / "plots",
    )
    found = sorted(path.name for path in (tmp_path / "plots").iterdir())
    hours, kinds = ("day", "night", "unknown"), ("depth", "rgb", "semantics", "thermal")
    assert found == sorted(["classes.svg", *(f"{h}-{k}.jpg" for h in hours for k in kinds)])
    for name in found[1:]:
        picture = decode((tmp_path / "plots" / name).read_bytes(), name).pixels
        assert picture.shape[1] == LEAST_WIDTH_PX


def test_what_is_near_is_dark_whatever_kind_of_depth() -> None:
    inverse = brightness(coloured_depth(Depth(RAMP, inverse=True)))
    metric = brightness(coloured_depth(Depth(RAMP, inverse=False)))
    assert inverse[-1] < 200 < 400 < inverse[0]
    assert metric[0] < 200 < 400 < metric[-1]
    flat = coloured_depth(Depth(np.ones((4, 4), np.float32), inverse=True))
    assert (flat == flat[0, 0]).all()


def test_classes_are_told_apart_and_keep_their_colours() -> None:
    many = palette([f"class {number}" for number in range(133)])
    assert len(np.unique(many, axis=0)) == 133
    np.testing.assert_array_equal(many[:10], palette([f"class {number}" for number in range(10)]))
    street = palette(SCENE_NAMES)
    assert len(np.unique(street, axis=0)) == len(SCENE_NAMES)
    grey = np.full((8, 16, 3), 100, np.uint8)
    drawn = coloured_classes(np.array([[0, 1]]), grey, street)
    assert (drawn[:, :8] == drawn[0, 0]).all() and (drawn[:, 8:] == drawn[0, -1]).all()
    assert (drawn[0, 0] != drawn[0, -1]).any()


def test_the_legend_is_the_same_every_time() -> None:
    colours = dict(zip(("road", "sky"), palette(("road", "sky")), strict=True))
    assert legend(colours) == legend(colours) and legend({}).startswith(b"<?xml")
