"""Random masking with more visible patches in thermal than in RGB."""

from twinband.arms.random import RandomSampler

THERMAL_SHARE = 1.25


class FixedSampler(RandomSampler):
    """Thermal keeps ``floor(1.25 K)`` random patches, RGB the rest of 2 K."""

    @property
    def kept_thermal(self) -> int:
        return int(THERMAL_SHARE * self.kept)
