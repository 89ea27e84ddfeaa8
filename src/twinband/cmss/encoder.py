"""The measure of whole pairs, in the embedding of an encoder on disk."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from twinband.cmss.params import CmssParams
from twinband.core.errors import InputError
from twinband.core.normalise import normalise
from twinband.core.views import render
from twinband.masking.measure import cmss_raw
from twinband.networks.vit import VisionTransformer
from twinband.networks.weights import load_encoder
from twinband.shards.registered import RegisteredPair
from twinband.shards.sums import sha256_of


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A file of weights, and the SHA-256 by which a changed file is known."""

    path: Path
    sha256: str

    @classmethod
    def of(cls, path: Path) -> "WeightsFile":
        """Take the file as it is now.

        Raises:
            InputError: there is none.
        """
        if not path.is_file():
            raise InputError(f"{path}: no such file of weights; `dvc repro` makes what it can")
        return cls(path, sha256_of(path))


@lru_cache(maxsize=1)
def encoder_of(weights: WeightsFile) -> VisionTransformer:
    """Load the encoder, once in each process.

    Raises:
        InputError: no such file, or not written by ``save_weights``.
    """
    return load_encoder(weights.path).eval()


def grid_of(weights: WeightsFile, params: CmssParams) -> tuple[int, int]:
    """Count rows and columns of patches of an image.

    Raises:
        InputError: as ``encoder_of``, or the images are no whole number of patches.
    """
    patch_px = encoder_of(weights).config.patch_px
    if params.image_px % patch_px:
        raise InputError(
            f"cmss.common.image_px = {params.image_px} is no multiple of the {patch_px} px "
            f"patches of {weights.path}"
        )
    return (params.image_px // patch_px,) * 2


@torch.no_grad()
def measure(
    pairs: Sequence[RegisteredPair], weights: WeightsFile, params: CmssParams
) -> NDArray[np.float32]:
    """Compute the unnormalised measure ``B,L`` of every patch of pairs, resized to squares."""
    size_px = params.image_px
    rgb = [_square(pair.rgb, size_px).transpose(2, 0, 1) for pair in pairs]
    thermal = [_square(pair.thermal, size_px)[None] for pair in pairs]
    images = {"rgb": np.stack(rgb), "thermal": np.stack(thermal)}
    encoder = encoder_of(weights)
    threads = torch.get_num_threads()
    torch.set_num_threads(params.threads)
    try:
        batch = {name: torch.from_numpy(stack) for name, stack in images.items()}
        batch = normalise(batch, torch.device("cpu"))
        tokens = {name: encoder.tokens(stack) for name, stack in batch.items()}
        raw = cmss_raw(tokens["rgb"], tokens["thermal"], variance=params.variance)
    finally:
        torch.set_num_threads(threads)
    return np.asarray(raw.numpy())


def _square(pixels: NDArray[np.uint8], size_px: int) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    return render(pixels, (0, 0, width, height), False, size_px)
