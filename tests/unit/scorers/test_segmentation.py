"""Label maps from files: conventions, sizes, hours and bad input."""

from pathlib import Path

import numpy as np
import pytest

from tests.made.known_scores import write_image
from twinband.core.errors import InputError
from twinband.scorers.segmentation import score
from twinband.scoring.score import Options

# The confusion [[8, 2], [1, 9]] over two images of ten pixels.
TRUTH = np.repeat([0, 1], 10).astype(np.uint8).reshape(2, 2, 5)
FOUND = np.array([0] * 8 + [1] * 2 + [0] + [1] * 9, np.uint8).reshape(2, 2, 5)


def write(folder: Path, maps: np.ndarray, names: tuple[str, ...] = ("1D", "2N")) -> Path:
    for name, ids in zip(names, maps, strict=True):
        write_image(folder / f"{name}.png", ids)
    return folder


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    return write(tmp_path / "truth", TRUTH)


@pytest.fixture
def found(tmp_path: Path) -> Path:
    return write(tmp_path / "found", FOUND)


def test_the_spec_s_numbers_over_the_whole_set(truth: Path, found: Path) -> None:
    result = score(found, truth, Options())
    assert result.values["miou"] == pytest.approx((8 / 11 + 9 / 12) / 2)
    assert result.values["miou"] == pytest.approx(0.738636, abs=1e-6)
    assert result.values["macc"] == pytest.approx(0.85)
    assert "no convention was named" in result.remarks[0]
    assert (result.protocol["definition"], result.protocol["pixels"]) == ("ids", "20")


def test_a_named_convention(truth: Path, found: Path) -> None:
    result = score(found, truth, Options(definition="mfnet", by="hour"))
    assert result.values["miou"] == pytest.approx(0.738636, abs=1e-6)
    assert result.values["miou_nan_as_zero"] == pytest.approx(2 * 0.7386363 / 9)
    assert result.values["miou_without_unlabeled"] == 1
    assert result.slices["day"]["miou"] == pytest.approx(0.4)  # 8 / 10, and 0 of what was not there
    assert result.slices["night"]["macc"] == pytest.approx(0.9)
    assert result.protocol["absent"].startswith("not in the truth: person, bike")
    by_class = score(found, truth, Options(definition="mfnet", by="class")).slices
    assert by_class["car"] == pytest.approx({"iou": 9 / 12, "recall": 0.9})


def test_both_variants_of_fmb(truth: Path, found: Path) -> None:
    """Without background, one of ten true pixels is lost, and two false ones are not counted."""
    assert score(found, truth, Options(definition="fmb")).values["miou"] == pytest.approx(0.9)
    with_background = score(found, truth, Options(definition="fmb15"))
    assert with_background.values["miou"] == pytest.approx(0.738636, abs=1e-6)


def test_void_is_not_counted_whatever_is_predicted(tmp_path: Path, found: Path) -> None:
    maps = TRUTH.copy()
    maps[0, 1, 3:] = 255  # the two pixels of class 0 that were taken for 1
    result = score(found, write(tmp_path / "t", maps), Options(definition="dgss"))
    assert result.values["miou"] == pytest.approx((8 / 9 + 9 / 10) / 2)


def test_predictions_of_another_size_are_resized_to_the_labels(tmp_path: Path, truth: Path) -> None:
    large = write(tmp_path / "large", FOUND.repeat(2, 1).repeat(2, 2))
    result = score(large, truth, Options())
    assert result.values["miou"] == pytest.approx(0.738636, abs=1e-6)
    assert "2 predictions were resized, the first is" in result.remarks[1]
    assert "1D.png (10 x 4, its label 5 x 2)" in result.remarks[1]


def test_the_truth_itself(truth: Path) -> None:
    assert score(truth, truth, Options(definition="pst900")).values["miou"] == 1
    assert score(truth / "1D.png", truth / "1D.png", Options()).values["miou"] == 1


def test_wrong_ids(tmp_path: Path, truth: Path) -> None:
    maps = FOUND.copy()
    maps[1, 1, 2] = 9
    found = write(tmp_path / "bad", maps)
    message = r"2N.png: id 9 at x 2, y 1; classes are 0 to 8 \(MFNet"
    with pytest.raises(InputError, match=message):
        score(found, truth, Options(definition="mfnet"))
    maps[1, 1, 2] = 255  # void is no prediction
    with pytest.raises(InputError, match=r"2N.png: id 255"):
        score(write(tmp_path / "void", maps), truth, Options(definition="mfnet"))


def test_missing_and_foreign_maps(tmp_path: Path, truth: Path, found: Path) -> None:
    (found / "2N.png").rename(found / "3N.png")
    with pytest.raises(InputError, match="1 of 2 images are missing, the first is 2N"):
        score(found, truth, Options())
    write_image(found / "2N.png", FOUND[1])
    with pytest.raises(InputError, match=r"3N.png: no image of this name in"):
        score(found, truth, Options())
    with pytest.raises(InputError, match="nowhere: no such file or folder"):
        score(tmp_path / "nowhere", truth, Options())


def test_colours_are_no_ids_and_text_is_no_image(tmp_path: Path, truth: Path, found: Path) -> None:
    write_image(found / "1D.png", np.zeros((2, 5, 3), np.uint8))
    with pytest.raises(InputError, match=r"1D.png: 3 channels; a map of ids has one"):
        score(found, truth, Options())
    (found / "1D.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"1D.png: neither JPEG"):
        score(found, truth, Options())


def test_options_that_there_are_not(truth: Path, found: Path) -> None:
    with pytest.raises(InputError, match="--definition coco: there are mfnet"):
        score(found, truth, Options(definition="coco"))
    with pytest.raises(InputError, match="segmentation has slices only by class or hour"):
        score(found, truth, Options(by="size"))
