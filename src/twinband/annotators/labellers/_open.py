"""The annotator that params.yaml names."""

import importlib
from collections.abc import Mapping
from typing import Any

from twinband.annotators.labellers._base import Annotator
from twinband.annotators.weights import Weights

PACKAGE = "twinband.annotators.labellers"


def open_annotator(
    name: str, weights: Weights, options: Mapping[str, Any], device: str
) -> Annotator:
    """The annotator of the module ``twinband.annotators.labellers.NAME``.

    Raises:
        InputError: the weights are not its own.
        ValueError: there is no such annotator, or it does not take these options or this device.
    """
    module = f"{PACKAGE}.{name}"
    try:
        imported = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise ValueError(f"there is no annotator {name} ({module})") from None
    try:
        annotator: Annotator = imported.open_annotator(weights, options, device)
    except (TypeError, ValueError) as error:
        raise ValueError(f"the annotator {name} cannot be opened: {error}") from None
    return annotator
