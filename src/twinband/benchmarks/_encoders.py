"""The encoder that a benchmark evaluates: trained, or described and freshly initialised."""

from pathlib import Path
from typing import Annotated, Any, Literal, cast

import torch
from pydantic import Field, ValidationError

from twinband.errors import InputError
from twinband.models import checkpoints
from twinband.models.registry import from_settings
from twinband.models.vit import VisionTransformer
from twinband.params.base import Params, describe

WEIGHTS = "weights.safetensors"  # in the folder of a trained model


class Untrained(Params):
    """A file such as ``models/untrained.json``: the floor that pretraining has to beat.

    Attributes:
        kind: of model.
        settings: fields of ``models.config.VitConfig``.
        seed: of its random weights.
    """

    kind: Literal["vit"]
    settings: dict[str, Any]
    seed: Annotated[int, Field(ge=0)]


def load_encoder(path: Path) -> VisionTransformer:
    """The encoder at ``path``, frozen and in evaluation mode.

    Args:
        path: a folder with the ``weights.safetensors`` of any model of ``twinband.models``, or a
            ``.json`` that describes an ``Untrained`` one.

    Raises:
        InputError: it is neither, or the weights are damaged, foreign or of other sizes.
    """
    encoder = checkpoints.load_encoder(path / WEIGHTS) if path.is_dir() else _untrained(path)
    return encoder.requires_grad_(False).eval()


def check_size(encoder: VisionTransformer, height_px: int, width_px: int) -> None:
    """Check that images of this size are whole patches.

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
        described = Untrained.model_validate_json(path.read_bytes())
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(described.seed)
            encoder = from_settings(described.kind, described.settings)
    except ValidationError as error:
        problems = "; ".join(describe(error, ""))
        raise InputError(
            f"{path} describes no encoder, and this benchmark needs one ({problems})"
        ) from None
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: settings: {error}") from None
    return cast(VisionTransformer, encoder)
