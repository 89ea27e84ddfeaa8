"""Features of pairs, and with one modality hidden, of models that see images by themselves or both
together."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.made.benchmarks import SETTINGS, untrained
from tests.made.raw_pairs import scene
from twinband.core.errors import InputError
from twinband.evaluation.facts import WAYS
from twinband.evaluation.features import (
    EncodedPairs,
    FrozenEncoder,
    PairFeatures,
    fixed_threads,
    images_of,
    pooled,
)
from twinband.evaluation.model import load_model
from twinband.networks.build import Model, build
from twinband.networks.masked import MaskedModel
from twinband.networks.vit import Features, VisionTransformer
from twinband.shards.registered import RegisteredPair

SIZE = (16, 24)
DECODER: dict[str, Any] = {"decoder_width": 16, "decoder_depth": 1, "decoder_heads": 2}
OF_VIT = {f"no_{m}_{way}" for m in ("rgb", "thermal") for way in WAYS if way != "predicted"}


class Together(MaskedModel):
    """A joint model whose features tell what it was shown, and which predicts thermal only.

    The features of an image are its mean and the sum of the means of all images shown; the
    thermal image it predicts is the RGB image turned dark.
    """

    predicts = frozenset({"thermal"})

    def __init__(self, calls: list[tuple[str, ...]]) -> None:
        given = build("vit_tiny", **SETTINGS)
        assert isinstance(given, VisionTransformer)
        super().__init__(given.config)
        self.calls = calls

    def pair_features(self, images: Mapping[str, Tensor]) -> dict[str, Features]:
        self.calls.append(tuple(sorted(images)))
        means = {name: image.mean((1, 2, 3)) for name, image in images.items()}
        total = torch.stack(list(means.values())).sum(0)
        found = {}
        for name, mean in means.items():
            token = torch.stack([mean, total], 1)
            found[name] = Features(token[:, None].expand(-1, 6, -1), token, (2, 3))
        return found

    def predicted(self, images: Mapping[str, Tensor], modality: str) -> Tensor:
        assert modality == "thermal" and set(images) == {"rgb"}
        return images["rgb"] - 5.0


@pytest.fixture
def vit(tmp_path: Path) -> Model:
    return load_model(untrained(tmp_path / "untrained.json"))


def pair(seed: int, present: bool = True) -> RegisteredPair:
    rgb, thermal = scene(seed)
    return RegisteredPair(rgb, thermal, thermal, thermal > -1, present, True, 0.0, {})


def encoded(model: Model, *pairs: RegisteredPair) -> EncodedPairs:
    (batch,) = FrozenEncoder(model, SIZE).batches(pairs, len(pairs))
    return batch


def multimae() -> MaskedModel:
    torch.manual_seed(0)
    model = build("multimae_tiny", **SETTINGS, **DECODER)
    assert isinstance(model, MaskedModel)
    return model.requires_grad_(False).eval()


def assert_same(one: PairFeatures, other: PairFeatures) -> None:
    for ours, theirs in zip(one, other, strict=True):
        torch.testing.assert_close(ours.tokens, theirs.tokens)
        torch.testing.assert_close(ours.class_token, theirs.class_token)


def test_sizes_that_do_not_suit_the_patches_are_told(vit: Model) -> None:
    assert FrozenEncoder(vit, (16, 24)).size == (16, 24)
    with pytest.raises(InputError, match=r"16x20 px are no whole number .* of 8 px"):
        FrozenEncoder(vit, (16, 20))


def test_a_map_holds_only_the_images_of_its_pair(vit: Model) -> None:
    alone = encoded(vit, pair(0)).full.map
    both = encoded(vit, pair(0), pair(1)).full.map
    other = encoded(vit, pair(0), pair(2)).full.map
    assert both.shape == (2, 64, 2, 3)
    torch.testing.assert_close(both[0], alone[0])
    torch.testing.assert_close(both[0], other[0])
    assert not torch.allclose(both[1], other[1])


def test_each_channel_half_is_of_its_modality(vit: Model) -> None:
    dark = replace(pair(0), thermal=pair(0).thermal // 2)
    before, after = encoded(vit, pair(0)).full, encoded(vit, dark).full
    torch.testing.assert_close(before.rgb.class_token, after.rgb.class_token)
    assert not torch.allclose(before.thermal.class_token, after.thermal.class_token)
    torch.testing.assert_close(before.map[:, :32], before.rgb.map)


def test_batches_end_with_what_is_left(vit: Model) -> None:
    batches = list(FrozenEncoder(vit, SIZE).batches(map(pair, range(5)), 2))
    assert [len(batch.pairs) for batch in batches] == [2, 2, 1]
    assert [len(batch.full.rgb.tokens) for batch in batches] == [2, 2, 1]


def test_absent_thermal_is_a_blank_image(vit: Model) -> None:
    found = encoded(vit, pair(0, present=False))
    assert not found.images["thermal"].any()
    torch.testing.assert_close(
        found.full.thermal.class_token, FrozenEncoder(vit, SIZE).blank.class_token
    )


def test_ways_of_hiding_from_a_model_that_sees_each_image_by_itself(vit: Model) -> None:
    found = encoded(vit, pair(0), pair(1))
    variants, full = found.variants(WAYS), found.full
    assert set(variants) == {"full", *OF_VIT}
    for modality, shown in (("thermal", full.rgb), ("rgb", full.thermal)):
        for way in ("copy", "skipped"):
            assert_same(variants[f"no_{modality}_{way}"], PairFeatures(shown, shown))
    assert isinstance(vit, VisionTransformer)
    blank = vit.pair_features({"rgb": torch.zeros(2, 3, *SIZE)})["rgb"]
    assert_same(variants["no_thermal_zeros"], PairFeatures(full.rgb, blank))
    assert_same(variants["no_rgb_zeros"], PairFeatures(blank, full.thermal))
    assert_same(PairFeatures(found.alone("rgb"), found.alone("thermal")), full)


def test_a_vit_inside_a_model_encodes_as_it_does_by_itself() -> None:
    model = build("mspecgene_tiny", **SETTINGS, **DECODER)
    found = encoded(model, pair(0))
    direct = model.pair_features(found.images)
    assert_same(found.full, PairFeatures(direct["rgb"], direct["thermal"]))


def test_ways_of_hiding_from_a_model_that_sees_both_images_together() -> None:
    calls: list[tuple[str, ...]] = []
    found = encoded(Together(calls), pair(0), pair(1))
    rgb, thermal = (found.images[name].mean((1, 2, 3)) for name in ("rgb", "thermal"))
    zero = torch.zeros(2)
    expected = {
        "full": ((rgb, rgb + thermal), (thermal, rgb + thermal)),
        "no_thermal_zeros": ((rgb, rgb), (zero, rgb)),
        "no_thermal_copy": ((rgb, 2 * rgb), (rgb, 2 * rgb)),
        "no_thermal_skipped": ((rgb, rgb), (rgb, rgb)),
        "no_thermal_predicted": ((rgb, 2 * rgb - 5), (rgb - 5, 2 * rgb - 5)),
        "no_rgb_zeros": ((zero, thermal), (thermal, thermal)),
        "no_rgb_copy": ((thermal, 2 * thermal), (thermal, 2 * thermal)),
        "no_rgb_skipped": ((thermal, thermal), (thermal, thermal)),
    }
    variants = found.variants(WAYS)
    assert list(variants) == list(expected)  # it does not predict RGB
    for name, places in expected.items():
        for features, parts in zip(variants[name], places, strict=True):
            torch.testing.assert_close(features.class_token, torch.stack(parts, 1), msg=name)
    # Full, and of either: zeros, copy, and alone; and one prediction.
    assert calls.count(("rgb", "thermal")) == 1 + 2 * 2 + 1
    assert calls.count(("rgb",)) == calls.count(("thermal",)) == 1


def test_only_the_ways_asked_for_are_computed() -> None:
    calls: list[tuple[str, ...]] = []
    assert set(encoded(Together(calls), pair(0)).variants(())) == {"full"}
    assert calls == [("rgb", "thermal")]


def test_multimae_fills_in_what_it_predicts() -> None:
    found = encoded(multimae(), pair(0))
    variants = found.variants(WAYS)
    assert {name for name in variants if name.endswith("predicted")} == {
        "no_rgb_predicted",
        "no_thermal_predicted",
    }
    model = multimae()
    for modality, other in (("thermal", "rgb"), ("rgb", "thermal")):
        shown = {other: found.images[other]}
        image = model.predicted(shown, modality)
        assert image.shape == (1, 3, *SIZE)
        direct = model.pair_features({**shown, modality: image})
        assert_same(variants[f"no_{modality}_predicted"], PairFeatures(**direct))
        alone = model.pair_features(shown)[other]
        torch.testing.assert_close(found.alone(other).tokens, alone.tokens)
        assert not torch.allclose(found.full._asdict()[other].tokens, alone.tokens)


def test_pooling() -> None:
    tokens = torch.arange(12.0).view(1, 6, 2)
    features = Features(tokens, torch.tensor([[7.0, 8.0]]), (2, 3))
    assert pooled(features, "class_token").tolist() == [[7.0, 8.0]]
    assert pooled(features, "mean_patch").tolist() == [[5.0, 6.0]]


def test_images_are_scaled_and_normalised_as_in_training() -> None:
    rgb = np.full((32, 48, 3), (124, 116, 104), np.uint8)
    thermal = np.full((32, 48), 255, np.uint8)
    images = images_of([replace(pair(0), rgb=rgb, thermal=thermal)], (16, 24))
    assert images["rgb"].shape == images["thermal"].shape == (1, 3, 16, 24)
    assert images["rgb"].abs().max() < 0.01
    expected = torch.tensor([(255 - 123.675) / 58.395, (255 - 116.28) / 57.12, 151.47 / 57.375])
    torch.testing.assert_close(images["thermal"][0, :, 3, 4], expected)


def test_broken_weights_are_told(vit: Model) -> None:
    assert isinstance(vit, VisionTransformer)
    vit.cls_token.fill_(torch.nan)
    with pytest.raises(InputError, match="not finite"):
        _ = encoded(vit, pair(0)).full


def test_threads_are_as_before_afterwards() -> None:
    before = torch.get_num_threads()
    with fixed_threads(1):
        assert torch.get_num_threads() == 1 and torch.are_deterministic_algorithms_enabled()
    assert torch.get_num_threads() == before and not torch.are_deterministic_algorithms_enabled()
