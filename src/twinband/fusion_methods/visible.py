"""The visible image alone: a control, not a fusion."""

from twinband.fusion.interface import Fusion, Grey


class Method(Fusion):
    """The visible image."""

    def fuse_luma(self, visible: Grey, infrared: Grey) -> Grey:
        return visible
