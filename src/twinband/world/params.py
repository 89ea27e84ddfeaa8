"""Parameters of the stage ``sample_world``."""

from typing import Annotated, Literal

from pydantic import Field

from twinband.core.params import ItemParams


class SampleWorldParams(ItemParams):
    """One rendered dataset in the on-disk layout of a public one.

    Attributes:
        layout: the public dataset's.
        count: pairs (crops for ``class_folders``, frames for ``rgbt234``).
        width_px, height_px: size of the rendered scenes.
        seed: another seed gives other scenes.
    """

    layout: Literal["mfnet", "llvip", "vt5000", "rgbt234", "roadscene", "class_folders"]
    count: Annotated[int, Field(ge=1)]
    width_px: Annotated[int, Field(ge=64, le=4096)]
    height_px: Annotated[int, Field(ge=64, le=4096)]
    seed: int
