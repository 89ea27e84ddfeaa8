"""Shards: tars of samples, with a manifest, an index and a card a folder."""

from twinband._lazy import lazy

__all__ = ["Dataset", "EpochSampler", "ShardWriter", "open_products", "read_manifest"]
__getattr__ = lazy(
    __name__,
    {
        "Dataset": "twinband.shards.join",
        "EpochSampler": "twinband.shards.sampler",
        "ShardWriter": "twinband.shards.write",
        "open_products": "twinband.shards.join",
        "read_manifest": "twinband.shards.manifest",
    },
)
