import pytest
import torch

from tests.made.models import mspecgene
from tests.unit.networks.test_vit import VIT_SIZES
from twinband.core.errors import InputError
from twinband.models.key_layouts import from_any, to_mmseg, to_timm
from twinband.networks.config import VitConfig
from twinband.networks.vit import VisionTransformer


@pytest.fixture
def encoder() -> VisionTransformer:
    torch.manual_seed(0)
    made = VisionTransformer(VitConfig(**VIT_SIZES))
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return made


def block_keys(names: list[str]) -> set[str]:
    return {f"{name}.{part}" for name in names for part in ("weight", "bias")}


def test_timm_s_names(encoder: VisionTransformer) -> None:
    exported = to_timm(encoder)
    layers = ["norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2"]
    inside = [f"blocks.{i}.{layer}" for i in range(2) for layer in layers]
    names = block_keys(["patch_embed.proj", "norm", *inside])
    assert set(exported) == names | {"cls_token", "pos_embed"}
    assert exported["pos_embed"].shape == (1, 17, 24)
    assert (exported["pos_embed"][:, 0] == 0).all()
    torch.testing.assert_close(exported["pos_embed"][:, 1:], encoder.positions((4, 4)))


def test_mmsegmentation_s_names(encoder: VisionTransformer) -> None:
    layers = ["ln1", "attn.qkv", "attn.proj", "ln2", "ffn.layers.0.0", "ffn.layers.1"]
    inside = [f"layers.{i}.{layer}" for i in range(2) for layer in layers]
    names = block_keys(["patch_embed.projection", "norm", *inside])
    assert set(to_mmseg(encoder)) == names | {"cls_token", "pos_embed"}


def published(encoder: VisionTransformer) -> dict[str, torch.Tensor]:
    """As M-SpecGene's pretraining names them: the last norm is ``ln1``, decoders under ``neck``."""
    weights = {
        "backbone."
        + ("ln1." + key.removeprefix("norm.") if key.startswith("norm.") else key): value
        for key, value in to_mmseg(encoder).items()
    }
    return {
        **weights,
        "neck.mask_token": torch.zeros(1, 1, 8),
        "neck.decoder_pred.bias": torch.zeros(3),
    }


@pytest.mark.parametrize("layout", ["own", "timm", "mmseg", "published", "prefixed", "inside"])
def test_every_layout_comes_back(encoder: VisionTransformer, layout: str) -> None:
    weights = {
        "own": lambda: encoder.state_dict(),
        "timm": lambda: {**to_timm(encoder), "head.weight": torch.zeros(10, 24)},
        "mmseg": lambda: to_mmseg(encoder),
        "published": lambda: published(encoder),
        "prefixed": lambda: {f"module.backbone.{k}": v for k, v in to_timm(encoder).items()},
        "inside": lambda: {
            **mspecgene().state_dict(),
            **{f"encoder.{key}": value for key, value in encoder.state_dict().items()},
        },
    }[layout]()
    found, left_out = from_any(weights)
    expected = encoder.state_dict()
    assert set(found) == set(expected)
    for key, value in expected.items():
        torch.testing.assert_close(found[key], value, msg=key)
    assert left_out == sorted(left_out)
    assert {
        "timm": ["head.weight"],
        "published": ["neck.decoder_pred.bias", "neck.mask_token"],
    }.get(layout, left_out) == left_out
    assert (layout == "inside") == any(key.startswith("decoder_rgb.") for key in left_out)


def test_layer_scale_and_the_class_token_s_position_are_worked_in(
    encoder: VisionTransformer,
) -> None:
    weights = dict(to_timm(encoder))
    gamma = torch.rand(24) + 0.5
    for i in range(2):
        weights[f"blocks.{i}.ls1.gamma"] = gamma
        weights[f"blocks.{i}.ls2.gamma"] = 2 * gamma
    weights["pos_embed"] = weights["pos_embed"] + torch.tensor(0.25)
    found, _ = from_any(weights)
    torch.testing.assert_close(found["cls_token"], encoder.cls_token + 0.25)
    torch.testing.assert_close(found["positions.table"], encoder.positions.table + 0.25)
    x = torch.randn(5, 24)
    attn, fc2 = encoder.blocks[1].attn.proj, encoder.blocks[1].mlp.fc2  # type: ignore[union-attr]
    scaled = found["blocks.1.attn.proj.weight"], found["blocks.1.attn.proj.bias"]
    torch.testing.assert_close(torch.nn.functional.linear(x, *scaled), gamma * attn(x))  # type: ignore[operator]
    scaled = found["blocks.1.mlp.fc2.weight"], found["blocks.1.mlp.fc2.bias"]
    y = torch.randn(5, 96)
    torch.testing.assert_close(torch.nn.functional.linear(y, *scaled), 2 * gamma * fc2(y))  # type: ignore[operator]


def test_foreign_weights_are_named_as_such(encoder: VisionTransformer) -> None:
    with pytest.raises(InputError, match=r"no class token.*conv1"):
        from_any({"conv1.weight": torch.zeros(1)})
    weights = {**to_timm(encoder), "pos_embed": torch.zeros(1, 1 + 14, 24)}
    with pytest.raises(InputError, match=r"14 places .* no square grid"):
        from_any(weights)
