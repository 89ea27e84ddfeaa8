"""Frozen features of pairs: the encoder, its features, and those with one modality missing.

Both images of a pair go through one encoder, stacked as rgb 0, thermal 0, rgb 1, thermal 1, ...

A missing image is replaced in two ways. ``zeros``: by the mean colour. ``copy``: by the other
image, whose features are repeated; encoding it again would give the same, since the encoder does
not know modalities.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, ValidationError
from threadpoolctl import threadpool_limits
from torch import Tensor

from twinband.core.errors import InputError
from twinband.core.images import to_eight_bits
from twinband.core.normalise import normalise
from twinband.core.params import Params, describe
from twinband.networks import weights
from twinband.networks.config import VitConfig, configuration
from twinband.networks.masked import interleave
from twinband.networks.vit import Features, VisionTransformer
from twinband.networks.weights import WEIGHTS
from twinband.shards.registered import RegisteredPair

Size = tuple[int, int]  # height and width in pixels


class Untrained(Params):
    """A file such as ``models/untrained.json``: an encoder that pretraining has to beat.

    Attributes:
        kind: kind of model.
        settings: fields of ``networks.config.VitConfig``.
        seed: seed of the random weights.
    """

    kind: Literal["vit"]
    settings: dict[str, Any]
    seed: Annotated[int, Field(ge=0)]


def load_encoder(path: Path) -> VisionTransformer:
    """Load the encoder at ``path``, frozen and in evaluation mode.

    Args:
        path: a folder with the weights of any model of the project, or a ``.json`` that describes
            an ``Untrained`` one.

    Raises:
        InputError: it is neither, or the weights are damaged, foreign or of other sizes.
    """
    encoder = weights.load_encoder(path / WEIGHTS) if path.is_dir() else _untrained(path)
    return encoder.requires_grad_(False).eval()


def check_size(encoder: VisionTransformer, height_px: int, width_px: int) -> None:
    """Check that images of this size divide into whole patches.

    Raises:
        InputError: they are not.
    """
    patch = encoder.config.patch_px
    if height_px % patch or width_px % patch:
        raise InputError(
            f"images of {height_px}x{width_px} px are no whole number of the model's patches of "
            f"{patch} px; change the options that set their size"
        )


def _untrained(path: Path) -> VisionTransformer:
    if path.suffix != ".json":
        raise InputError(
            f"{path} is neither a folder with {WEIGHTS} nor a .json that describes a"
            " model; `dvc repro` makes the models"
        )
    try:
        description = Untrained.model_validate_json(path.read_bytes())
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(description.seed)
            config = configuration(VitConfig, description.settings, description.kind)
            return VisionTransformer(config)
    except ValidationError as error:
        problems = "; ".join(describe(error, ""))
        raise InputError(
            f"{path} describes no encoder, and this benchmark needs one ({problems})"
        ) from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from None
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: settings: {error}") from None


@contextmanager
def fixed_threads(threads: int) -> Iterator[None]:
    """Use ``threads`` threads within, since sums depend on their number."""
    before, mode = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    try:
        with threadpool_limits(threads):
            yield
    finally:
        torch.set_deterministic_debug_mode(mode)
        torch.set_num_threads(before)


def encode(
    encoder: VisionTransformer, pairs: Iterable[RegisteredPair], size: Size, batch: int
) -> Iterator[tuple[list[RegisteredPair], Features]]:
    """Yield batches of pairs and their features, ``2B,…``: RGB at even rows, thermal at odd ones.

    Args:
        size: size that images are scaled to, of whole patches.
        batch: pairs that go through the encoder together.

    Raises:
        InputError: the features are not finite, so the weights are useless.
    """
    remaining = iter(pairs)
    while batch_pairs := list(islice(remaining, batch)):
        with torch.no_grad():
            features = encoder(_images(batch_pairs, size))
        if not torch.isfinite(features.tokens).all():
            raise InputError("the encoder's features are not finite: its training must have failed")
        yield batch_pairs, features


def encode_blank(encoder: VisionTransformer, size: Size) -> Features:
    """Encode one image of the mean colour, which is zero once normalised."""
    with torch.no_grad():
        features: Features = encoder(torch.zeros(1, 3, *size))
    return features


def _images(pairs: Sequence[RegisteredPair], size: Size) -> Tensor:
    """Stack the images of pairs, ``2B,3,H,W``, normalised as in training; absent thermal is 0."""
    rgb = torch.from_numpy(np.stack([_scaled(pair.rgb, size) for pair in pairs]))
    thermal = torch.from_numpy(
        np.stack([_scaled(to_eight_bits(pair.thermal), size) for pair in pairs])
    )
    images = {"rgb": rgb.permute(0, 3, 1, 2), "thermal": thermal[:, None]}
    normal = normalise(images, torch.device("cpu"))
    present = torch.tensor([pair.thermal_present for pair in pairs]).view(-1, 1, 1, 1)
    return interleave(normal["rgb"], normal["thermal"] * present)


def _scaled(image: NDArray[np.uint8], size: Size) -> NDArray[np.uint8]:
    height, width = size
    if image.shape[:2] == size:
        return image
    smaller = image.shape[0] * image.shape[1] > height * width
    interpolation = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    scaled: NDArray[Any] = cv2.resize(image, (width, height), interpolation=interpolation)
    return scaled


class ModalityFeatures(NamedTuple):
    """Features in the places of RGB and of thermal, equal in shape."""

    rgb: Tensor
    thermal: Tensor


def with_missing(rgb: Tensor, thermal: Tensor, blank: Tensor) -> dict[str, ModalityFeatures]:
    """Return the features as they are (``full``) and with either modality missing, by name.

    Args:
        rgb: features of RGB images, ``B,…``.
        thermal: features of thermal images, ``B,…``.
        blank: features of the mean colour, ``1,…``.
    """
    blank = blank.expand_as(rgb)
    return {
        "full": ModalityFeatures(rgb, thermal),
        "no_thermal_zeros": ModalityFeatures(rgb, blank),
        "no_thermal_copy": ModalityFeatures(rgb, rgb),
        "no_rgb_zeros": ModalityFeatures(blank, thermal),
        "no_rgb_copy": ModalityFeatures(thermal, thermal),
    }
