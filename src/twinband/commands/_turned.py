"""Images that lie turned: by an EXIF orientation, or one of a pair against the other."""

from pathlib import Path

from twinband.core.errors import told
from twinband.core.images import Decoded

Size = tuple[int, int]  # width, height

VIEWED = {
    2: "mirror it",
    3: "turn it by 180 degrees",
    4: "turn it by 180 degrees and mirror it",
    5: "mirror it and turn it by 90 degrees counter-clockwise",
    6: "turn it by 90 degrees clockwise",
    7: "mirror it and turn it by 90 degrees clockwise",
    8: "turn it by 90 degrees counter-clockwise",
}
ADVICE = "nothing is turned here: save it as it should be seen, without the tag, and try again"


def orientation_remark(decoded: Decoded, file: Path, kind: str) -> str:
    """Tell of an EXIF orientation, which is never applied; empty if there is none.

    Args:
        kind: ``RGB`` or ``thermal``.
    """
    if decoded.orientation not in VIEWED:
        return ""
    return (
        f"the {kind} image {told(str(file))} has the EXIF orientation {decoded.orientation}: "
        f"viewers {VIEWED[decoded.orientation]}, but its pixels are stored otherwise; {ADVICE}"
    )


def aspect_remark(rgb: Size, thermal: Size) -> str:
    """Tell if one image is wide and the other one high; empty if they are alike."""
    if (rgb[0] - rgb[1]) * (thermal[0] - thermal[1]) >= 0:
        return ""
    shapes = ("wide", "high") if rgb[0] > rgb[1] else ("high", "wide")
    return (
        f"the RGB image is {shapes[0]} ({rgb[0]} x {rgb[1]} px) and the thermal image is "
        f"{shapes[1]} ({thermal[0]} x {thermal[1]} px): opposite aspect ratios mean that one of "
        "them lies turned by 90 degrees; turn it and try again"
    )
