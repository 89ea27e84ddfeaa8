"""Shards: tars of samples, with a manifest, an index and a card a folder."""
