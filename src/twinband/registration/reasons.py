"""Reasons of failed registrations in plain words, for commands and closing lines."""

FITS_WORSE = "supplied_fits_worse"
REASONS = {
    "flat_rgb": "the RGB image shows no edges",
    "flat_thermal": "the thermal image shows no edges",
    "too_small": "an image is too small to be registered",
    "ambiguous": "the edges of both images fit about as well elsewhere",
    "low_score": "the edges of both images fit nowhere",
    "forward_backward_disagree": "thermal onto RGB and RGB onto thermal give different answers",
    "motion_out_of_range": "the images would have to move further than is plausible",
    "no_gain": "the best transform fits no better than none",
    "sizes_differ_within_rig": "the images of one rig have different sizes",
    "backend_cannot_tell": "the backend cannot tell",
    FITS_WORSE: "the supplied homography fits worse than none, or than its inverse or "
    "transpose, or no two cameras could stand so",
}
DIRECTION = "thermal pixel to RGB pixel; is the matrix transposed or the other way round?"


def why(reason: str) -> str:
    """Say a reason in plain words; that of a backend of somebody's own by its own word."""
    return REASONS.get(reason, reason.replace("_", " "))
