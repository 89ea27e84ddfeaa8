import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from tests.made.models import RandomSampler, mae, mspecgene, pairs
from twinband.core.errors import InputError
from twinband.methods.mspecgene.model import MSpecGene
from twinband.networks.build import load_model
from twinband.networks.weights import load_encoder, load_strictly, read_weights, save_weights
from twinband.shards.sums import write_sums


def test_a_model_comes_back_with_its_sampler(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    model = mspecgene(image_px=(32, 48))
    model(pairs())
    save_weights(model, path)
    back = load_model(path, RandomSampler())
    assert isinstance(back, MSpecGene) and back.config == model.config
    assert back.state_dict()["sampler.heard"] == 1
    for key, value in model.state_dict().items():
        assert torch.equal(back.state_dict()[key], value), key
    without = load_model(path)
    assert isinstance(without, MSpecGene) and without.sampler is None
    save_weights(model.encoder, path)
    with pytest.raises(TypeError, match="vit takes no sampler"):
        load_model(path, RandomSampler())


@pytest.mark.parametrize("kind", ["mae", "mspecgene", "vit"])
def test_the_encoder_of_any_model(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "model.safetensors"
    model = mae() if kind == "mae" else mspecgene()
    save_weights(model.encoder if kind == "vit" else model, path)
    images = pairs()["rgb"]
    torch.testing.assert_close(load_encoder(path)(images).tokens, model.encoder(images).tokens)


def test_an_encoder_of_a_file_that_tells_no_registers_mlp_or_norm(tmp_path: Path) -> None:
    path, model = tmp_path / "model.safetensors", mae()
    settings = {key: getattr(model.config, key) for key in ("image_px", "patch_px", "width")}
    settings |= {"depth": model.config.depth, "heads": model.config.heads, "decoder_width": 16}
    description = json.dumps({"kind": "mae", "settings": settings})
    save_file(model.state_dict(), path, {"twinband": description})
    write_sums(path)
    assert load_encoder(path).config.registers == 0


def test_equal_weights_are_equal_bytes_and_the_file_says_what_it_is(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("one.safetensors", "other.safetensors")]
    for path in paths:
        save_weights(mae(), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    with safe_open(paths[0], framework="pt") as file:
        description = json.loads(file.metadata()["twinband"])
    assert description["kind"] == "mae"
    assert description["settings"]["decoder_width"] == 16


def test_a_list_of_all_that_does_not_fit_and_nothing_copied() -> None:
    model, other = mae(), mae(width=48)
    tensors = other.state_dict()
    tensors["surplus"] = tensors.pop("encoder.norm.bias")
    before = {key: value.clone() for key, value in model.state_dict().items()}
    with pytest.raises(InputError) as caught:
        load_strictly(model, tensors)
    text = str(caught.value)
    assert "missing: encoder.norm.bias" in text
    assert "unexpected: surplus" in text
    assert "encoder.cls_token (1, 1, 48) instead of (1, 1, 24)" in text
    assert " more" in text
    assert all(torch.equal(model.state_dict()[key], value) for key, value in before.items())


def test_fresh_parts_may_be_missing_but_not_others() -> None:
    model = mspecgene()
    tensors = {k: v for k, v in mspecgene().state_dict().items() if not k.startswith("cross_")}
    load_strictly(model, tensors, fresh=("cross_",))
    with pytest.raises(InputError, match=r"missing: cross_rgb\.norm1\.weight"):
        load_strictly(model, tensors)


def test_missing_damaged_and_wrong_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.safetensors: no such file of weights"):
        read_weights(tmp_path / "none.safetensors")
    path = tmp_path / "cut.safetensors"
    save_weights(mae(), path)
    flipped = bytearray(path.read_bytes())
    flipped[-100] ^= 1  # a tensor like any other
    path.write_bytes(flipped)
    with pytest.raises(InputError, match=r"cut.safetensors: damaged.* `dvc checkout "):
        read_weights(path)
    path.write_bytes(flipped[:-100])
    write_sums(path)
    with pytest.raises(InputError, match=r"cut.safetensors: not a whole safetensors file"):
        read_weights(path)
    save_file({"a": torch.zeros(1)}, path)
    write_sums(path)
    with pytest.raises(InputError, match=r"does not say which model .* `twinband import-vit`"):
        load_encoder(path)
    save_file({"a": torch.zeros(1)}, path, {"twinband": '{"kind": "vit", "settings": {}}'})
    write_sums(path)
    with pytest.raises(InputError, match=r"cut.safetensors: its settings are of no encoder"):
        load_encoder(path)
    with pytest.raises(InputError, match=r"cut.safetensors: its settings are of no model"):
        save_file({"a": torch.zeros(1)}, path, {"twinband": '{"kind": "none", "settings": {}}'})
        write_sums(path)
        load_model(path)


def test_only_models_that_can_be_built_are_saved(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="Linear is no model that build makes"):
        save_weights(torch.nn.Linear(2, 2), tmp_path / "linear.safetensors")
