"""Classes by Mask2Former: semantic inference, sizes, names and the likeliest classes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers import Mask2FormerForUniversalSegmentation, Mask2FormerImageProcessorPil

from tests.made.annotators import NAMES, save_dpt, save_mask2former, weights
from twinband.annotators.mask2former import open_annotator, scores_of_classes, shown_size
from twinband.core.errors import InputError


def image(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def test_scores_are_summed_over_queries_without_no_object() -> None:
    sure, never = 50.0, -50.0
    classes = torch.tensor([[[sure, 0, 0], [0, sure, 0], [0, 0, sure]]])  # the last: no object
    masks = torch.full((1, 3, 2, 2), never)
    masks[0, 0, :, 0] = sure
    masks[0, 1, :, 1] = sure
    masks[0, 2] = sure
    scores = scores_of_classes(classes, masks, (2, 2))[0]
    np.testing.assert_allclose(scores[0], [[1, 0], [1, 0]], atol=1e-6)
    np.testing.assert_allclose(scores[1], [[0, 1], [0, 1]], atol=1e-6)


def test_labels_are_the_packages_at_its_own_resolution(tmp_path: Path) -> None:
    folder = save_mask2former(tmp_path / "m2f")
    annotator = open_annotator(weights(folder), {}, "cpu")
    shown = image(64, 96)
    (label,) = annotator.labels([shown])
    processor = Mask2FormerImageProcessorPil.from_pretrained(folder)
    model = Mask2FormerForUniversalSegmentation.from_pretrained(folder)
    with torch.inference_mode():
        found = model(processor(shown, return_tensors="pt")["pixel_values"])
    scores = scores_of_classes(found.class_queries_logits, found.masks_queries_logits, (64, 96))[0]
    assert label.classes.shape == (64, 96) and label.names == NAMES
    assert (label.classes == scores.argmax(0).numpy()).mean() > 0.999
    shares = (scores / scores.sum(0)).max(0).values.numpy()
    np.testing.assert_allclose(label.confidence, shares, rtol=1e-3)
    assert label.confidence.min() >= 1 / len(NAMES) - 1e-6 and label.confidence.max() <= 1


@pytest.mark.parametrize("zoom", [1.0, 0.75])
@pytest.mark.parametrize("size", [(192, 256), (256, 192), (480, 640), (100, 700), (700, 100)])
def test_images_are_as_large_as_the_packages(size: tuple[int, int], zoom: float) -> None:
    edges = {"shortest_edge": 192, "longest_edge": 512}
    zoomed = {name: round(px * zoom) for name, px in edges.items()}
    processor = Mask2FormerImageProcessorPil(size=zoomed, size_divisor=32)
    pixels = processor(image(*size), return_tensors="pt")["pixel_values"]
    assert shown_size(*size, {"size": edges, "size_divisor": 32}, zoom) == tuple(pixels.shape[2:])


def test_older_settings_and_fixed_sizes_are_known() -> None:
    assert shown_size(480, 640, {"size": 800, "max_size": 1333}, 1.0) == (800, 1088)
    fixed = {"size": {"height": 384, "width": 384}, "size_divisor": 32}
    assert shown_size(480, 640, fixed, 1.0) == (384, 384)


def test_the_likeliest_classes_are_kept_best_first(tmp_path: Path) -> None:
    folder = save_mask2former(tmp_path / "m2f")
    (label,) = open_annotator(weights(folder), {"top_k": 2}, "cpu").labels([image(50, 70)])
    assert label.top is not None
    classes, scores = label.top
    assert classes.shape == scores.shape == (2, 50, 70)
    np.testing.assert_array_equal(classes[0], label.classes)
    np.testing.assert_array_equal(scores[0], label.confidence)
    assert (scores[0] >= scores[1]).all() and (classes[0] != classes[1]).all()
    for top_k, said in ((4, "at most 3"), (-1, "positive number"), (True, "positive number")):
        with pytest.raises(ValueError, match=said):
            open_annotator(weights(folder), {"top_k": top_k}, "cpu")


def test_another_kind_of_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Mask2Former"):
        open_annotator(weights(save_dpt(tmp_path / "dpt")), {}, "cpu")


def test_another_device_is_told(tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(ValueError, match="no device cuda"):
        open_annotator(weights(save_mask2former(tmp_path / "m2f")), {}, "cuda")
