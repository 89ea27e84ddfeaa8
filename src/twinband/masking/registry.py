"""Masking strategies by name."""

import importlib
from typing import Any

from twinband.masking.sampler import Sampler

STRATEGIES = {
    "random": ("twinband.masking.random", "RandomSampler"),
    "fixed": ("twinband.masking.fixed", "FixedSampler"),
    "cmss": ("twinband.masking.cmss", "CmssSampler"),
    "gmm_cmss": ("twinband.masking.gmm_cmss", "GmmCmssSampler"),
}


def build(name: str, **settings: Any) -> Sampler:
    """The strategy ``name``; ``settings`` are its constructor's arguments.

    Raises:
        ValueError: an unknown name, or settings out of their range.
        TypeError: settings that the strategy does not have.
    """
    if name not in STRATEGIES:
        raise ValueError(f"unknown masking strategy {name!r}: there are {', '.join(STRATEGIES)}")
    module, attribute = STRATEGIES[name]
    sampler: Sampler = getattr(importlib.import_module(module), attribute)(**settings)
    return sampler
