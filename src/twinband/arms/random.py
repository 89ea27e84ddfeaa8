"""Random masking with equally many visible patches in both modalities."""

from twinband.masking.uniform import UniformSampler


class Arm(UniformSampler):
    """K random patches of either modality."""
