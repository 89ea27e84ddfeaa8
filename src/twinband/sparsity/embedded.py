"""The measure over pairs of images, in the embedding of an encoder on disk."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from twinband.errors import InputError
from twinband.images import to_eight_bits
from twinband.models.checkpoints import load_encoder
from twinband.models.vit import VisionTransformer
from twinband.params.cmss import CmssCommon
from twinband.registration.view import RegisteredPair
from twinband.sparsity.measure import cmss_raw
from twinband.training.augment import render
from twinband.training.data import normalise
from twinband.weights_files import sha256_of


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A file of weights, and the SHA-256 by which a changed file is known."""

    path: Path
    sha256: str

    @classmethod
    def of(cls, path: Path) -> "WeightsFile":
        """The file as it is now.

        Raises:
            InputError: there is none.
        """
        if not path.is_file():
            raise InputError(f"{path}: no such file of weights; `dvc repro` makes what it can")
        return cls(path, sha256_of(path))


@lru_cache(maxsize=1)
def encoder_of(weights: WeightsFile) -> VisionTransformer:
    """The encoder, read once by each process.

    Raises:
        InputError: no such file, or not written by ``save_weights``.
    """
    return load_encoder(weights.path).eval()


def grid_of(weights: WeightsFile, settings: CmssCommon) -> tuple[int, int]:
    """Rows and columns of patches of an image.

    Raises:
        InputError: as ``encoder_of``, or the images are no whole number of patches.
    """
    patch_px = encoder_of(weights).config.patch_px
    if settings.image_px % patch_px:
        raise InputError(
            f"cmss.common.image_px = {settings.image_px} is no multiple of the {patch_px} px "
            f"patches of {weights.path}"
        )
    return (settings.image_px // patch_px,) * 2


@torch.no_grad()
def measured(
    pairs: Sequence[RegisteredPair], weights: WeightsFile, settings: CmssCommon
) -> NDArray[np.float32]:
    """``B,L`` unnormalised measure of every patch of whole pairs, resized to squares."""
    size_px = settings.image_px
    rgb = [_square(pair.rgb, size_px).transpose(2, 0, 1) for pair in pairs]
    thermal = [_square(to_eight_bits(pair.thermal), size_px)[None] for pair in pairs]
    images = {"rgb": np.stack(rgb), "thermal": np.stack(thermal)}
    encoder = encoder_of(weights)
    threads = torch.get_num_threads()
    torch.set_num_threads(settings.threads)
    try:
        batch = {name: torch.from_numpy(stack) for name, stack in images.items()}
        batch = normalise(batch, torch.device("cpu"))
        tokens = {name: encoder.tokens(stack) for name, stack in batch.items()}
        raw = cmss_raw(tokens["rgb"], tokens["thermal"], variance=settings.variance)
    finally:
        torch.set_num_threads(threads)
    return np.asarray(raw.numpy())


def _square(pixels: NDArray[np.uint8], size_px: int) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    return render(pixels, (0, 0, width, height), False, size_px)
