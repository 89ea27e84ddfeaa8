import numpy as np
import pytest

from tests.made.cmss import pair
from twinband.labels.images import (
    DARK_LUMA,
    LEAST_CONTRAST,
    contrast,
    grey_image,
    image_of,
    modalities_of,
    pixels_sha256,
    shows,
)
from twinband.shards.registered import RegisteredPair


def registered(level: float = 128, present: bool = True) -> RegisteredPair:
    made = pair(3).made
    return RegisteredPair(
        rgb=np.full_like(made.rgb, level),
        thermal=made.thermal,
        counts=made.thermal,
        valid=np.ones(made.thermal.shape, bool),
        thermal_present=present,
        training=True,
        shift_tolerance_px=0.0,
        labels={},
    )


def test_images_are_rgb_and_grey_of_three_channels() -> None:
    one = registered()
    assert image_of(one, "rgb") is one.rgb
    thermal = image_of(one, "thermal")
    assert thermal is not None and thermal.shape == one.rgb.shape
    assert (thermal == one.thermal[..., None]).all()
    assert image_of(registered(present=False), "thermal") is None


def test_deep_thermal_is_stretched() -> None:
    deep = np.linspace(30000, 31000, 4800).reshape(60, 80).astype(np.uint16)
    shown = grey_image(deep)
    assert shown.dtype == np.uint8 and shown.min() == 0 and shown.max() == 255
    assert (np.diff(shown[..., 1].ravel().astype(int)) >= 0).all()


@pytest.mark.parametrize(
    ("rule", "level", "present", "expected"),
    [
        ("both", 128, True, ("rgb", "thermal")),
        ("both", 128, False, ("rgb",)),
        ("rgb", 0, True, ("rgb",)),
        ("thermal", 128, True, ("thermal",)),
        ("thermal", 128, False, ()),
        ("better", DARK_LUMA + 1, True, ("rgb",)),
        ("better", DARK_LUMA - 1, True, ("thermal",)),
        ("better", DARK_LUMA - 1, False, ("rgb",)),
    ],
)
def test_rules(rule: str, level: float, present: bool, expected: tuple[str, ...]) -> None:
    assert modalities_of(registered(level, present), rule) == expected


def test_images_are_known_by_shape_and_pixels() -> None:
    image = pair(1).made.rgb
    assert pixels_sha256(image) == pixels_sha256(np.asfortranarray(image))
    turned = image.reshape(image.shape[1], image.shape[0], 3)
    assert turned.tobytes() == image.tobytes() and pixels_sha256(turned) != pixels_sha256(image)
    other = image.copy()
    other[-1, -1, -1] ^= 1
    assert pixels_sha256(other) != pixels_sha256(image)


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
