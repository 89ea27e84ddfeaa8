import numpy as np
import pytest

from twinband.annotators.shown import LEAST_CONTRAST, contrast, shows


def square(level: float, around: float = 100) -> tuple[np.ndarray, np.ndarray]:
    image = np.full((40, 50, 3), around, np.uint8)
    mask = np.zeros((40, 50), bool)
    mask[10:20, 15:30] = True
    image[mask] = level
    return image, mask


@pytest.mark.parametrize(("level", "shown"), [(100, False), (107, False), (108, True), (92, True)])
def test_the_rule(level: int, shown: bool) -> None:
    image, mask = square(level)
    assert contrast(image, mask) == pytest.approx(abs(level - 100))
    assert shows(image, mask) is shown


def test_one_channel_is_enough() -> None:
    image, mask = square(100)
    image[mask, 2] = 100 + LEAST_CONTRAST
    assert shows(image, mask)


def test_only_the_surroundings_count() -> None:
    image, mask = square(100)
    image[30:, :] = 255
    assert contrast(image, mask) == 0


def test_at_the_image_s_edge() -> None:
    image, _ = square(100)
    mask = np.zeros((40, 50), bool)
    mask[:5, :5] = True
    image[mask] = 150
    assert contrast(image, mask) == pytest.approx(50)


def test_nothing_and_everything_have_no_contrast() -> None:
    image, mask = square(150)
    assert contrast(image, np.zeros_like(mask)) == 0 == contrast(image, np.ones_like(mask))
