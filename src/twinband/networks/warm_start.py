"""Warm starts: a model's first weights from another model."""

from collections.abc import Mapping

import torch
from torch import Tensor

from twinband.methods.mspecgene.model import MSpecGene
from twinband.models.key_layouts import from_any
from twinband.networks.layers import resize_table
from twinband.networks.vit import VisionTransformer
from twinband.networks.weights import load_strictly

PATCH_KEY = "patch_embed.proj.weight"
POSITIONS_KEY = "positions.table"


def encoder_from_vit(encoder: VisionTransformer, weights: Mapping[str, Tensor]) -> list[str]:
    """Start an encoder from a ViT's weights, in any layout that ``key_layouts.from_any`` knows.

    Positions are resized to the encoder's grid, patch kernels to its patches.

    Returns:
        The sorted keys of ``weights`` that have no part in an encoder.

    Raises:
        InputError: an unknown layout, or sizes that do not fit; nothing is changed then.
    """
    tensors, left_out = from_any(weights)
    if PATCH_KEY in tensors:
        tensors[PATCH_KEY] = resize_kernel(tensors[PATCH_KEY], encoder.config.patch_px)
    load_strictly(encoder, _on_grid_of(encoder, tensors))
    return left_out


def mspecgene_from_mae(model: MSpecGene, weights: Mapping[str, Tensor]) -> None:
    """Start the encoder and both decoders from a ``MaskedAutoencoder``'s weights.

    The cross-attention layers and the sampler stay as they are; positions are resized.

    Raises:
        InputError: keys or sizes that do not fit; nothing is changed then.
    """
    tensors = {}
    for key, value in weights.items():
        if key.startswith("decoder."):
            rest = key.removeprefix("decoder.")
            tensors[f"decoder_rgb.{rest}"] = tensors[f"decoder_thermal.{rest}"] = value
        else:
            tensors[key] = value
    load_strictly(model, _on_grid_of(model, tensors), fresh=("cross_", "sampler."))


def resize_kernel(kernel: Tensor, patch_px: int) -> Tensor:
    """Resize a ``D,C,p,p`` patch kernel to patches of another size that show the same.

    Of all kernels, the one whose answer to bilinearly resized patches is nearest to the old
    kernel's answer to the patches themselves (Beyer et al., FlexiViT, CVPR 2023).
    """
    old = kernel.shape[-1]
    if old == patch_px:
        return kernel
    one = _resize_matrix(old, patch_px)
    inverse = torch.linalg.pinv(torch.kron(one, one))
    return (
        (kernel.double().flatten(2) @ inverse).unflatten(2, (patch_px, patch_px)).to(kernel.dtype)
    )


def _resize_matrix(old: int, new: int) -> Tensor:
    """Compute the matrix ``new,old`` that interpolates ``old`` samples linearly at ``new``
    places."""
    basis = torch.eye(old, dtype=torch.float64)[None]
    return torch.nn.functional.interpolate(basis, size=new, mode="linear")[0].T


def _on_grid_of(model: torch.nn.Module, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    tables = {k: v.shape[-2:] for k, v in model.state_dict().items() if k.endswith(POSITIONS_KEY)}
    return {
        key: resize_table(value, (tables[key][0], tables[key][1])) if key in tables else value
        for key, value in tensors.items()
    }
