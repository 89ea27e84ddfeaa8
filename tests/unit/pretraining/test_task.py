"""Which pairs are followed for their objects: those that any kind of label shows objects in."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.made.pretraining import TINY
from tests.made.raw_pairs import scene
from tests.made.registered_pairs import Made, register_pairs, write_pairs
from twinband.networks.build import build
from twinband.networks.masked import MaskedModel
from twinband.pretraining.start import open_arm
from twinband.pretraining.task import PAIRS, MaskedPretraining, VisibleObjects
from twinband.shards.read import Dataset, open_products

BOX = {"class": "person", "xyxy": [16.0, 12.0, 32.0, 24.0]}  # one patch of the 4 x 4


@pytest.fixture(scope="module")
def model() -> MaskedModel:
    """Of images of 32 px in patches of 8, with a sampler of pairs."""
    found = build("mspecgene_tiny", image_px=32, **TINY)
    assert isinstance(found, MaskedModel)
    found.sampler = open_arm("random", patches=16, mask_ratio=0.75)
    return found


def dataset(base: Path, *pairs: dict[str, Any]) -> Dataset:
    """Pairs of 64 x 48 px with these label images and labels, in this order."""
    made = {}
    for number, labels in enumerate(pairs):
        images = {k: v for k, v in labels.items() if isinstance(v, np.ndarray)}
        other = {k: v for k, v in labels.items() if k not in images}
        made[f"pair-{number:02d}"] = Made(*scene(number), images, other)
    write_pairs(base / "pairs", made)
    register_pairs(base, aligned=True)
    return open_products({"pairs": base / "pairs", "registered": base / "registered"})


def objects_of(found: VisibleObjects | None) -> list[list[float]]:
    assert found is not None
    return [[round(float(share), 3) for share in row] for row in found._objects]


def one_patch(place: int, share: float = 1.0) -> list[float]:
    return [share if number == place else 0.0 for number in range(16)]


def test_boxes_and_targets_show_objects_as_label_images_do(
    tmp_path: Path, model: MaskedModel
) -> None:
    image = np.zeros((48, 64), np.uint8)
    image[36:48, 48:64] = 9
    found = dataset(
        tmp_path,
        {"boxes": [BOX]},
        {"semantics": image, "boxes": [BOX]},
        {"target_rgb": [0.0, 0.0, 16.0, 6.0]},
    )
    both = one_patch(5)
    both[15] = 1.0
    shares = objects_of(VisibleObjects.of([found], model))
    assert shares == [one_patch(5), both, one_patch(0, 0.5)]


def test_pairs_whose_labels_show_no_object_are_passed_over(
    tmp_path: Path, model: MaskedModel
) -> None:
    found = dataset(tmp_path, {"boxes": []}, {"boxes": [BOX]}, {"target_rgb": None})
    assert objects_of(VisibleObjects.of([found], model)) == [one_patch(5)]


def test_the_first_pair_without_labels_ends_the_search(tmp_path: Path, model: MaskedModel) -> None:
    found = dataset(tmp_path / "one", {"boxes": [BOX]}, {}, {"boxes": [BOX]})
    assert len(objects_of(VisibleObjects.of([found], model))) == 1
    unlabelled = dataset(tmp_path / "two", {}, {"boxes": [BOX]})
    assert VisibleObjects.of([unlabelled], model) is None
    assert len(objects_of(VisibleObjects.of([unlabelled, found], model))) == 1


def test_only_some_pairs_of_a_dataset_are_followed(tmp_path: Path, model: MaskedModel) -> None:
    found = dataset(tmp_path, *[{"boxes": [BOX]}] * (PAIRS + 3))
    watch = VisibleObjects.of([found], model)
    assert len(objects_of(watch)) == PAIRS
    assert watch is not None and torch.isfinite(watch._images["thermal"]).all()


def test_every_block_of_encoder_and_decoders_is_compiled_by_itself(model: MaskedModel) -> None:
    names = [type(block).__name__ for block in MaskedPretraining(model, 1).blocks()]
    assert sorted(names) == ["Block", "Block", "Block", "CrossBlock", "CrossBlock"]
