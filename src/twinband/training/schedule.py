"""Learning rate and EMA decay as pure functions of the step."""

import math


def lr_factor(step: int, steps: int, warmup_steps: int) -> float:
    """The part of the peak learning rate that ``step`` (from 0) uses, in ]0, 1].

    Linear from 1 / ``warmup_steps`` to 1 over the first ``warmup_steps``, then a cosine that
    would reach 0 one step after the last, so that no step is idle.
    """
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    done = (step - warmup_steps) / (steps - warmup_steps)
    return (1 + math.cos(math.pi * done)) / 2


def ema_decay(step: int, decay: float) -> float:
    """Decay after ``step`` (from 0): small at first, so that the average forgets the
    initialisation in short runs too, and at most ``decay``."""
    return min(decay, (1 + step) / (10 + step))
