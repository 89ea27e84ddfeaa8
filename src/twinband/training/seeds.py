"""Random numbers that depend on the seed and their purpose alone: weights, seeds, epoch orders."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray


def seed_of(*parts: str | int) -> int:
    """Hash ``parts`` to a number in [0, 2^63[, the same on every machine.

    >>> seed_of(0, "a-key", 3) == seed_of(0, "a-key", 3)
    True
    """
    text = "\0".join(map(str, parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed PyTorch's generator within the context, and restore its state."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


class EpochSampler:
    """Indices of one rank's samples, resumable; for ``torch.utils.data.DataLoader(sampler=…)``.

    Training (``shuffle=True``): a permutation by seed and epoch; all ranks get equally many, and
    the remainder, another each epoch, is left out. Evaluation (``shuffle=False``): every index
    once over all ranks, in order, without padding, so ranks may differ by one sample.

    The DataLoader's workers share one sampler in the main process, so nothing is repeated.
    """

    def __init__(
        self, length: int, *, shuffle: bool, seed: int = 0, rank: int = 0, world_size: int = 1
    ) -> None:
        if not 0 <= rank < world_size:
            raise ValueError(f"rank {rank} is not one of {world_size} ranks")
        self._length = length
        self._shuffle = shuffle
        self._seed = seed
        self._rank = rank
        self._world_size = world_size
        self.epoch = 0
        self._consumed = 0

    def set_epoch(self, epoch: int) -> None:
        """Begin ``epoch``, from its first sample."""
        self.epoch = epoch
        self._consumed = 0

    def state_dict(self, consumed: int) -> dict[str, Any]:
        """Return the state after this rank used ``consumed`` samples of the epoch, a number that
        only the caller knows, since loaders read ahead."""
        return {**self._identity(), "epoch": self.epoch, "consumed": consumed}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue where ``state`` was taken.

        Raises:
            ValueError: the state is of another seed, dataset or number of ranks, hence of another
                order.
        """
        for name, value in self._identity().items():
            if state[name] != value:
                raise ValueError(f"the state is of {name} {state[name]}, not {value}")
        self.epoch = state["epoch"]
        self._consumed = state["consumed"]

    def _identity(self) -> dict[str, int]:
        return {"seed": self._seed, "length": self._length, "world_size": self._world_size}

    def _order(self) -> NDArray[np.int64]:
        if not self._shuffle:
            return np.arange(self._rank, self._length, self._world_size, dtype=np.int64)
        generator = np.random.Generator(np.random.PCG64([self._seed, self.epoch]))
        order = generator.permutation(self._length)
        usable = self._length - self._length % self._world_size
        return order[self._rank : usable : self._world_size]

    def __len__(self) -> int:
        share, rest = divmod(self._length, self._world_size)
        extra = 0 if self._shuffle else int(self._rank < rest)
        return max(0, share + extra - self._consumed)

    def __iter__(self) -> Iterator[int]:
        yield from (int(index) for index in self._order()[self._consumed :])
