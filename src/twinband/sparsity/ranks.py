"""Sums, maxima and unions over the ranks of a distributed run; without one, the tensor itself."""

import torch
from torch import Tensor, distributed


def rank_and_size() -> tuple[int, int]:
    """This process's rank and the number of ranks; 0 and 1 outside a distributed run."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def summed(tensor: Tensor) -> Tensor:
    """Sum over ranks."""
    return _reduced(tensor, distributed.ReduceOp.SUM)


def greatest(tensor: Tensor) -> Tensor:
    """Maximum over ranks."""
    return _reduced(tensor, distributed.ReduceOp.MAX)


def gathered(tensor: Tensor) -> Tensor:
    """The tensors of all ranks, equal in shape, one after the other along the first axis."""
    _, size = rank_and_size()
    if size == 1:
        return tensor
    parts = [torch.empty_like(tensor) for _ in range(size)]
    distributed.all_gather(parts, tensor.contiguous())
    return torch.cat(parts)


def _reduced(tensor: Tensor, operation: "distributed.ReduceOp.RedOpType") -> Tensor:
    if rank_and_size()[1] == 1:
        return tensor
    result = tensor.clone()
    distributed.all_reduce(result, operation)
    return result
