"""Canonical bytes of kept labels: compact JSON, rounded numbers, digests, and fixed threads."""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

DECIMALS = 6


def compact(data: Mapping[str, Any]) -> bytes:
    """Write JSON without spaces, keys in order."""
    return json.dumps(data, separators=(",", ":"), sort_keys=True, allow_nan=False).encode()


def digest(data: Mapping[str, Any]) -> str:
    """Hash plain values to 32 hexadecimal digits."""
    return hashlib.sha256(compact(data)).hexdigest()[:32]


def rounded(value: Any) -> Any:
    """Round the fractions in a value or list to ``DECIMALS`` places; those not finite are None."""
    if isinstance(value, float):
        return round(value, DECIMALS) if math.isfinite(value) else None
    return [rounded(part) for part in value] if isinstance(value, list) else value


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Let PyTorch use ``count`` threads while the context lasts: labels depend on the number."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
