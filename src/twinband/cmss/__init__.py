"""How much two views of one patch differ, and one-dimensional mixtures of that measure."""

from twinband._lazy import lazy

__all__ = [
    "Histogram",
    "Mixture1d",
    "OnlineMixture",
    "RunningMaximum",
    "best_components",
    "cmss",
    "cmss_raw",
]
__getattr__ = lazy(
    __name__,
    {
        "Histogram": "twinband.sparsity.histogram",
        "Mixture1d": "twinband.sparsity.mixture",
        "OnlineMixture": "twinband.sparsity.online",
        "RunningMaximum": "twinband.sparsity.measure",
        "best_components": "twinband.sparsity.mixture",
        "cmss": "twinband.sparsity.measure",
        "cmss_raw": "twinband.sparsity.measure",
    },
)
