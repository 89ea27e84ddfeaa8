import math

import pytest
import torch
from torch.nn import functional

from twinband.networks.build import build
from twinband.networks.layers import (
    Attention,
    Block,
    CrossBlock,
    Mlp,
    Positions,
    SwiGlu,
    attend,
    resize_table,
    sincos_table,
)


def test_attention_by_hand() -> None:
    torch.manual_seed(0)
    query, key, value = torch.randn(3, 2, 5, 8)
    key, value = key[:, :3], value[:, :3]
    found = attend(query, key, value, heads=2)
    for head in range(2):
        part = slice(4 * head, 4 * head + 4)
        scores = query[..., part] @ key[..., part].transpose(1, 2) / math.sqrt(4)
        torch.testing.assert_close(found[..., part], scores.softmax(-1) @ value[..., part])


def test_keys_of_a_cross_layer_have_no_bias_and_the_others_do() -> None:
    layer = CrossBlock(8, 2).attn
    assert layer.k.bias is None
    assert layer.q.bias is not None and layer.v.bias is not None and layer.proj.bias is not None
    assert Attention(8, 2).qkv.bias is not None


def test_a_cross_block_normalises_both_sequences_alike() -> None:
    torch.manual_seed(0)
    block = CrossBlock(8, 2)
    torch.nn.init.normal_(block.norm1.weight)
    torch.nn.init.normal_(block.norm1.bias)
    own, other = torch.randn(2, 4, 8), torch.randn(2, 6, 8)
    norm, attn = block.norm1, block.attn
    query, key, value = attn.q(norm(own)), attn.k(norm(other)), attn.v(norm(other))
    middle = own + attn.proj(attend(query, key, value, 2))
    hidden = functional.gelu(block.mlp.fc1(block.norm2(middle)))
    torch.testing.assert_close(block(own, other), middle + block.mlp.fc2(hidden))


def test_a_block_is_pre_norm() -> None:
    torch.manual_seed(0)
    block, x = Block(8, 2), torch.randn(1, 4, 8)
    assert isinstance(block.mlp, Mlp)
    for part in (block.attn.proj, block.mlp.fc2):
        torch.nn.init.zeros_(part.weight)
        torch.nn.init.zeros_(part.bias)
    torch.testing.assert_close(block(x), x)
    assert block.norm1.eps == block.norm2.eps == 1e-6


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


def test_values_by_hand() -> None:
    table = sincos_table(8, (3, 5))
    assert table.shape == (1, 8, 3, 5) and table.dtype == torch.float32
    row, column = 2, 4
    expected = [
        *[math.sin(row), math.sin(row / 100), math.cos(row), math.cos(row / 100)],
        *[math.sin(column), math.sin(column / 100), math.cos(column), math.cos(column / 100)],
    ]
    torch.testing.assert_close(table[0, :, row, column], torch.tensor(expected))


def reference_order(width: int, rows: int, columns: int) -> torch.Tensor:
    """The 'ij' mesh of (columns, rows), which only on squares is (row, column)."""
    first, second = torch.meshgrid(torch.arange(columns), torch.arange(rows), indexing="ij")
    omega = 10_000 ** -(torch.arange(width // 4) / (width // 4))
    angles = [place.flatten()[:, None] * omega for place in (first, second)]
    return torch.cat([wave for a in angles for wave in (a.sin(), a.cos())], 1)


def test_square_grids_agree_with_published_weights_and_others_are_row_then_column() -> None:
    square = Positions(16, (4, 4))((4, 4))[0]
    torch.testing.assert_close(square, reference_order(16, 4, 4))
    assert not torch.allclose(square[:, :8], square[:, 8:])
    oblong = Positions(16, (2, 4))((2, 4))[0]
    assert not torch.allclose(oblong, reference_order(16, 2, 4), atol=0.1)
    torch.testing.assert_close(oblong, square[:8])  # two rows of four are the square's first two


def test_other_grids_are_resized_smoothly() -> None:
    table = sincos_table(16, (6, 6))
    assert resize_table(table, (6, 6)) is table
    ramp = torch.arange(6.0).expand(1, 1, 6, 6)
    # the same view in other patches, so places go by their centres
    finer = resize_table(ramp, (3, 12))[0, 0]
    expected = torch.tensor([1.75, 2.25, 2.75, 3.25])
    torch.testing.assert_close(finer[1, 4:8], expected, atol=0.05, rtol=0)
    assert Positions(16, (6, 6))((9, 4)).shape == (1, 36, 16)


def test_width_must_suit() -> None:
    with pytest.raises(ValueError, match="divisible by 4, got 6"):
        sincos_table(6, (2, 2))


@pytest.mark.parametrize(("width", "hidden"), [(1536, 4096), (24, 64), (20, 56)])
def test_dinov2_s_gated_layers(width: int, hidden: int) -> None:
    torch.manual_seed(0)
    layer = SwiGlu(width)
    assert layer.w12.weight.shape == (2 * hidden, width)
    assert layer.w3.weight.shape == (width, hidden)
    x = torch.randn(3, width)
    first, second = layer.w12(x)[:, :hidden], layer.w12(x)[:, hidden:]
    torch.testing.assert_close(layer(x), layer.w3(first * first.sigmoid() * second))


def test_a_block_with_gated_layers() -> None:
    block = Block(24, 2, "swiglu")
    assert isinstance(block.mlp, SwiGlu) and isinstance(Block(24, 2).mlp, Mlp)
