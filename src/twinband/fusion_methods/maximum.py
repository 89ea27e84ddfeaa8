"""The brighter of both images, pixel by pixel."""

import numpy as np

from twinband.fusion.interface import Fusion, Grey


class Method(Fusion):
    """The maximum."""

    def fuse_luma(self, visible: Grey, infrared: Grey) -> Grey:
        return np.maximum(visible, infrared)
