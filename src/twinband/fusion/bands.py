"""Rules by which the bands of a decomposition are chosen."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def stronger(infrared: NDArray[Any], visible: NDArray[Any]) -> NDArray[Any]:
    """Choose, value by value, the greater magnitude; of two equal ones the infrared one.

    Source: spec cross-modal-kd, 1.1.
    """
    return np.where(np.abs(infrared) >= np.abs(visible), infrared, visible)
