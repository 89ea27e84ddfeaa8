"""The evaluated model: any model of the project from its folder, or an untrained encoder."""

from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from pydantic import Field, ValidationError

from twinband.core.errors import InputError
from twinband.core.params import Params, describe
from twinband.networks import build
from twinband.networks.build import Model
from twinband.networks.config import VitConfig, configuration
from twinband.networks.vit import VisionTransformer
from twinband.networks.weights import WEIGHTS


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


def load_model(path: Path) -> Model:
    """Load the model at ``path``, frozen and in evaluation mode.

    Args:
        path: a folder with the weights of any model of the project, or a ``.json`` that describes
            an ``Untrained`` one.

    Raises:
        InputError: it is neither, or the weights are damaged, foreign or of other sizes.
    """
    model = build.load_model(path / WEIGHTS) if path.is_dir() else _untrained(path)
    return model.requires_grad_(False).eval()


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
