"""Ranks of a training run under torchrun: ``launched``.

The environment variables that torchrun sets are the only ones the library reads.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from twinband.core.errors import InputError


@dataclass(frozen=True, slots=True)
class Ranks:
    """Place of this process in the run; the default is a run of one process."""

    rank: int = 0
    world_size: int = 1
    local_rank: int = 0

    @property
    def main(self) -> bool:
        """True for the process that writes files and reports."""
        return self.rank == 0

    def device(self, kind: str) -> torch.device:
        """Return this process's device of a kind, ``cpu`` or ``cuda``."""
        return torch.device(kind, self.local_rank) if kind == "cuda" else torch.device(kind)

    def wrap(self, model: nn.Module) -> nn.Module:
        """Wrap the model to average gradients over ranks; its parameters become rank 0's.

        Buffers are left alone: a task synchronises its own.
        """
        if self.world_size == 1:
            return model
        return DistributedDataParallel(model, broadcast_buffers=False)

    def wait(self) -> None:
        """Wait until every rank is here."""
        if self.world_size > 1:
            dist.barrier()

    def mean(self, values: Tensor) -> Tensor:
        """Average ``values`` over ranks; every rank has to call it."""
        if self.world_size == 1:
            return values
        total = values.clone()
        dist.all_reduce(total)
        return total / self.world_size


def without_synchronisation(model: nn.Module) -> AbstractContextManager[None]:
    """Return a context in which gradients are added up but not averaged over ranks."""
    return model.no_sync() if isinstance(model, DistributedDataParallel) else nullcontext()


@contextmanager
def launched(device: str) -> Iterator[Ranks]:
    """Join the ranks of this run within the context: by nccl for ``cuda``, gloo for ``cpu``.

    Without torchrun there is one rank.

    Raises:
        InputError: ``device`` is ``cuda`` and there is no GPU for this process.
    """
    ranks = _ranks(os.environ)
    if device == "cuda":
        if torch.cuda.device_count() <= ranks.local_rank:
            raise InputError(
                f"device = cuda, but PyTorch finds {torch.cuda.device_count()} GPUs and this is "
                f"local rank {ranks.local_rank}; set device: cpu or start fewer processes"
            )
        torch.cuda.set_device(ranks.local_rank)
    if ranks.world_size == 1:
        yield ranks
        return
    dist.init_process_group("nccl" if device == "cuda" else "gloo")
    try:
        yield ranks
    finally:
        dist.destroy_process_group()


def _ranks(environment: Mapping[str, str]) -> Ranks:
    if not dist.is_torchelastic_launched():
        return Ranks()
    return Ranks(
        int(environment["RANK"]), int(environment["WORLD_SIZE"]), int(environment["LOCAL_RANK"])
    )
