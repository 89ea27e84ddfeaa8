"""Methods without training: the identities of spec cross-modal-kd, 1."""

import numpy as np
import pytest

from twinband.fusion.interface import Fusion, Grey, load_fusion, method_names
from twinband.fusion_methods import dwt, laplacian

SIZES = [(64, 80), (61, 77), (9, 200), (33, 8)]
EXACT = ("average", "dwt", "laplacian", "maximum", "saliency")


def image(size: tuple[int, int], seed: int) -> Grey:
    return np.random.default_rng(seed).random(size, np.float32)


@pytest.mark.parametrize("name", method_names())
@pytest.mark.parametrize("size", SIZES)
def test_any_size_gives_an_image_of_its_own(name: str, size: tuple[int, int]) -> None:
    visible, infrared = ((255 * image(size, n)).astype(np.uint8) for n in (0, 1))
    fused = load_fusion(name).fuse(visible, infrared)
    assert fused.shape == (*size, 3) and fused.dtype == np.uint8
    assert np.array_equal(fused, load_fusion(name).fuse(visible, infrared))


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("size", SIZES)
def test_an_image_with_itself_is_itself(name: str, size: tuple[int, int]) -> None:
    same = image(size, 0)
    np.testing.assert_allclose(load_fusion(name).fuse_luma(same, same), same, atol=1e-5)


@pytest.mark.parametrize("method", [dwt.Method(), dwt.Method("haar", 2), laplacian.Method()])
@pytest.mark.parametrize("size", SIZES[:2])
def test_details_survive_a_constant_and_the_level_is_the_mean(
    method: Fusion, size: tuple[int, int]
) -> None:
    """Of an image without slow parts, which are what is left at the top."""
    rows, columns = np.indices(size)
    details = (0.25 * (-1.0) ** (rows + columns)).astype(np.float32)
    for pair in ((0.5 + details, np.full(size, 0.25, np.float32)),) * 2:
        fused = method.fuse_luma(*pair)
        inner = fused[8:-8, 8:-8]
        assert inner.mean() == pytest.approx(0.375, abs=0.01)
        np.testing.assert_allclose(inner - 0.375, details[8:-8, 8:-8], atol=0.02)


@pytest.mark.parametrize("name", ["average", "dwt", "laplacian", "maximum"])
def test_the_order_of_the_images_does_not_matter_but_for_ties(name: str) -> None:
    first, second = image((64, 64), 0), image((64, 64), 1)
    method = load_fusion(name)
    np.testing.assert_allclose(
        method.fuse_luma(first, second), method.fuse_luma(second, first), atol=1e-6
    )


@pytest.mark.parametrize("name", ["average", "dwt", "laplacian", "maximum"])
def test_twice_as_bright_is_twice_as_bright(name: str) -> None:
    first, second = image((64, 48), 0), image((64, 48), 1)
    method = load_fusion(name)
    np.testing.assert_allclose(
        method.fuse_luma(2 * first, 2 * second), 2 * method.fuse_luma(first, second), atol=1e-5
    )


def test_haar_of_four_pixels_by_hand() -> None:
    """Coefficients are sums of four over 2: a = 5, h = -2, v = -1, d = 0 of 1 2 3 4."""
    visible, infrared = (
        np.array([[1, 2], [3, 4]], np.float32),
        np.array([[4, 0], [0, 0]], np.float32),
    )
    # infrared: a = h = v = d = 2; the stronger details are h = 2 (a tie: infrared), v = 2, d = 2
    fused = dwt.Method("haar", 1).fuse_luma(visible, infrared)
    approximation, details = (5 + 2) / 2, np.array([[6, -2], [-2, -2]])
    np.testing.assert_allclose(fused, (approximation + details) / 2, atol=1e-6)


def test_the_visible_and_the_infrared_image_alone_are_controls() -> None:
    visible, infrared = image((8, 8), 0), (255 * image((8, 8), 1)).astype(np.uint8)
    assert np.array_equal(load_fusion("visible").fuse_luma(visible, visible), visible)
    colours = np.zeros((8, 8, 3), np.uint8)
    colours[..., 0] = 255
    alone = load_fusion("infrared").fuse(colours, infrared)
    assert np.array_equal(alone, np.repeat(infrared[..., None], 3, 2))


def test_contrast_is_that_of_the_stronger_image_and_not_of_the_mean() -> None:
    rows, columns = np.indices((96, 96))
    checks = (((rows // 4 + columns // 4) % 2) * 0.6 + 0.2).astype(np.float32)
    flat = np.full_like(checks, 0.5)
    for name in ("dwt", "laplacian", "saliency"):
        contrast = load_fusion(name).fuse_luma(checks, flat).std()
        assert contrast > 1.5 * load_fusion("average").fuse_luma(checks, flat).std(), name
