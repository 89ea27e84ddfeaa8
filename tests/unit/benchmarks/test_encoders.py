"""Which models can be evaluated, and what is said of others."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.unit.benchmarks.small import SETTINGS, untrained
from twinband.benchmarks._encoders import check_size, load_encoder
from twinband.errors import InputError
from twinband.models.checkpoints import save_weights
from twinband.models.registry import build
from twinband.models.vit import VisionTransformer

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
    assert equal(encoder, model.encoder)  # type: ignore[arg-type]


def test_the_projects_own_description_can_be_used() -> None:
    models = Path(__file__).parents[3] / "models"
    assert load_encoder(models / "untrained.json").config.width == 192
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
    (tmp_path / "weights.safetensors").write_bytes(b"not weights")
    with pytest.raises(InputError, match="not a whole safetensors file"):
        load_encoder(tmp_path)
    with pytest.raises(InputError, match=r"neither a folder with weights\.safetensors nor"):
        load_encoder(tmp_path / "weights.safetensors")
    (tmp_path / "a.json").write_text(json.dumps([1]))
    with pytest.raises(InputError, match=r"a\.json describes no encoder"):
        load_encoder(tmp_path / "a.json")


def test_sizes_that_do_not_suit_the_patches_are_told(tmp_path: Path) -> None:
    encoder = load_encoder(untrained(tmp_path / "a.json"))
    check_size(encoder, 16, 24)
    with pytest.raises(InputError, match=r"16x20 px are no whole number .* of 8 px"):
        check_size(encoder, 16, 20)
