"""Depth maps from files: formats, scores and bad input."""

from pathlib import Path

import numpy as np
import pytest

from tests.made.known_scores import write_image
from twinband.core.errors import InputError
from twinband.scorers.depth import read_depth, score
from twinband.scoring.score import Options

TRUTH = np.array([[1000, 2000], [4000, 0]], np.uint16)  # millimetres, 0 is unknown


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    write_image(tmp_path / "truth" / "a.png", TRUTH)
    write_image(tmp_path / "truth" / "b.png", 2 * TRUTH)
    return tmp_path / "truth"


def metres(folder: Path, a: np.ndarray, b: np.ndarray) -> Path:
    folder.mkdir()
    np.save(folder / "a.npy", a)
    np.save(folder / "b.npy", b)
    return folder


def test_scores_are_means_over_images(tmp_path: Path, truth: Path) -> None:
    found = metres(tmp_path / "found", 1.2 * TRUTH / 1000, 2.0 * TRUTH / 1000)
    values = score(found, truth, Options()).values
    assert values["abs_rel"] == pytest.approx(0.1)
    assert values["rmse"] == pytest.approx(0.2 * np.sqrt(21 / 3) / 2)
    assert (values["delta1"], values["delta3"]) == (1, 1)


def test_the_truth_itself(truth: Path) -> None:
    assert score(truth, truth, Options()).values["rmse"] == 0
    assert score(truth / "a.png", truth / "a.png", Options()).values["delta1"] == 1


def test_millimetres_and_metres_are_one_map(tmp_path: Path, truth: Path) -> None:
    np.save(tmp_path / "a.npy", TRUTH / 1000)
    np.testing.assert_allclose(read_depth(tmp_path / "a.npy"), read_depth(truth / "a.png"))


def test_odd_maps_are_told(tmp_path: Path, truth: Path) -> None:
    found = metres(tmp_path / "found", TRUTH / -1000, 2 * TRUTH / 1000)
    result = score(found, truth, Options())
    assert result.remarks == ("a: 3 pixels below 0.001 m were scored as that",)
    assert result.values["delta1"] == 0.5


def test_images_without_truth_are_left_out(tmp_path: Path, truth: Path) -> None:
    write_image(truth / "b.png", 0 * TRUTH)
    found = metres(tmp_path / "found", TRUTH / 1000, TRUTH / 1000)
    result = score(found, truth, Options())
    assert (result.values["abs_rel"], result.protocol["images"]) == (0, "1")
    assert result.remarks == ("1 images without a known pixel were left out",)


def test_bad_maps(tmp_path: Path, truth: Path) -> None:
    good = TRUTH / 1000
    holed = good.copy()
    holed[1, 0] = np.nan
    with pytest.raises(InputError, match=r"a.npy: not finite at x 0, y 1 \(1 pixels\)"):
        score(metres(tmp_path / "nan", holed, good), truth, Options())
    with pytest.raises(InputError, match=r"b.npy: 3 x 2 pixels, but .*b.png has 2 x 2 pixels"):
        score(metres(tmp_path / "size", good, np.ones((2, 3))), truth, Options())
    with pytest.raises(InputError, match=r"a.npy: shape"):
        score(metres(tmp_path / "cube", np.ones((2, 2, 3)), good), truth, Options())
    write_image(truth / "a.png", TRUTH.astype(np.uint8))
    with pytest.raises(InputError, match=r"a.png: 8 bits; a depth map has 16"):
        score(truth, truth, Options())


def test_no_pickle(tmp_path: Path, truth: Path) -> None:
    found = metres(tmp_path / "found", np.array([[{}]], dtype=object), TRUTH)
    with pytest.raises(InputError, match=r"a.npy: .*allow_pickle"):
        score(found, truth, Options())
