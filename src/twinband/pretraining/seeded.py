"""Random initial weights that depend on the seed alone."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed PyTorch's generator, and put it back to what it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
