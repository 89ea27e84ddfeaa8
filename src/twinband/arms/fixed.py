"""Random masking with more visible patches in thermal than in RGB."""

from twinband.masking.uniform import UniformSampler

THERMAL_SHARE = 1.25


class Arm(UniformSampler):
    """Thermal keeps ``floor(1.25 K)`` random patches, RGB the rest of 2 K."""

    @property
    def kept_thermal(self) -> int:
        return int(THERMAL_SHARE * self.kept)
