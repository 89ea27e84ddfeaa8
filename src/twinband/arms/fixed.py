"""Random masking that always shows more of thermal."""

from twinband.masking.uniform import UniformSampler

THERMAL_SHARE = 1.25


class Arm(UniformSampler):
    """Thermal keeps ``floor(1.25 K)`` random patches, RGB the rest of 2 K."""

    @property
    def kept_thermal(self) -> int:
        return int(THERMAL_SHARE * self.kept)
