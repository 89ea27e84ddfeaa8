import math

import torch
from torch.nn import functional

from twinband.models.blocks import Attention, Block, CrossBlock, attend


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
    for part in (block.attn.proj, block.mlp.fc2):
        torch.nn.init.zeros_(part.weight)
        torch.nn.init.zeros_(part.bias)
    torch.testing.assert_close(block(x), x)
    assert block.norm1.eps == block.norm2.eps == 1e-6
