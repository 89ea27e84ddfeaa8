"""Which parameters decay, and how fast each layer learns."""

import re
from collections.abc import Callable
from typing import Any

from torch import nn

# A parameter's own name (after the last dot) that marks it as a learnt input, not a weight.
NOT_WEIGHTS = re.compile(r"token|pos_embed|position")


def parameter_groups(
    model: nn.Module, weight_decay: float, layer_decay: float, distance: Callable[[str], int]
) -> list[dict[str, Any]]:
    """Groups for an optimizer: one for each pair of weight decay and learning rate.

    Weight decay is 0 for biases and norms (whatever has one dimension or none), tokens and
    position embeddings. Frozen parameters are in no group.

    Args:
        distance: layers between a parameter, by its name, and the output. Its learning rate is
            multiplied by ``layer_decay ** distance``, which the group keeps as ``lr_scale``.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            decays = parameter.ndim > 1 and not NOT_WEIGHTS.search(name.rpartition(".")[2])
            kind = (weight_decay if decays else 0.0, layer_decay ** distance(name))
            groups.setdefault(kind, []).append(parameter)
    return [
        {"params": parameters, "weight_decay": decay, "lr_scale": scale}
        for (decay, scale), parameters in groups.items()
    ]


def vit_distance(depth: int, prefix: str) -> Callable[[str], int]:
    """Distances for a ViT of ``depth`` blocks whose parameters' names begin with ``prefix``.

    ``blocks.N.`` is ``depth - N`` from the output, the final ``norm`` 0, patch embedding, tokens
    and positions ``depth + 1``; a parameter outside the ViT (a head, a decoder) is at 0.
    """
    block = re.compile(re.escape(prefix) + r"blocks\.(\d+)\.")

    def distance(name: str) -> int:
        if not name.startswith(prefix) or name.startswith(f"{prefix}norm."):
            return 0
        found = block.match(name)
        return depth - int(found.group(1)) if found else depth + 1

    return distance
