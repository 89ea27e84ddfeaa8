"""Checkpoints of the world: into twinband's models, with a report of what maps where."""

from twinband._facade import facade

__all__ = ["Report", "load"]
__getattr__ = facade(
    __name__,
    {
        "Report": "twinband.models.checkpoints.report",
        "load": "twinband.models.checkpoints.loading",
    },
)
