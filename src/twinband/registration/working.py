"""Working size: the grid that images are compared on, which all thresholds in pixels are of.

No verdict may depend on the size at which a file happens to be stored. What is a length in the
scene is therefore a share of the image's longer side, and what is a length in the comparison (a
blur, a step, the top of a peak) is counted in pixels of this size.
"""

from twinband.registration.geometry import Frame

FINE_SIDE_PX = 640  # longer images are reduced to this before anything else
COARSE_SIDE_PX = 224  # and to this for the search over the grid
LEAST_FINE_SIDE_PX = 320  # however small thermal is: its edges are still placed by RGB's


def longer_side_px(frame: Frame) -> int:
    """Measure what shares of an image are shares of."""
    return max(frame.width, frame.height)


def fine_side_px(target: Frame, source: Frame) -> int:
    """Choose the longer side of the working size of an RGB and a thermal image.

    Edges of thermal that was enlarged much are blurred, and fit those of RGB nowhere sharply: RGB
    that is larger comes down towards it.
    """
    fitting = max(longer_side_px(source), LEAST_FINE_SIDE_PX)
    return min(FINE_SIDE_PX, longer_side_px(target), fitting)


def size_at(target: Frame, side_px: int) -> tuple[int, int]:
    """Compute width and height of ``target`` reduced to a longer side; never enlarged."""
    zoom = min(1.0, side_px / longer_side_px(target))
    return max(8, round(target.width * zoom)), max(8, round(target.height * zoom))


def in_file_px(working_px: float, grid: Frame) -> float:
    """Convert a length in pixels of the working size to pixels of a stored image."""
    return working_px * max(1.0, longer_side_px(grid) / FINE_SIDE_PX)
