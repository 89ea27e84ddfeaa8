"""The infrared image alone, in grey: a control, not a fusion."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from twinband.fusion.interface import Fusion, checked_pair


class Method(Fusion):
    """The infrared image."""

    def fuse(self, visible: NDArray[Any], infrared: NDArray[Any]) -> NDArray[np.uint8]:
        """Return the infrared image, without the colours of the visible one."""
        _, grey = checked_pair(visible, infrared)
        return cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)
