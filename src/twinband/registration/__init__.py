"""Registration: RGB, thermal and labels on one grid, and whether to trust how they got there."""

from twinband._lazy import lazy

__all__ = [
    "Options",
    "RegisteredPair",
    "Registration",
    "Residuals",
    "register_pair",
    "register_rig",
    "registered_pair",
    "resampled",
    "residual_shifts",
]
__getattr__ = lazy(
    __name__,
    {
        "Options": "twinband.registration.quality",
        "RegisteredPair": "twinband.registration.view",
        "Registration": "twinband.registration.api",
        "Residuals": "twinband.registration.residual",
        "register_pair": "twinband.registration.api",
        "register_rig": "twinband.registration.api",
        "registered_pair": "twinband.registration.view",
        "resampled": "twinband.registration.apply",
        "residual_shifts": "twinband.registration.residual",
    },
)
