"""State dicts with the names and shapes that other projects publish."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import torch

from twinband.networks.weights import Tensors

Shapes = dict[str, tuple[int, ...]]


def tensors(shapes: Mapping[str, tuple[int, ...]], seed: int = 0) -> Tensors:
    """Random values."""
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def light(shapes: Mapping[str, tuple[int, ...]]) -> Tensors:
    """Zeros that take no memory, whatever their shapes."""
    return {name: torch.zeros(()).expand(shape) for name, shape in shapes.items()}


def linear(name: str, inputs: int, outputs: int) -> Shapes:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def norm(name: str, width: int) -> Shapes:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def conv(name: str, channels: int, width: int, side: int) -> Shapes:
    return {f"{name}.weight": (width, channels, side, side), f"{name}.bias": (width,)}


def merged(parts: Iterable[Shapes]) -> Shapes:
    return {name: shape for part in parts for name, shape in part.items()}


def block(name: str, width: int) -> Shapes:
    """A block of timm, MAE, DINO and MultiMAE."""
    return (
        norm(f"{name}.norm1", width)
        | linear(f"{name}.attn.qkv", width, 3 * width)
        | linear(f"{name}.attn.proj", width, width)
        | norm(f"{name}.norm2", width)
        | linear(f"{name}.mlp.fc1", width, 4 * width)
        | linear(f"{name}.mlp.fc2", 4 * width, width)
    )


def mm_block(name: str, width: int) -> Shapes:
    """A block of mmpretrain."""
    return (
        norm(f"{name}.ln1", width)
        | linear(f"{name}.attn.qkv", width, 3 * width)
        | linear(f"{name}.attn.proj", width, width)
        | norm(f"{name}.ln2", width)
        | linear(f"{name}.ffn.layers.0.0", width, 4 * width)
        | linear(f"{name}.ffn.layers.1", 4 * width, width)
    )


def mm_cross_block(name: str, width: int) -> Shapes:
    """M-SpecGene's cross-attention layer: keys without bias, the others' biases by themselves."""
    return (
        norm(f"{name}.ln1", width)
        | {f"{name}.attn.{part}.weight": (width, width) for part in "qkv"}
        | {f"{name}.attn.{part}_bias": (width,) for part in "qv"}
        | linear(f"{name}.attn.proj", width, width)
        | norm(f"{name}.ln2", width)
        | linear(f"{name}.ffn.layers.0.0", width, 4 * width)
        | linear(f"{name}.ffn.layers.1", 4 * width, width)
    )


def mae(
    *, width: int, depth: int, patch_px: int, side: int, decoder_width: int, decoder_depth: int
) -> Shapes:
    """Facebook's MAE with its decoder; ``side`` patches of 3 channels each way."""
    places = 1 + side * side
    return {
        "cls_token": (1, 1, width),
        "pos_embed": (1, places, width),
        "mask_token": (1, 1, decoder_width),
        "decoder_pos_embed": (1, places, decoder_width),
        **conv("patch_embed.proj", 3, width, patch_px),
        **merged(block(f"blocks.{n}", width) for n in range(depth)),
        **norm("norm", width),
        **linear("decoder_embed", width, decoder_width),
        **merged(block(f"decoder_blocks.{n}", decoder_width) for n in range(decoder_depth)),
        **norm("decoder_norm", decoder_width),
        **linear("decoder_pred", decoder_width, 3 * patch_px**2),
    }


def mspecgene(
    *, width: int, depth: int, patch_px: int, side: int, decoder_width: int, decoder_depth: int
) -> Shapes:
    """The state_dict of M-SpecGene's pretraining."""
    places = 1 + side * side
    shapes: Shapes = {
        "backbone.cls_token": (1, 1, width),
        "backbone.pos_embed": (1, places, width),
        **conv("backbone.patch_embed.projection", 3, width, patch_px),
        **merged(mm_block(f"backbone.layers.{n}", width) for n in range(depth)),
        **norm("backbone.ln1", width),
        **norm("neck.ln1", decoder_width),
    }
    for number in ("", "2"):
        shapes |= {
            f"neck.mask_token{number}": (1, 1, decoder_width),
            f"neck.decoder_pos_embed{number}": (1, places, decoder_width),
            **linear(f"neck.decoder_embed{number}", width, decoder_width),
            **merged(
                mm_block(f"neck.decoder_blocks{number}.{n}", decoder_width)
                for n in range(decoder_depth)
            ),
            **mm_cross_block(f"neck.cross_attention{number}", decoder_width),
            **linear(f"neck.decoder_pred{number}", decoder_width, 3 * patch_px**2),
        }
    return shapes


def multimae(
    *,
    width: int,
    depth: int,
    patch_px: int,
    side: int,
    decoder_width: int,
    decoder_depth: int = 2,
    classes: int = 133,
) -> Shapes:
    """MultiMAE's pretraining on RGB, depth and classes, with ``norm_rgb``."""
    channels = {"rgb": 3, "depth": 1}
    values = {name: count * patch_px**2 for name, count in channels.items()}
    values |= {"semseg": classes * (patch_px // 4) ** 2, "norm_rgb": values["rgb"]}
    shapes: Shapes = {"global_tokens": (1, 1, width)}
    for name, count in channels.items():
        shapes |= conv(f"input_adapters.{name}.proj", count, width, patch_px)
    shapes |= {"input_adapters.semseg.class_emb.weight": (classes, 64)}
    shapes |= conv("input_adapters.semseg.proj", 64, width, patch_px // 4)
    for name in ("rgb", "depth", "semseg"):
        shapes[f"input_adapters.{name}.pos_emb"] = (1, width, side, side)
    shapes |= merged(block(f"encoder.{n}", width) for n in range(depth))
    for task, count in values.items():
        name, own = f"output_adapters.{task}", decoder_width
        shapes |= {
            f"{name}.mask_token": (1, 1, own),
            f"{name}.pos_emb": (1, own, side, side),
            **{f"{name}.task_embeddings.{t}": (1, 1, own) for t in ("rgb", "depth", "semseg")},
            **linear(f"{name}.decoder.q", own, own),
            **linear(f"{name}.decoder.kv", own, 2 * own),
            **linear(f"{name}.decoder.proj", own, own),
            **merged(norm(f"{name}.{part}_norm", own) for part in ("context", "query", "out")),
            **linear(f"{name}.mlp.fc1", own, 4 * own),
            **linear(f"{name}.mlp.fc2", 4 * own, own),
            **merged(block(f"{name}.decoder_transformer.{n}", own) for n in range(decoder_depth)),
            **linear(f"{name}.out_proj", own, count),
            **linear(f"{name}.proj_context", width, own),
        }
    return shapes


def dinov2(
    *,
    width: int,
    depth: int,
    side: int,
    registers: int = 0,
    gated: bool = False,
    patch_px: int = 14,
) -> Shapes:
    """DINOv2's files: layer scales, a mask token; giants are gated."""
    shapes: Shapes = {
        "cls_token": (1, 1, width),
        "pos_embed": (1, 1 + side * side, width),
        "mask_token": (1, width),
        **conv("patch_embed.proj", 3, width, patch_px),
        **norm("norm", width),
    }
    if registers:
        shapes["register_tokens"] = (1, registers, width)
    hidden = (int(4 * width * 2 / 3) + 7) // 8 * 8
    for n in range(depth):
        own = block(f"blocks.{n}", width)
        if gated:
            own = {name: shape for name, shape in own.items() if ".mlp." not in name}
            own |= linear(f"blocks.{n}.mlp.w12", width, 2 * hidden)
            own |= linear(f"blocks.{n}.mlp.w3", hidden, width)
        shapes |= own | {f"blocks.{n}.ls{k}.gamma": (width,) for k in (1, 2)}
    return shapes


def as_published(shapes: Shapes, seed: int = 0) -> Tensors:
    """Random values, but that positions of class tokens are 0 and those of MultiMAE's inputs are
    equal, as they are published."""
    found = tensors(shapes, seed)
    for name, value in found.items():
        if name.rpartition(".")[2].startswith(("pos_embed", "decoder_pos_embed")):
            value[:, 0] = 0
    inputs = [name for name in found if name.startswith("input_adapters.") and "pos_emb" in name]
    return found | {name: found[inputs[0]].clone() for name in inputs}


def count(shapes: Mapping[str, tuple[int, ...]]) -> int:
    return sum(math.prod(shape) for shape in shapes.values())


BASE: dict[str, Any] = {"width": 768, "depth": 12, "patch_px": 16, "side": 14}
SMALL: dict[str, Any] = {"width": 24, "depth": 2, "patch_px": 8, "side": 4}
