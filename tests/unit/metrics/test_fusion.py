"""Fusion metrics: identities that hold by definition, and plain sums of small images."""

from collections import Counter

import numpy as np
import pytest
from skimage.metrics import structural_similarity

from twinband.metrics.fusion import METRICS, fusion_scores, grey
from twinband.metrics.fusion_information import mutual_information

DEFINITIONS = ("linfeng", "zoo", "standard")


def scene(seed: int = 0, shape: tuple[int, int] = (200, 240)) -> np.ndarray:
    """Smooth random levels, 8 bits, none above 230."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 230, (shape[0] // 8 + 2, shape[1] // 8 + 2))
    image = np.kron(coarse, np.ones((8, 8)))[: shape[0], : shape[1]]
    return (0.8 * image + 0.2 * rng.uniform(0, 230, shape)).astype(np.uint8)


@pytest.fixture(scope="module")
def pair() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    one, other = scene(1), scene(2)
    return one, other, ((one.astype(int) + other) // 2).astype(np.uint8)


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_three_equal_images_have_the_scores_of_a_perfect_copy(definition: str) -> None:
    image = scene()
    found = fusion_scores(image, image, image, definition)
    assert found["CC"] == pytest.approx(1)
    assert found["VIF"] == pytest.approx(2, abs=1e-6)
    assert found["MI"] == pytest.approx(2 * found["EN"], abs=1e-3)
    assert found["PSNR"] == np.inf
    assert found["MSE"] == 0
    sides = 2 if definition == "zoo" else 1
    assert found["SSIM"] == pytest.approx(sides)
    assert found["MS-SSIM"] == pytest.approx(sides, abs=0.01)
    assert found["SCD"] == 0, "what nothing was added to correlates with nothing"
    # Both suites take the strength itself for the ratio of two equal strengths.
    best = 0.9748 if definition == "standard" else 0.9753
    assert found["QABF"] == pytest.approx(best, abs=1e-4)


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_constant_fused_image_has_nothing(definition: str) -> None:
    flat = np.full((200, 240), 90, np.uint8)
    found = fusion_scores(scene(1), scene(2), flat, definition)
    for name in ("EN", "SD", "SF", "AG", "CC"):
        assert found[name] == pytest.approx(0, abs=1e-6), name
    # zoo's zeros beyond the border are edges
    assert found["VIF"] < (0.1 if definition == "zoo" else 1e-6)


def test_definitions_differ_where_papers_do(
    pair: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    linfeng, zoo, standard = (fusion_scores(*pair, name) for name in DEFINITIONS)
    assert linfeng["PSNR"] - standard["PSNR"] == pytest.approx(48.1308, abs=1e-4)
    assert zoo["PSNR"] == linfeng["PSNR"]
    height, width = pair[0].shape
    ratio = height * width / ((height - 1) * (width - 1))
    assert linfeng["AG"] / zoo["AG"] == pytest.approx(ratio)
    assert zoo["AG"] == standard["AG"]
    assert zoo["VIF"] != pytest.approx(linfeng["VIF"], rel=1e-3)
    for name in ("SD", "SF", "MSE", "CC", "SCD"):
        assert linfeng[name] == zoo[name] == standard[name]


def test_numbers_by_plain_sums(pair: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    infrared, visible, fused = (image.astype(float) for image in pair)
    found = fusion_scores(*pair, "standard")
    rows, columns = fused[1:] - fused[:-1], fused[:, 1:] - fused[:, :-1]
    assert found["SF"] == pytest.approx(np.sqrt((rows**2).mean() + (columns**2).mean()))
    counts = np.array(list(Counter(pair[2].ravel().tolist()).values())) / fused.size
    assert found["EN"] == pytest.approx(-(counts * np.log2(counts)).sum())
    error = (((infrared - fused) ** 2).mean() + ((visible - fused) ** 2).mean()) / 2
    assert found["MSE"] == pytest.approx(error / 255**2)
    assert found["PSNR"] == pytest.approx(10 * np.log10(255**2 / error))
    correlations = [np.corrcoef(x.ravel(), fused.ravel())[0, 1] for x in (infrared, visible)]
    assert found["CC"] == pytest.approx(np.mean(correlations))


def test_structure_of_the_standard_is_that_of_scikit_image(
    pair: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    infrared, visible, fused = pair
    theirs = [
        structural_similarity(
            source, fused, gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
            data_range=255,
        )
        for source in (infrared, visible)
    ]  # fmt: skip
    assert fusion_scores(*pair, "standard")["SSIM"] == pytest.approx(np.mean(theirs), abs=1e-9)


def test_linfeng_joins_the_two_highest_levels() -> None:
    """A uint8 plus 1 saturates, so that 254 and 255 have one place in the joint histogram."""
    image = np.array([[254, 255, 0, 0]], np.uint8)
    assert mutual_information(image, image, "standard") == 1.5
    assert mutual_information(image, image, "linfeng") == 1.5 + 1.5 - 1


def test_visual_information_takes_the_source_first() -> None:
    found = fusion_scores(scene(1), scene(1), scene(3), "standard")
    swapped = fusion_scores(scene(3), scene(3), scene(1), "standard")
    assert found["VIF"] != pytest.approx(swapped["VIF"], rel=1e-3)


def test_small_images_lack_what_needs_scales() -> None:
    small = scene(0, (30, 30))
    found = fusion_scores(small, scene(1, (30, 30)), small, "standard")
    assert np.isnan(found["MS-SSIM"])
    assert not np.isnan(found["SSIM"])


def test_odd_sides_have_all_scales() -> None:
    one, other, fused = (scene(seed, (201, 243)) for seed in range(3))
    for definition in DEFINITIONS:
        assert 0 < fusion_scores(one, other, fused, definition)["MS-SSIM"] < 1


def test_grey_of_equal_channels_is_the_channel() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for definition in DEFINITIONS:
        assert (grey(np.repeat(levels[..., None], 3, 2), definition) == levels).all()
    red = np.zeros((1, 1, 3), np.uint8)
    red[..., 0] = 255
    assert grey(red, "linfeng") == grey(red, "zoo") == 76


def test_images_of_other_kinds_are_refused() -> None:
    with pytest.raises(ValueError, match="sizes differ"):
        fusion_scores(scene(), scene()[1:], scene())
    with pytest.raises(ValueError, match="uint8"):
        fusion_scores(scene(), scene(), scene().astype(float))


def test_each_metric_tells_scale_and_direction() -> None:
    for metric in METRICS:
        for definition in DEFINITIONS:
            text = metric.describe(definition)
            assert text.endswith(("higher is better", "lower is better"))
    assert [metric.name for metric in METRICS if not metric.higher_is_better] == ["MSE"]
