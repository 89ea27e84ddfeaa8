"""A whole product of labels: rows, fields, absences, scores, and what is labelled once only."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.made.annotators import save_mask2former, weights
from tests.made.cmss import flat, pair, write_dataset
from tests.made.pseudo_labels import SCENE_NAMES, label_dataset, shards, specs, write_truth
from tests.made.raw_pairs import contents, run_in
from twinband.core.errors import InputError, WorkFailed
from twinband.core.params import ParamsError
from twinband.labels.cache import LabelCache
from twinband.pseudo_labels.annotator import PseudoLabelAnnotator
from twinband.pseudo_labels.build import CheckedAnnotator
from twinband.pseudo_labels.facts import ClassFacts, DepthFacts
from twinband.pseudo_labels.label import Depth, Semantics, read_depth
from twinband.pseudo_labels.truth import Truth, depth_scores
from twinband.shards.product import product_id, read_manifest
from twinband.shards.read import open_products
from twinband.verify import verify_product


def test_depth_follows_its_pairs_and_is_scored_where_the_truth_is_known(tmp_path: Path) -> None:
    write_dataset(tmp_path, *shards(2, 3))
    write_truth(tmp_path / "truth", ["000", "001", "004"])
    labelled = label_dataset("depth", specs(tmp_path)["depth"], tmp_path)
    assert not verify_product(tmp_path / "depth")
    products = {name: tmp_path / name for name in ("pairs", "registered", "depth")}
    samples = {sample["key"]: sample for sample in open_products(products)}
    rows = {row["key"]: row for row in labelled.manifest.to_pylist()}
    assert list(rows) == list(samples) == [f"{n:03d}" for n in range(6)]
    assert [rows[key]["abs_rel"] is not None for key in rows] == [1, 1, 0, 0, 1, 0]
    for key, row in rows.items():
        description = samples[key]["depth"]["json"]
        assert description["modality"] == row["modality"] == "rgb"
        assert description["scale_m"] == 10.0 and len(row["image_sha256"]) == 64
        assert description["image_sha256"] == row["image_sha256"]
        assert description["consistency_flip"] == row["consistency_flip"] <= 1
    truth = Truth(tmp_path / "truth", ("void",)).depth_m("raw/004", (48, 64))
    assert truth is not None
    scores = depth_scores(truth, read_depth(samples["004"]["depth"]))
    assert scores == {name: rows["004"][name] for name in ("abs_rel", "delta1")}
    facts = labelled.facts
    assert isinstance(facts, DepthFacts) and facts.product == product_id(tmp_path / "depth")
    assert facts.images == 6 and facts.modalities == {"rgb": 6}
    assert list(facts.scores) == ["day", "night", "overall"]
    assert facts.scores["day"].images == 1 and facts.scores["overall"].images == 3
    assert facts.compared == "metres as they are"
    mean = np.mean([rows[key]["abs_rel"] for key in ("000", "001", "004")])
    assert facts.scores["overall"].abs_rel == pytest.approx(mean)
    card = (tmp_path / "depth/README.md").read_text()
    assert "## Against the truth: metres as they are" in card and "`inverse`" in card


def test_classes_are_scored_over_all_pixels_together(tmp_path: Path) -> None:
    write_dataset(tmp_path, *shards(1, 3))
    write_truth(tmp_path / "truth", ["000", "001", "002"])
    labelled = label_dataset("semantics", specs(tmp_path)["semantics"], tmp_path)
    rows = labelled.manifest.to_pylist()
    confusions = np.array([row["confusion"] for row in rows]).reshape(3, 14, 14)
    confusion = confusions.sum(0)
    right = np.diagonal(confusion)
    union = confusion.sum(0) + confusion.sum(1) - right
    iou = right[1:] / union[1:]
    facts = labelled.facts
    assert isinstance(facts, ClassFacts)
    assert facts.scores["overall"].miou == pytest.approx(np.nanmean(iou))
    assert facts.iou["sky"] == pytest.approx(iou[SCENE_NAMES.index("sky")])
    assert all(row["confusion"][0] == 0 and 0 < row["confidence"] <= 1 for row in rows)
    table = json.loads((tmp_path / "semantics/classes.json").read_text())
    assert table == {"classes": list(SCENE_NAMES)}
    (sample, *_) = open_products({"semantics": tmp_path / "semantics"})
    assert sample["semantics"]["classes"].shape == (48, 64)
    card = (tmp_path / "semantics/README.md").read_text()
    assert "guardrail" in card and "| overall | 3 |" in card


def test_without_a_truth_the_consistency_is_told(tmp_path: Path) -> None:
    write_dataset(tmp_path, *shards(1, 2))
    labelled = label_dataset("semantics", specs(tmp_path)["semantics"], tmp_path)
    spread = labelled.facts.consistency_scale
    assert not labelled.facts.scores and spread and 0 <= spread.p05 <= spread.median <= 1
    assert labelled.manifest["miou"].null_count == 2
    assert "No truth is known" in (tmp_path / "semantics/README.md").read_text()


def test_other_names_are_not_scored(tmp_path: Path) -> None:
    write_dataset(tmp_path, *shards(1, 1))
    write_truth(tmp_path / "truth", ["000"])
    other = weights(save_mask2former(tmp_path / "coco", ("person", "car", "cat")))
    spec = replace(specs(tmp_path)["semantics"], weights=other)
    assert not label_dataset("semantics", spec, tmp_path).facts.scores


def test_a_grown_dataset_costs_its_new_images_only(tmp_path: Path) -> None:
    spec = specs(tmp_path)["depth"]
    cache = tmp_path / "cache"
    for name, pairs in (("small", 2), ("large", 5)):
        write_dataset(tmp_path / name, *shards(1, pairs))
    small = label_dataset("depth", spec, tmp_path / "small", cache=cache)
    large = label_dataset("depth", spec, tmp_path / "large", cache=cache)
    assert (small.fresh, small.known) == (2, 0) and (large.fresh, large.known) == (3, 2)
    again = label_dataset("depth", spec, tmp_path / "large", cache=cache, out=tmp_path / "again")
    assert (again.fresh, again.known) == (0, 5)
    alone = label_dataset(
        "depth", spec, tmp_path / "large", cache=tmp_path / "other", out=tmp_path / "alone",
        run=run_in(tmp_path / "other-work"),
    )  # fmt: skip
    assert alone.fresh == 5
    assert contents(tmp_path / "alone") == contents(tmp_path / "large/depth")


def test_another_zoom_or_code_is_labelled_anew(tmp_path: Path) -> None:
    spec = specs(tmp_path)["depth"]
    assert spec.fingerprint != replace(spec, zoom=0.5).fingerprint
    assert spec.fingerprint != replace(spec, options=()).fingerprint
    assert spec.fingerprint != replace(spec, code="changed").fingerprint
    assert spec.annotator == replace(spec, code="changed").annotator


def test_a_pair_without_the_image_is_recorded_as_absent(tmp_path: Path) -> None:
    failing = {"aligned": False, "on_failure": "single_modality", "rig": "pair"}
    write_dataset(tmp_path, *shards(1, 2), **failing)
    present = read_manifest(tmp_path / "registered")["thermal_present"].to_pylist()
    assert False in present, "the test needs a pair that cannot be registered"
    labelled = label_dataset("depth", specs(tmp_path)["depth"], tmp_path, "thermal")
    rows = labelled.manifest.to_pylist()
    assert [row["status"] for row in rows] == ["ok" if there else "absent" for there in present]
    assert labelled.facts.absent == present.count(False)
    assert all(row["reason"] == "no_thermal" for row in rows if row["status"] == "absent")


def test_a_truth_on_another_grid_is_not_compared(tmp_path: Path) -> None:
    write_dataset(tmp_path, *shards(1, 1), grid="thermal")
    write_truth(tmp_path / "truth", ["000"])
    assert not label_dataset("depth", specs(tmp_path)["depth"], tmp_path).facts.scores


def test_the_better_image_is_labelled(tmp_path: Path) -> None:
    write_dataset(tmp_path, {"dark": flat(20), "light": flat(120)})
    labelled = label_dataset("depth", specs(tmp_path)["depth"], tmp_path, "better")
    assert labelled.manifest["modality"].to_pylist() == ["thermal", "rgb"]


def test_wrong_annotators_are_told_before_any_work(tmp_path: Path) -> None:
    spec = specs(tmp_path)["depth"]
    with pytest.raises(ParamsError, match=r"pseudo_labels: depth: there is no annotator nobody"):
        CheckedAnnotator.of("depth", replace(spec, name="nobody"))
    with pytest.raises(ParamsError, match=r"dpt cannot be opened: .*sidepx"):
        CheckedAnnotator.of("depth", replace(spec, options=(("sidepx", 3),)))
    with pytest.raises(InputError, match="Mask2Former"):
        CheckedAnnotator.of("depth", replace(spec, name="mask2former", options=()))
    with pytest.raises(ParamsError, match=r"pseudo_labels: semantics: dpt labels depth"):
        CheckedAnnotator.of("semantics", spec)


def test_a_label_that_vanished_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_dataset(tmp_path, *shards(1, 1))
    spec = specs(tmp_path)["depth"]
    monkeypatch.setattr(LabelCache, "put", lambda self, sha256, fields: None)
    with pytest.raises(WorkFailed, match="was deleted while the stage ran"):
        label_dataset("depth", spec, tmp_path)


class Steps:
    """Tells distances that double from left to right; of a mirrored image the truth."""

    kind, rule, names = "depth", "as it is", ()

    def __init__(self) -> None:
        self.shown: list[tuple[int, float]] = []

    def labels(self, images: list[np.ndarray], zoom: float = 1.0) -> list[Depth | Semantics]:
        self.shown.append((len(images), zoom))
        return [Depth(image[..., 0].astype(np.float32) * zoom, True, 1.0) for image in images]


def test_an_image_shares_its_batch_with_its_mirror_image_only() -> None:
    steps = Steps()
    images = [pair(n).made.rgb for n in range(3)]
    labels = list(PseudoLabelAnnotator(steps, 0.5, 1).fields(images))  # type: ignore[arg-type]
    assert steps.shown == [(2, 1.0), (1, 0.5)] * 3
    for fields in labels:
        description = json.loads(fields["json"])
        assert description["consistency_flip"] == 1
        assert description["consistency_scale"] == pytest.approx(1 - 0.5 / 0.75, abs=1e-5)
