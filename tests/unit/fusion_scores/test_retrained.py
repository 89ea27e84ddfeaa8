"""A segmenter trained anew tells what a method's images hold, and what they do not."""

from pathlib import Path

import pytest
import torch

from tests.made.fusion_pairs import TRAINING, write_registered
from tests.made.raw_pairs import run_in
from twinband.core.errors import InputError
from twinband.fusion.interface import load_fusion
from twinband.fusion_scores.facts import RetrainedFacts
from twinband.fusion_scores.params import RetrainedParams
from twinband.fusion_scores.retrained import SmallUnet, retrained
from twinband.shards.read import Dataset, open_products
from twinband.training.settings import TrainingSettings

SETTINGS = TrainingSettings.model_validate(TRAINING | {"steps": 80, "base_lr": 2.0})


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("fused")
    write_registered(base)
    return base


def pairs(base: Path, *numbers: int) -> Dataset:
    products = {name: base / name / "made-up" for name in ("pairs", "registered")}
    return open_products(products, [f"pair-{number}" for number in numbers])


def score(base: Path, method: str, work: Path) -> RetrainedFacts:
    params = RetrainedParams(method=method, width=4, side_px=48, training=SETTINGS)
    methods = {method: load_fusion(method)}
    return retrained(params, methods, pairs(base, 0, 1, 2, 3), pairs(base, 4, 5, 6), run_in(work))


def test_what_one_image_lacks_no_segmenter_finds(base: Path, tmp_path: Path) -> None:
    shown = score(base, "infrared", tmp_path / "infrared")
    hidden = score(base, "visible", tmp_path / "visible")
    assert shown.trained_on == 4 and shown.iou["1"] > 0.8 > 0.5 > hidden.iou["1"]
    assert shown.miou == pytest.approx(sum(shown.iou.values()) / 2)


def test_it_is_the_same_twice(base: Path, tmp_path: Path) -> None:
    first, second = (score(base, "average", tmp_path / name) for name in ("a", "b"))
    assert first == second


@pytest.mark.parametrize("size", [(64, 80), (61, 75), (8, 8)])
def test_images_of_any_size(size: tuple[int, int]) -> None:
    assert SmallUnet(3, 4)(torch.rand(2, 3, *size)).shape == (2, 3, *size)


def test_without_labels_it_says_so(base: Path, tmp_path: Path) -> None:
    params = RetrainedParams(method="average", width=4, side_px=48, training=SETTINGS)
    with pytest.raises(InputError, match="no semantic labels"):
        methods = {"average": load_fusion("average")}
        retrained(params, methods, pairs(base), pairs(base, 4), run_in(tmp_path))
