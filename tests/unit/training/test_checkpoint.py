"""Checkpoints on a full disk; that they are resumed from, and torn ones not, see test_resume."""

import errno
import io
from typing import Any

import pytest
import torch

from twinband.training.checkpoint import _save


class Full(io.BytesIO):
    """A file on a full disk."""

    def write(self, data: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_told_as_one() -> None:
    """torch hides it behind the failure of its own end of the file."""
    with pytest.raises(OSError, match="No space left"):
        _save({"weights": torch.zeros(1 << 20)}, Full())
