"""Models: vision transformers, masked autoencoders, and their weights in several key layouts."""

from twinband._lazy import lazy

__all__ = ["MSpecGene", "MaskedAutoencoder", "VisionTransformer", "build", "load_encoder"]
__getattr__ = lazy(
    __name__,
    {
        "MSpecGene": "twinband.models.mspecgene",
        "MaskedAutoencoder": "twinband.models.mae",
        "VisionTransformer": "twinband.models.vit",
        "build": "twinband.models.registry",
        "load_encoder": "twinband.models.checkpoints",
    },
)
