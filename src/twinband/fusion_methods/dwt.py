"""Fusion of discrete wavelet transforms: the stronger detail, the mean of what is left.

Source: spec cross-modal-kd, 1.1. Transforms by PyWavelets, with symmetric extension.
"""

import numpy as np
import pywt

from twinband.fusion.interface import Fusion, Grey, stronger


class Method(Fusion):
    """Fusion by wavelets.

    Args:
        wavelet: name of an orthogonal or biorthogonal wavelet of PyWavelets.
        levels: of the decomposition; fewer where the image is too small.
    """

    def __init__(self, wavelet: str = "db2", levels: int = 4) -> None:
        self.wavelet = pywt.Wavelet(wavelet)
        self.levels = levels

    def fuse_luma(self, visible: Grey, infrared: Grey) -> Grey:
        most = pywt.dwtn_max_level(visible.shape, self.wavelet)
        levels = max(1, min(self.levels, most))
        first, second = (
            pywt.wavedec2(image, self.wavelet, mode="symmetric", level=levels)
            for image in (infrared, visible)
        )
        approximation = (first[0] + second[0]) / 2
        details = [
            tuple(stronger(one, other) for one, other in zip(a, b, strict=True))
            for a, b in zip(first[1:], second[1:], strict=True)
        ]
        fused = pywt.waverec2([approximation, *details], self.wavelet, mode="symmetric")
        height, width = visible.shape
        return np.asarray(fused[:height, :width], np.float32)
