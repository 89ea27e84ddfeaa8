"""What ``preprocessor_config.json`` says of the images that a model of transformers was taught."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from twinband.annotators.pixels import Normalisation, normalised
from twinband.errors import InputError

FILE = "preprocessor_config.json"
RESAMPLING = {2: "bilinear", 3: "bicubic"}  # Pillow's numbers
GREATEST = 255


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How images become pixels for a model.

    Attributes:
        normalisation: of colours.
        resampling: ``bilinear`` or ``bicubic``.
        said: the whole file.
    """

    normalisation: Normalisation
    resampling: str
    said: Mapping[str, Any]

    @classmethod
    def read(cls, folder: Path) -> "Preprocessing":
        """From the model's folder.

        Raises:
            InputError: there is no such folder or file, or it is none.
        """
        if folder.is_file():
            raise InputError(f"{folder} is a file: name the model's folder, with its settings")
        path = folder / FILE
        try:
            said = json.loads(path.read_bytes())
            return cls(_normalisation(said), RESAMPLING[said.get("resample", 2)], said)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{path} does not say how images are prepared ({error!r}); it belongs to the model"
                " and is fetched with it"
            ) from None

    def pixels(self, images: Tensor, size: tuple[int, int]) -> Tensor:
        """``B,3,*size``, normalised, of images ``B,3,H,W`` in [0, 255]."""
        return normalised(resized(images, size, self.resampling), self.normalisation)


def resized(images: Tensor, size: tuple[int, int], resampling: str) -> Tensor:
    """``B,3,*size`` in [0, 255], smoothed where the images shrink, as Pillow resizes."""
    if tuple(images.shape[2:]) == size:
        return images
    done = F.interpolate(images, size, mode=resampling, antialias=True, align_corners=False)
    return done.clamp(0, GREATEST)


def _normalisation(said: Mapping[str, Any]) -> Normalisation:
    """``do_rescale`` false: mean and deviation are of levels in [0, 255]."""
    levels = GREATEST * (said.get("rescale_factor", 1 / GREATEST) if said["do_rescale"] else 1.0)
    if not said["do_normalize"]:
        return Normalisation((0.0,) * 3, (1 / levels,) * 3)
    red, green, blue = (mean / levels for mean in said["image_mean"])
    of_red, of_green, of_blue = (std / levels for std in said["image_std"])
    return Normalisation((red, green, blue), (of_red, of_green, of_blue))
