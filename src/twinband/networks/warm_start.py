"""Warm starts: a model's first weights from another model."""

from collections.abc import Mapping

import torch
from torch import Tensor

from twinband.networks.layers import resize_table
from twinband.networks.vit import VisionTransformer
from twinband.networks.weights import load_strictly

PATCH_KEY = "patch_embed.proj.weight"
POSITIONS_KEY = "positions.table"


def start_encoder(encoder: VisionTransformer, weights: Mapping[str, Tensor]) -> None:
    """Start an encoder from the weights of another one, by twinband's own names.

    Positions are resized to the encoder's grid, patch kernels to its patches.

    Raises:
        InputError: names or sizes that do not fit; nothing is changed then.
    """
    tensors = dict(weights)
    if PATCH_KEY in tensors:
        tensors[PATCH_KEY] = resize_kernel(tensors[PATCH_KEY], encoder.config.patch_px)
    load_strictly(encoder, on_grid_of(encoder, tensors))


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


def on_grid_of(model: torch.nn.Module, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Resize the position tables among ``tensors`` to the grids of ``model``."""
    tables = {k: v.shape[-2:] for k, v in model.state_dict().items() if k.endswith(POSITIONS_KEY)}
    return {
        key: resize_table(value, (tables[key][0], tables[key][1])) if key in tables else value
        for key, value in tensors.items()
    }
