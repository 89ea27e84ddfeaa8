"""What SAM is taught to find: things, and connected areas of one class."""

import cv2
import numpy as np
from numpy.typing import NDArray

from twinband.annotators.shown import shows
from twinband.metrics.masks import large_objects
from twinband.sample.annotators.views import View

LEAST_AREA_PX = 60


def areas_of_classes(view: View, least_px: int) -> list[NDArray[np.bool_]]:
    """Masks ``H,W`` of connected areas of one class, things left out, by class and place."""
    found = []
    for number in np.unique(view.semantics):
        of_class = (view.semantics == number) & (view.instances == 0)
        count, labels, statistics, _ = cv2.connectedComponentsWithStats(of_class.astype(np.uint8))
        large = statistics[:, cv2.CC_STAT_AREA] >= least_px
        found += [labels == i for i in range(1, count) if large[i]]
    return found


def shown_segments(
    view: View, least_px: int = LEAST_AREA_PX
) -> tuple[list[NDArray[np.bool_]], list[NDArray[np.bool_]]]:
    """Things, and areas of classes, that ``view.image`` shows."""
    things = [m for m in large_objects(view.instances, least_px) if shows(view.image, m)]
    areas = [m for m in areas_of_classes(view, least_px) if shows(view.image, m)]
    return things, areas
