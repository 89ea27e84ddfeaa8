"""Which patches of either modality an encoder sees: masking strategies for pretraining."""

from twinband._lazy import lazy

__all__ = [
    "Curriculum",
    "Sampler",
    "Visible",
    "build",
    "draw_targets",
    "interpolated_variance",
    "nearest_without_replacement",
]
__getattr__ = lazy(
    __name__,
    {
        "Curriculum": "twinband.masking.curriculum",
        "Sampler": "twinband.masking.sampler",
        "Visible": "twinband.masking.sampler",
        "build": "twinband.masking.registry",
        "draw_targets": "twinband.masking.draws",
        "interpolated_variance": "twinband.masking.draws",
        "nearest_without_replacement": "twinband.masking.greedy",
    },
)
