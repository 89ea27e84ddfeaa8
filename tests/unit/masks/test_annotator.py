import dataclasses
import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.made.cmss import pair
from tests.made.masked import SETTINGS, spec_of, write_sam
from tests.made.sam import small_sam
from twinband.core.errors import InputError
from twinband.labels.fill import AnnotatorSpec
from twinband.masks import annotator
from twinband.masks.annotator import FIELD, SamSpec
from twinband.sam.generate import AutomaticMasks
from twinband.sam.settings import MaskSettings
from twinband.weights import Weights

WEIGHTS = Weights(Path("models/sam"), "1" * 64, "small")


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As the annotator has: two threads round otherwise."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("one_thread")
def test_labels_are_what_sam_finds(tmp_path: Path) -> None:
    images = [pair(seed).made.rgb for seed in range(3)]
    opened = spec_of(write_sam(tmp_path)).open()
    labels = [fields[FIELD] for fields in opened.fields(images)]
    assert labels == [fields[FIELD] for fields in opened.fields(images)]
    for image, label in zip(images, labels, strict=True):
        parsed = json.loads(label)
        masks = AutomaticMasks(small_sam(), MaskSettings(**SETTINGS)).generate(image)
        assert len(masks) == 6 and (parsed["height"], parsed["width"]) == image.shape[:2]
        for mask, kept in zip(masks, parsed["masks"], strict=True):
            assert kept.keys() == mask.keys() and kept["rle"] == mask["rle"]
            for name in ("area", "bbox", "crop_box"):
                assert kept[name] == mask[name]
            for name in ("predicted_iou", "stability_score", "point_coords"):
                np.testing.assert_allclose(kept[name], mask[name], atol=5e-7)
        assert label == json.dumps(parsed, separators=(",", ":"), sort_keys=True).encode()


def test_no_masks_is_a_label(tmp_path: Path) -> None:
    opened = spec_of(write_sam(tmp_path), pred_iou_thresh=1e6).open()
    (fields,) = opened.fields([pair(1).made.rgb])
    assert fields == {FIELD: b'{"height":48,"masks":[],"width":64}'}


def test_a_score_that_is_no_number_is_null(monkeypatch: pytest.MonkeyPatch) -> None:
    class Generator:
        def generate(self, image: Any) -> list[dict[str, Any]]:
            return [{"stability_score": float("nan"), "predicted_iou": 0.12345678}]

    opened = annotator.SamAnnotator(Generator(), 1)  # type: ignore[arg-type]
    (fields,) = opened.fields([np.zeros((2, 3, 3), np.uint8)])
    (mask,) = json.loads(fields[FIELD])["masks"]
    assert mask == {"stability_score": None, "predicted_iou": 0.123457}


def test_threads_are_those_asked_for_and_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    seen = []

    class Generator:
        def generate(self, image: Any) -> list[dict[str, Any]]:
            seen.append(torch.get_num_threads())
            raise RuntimeError

    opened = annotator.SamAnnotator(Generator(), before + 2)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError):
        list(opened.fields([np.zeros((2, 3, 3), np.uint8)]))
    assert seen == [before + 2] and torch.get_num_threads() == before


def test_all_that_can_change_a_mask_is_in_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    spec: AnnotatorSpec = spec_of(WEIGHTS)
    same = pickle.loads(pickle.dumps(spec))
    assert same == spec and hash(same) == hash(spec) and same.fingerprint == spec.fingerprint
    assert isinstance(spec, SamSpec)
    others = [
        dataclasses.replace(spec, weights=Weights(WEIGHTS.path, "2" * 64, WEIGHTS.name)),
        dataclasses.replace(spec, device="cuda"),
        dataclasses.replace(spec, threads=2),
        *(
            spec_of(WEIGHTS, **{name: value + (1 if isinstance(value, int) else 0.1)})
            for name, value in SETTINGS.items()
            if name != "crop_n_points_downscale_factor"
        ),
    ]
    assert len({other.fingerprint for other in [spec, *others]}) == len(others) + 1
    assert len({other.annotator for other in [spec, *others]}) == len(others) + 1
    monkeypatch.setattr(annotator, "version", lambda name: "9" if name == "torch" else "1")
    assert spec_of(WEIGHTS).fingerprint not in {other.fingerprint for other in others}
    assert spec_of(WEIGHTS).annotator != spec.annotator


def test_what_changes_no_mask_is_not() -> None:
    spec = spec_of(WEIGHTS)
    elsewhere = dataclasses.replace(spec, weights=Weights(Path("b"), "1" * 64, "b"))
    assert elsewhere.fingerprint == spec.fingerprint
    assert spec_of(WEIGHTS, points_per_batch=1).fingerprint == spec.fingerprint


def test_other_code_makes_other_labels_but_no_other_product() -> None:
    spec, other = spec_of(WEIGHTS), spec_of(WEIGHTS, code="other")
    assert spec.fingerprint != other.fingerprint and spec.annotator == other.annotator


def test_a_missing_gpu_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    spec_of(WEIGHTS).check_device()
    with pytest.raises(InputError, match=r"device = cuda, but PyTorch finds no"):
        dataclasses.replace(spec_of(WEIGHTS), device="cuda").open()
