"""Decoded pixels in a file that no ending of the process leaves behind."""

import errno
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twinband.training.pixels import DecodedPixels, Pixels


class Pairs:
    """Three pairs; the last cannot be read, as on a full disk."""

    names = ("a", "b", "c")
    labelled = False

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Pixels:
        if index == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return Pixels(np.zeros((2, 3, 3), np.uint8), np.ones((2, 3), np.uint8), 0)


def test_a_full_disk_leaves_no_file(tmp_path: Path) -> None:
    pairs: Any = Pairs()
    try:
        DecodedPixels(pairs, tmp_path / "decoded.bin", 1 << 20)
    except OSError as error:
        assert error.errno == errno.ENOSPC and (tmp_path / "decoded.bin").is_file()
    else:
        pytest.fail("it was read")
    assert not (tmp_path / "decoded.bin").exists()  # it went with the object


def test_what_stands_in_its_place_gives_way(tmp_path: Path) -> None:
    (tmp_path / "decoded.bin/inside").mkdir(parents=True)
    pairs: Any = Pairs()
    pairs.names = ("a", "b")
    decoded = DecodedPixels(pairs, tmp_path / "decoded.bin", 1 << 20)
    assert decoded[1].thermal.tolist() == [[1, 1, 1], [1, 1, 1]]
    del decoded
    assert not (tmp_path / "decoded.bin").exists()
