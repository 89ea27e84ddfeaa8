"""SAM: any model that segment_anything builds, and automatic masks of an image, fast."""

from twinband._lazy import lazy

__all__ = ["AutomaticMasks", "MaskSettings", "Sizes", "build", "load", "resized", "save"]
__getattr__ = lazy(
    __name__,
    {
        "AutomaticMasks": "twinband.annotators.sam.generate",
        "MaskSettings": "twinband.annotators.sam.settings",
        "Sizes": "twinband.annotators.sam.sizes",
        "build": "twinband.annotators.sam.sizes",
        "load": "twinband.annotators.sam.weights",
        "resized": "twinband.annotators.sam.resize",
        "save": "twinband.annotators.sam.weights",
    },
)
