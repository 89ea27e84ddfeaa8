"""COCO's runs as text, read without pycocotools and written by it."""

import numpy as np
import pytest
from pycocotools import mask

from twinband.scoring.coco_masks import run_lengths


@pytest.mark.parametrize("seed", range(20))
def test_it_reads_what_pycocotools_writes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pixels = (rng.random((300, 400)) < rng.choice([0.001, 0.5, 0.999])).astype(np.uint8)
    text = mask.encode(np.asfortranarray(pixels))["counts"].decode()
    flat = pixels.T.ravel()
    ends = np.flatnonzero(np.diff(flat)) + 1
    expected = np.diff(np.concatenate([[0], ends, [flat.size]])).tolist()
    found = run_lengths(text)
    assert found is not None
    assert found.tolist() == ([0, *expected] if flat[0] else expected)


@pytest.mark.parametrize("text", ["", "P", "\x7f", " ", "é", "PPPPPPPPPP0"])
def test_what_is_no_text_of_runs(text: str) -> None:
    assert run_lengths(text) is None
