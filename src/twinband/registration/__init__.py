"""Registration: one similarity that brings thermal onto the RGB grid, and whether to trust it."""

from twinband._lazy import lazy

__all__ = ["Options", "Registration", "register_pair", "register_rig", "warp_thermal"]
__getattr__ = lazy(
    __name__,
    {
        "Options": "twinband.registration.quality",
        "Registration": "twinband.registration.api",
        "register_pair": "twinband.registration.api",
        "register_rig": "twinband.registration.api",
        "warp_thermal": "twinband.registration.apply",
    },
)
