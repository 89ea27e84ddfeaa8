"""Statistics of batch normalisation, taken anew when training is over.

While a network learns they are moving means over its last few small batches, of weights that were
still changing. With those of many crops and the final weights it fuses what it has learnt to.
Source: Wu and Johnson, Rethinking "Batch" in BatchNorm, 2021.
"""

from collections.abc import Iterable

import torch
from torch import nn

from twinband.core.normalise import Batch


@torch.no_grad()
def settle(network: nn.Module, batches: Iterable[Batch]) -> None:
    """Replace running statistics by plain means over ``batches``.

    Args:
        network: fuses ``B,1,H,W`` each.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # PyTorch's word for a plain mean
    network.train()
    device = next(network.parameters()).device
    for batch in batches:
        network(batch["visible"].to(device), batch["infrared"].to(device))
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    network.eval()
