"""SAM's image encoder in little memory."""

import torch
from torch import Tensor

from twinband.sam.build import Layer, Sam, get_rel_pos

# Computed at once. On a processor what is written next must be read from its cache, or memory is
# all that counts: two prompts of vit_b at a time are faster than sixty-four. A GPU wants as much
# as its memory holds.
CPU_BYTES = 8 << 20
GPU_BYTES = 1 << 30


def at_once(item_bytes: int, device: torch.device) -> int:
    """Compute how many items of ``item_bytes`` fit into one batch on ``device``, at least one."""
    budget = CPU_BYTES if device.type == "cpu" else GPU_BYTES
    return max(1, budget // item_bytes)


def embed(model: Sam, pixels: Tensor) -> Tensor:
    """Embed one image, ``1,C,g,g``: equal to ``model.image_encoder``'s answer up to rounding.

    Args:
        pixels: ``3,h,w`` RGB in [0, 255], the longer side as long as the encoder's.
    """
    encoder = model.image_encoder
    tokens = encoder.patch_embed(model.preprocess(pixels[None]))
    if encoder.pos_embed is not None:
        tokens = tokens + encoder.pos_embed
    for block in encoder.blocks:
        tokens = block(tokens) if block.window_size else _global_block(block, tokens)
    features: Tensor = encoder.neck(tokens.permute(0, 3, 1, 2))
    return features


def _global_block(block: Layer, tokens: Tensor) -> Tensor:
    tokens = tokens + _attend(block.attn, block.norm1(tokens))
    out: Tensor = tokens + block.mlp(block.norm2(tokens))
    return out


def _attend(attention: Layer, tokens: Tensor) -> Tensor:
    """Attend to the whole image, a few rows of queries at a time.

    All rows together need hundreds of megabytes of products, written and read four times over.
    """
    _, height, width, _ = tokens.shape
    heads = attention.num_heads
    length = height * width
    projected = attention.qkv(tokens).view(length, 3, heads, -1).permute(1, 2, 0, 3)
    queries, keys, values = projected.contiguous()
    rows = queries.view(heads, height, width, -1)
    mixed = torch.empty_like(queries)
    down = get_rel_pos(height, height, attention.rel_pos_h)
    across = get_rel_pos(width, width, attention.rel_pos_w)
    for begin in range(0, height, step := at_once(heads * width * length * 4, tokens.device)):
        part = slice(begin * width, (begin + step) * width)
        products = (queries[:, part] * attention.scale) @ keys.transpose(1, 2)
        fields = products.view(heads, -1, width, height, width)
        band = slice(begin, begin + step)
        fields += torch.einsum("nyxc,ykc->nyxk", rows[:, band], down[band])[..., :, None]
        fields += torch.einsum("nyxc,xkc->nyxk", rows[:, band], across)[..., None, :]
        mixed[:, part] = products.softmax(-1) @ values
    merged = mixed.view(heads, height, width, -1).permute(1, 2, 0, 3)
    out: Tensor = attention.proj(merged.reshape(1, height, width, -1))
    return out
