"""Stopping a run whose loss or gradient is no number any more."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from twinband.errors import WorkFailed
from twinband.shards.manifest import to_json
from twinband.shards.write import write_atomically


class NonFiniteError(WorkFailed):
    """The loss or the gradient was NaN or infinite; says at which step and where the keys are."""


def report_non_finite(
    path: Path, step: int, parts: Sequence[tuple[Sequence[str], Mapping[str, float]]]
) -> NonFiniteError:
    """Write the keys and values of a step to ``path``; returns the error to raise.

    Args:
        step: from 0.
        parts: keys and values of each accumulated part of this rank.
    """
    content: dict[str, Any] = {
        "step": step,
        # as text, since JSON has no NaN
        "parts": [
            {"keys": list(keys), "values": {name: str(value) for name, value in values.items()}}
            for keys, values in parts
        ],
    }
    write_atomically(path, to_json(content))
    bad = any(not _finite(values["loss"]) for _, values in parts)
    return NonFiniteError(
        f"step {step}: the {'loss' if bad else 'gradient'} is not finite, so training stopped "
        f"before it could spoil the weights. The keys of the batch are in {path}: look at these "
        "pairs and hold them out if they are broken; else lower base_lr, lengthen warmup_steps, "
        "set clip_norm, or take precision bf16 or fp32"
    )


def _finite(value: float) -> bool:
    return value - value == 0
