"""Views: all of a view's arrays show the same part of a scene, mirrored alike."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest

from twinband.sample.annotators.scenes import LabelledScene
from twinband.sample.annotators.views import draw_view


def generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


@pytest.mark.parametrize("seed", range(8))
def test_truth_and_image_stay_together(scenes: Sequence[LabelledScene], seed: int) -> None:
    """An image whose greys are the classes has edges where the truth's are."""
    scene = scenes[1]
    grey = (scene.semantics * 18).astype(np.uint8)
    painted = replace(scene, rgb=np.repeat(grey[..., None], 3, axis=2), thermal=grey)
    view = draw_view(painted, 0.6, 128, generator(seed))
    assert view.image.shape == (96, 128, 3) and view.semantics.shape == (96, 128)
    greys = view.image[..., 0].astype(float)
    inside = [greys[view.semantics == c] for c in np.unique(view.semantics)]
    spread = sum(((g - np.median(g)) ** 2).sum() for g in inside)
    assert spread < 0.25 * ((greys - np.median(greys)) ** 2).sum()
    assert np.array_equal(view.depth == 0, view.semantics == 6)  # sky


def test_views_of_whole_scenes_keep_all_of_them(scenes: Sequence[LabelledScene]) -> None:
    scene = scenes[0]
    for seed in range(6):
        depth = draw_view(scene, 1.0, 128, generator(seed)).depth
        assert np.array_equal(depth, scene.depth) or np.array_equal(depth[:, ::-1], scene.depth)


def test_zoomed_views_show_parts(scenes: Sequence[LabelledScene]) -> None:
    scene = scenes[0]
    views = [draw_view(scene, 0.5, 128, generator(seed)) for seed in range(20)]
    whole = [any(np.array_equal(v.depth[:, ::way], scene.depth) for way in (1, -1)) for v in views]
    assert 4 < sum(whole) < 16


def test_larger_views_show_the_same(scenes: Sequence[LabelledScene]) -> None:
    for seed in range(6):
        view, larger = (draw_view(scenes[0], 0.6, px, generator(seed)) for px in (128, 256))
        assert larger.image.shape == (192, 256, 3)
        assert np.array_equal(larger.depth[::2, ::2], view.depth)
        assert np.array_equal(larger.instances[::2, ::2], view.instances)
        grey = cv2.resize(larger.image, (128, 96), interpolation=cv2.INTER_AREA)
        assert np.corrcoef(grey.ravel(), view.image.ravel())[0, 1] > 0.95


def test_both_modalities_are_seen_and_cameras_differ(scenes: Sequence[LabelledScene]) -> None:
    views = [draw_view(scenes[0], 1.0, 128, generator(seed)) for seed in range(20)]
    coloured = [bool((v.image[..., 0] != v.image[..., 2]).mean() > 0.1) for v in views]
    assert 4 < sum(coloured) < 16
    assert np.ptp([float(v.image.mean()) for v in views]) > 10
