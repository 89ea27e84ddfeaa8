"""Encoders that can be evaluated, errors on others, and features whatever the batch."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.made.benchmarks import SETTINGS, untrained
from tests.made.raw_pairs import scene, write
from twinband.core.errors import InputError
from twinband.evaluation.features import (
    check_size,
    encode,
    encode_blank,
    fixed_threads,
    load_encoder,
    with_missing,
)
from twinband.networks.build import build
from twinband.networks.masked import PairAutoencoder, refold
from twinband.networks.vit import Features, VisionTransformer
from twinband.networks.weights import save_weights
from twinband.shards.registered import RegisteredPair
from twinband.shards.sums import write_sums

DECODER: dict[str, Any] = {"decoder_width": 16, "decoder_depth": 1, "decoder_heads": 2}


def equal(one: VisionTransformer, other: VisionTransformer) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_a_description_is_the_same_encoder_whatever_was_drawn_before(tmp_path: Path) -> None:
    first = load_encoder(untrained(tmp_path / "a.json"))
    torch.manual_seed(5)
    state = torch.get_rng_state()
    assert equal(first, load_encoder(tmp_path / "a.json"))
    assert torch.equal(state, torch.get_rng_state())
    assert not equal(first, load_encoder(untrained(tmp_path / "b.json", seed=1)))
    assert not first.training and not any(p.requires_grad for p in first.parameters())


@pytest.mark.parametrize("name", ["mae_tiny", "mspecgene_tiny"])
def test_a_folder_is_the_encoder_of_the_model_in_it(tmp_path: Path, name: str) -> None:
    model = build(name, **SETTINGS, **DECODER)
    save_weights(model, tmp_path / "weights.safetensors")
    encoder = load_encoder(tmp_path)
    assert isinstance(encoder, VisionTransformer)
    assert isinstance(model, PairAutoencoder) and equal(encoder, model.encoder)


def test_the_projects_own_description_can_be_used() -> None:
    models = Path(__file__).parents[3] / "models"
    assert load_encoder(models / "untrained.json").config.width == 128
    with pytest.raises(InputError, match="describes no encoder, and this benchmark needs one"):
        load_encoder(models / "none.json")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "resnet"}, r"a\.json .*\(kind: "),
        ({"surplus": 1}, "surplus: unknown parameter"),
        ({"settings": {**SETTINGS, "heads": 5}}, "width 32 must be divisible"),
        ({"settings": {**SETTINGS, "head": 2}}, "vit has no head"),
        ({"settings": {**SETTINGS, "depth": "2"}}, "depth must be a whole number"),
    ],
)
def test_wrong_descriptions_are_told(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        load_encoder(untrained(tmp_path / "a.json", **changes))


def test_wrong_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_encoder(tmp_path)
    write_sums(write(tmp_path / "weights.safetensors", b"not weights"))
    with pytest.raises(InputError, match="not a whole safetensors file"):
        load_encoder(tmp_path)
    with pytest.raises(InputError, match=r"neither a folder with weights\.safetensors nor"):
        load_encoder(tmp_path / "weights.safetensors")
    with pytest.raises(InputError, match=r"a\.json cannot be read"):
        load_encoder(tmp_path / "a.json")
    (tmp_path / "a.json").write_text(json.dumps([1]))
    with pytest.raises(InputError, match=r"a\.json describes no encoder"):
        load_encoder(tmp_path / "a.json")


def test_sizes_that_do_not_suit_the_patches_are_told(tmp_path: Path) -> None:
    encoder = load_encoder(untrained(tmp_path / "a.json"))
    check_size(encoder, 16, 24)
    with pytest.raises(InputError, match=r"16x20 px are no whole number .* of 8 px"):
        check_size(encoder, 16, 20)


SIZE = (16, 24)


@pytest.fixture
def encoder(tmp_path: Path) -> VisionTransformer:
    return load_encoder(untrained(tmp_path / "untrained.json"))


def pair(seed: int, present: bool = True) -> RegisteredPair:
    rgb, thermal = scene(seed)
    return RegisteredPair(rgb, thermal, thermal > -1, present, True, 0.0, {})


def features(encoder: VisionTransformer, *pairs: RegisteredPair, batch: int = 2) -> list[Features]:
    return [batch for _, batch in encode(encoder, pairs, SIZE, batch)]


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
    batches = list(encode(encoder, map(pair, range(5)), SIZE, 2))
    assert [len(pairs) for pairs, _ in batches] == [2, 2, 1]
    assert [len(f.tokens) for _, f in batches] == [4, 4, 2]


def test_absent_thermal_is_a_blank_image(encoder: VisionTransformer) -> None:
    (encoded,) = features(encoder, pair(0, present=False))
    blank = encode_blank(encoder, SIZE)
    torch.testing.assert_close(encoded.class_token[1], blank.class_token[0])


def test_copying_an_image_is_repeating_its_features(encoder: VisionTransformer) -> None:
    grey = np.repeat(scene(0)[1][..., None], 3, axis=2)
    (encoded,) = features(
        encoder, RegisteredPair(grey, grey[..., 0], grey[..., 0] > -1, True, True, 0.0, {})
    )
    torch.testing.assert_close(encoded.tokens[0], encoded.tokens[1])


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
