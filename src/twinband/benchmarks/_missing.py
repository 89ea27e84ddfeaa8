"""One modality taken away when testing: what is put in its place.

Two ways. ``zeros``: the absent image is the mean colour. ``copy``: the present image stands in
both places. Repeating the present image's features instead of encoding it twice is the same as
``copy`` here, since one encoder without any mark of modality serves both.
"""

from typing import NamedTuple

from torch import Tensor


class Shown(NamedTuple):
    """What a head is given as the features of RGB and of thermal, equal in shape."""

    rgb: Tensor
    thermal: Tensor


def with_missing(rgb: Tensor, thermal: Tensor, blank: Tensor) -> dict[str, Shown]:
    """Both modalities (``full``), and each of them absent, by name.

    Args:
        rgb: features of RGB images, ``B,…``.
        thermal: of thermal images, ``B,…``.
        blank: of the mean colour, ``1,…``.
    """
    blank = blank.expand_as(rgb)
    return {
        "full": Shown(rgb, thermal),
        "no_thermal_zeros": Shown(rgb, blank),
        "no_thermal_copy": Shown(rgb, rgb),
        "no_rgb_zeros": Shown(blank, thermal),
        "no_rgb_copy": Shown(thermal, thermal),
    }
