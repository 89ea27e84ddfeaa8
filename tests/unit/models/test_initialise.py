import math

import torch

from twinband.models.registry import build


def test_xavier_bounds_zero_biases_and_small_tokens() -> None:
    torch.manual_seed(0)
    model = build("mae_tiny")
    weights = model.state_dict()

    def bound(fan_in: int, fan_out: int) -> float:
        return math.sqrt(6 / (fan_in + fan_out))

    for key, limit in (
        ("encoder.blocks.3.attn.qkv.weight", bound(128, 3 * 128)),
        ("encoder.blocks.0.mlp.fc1.weight", bound(128, 4 * 128)),
        ("encoder.patch_embed.proj.weight", bound(3 * 8 * 8, 128)),
        ("decoder.head.weight", bound(64, 3 * 8 * 8)),
    ):
        assert 0.98 * limit < weights[key].abs().max() <= limit, key
        assert abs(weights[key].std() / (limit / math.sqrt(3)) - 1) < 0.02, key
    for key, value in weights.items():
        if key.endswith("bias"):
            assert (value == 0).all(), key
        if "norm" in key and key.endswith("weight"):
            assert (value == 1).all(), key
    for key in ("encoder.cls_token", "decoder.mask_token"):
        assert 0.015 < weights[key].std() < 0.025, key
