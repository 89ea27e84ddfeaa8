"""Models for use outside the pipeline: built by name, read from files, imported from others."""

from twinband._facade import facade
from twinband.models import checkpoints

__all__ = [
    "VisionTransformer",
    "build",
    "checkpoints",
    "export",
    "from_any",
    "imported_vit",
    "load_encoder",
    "load_model",
    "to_mmdet",
    "to_mmseg",
    "to_timm",
    "to_transformers",
]
__getattr__ = facade(
    __name__,
    {
        "VisionTransformer": "twinband.networks.vit",
        "build": "twinband.models.built",
        "export": "twinband.models.exported",
        "from_any": "twinband.models.key_layouts",
        "imported_vit": "twinband.models.imported",
        "load_encoder": "twinband.networks.weights",
        "load_model": "twinband.networks.build",
        "to_mmdet": "twinband.models.key_layouts",
        "to_mmseg": "twinband.models.key_layouts",
        "to_timm": "twinband.models.key_layouts",
        "to_transformers": "twinband.models.key_layouts",
    },
)
