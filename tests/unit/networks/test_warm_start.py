from pathlib import Path

import pytest
import torch
from torch.nn import functional

from tests.made.models import mae, mspecgene, pairs
from tests.unit.networks.test_vit import VIT_SIZES
from twinband.core.errors import InputError
from twinband.methods.mae.model import MaskedAutoencoder
from twinband.models.imported import read_tensors
from twinband.models.key_layouts import from_any, to_timm
from twinband.networks.config import VitConfig
from twinband.networks.vit import VisionTransformer
from twinband.networks.warm_start import resize_kernel, start_encoder
from twinband.networks.weights import Weights


def weights(model: MaskedAutoencoder) -> Weights:
    return Weights(model.state_dict(), model.kind, {})


def test_mspecgene_from_mae() -> None:
    model, source = mspecgene(), mae()
    fresh = {k: v.clone() for k, v in model.state_dict().items() if k.startswith("cross_")}
    model.start_from(weights(source))
    loaded = model.state_dict()
    for key, value in source.state_dict().items():
        name, _, rest = key.partition(".")
        copies = ("encoder",) if name == "encoder" else ("decoder_rgb", "decoder_thermal")
        assert all(torch.equal(loaded[f"{copy}.{rest}"], value) for copy in copies), key
    assert fresh and all(torch.equal(loaded[key], value) for key, value in fresh.items())
    # two decoders, not one under two names
    with torch.no_grad():
        model.decoder_rgb.mask_token.add_(1)
    assert not torch.equal(model.decoder_rgb.mask_token, model.decoder_thermal.mask_token)


def test_mspecgene_from_a_mae_of_another_grid_and_of_another_size() -> None:
    model = mspecgene(image_px=48)
    model.start_from(weights(mae()))
    assert model.encoder.positions.table.shape[-2:] == (6, 6)
    assert model(pairs(height=48, width=48))["loss"].isfinite()
    with pytest.raises(InputError, match=r"encoder\.blocks\.2\.norm1\.weight"):
        mspecgene(depth=3).start_from(weights(mae()))
    with pytest.raises(InputError, match=r"of another size: .*decoder_rgb"):
        mspecgene(decoder_width=32).start_from(weights(mae()))


def test_a_mae_must_bring_its_decoder() -> None:
    encoder_only = {k: v for k, v in mae().state_dict().items() if k.startswith("encoder.")}
    with pytest.raises(InputError, match=r"missing: decoder_rgb\.mask_token"):
        mspecgene().start_from(Weights(encoder_only, "mae", {}))


def test_encoder_from_an_rgb_vit_of_another_grid_and_patch() -> None:
    torch.manual_seed(0)
    source = VisionTransformer(VitConfig(**{**VIT_SIZES, "image_px": 24, "patch_px": 4}))
    encoder = mspecgene().encoder
    tensors, left_out = from_any({**to_timm(source), "head.bias": torch.zeros(2)})
    assert left_out == ["head.bias"]
    start_encoder(encoder, tensors)
    assert encoder.positions.table.shape == (1, 24, 4, 4)
    # a smooth image means the same to both: patches twice as large of a picture twice as large
    small = functional.interpolate(torch.randn(1, 3, 3, 3), 16, mode="bilinear")
    large = functional.interpolate(small, 32, mode="bilinear")
    ours, theirs = encoder.patch_embed(large), source.patch_embed(small)
    assert functional.cosine_similarity(ours.flatten(), theirs.flatten(), 0) > 0.98


def test_a_model_starts_from_the_encoder_of_any_other() -> None:
    source = VisionTransformer(VitConfig(**VIT_SIZES))
    for model in (mae(), mspecgene()):
        model.start_from(Weights(source.state_dict(), "vit", {}))
        assert torch.equal(model.encoder.cls_token, source.cls_token)


def test_a_vit_that_does_not_fit_changes_nothing() -> None:
    encoder = mspecgene().encoder
    before = {key: value.clone() for key, value in encoder.state_dict().items()}
    source = to_timm(VisionTransformer(VitConfig(**VIT_SIZES)))
    source["register_tokens"] = torch.zeros(1, 4, 24)
    with pytest.raises(InputError, match="unexpected: register_tokens"):
        start_encoder(encoder, from_any(source)[0])
    assert all(torch.equal(encoder.state_dict()[key], value) for key, value in before.items())


def test_a_larger_kernel_answers_to_enlarged_patches_as_the_old_one_did() -> None:
    torch.manual_seed(0)
    kernel, patch = torch.randn(5, 3, 4, 4), torch.randn(1, 3, 4, 4)
    enlarged = functional.interpolate(patch, 7, mode="bilinear")
    answer = (resize_kernel(kernel, 7) * enlarged).sum((1, 2, 3))
    torch.testing.assert_close(answer, (kernel * patch).sum((1, 2, 3)), atol=1e-4, rtol=1e-4)
    assert resize_kernel(kernel, 4) is kernel


@pytest.mark.parametrize("family", ["Dinov2", "ViT"])
def test_transformers_models_give_the_same_features(family: str, tmp_path: Path) -> None:
    import transformers

    torch.manual_seed(0)
    sizes = {
        "hidden_size": 24,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 32,
        "patch_size": 8,
        "layer_norm_eps": 1e-6,
        **({"mlp_ratio": 4} if family == "Dinov2" else {"intermediate_size": 96}),
    }
    config = getattr(transformers, f"{family}Config")(**sizes)
    model = getattr(transformers, f"{family}Model")(config).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    model.save_pretrained(tmp_path)
    encoder = VisionTransformer(VitConfig(**VIT_SIZES))
    tensors, left_out = from_any(read_tensors(tmp_path / "model.safetensors"))
    start_encoder(encoder, tensors)
    assert all("mask_token" in key or "pooler" in key for key in left_out)
    images = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        expected = model(images).last_hidden_state
        found = encoder(images)
    torch.testing.assert_close(found.class_token, expected[:, 0], atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(found.tokens, expected[:, 1:], atol=1e-4, rtol=1e-3)
