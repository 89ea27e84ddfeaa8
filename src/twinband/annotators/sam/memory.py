"""How much is computed at once.

On a processor what is written next must be read from its cache, or memory is all that counts:
two prompts of ``vit_b`` at a time are faster than sixty-four. A GPU wants as much
as its memory holds.
"""

import torch

CPU_BYTES = 8 << 20
GPU_BYTES = 1 << 30


def at_once(item_bytes: int, device: torch.device) -> int:
    """How many items of ``item_bytes`` are computed together on ``device``, at least one."""
    budget = CPU_BYTES if device.type == "cpu" else GPU_BYTES
    return max(1, budget // item_bytes)
