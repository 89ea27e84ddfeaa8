"""twinband: RGB-thermal vision foundation models as one reproducible pipeline."""

from twinband._facade import facade

__all__ = [
    "EpochSampler",
    "MaskReader",
    "load_fusion",
    "open_dataset",
    "open_products",
    "register_pair",
    "register_rig",
    "registered_pair",
]
__getattr__ = facade(
    __name__,
    {
        "EpochSampler": "twinband.training.seeds",
        "MaskReader": "twinband.masks.read",
        "load_fusion": "twinband.fusion.interface",
        "open_dataset": "twinband.ingest.dataset",
        "open_products": "twinband.shards.read",
        "register_pair": "twinband.registration.register",
        "register_rig": "twinband.registration.register",
        "registered_pair": "twinband.shards.registered",
    },
)
