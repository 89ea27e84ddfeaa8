"""Reading a model of transformers from a folder, every one of its weights."""

import re
from pickle import UnpicklingError
from typing import Any

import torch
from transformers import PreTrainedModel
from transformers.utils import logging

from twinband.annotators.weights import Weights
from twinband.errors import InputError

# It would draw a progress bar of its own into the stage's.
logging.disable_progress_bar()


def load_pretrained(
    model: type[PreTrainedModel], weights: Weights, device: str, unused: str
) -> Any:
    """The model in single precision, ready to answer.

    Args:
        unused: pattern of names of weights that no answer depends on, which may be missing.

    Raises:
        InputError: the folder holds another model, or not all of its weights.
        ValueError: there is no such device.
    """
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # what it warns of is checked here
    try:
        read, said = model.from_pretrained(
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
    lacking = [name for name in said["missing_keys"] if not re.fullmatch(unused, name)]
    if lacking := sorted([*lacking, *map(str, said["mismatched_keys"])]):
        raise InputError(
            f"{weights.path} lacks {len(lacking)} weights of a {model.__name__} "
            f"({', '.join(lacking[:3])}): nothing stands in for them; fetch the model again"
        )
    try:
        return read.eval().to(torch.device(device))
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"no device {device}: {error}") from None


def positive(name: str, value: object) -> None:
    """Raises ValueError unless an option is a positive number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ValueError(f"{name} must be a positive number, not {value!r}")
