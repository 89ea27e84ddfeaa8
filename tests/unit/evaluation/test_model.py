"""Models that can be evaluated, and errors on others."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.made.benchmarks import SETTINGS, untrained
from tests.made.raw_pairs import write
from twinband.core.errors import InputError
from twinband.evaluation.model import load_model
from twinband.networks.build import build
from twinband.networks.weights import save_weights
from twinband.shards.sums import write_sums

DECODER: dict[str, Any] = {"decoder_width": 16, "decoder_depth": 1, "decoder_heads": 2}


def equal(one: nn.Module, other: nn.Module) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_a_description_is_the_same_encoder_whatever_was_drawn_before(tmp_path: Path) -> None:
    first = load_model(untrained(tmp_path / "a.json"))
    torch.manual_seed(5)
    state = torch.get_rng_state()
    assert equal(first, load_model(tmp_path / "a.json"))
    assert torch.equal(state, torch.get_rng_state())
    assert not equal(first, load_model(untrained(tmp_path / "b.json", seed=1)))
    assert not first.training and not any(p.requires_grad for p in first.parameters())


@pytest.mark.parametrize("name", ["vit_tiny", "mae_tiny", "mspecgene_tiny", "multimae_tiny"])
def test_a_folder_is_the_model_in_it(tmp_path: Path, name: str) -> None:
    decoder = {} if name == "vit_tiny" else DECODER
    saved = build(name, **SETTINGS, **decoder)
    save_weights(saved, tmp_path / "weights.safetensors")
    model = load_model(tmp_path)
    assert type(model) is type(saved) and equal(model, saved)
    assert not model.training and not any(p.requires_grad for p in model.parameters())


def test_the_projects_own_description_can_be_used() -> None:
    models = Path(__file__).parents[3] / "models"
    assert load_model(models / "untrained.json").config.width == 128
    with pytest.raises(InputError, match="describes no encoder, and this benchmark needs one"):
        load_model(models / "none.json")


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
        load_model(untrained(tmp_path / "a.json", **changes))


def test_wrong_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_model(tmp_path)
    write_sums(write(tmp_path / "weights.safetensors", b"not weights"))
    with pytest.raises(InputError, match="not a whole safetensors file"):
        load_model(tmp_path)
    with pytest.raises(InputError, match=r"neither a folder with weights\.safetensors nor"):
        load_model(tmp_path / "weights.safetensors")
    with pytest.raises(InputError, match=r"a\.json cannot be read"):
        load_model(tmp_path / "a.json")
    (tmp_path / "a.json").write_text(json.dumps([1]))
    with pytest.raises(InputError, match=r"a\.json describes no encoder"):
        load_model(tmp_path / "a.json")
