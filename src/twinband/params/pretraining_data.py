"""What pairs a pretraining stage sees, and how."""

from typing import Annotated

from pydantic import Field

from twinband.params.base import Params


class PretrainingData(Params):
    """Pairs of the pool.

    Attributes:
        fraction: about this share of the pool's pairs, chosen by their names.
        image_px: side of the square crops, as the model wants them.
        shift_tolerance: let thermal crops stand off by up to what each dataset's registration
            tolerates (``register.datasets.D.shift_tolerance_px``).
        decoded_mib: memory-mapped file for images decoded beforehand, at most this large.
    """

    fraction: Annotated[float, Field(gt=0, le=1)]
    image_px: Annotated[int, Field(ge=8)]
    shift_tolerance: bool
    decoded_mib: Annotated[int, Field(ge=0)]
