"""Models of transformers as annotators: their weights, preprocessing, and batches of images."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedModel
from transformers.utils import logging

from twinband.core.errors import InputError
from twinband.core.normalise import Normalisation, normalised
from twinband.weights import Weights

BATCH = 8
Answer = TypeVar("Answer")


def in_batches(
    images: Sequence[NDArray[np.uint8]], device: str, answer: Callable[[Tensor], Sequence[Answer]]
) -> list[Answer]:
    """Answer for each image, those of equal size together.

    Args:
        images: ``H,W,3`` each, of any sizes.
        answer: is given ``B,3,H,W`` float32 in [0, 255], of one size, ``BATCH`` at most.
    """
    places = defaultdict(list)
    for place, image in enumerate(images):
        places[image.shape].append(place)
    answers: dict[int, Answer] = {}
    for alike in places.values():
        for begin in range(0, len(alike), BATCH):
            part = alike[begin : begin + BATCH]
            stack = torch.from_numpy(np.stack([images[place] for place in part])).to(device)
            answers.update(zip(part, answer(stack.permute(0, 3, 1, 2).float()), strict=True))
    return [answers[place] for place in range(len(images))]


FILE = "preprocessor_config.json"
RESAMPLING = {2: "bilinear", 3: "bicubic"}  # Pillow's numbers
GREATEST = 255


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """Preparation of images as pixels for a model.

    Attributes:
        normalisation: of colours.
        resampling: ``bilinear`` or ``bicubic``.
        config: all settings of the file.
    """

    normalisation: Normalisation
    resampling: str
    config: Mapping[str, Any]

    @classmethod
    def read(cls, folder: Path) -> "Preprocessing":
        """Read ``preprocessor_config.json`` of a model's folder.

        Raises:
            InputError: there is no such folder or file, or it is none.
        """
        if folder.is_file():
            raise InputError(f"{folder} is a file: name the model's folder, with its settings")
        path = folder / FILE
        try:
            config = json.loads(path.read_bytes())
            return cls(_normalisation(config), RESAMPLING[config.get("resample", 2)], config)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{path} does not say how images are prepared ({error!r}); it belongs to the model"
                " and is fetched with it"
            ) from None

    def pixels(self, images: Tensor, size: tuple[int, int]) -> Tensor:
        """Compute ``B,3,*size``, normalised, of images ``B,3,H,W`` in [0, 255]."""
        return normalised(resized(images, size, self.resampling), self.normalisation)


def resized(images: Tensor, size: tuple[int, int], resampling: str) -> Tensor:
    """Resize to ``B,3,*size`` in [0, 255], smoothed where the images shrink, as Pillow resizes."""
    if tuple(images.shape[2:]) == size:
        return images
    result = F.interpolate(images, size, mode=resampling, antialias=True, align_corners=False)
    return result.clamp(0, GREATEST)


def _normalisation(config: Mapping[str, Any]) -> Normalisation:
    """Read mean and deviation; with ``do_rescale`` false they are of levels in [0, 255]."""
    scale = config.get("rescale_factor", 1 / GREATEST) if config["do_rescale"] else 1.0
    levels = GREATEST * scale
    if not config["do_normalize"]:
        return Normalisation((0.0,) * 3, (1 / levels,) * 3)
    red, green, blue = (mean / levels for mean in config["image_mean"])
    of_red, of_green, of_blue = (std / levels for std in config["image_std"])
    return Normalisation((red, green, blue), (of_red, of_green, of_blue))


# It would draw a progress bar of its own into the stage's.
logging.disable_progress_bar()


def load_pretrained(
    model: type[PreTrainedModel], weights: Weights, device: str, unused: str
) -> Any:
    """Load the model in single precision, ready to answer.

    Args:
        unused: pattern of names of weights that no answer depends on, which may be missing.

    Raises:
        InputError: the folder holds another model, or not all of its weights.
        ValueError: there is no such device.
    """
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # what it warns of is checked here
    try:
        loaded, info = model.from_pretrained(
            weights.path,
            local_files_only=True,
            weights_only=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except UnpicklingError:
        raise InputError(
            f"{weights.path}: its file of weights holds more than tensors and is not read; use one"
            " in safetensors"
        ) from None
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"{weights.path} holds no {model.__name__}: {error}") from None
    finally:
        logging.set_verbosity(verbosity)
    lacking = [name for name in info["missing_keys"] if not re.fullmatch(unused, name)]
    if lacking := sorted([*lacking, *map(str, info["mismatched_keys"])]):
        raise InputError(
            f"{weights.path} lacks {len(lacking)} weights of a {model.__name__} "
            f"({', '.join(lacking[:3])}): nothing stands in for them; fetch the model again"
        )
    try:
        return loaded.eval().to(torch.device(device))
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"no device {device}: {error}") from None


def positive(name: str, value: object) -> None:
    """Raise ValueError unless an option is a positive number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ValueError(f"{name} must be a positive number, not {value!r}")
