"""Fusion guided by saliency: smooth weights for bases and details.

Each image is split by a mean filter into base and detail; where an image is the more salient (the
blurred magnitude of its Laplacian) it gets the weight, smoothed along its own edges by a guided
filter, coarsely for the bases and finely for the details. Source: Li, Kang and Hu, Image fusion
with guided filtering, 2013 (spec cross-modal-kd, 1.4).
"""

import cv2
import numpy as np

from twinband.fusion.interface import Fusion, Grey

BASE_PX = 31  # of the mean filter
SALIENCY_SIGMA, SALIENCY_PX = 5.0, 11
BASE_FILTER = (45, 0.3)  # radius in pixels, and what counts as an edge (variance)
DETAIL_FILTER = (7, 1e-6)


class Method(Fusion):
    """Guided-filter fusion."""

    def fuse_luma(self, visible: Grey, infrared: Grey) -> Grey:
        images = (visible, infrared)
        bases = [_mean(image, BASE_PX // 2) for image in images]
        visible_leads = (_saliency(visible) >= _saliency(infrared)).astype(np.float32)
        leads = (visible_leads, 1 - visible_leads)
        fused = np.zeros_like(visible)
        for parts, filter_of in (
            (bases, BASE_FILTER),
            ([image - base for image, base in zip(images, bases, strict=True)], DETAIL_FILTER),
        ):
            weights = [
                guided(lead, image, *filter_of).clip(0, 1)
                for lead, image in zip(leads, images, strict=True)
            ]
            total = weights[0] + weights[1] + 1e-12
            fused += sum(w / total * part for w, part in zip(weights, parts, strict=True))
        return fused


def guided(image: Grey, guide: Grey, radius: int, edge: float) -> Grey:
    """Smooth ``image`` along the edges of ``guide`` (He, Sun and Tang, 2013)."""
    mean_guide, mean_image = _mean(guide, radius), _mean(image, radius)
    variance = _mean(guide * guide, radius) - mean_guide * mean_guide
    covariance = _mean(guide * image, radius) - mean_guide * mean_image
    slope = covariance / (variance + edge)
    offset = mean_image - slope * mean_guide
    return _mean(slope, radius) * guide + _mean(offset, radius)


def _saliency(image: Grey) -> Grey:
    edges = np.abs(cv2.Laplacian(image, cv2.CV_32F, ksize=1, borderType=cv2.BORDER_REFLECT_101))
    size = (SALIENCY_PX, SALIENCY_PX)
    blurred: Grey = cv2.GaussianBlur(edges, size, SALIENCY_SIGMA)
    return blurred


def _mean(image: Grey, radius: int) -> Grey:
    side = 2 * radius + 1
    mean: Grey = cv2.blur(image, (side, side), borderType=cv2.BORDER_REFLECT)
    return mean
