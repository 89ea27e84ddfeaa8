"""Frozen features: each pair's own, whatever is in the batch with it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.raw_pairs import scene
from tests.unit.benchmarks.small import untrained
from twinband.benchmarks._encoders import load_encoder
from twinband.benchmarks._features import encode, encode_blank, fixed_threads
from twinband.benchmarks._missing import with_missing
from twinband.errors import InputError
from twinband.models.pairs import refold
from twinband.models.vit import Features, VisionTransformer
from twinband.registration.view import RegisteredPair

SIZE = (16, 24)


@pytest.fixture
def encoder(tmp_path: Path) -> VisionTransformer:
    return load_encoder(untrained(tmp_path / "untrained.json"))


def pair(seed: int, present: bool = True) -> RegisteredPair:
    rgb, thermal = scene(seed)
    return RegisteredPair(rgb, thermal, thermal > -1, present, True, 0.0, {})


def features(encoder: VisionTransformer, *pairs: RegisteredPair, batch: int = 2) -> list[Features]:
    return [found for _, found in encode(encoder, pairs, SIZE, batch)]


def test_a_refolded_pair_holds_only_its_own_images(encoder: VisionTransformer) -> None:
    (alone,) = features(encoder, pair(0))
    (together,) = features(encoder, pair(0), pair(1))
    (other,) = features(encoder, pair(0), pair(2))
    both = refold(together.map)
    assert both.shape == (2, 64, 2, 3)
    torch.testing.assert_close(both[0], refold(alone.map)[0])
    torch.testing.assert_close(both[0], refold(other.map)[0])
    assert not torch.allclose(both[1], refold(other.map)[1])
    rgb, thermal = together.map[0], together.map[1]
    torch.testing.assert_close(both[0], torch.cat([rgb, thermal]))


def test_each_channel_half_is_of_its_modality(encoder: VisionTransformer) -> None:
    rgb, thermal = scene(0)
    dark = RegisteredPair(rgb, thermal // 2, thermal > -1, True, True, 0.0, {})
    (before,), (after,) = features(encoder, pair(0)), features(encoder, dark)
    torch.testing.assert_close(before.class_token[0], after.class_token[0])
    assert not torch.allclose(before.class_token[1], after.class_token[1])


def test_batches_end_with_what_is_left(encoder: VisionTransformer) -> None:
    found = list(encode(encoder, map(pair, range(5)), SIZE, 2))
    assert [len(together) for together, _ in found] == [2, 2, 1]
    assert [len(f.tokens) for _, f in found] == [4, 4, 2]


def test_absent_thermal_is_a_blank_image(encoder: VisionTransformer) -> None:
    (found,) = features(encoder, pair(0, present=False))
    blank = encode_blank(encoder, SIZE)
    torch.testing.assert_close(found.class_token[1], blank.class_token[0])


def test_copying_an_image_is_repeating_its_features(encoder: VisionTransformer) -> None:
    grey = np.repeat(scene(0)[1][..., None], 3, axis=2)
    (found,) = features(
        encoder, RegisteredPair(grey, grey[..., 0], grey[..., 0] > -1, True, True, 0.0, {})
    )
    torch.testing.assert_close(found.tokens[0], found.tokens[1])


def test_what_hidden_modalities_are_replaced_with() -> None:
    rgb, thermal, blank = torch.ones(2, 3), torch.full((2, 3), 2.0), torch.zeros(1, 3)
    shown = {
        name: (float(r.mean()), float(t.mean()))
        for name, (r, t) in with_missing(rgb, thermal, blank).items()
    }
    assert shown == {
        "full": (1, 2),
        "no_thermal_zeros": (1, 0),
        "no_thermal_copy": (1, 1),
        "no_rgb_zeros": (0, 2),
        "no_rgb_copy": (2, 2),
    }


def test_broken_weights_are_told(encoder: VisionTransformer) -> None:
    encoder.cls_token.fill_(torch.nan)
    with pytest.raises(InputError, match="not finite"):
        features(encoder, pair(0))


def test_threads_are_as_before_afterwards() -> None:
    before = torch.get_num_threads()
    with fixed_threads(1):
        assert torch.get_num_threads() == 1 and torch.are_deterministic_algorithms_enabled()
    assert torch.get_num_threads() == before and not torch.are_deterministic_algorithms_enabled()
