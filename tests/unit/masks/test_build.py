import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.made.cmss import At, pair, write_dataset
from tests.made.labelled import WITHOUT, without_thermal, write_pairs
from tests.made.masked import build, spec_of, write_sam, write_truth
from tests.made.raw_pairs import RUNTIME, contents
from tests.made.registered_pairs import Made, name_of
from tests.made.sam import small_sam
from twinband.core.errors import InputError, WorkFailed
from twinband.labels.fill import cache_of
from twinband.labels.images import MODALITIES, image_of, pixels_sha256
from twinband.masks.annotator import SamSpec
from twinband.masks.build import ShardTask, write_masks_shard
from twinband.masks.facts import ImageFacts, ObjectFacts
from twinband.masks.read import MaskReader
from twinband.sam.generate import AutomaticMasks
from twinband.shards.product import product_id, read_manifest
from twinband.shards.read import open_products
from twinband.shards.registered import registered_pair
from twinband.verify import verify_product


@pytest.fixture(scope="module")
def sam(tmp_path_factory: pytest.TempPathFactory) -> SamSpec:
    return spec_of(write_sam(tmp_path_factory.mktemp("weights")))


def test_the_product_holds_what_sam_finds(tmp_path: Path, sam: SamSpec) -> None:
    base = write_pairs(tmp_path / "one", [0, 2, 4], [1, 3])
    masked = build(base, sam)
    assert (masked.fresh, masked.known) == (10, 0)
    assert verify_product(base / "masks", source=base / "pairs") == []
    dataset = open_products({name: base / name for name in ("pairs", "registered", "masks")})
    reader = MaskReader(base / "masks")
    finder = AutomaticMasks(small_sam(), sam.settings)
    rows = {row["key"]: row for row in masked.manifest.to_pylist()}
    for sample in dataset:
        key, view = sample["key"], registered_pair(sample)
        for modality in MODALITIES:
            image = image_of(view, modality)
            assert image is not None
            rles = [mask["rle"] for mask in finder.generate(image)]
            assert [mask["rle"] for mask in reader.annotations(key, modality)] == rles
            assert rows[key][f"masks_{modality}"] == len(rles) > 0
            sha256 = pixels_sha256(image)
            assert rows[key][f"sha256_{modality}"] == sha256
            assert sample["masks"][modality]["sha256"] == sha256
    assert {row["truth"] for row in rows.values()} == {"no_truth"}
    counts = [row["masks_rgb"] for row in rows.values()]
    assert masked.facts.images["rgb"].model_dump() == {
        "images": 5,
        "absent": 0,
        "masks": sum(counts),
        "masks_mean": pytest.approx(np.mean(counts)),
        "without_masks": 0,
    }
    assert not masked.facts.scores
    assert masked.facts.product == product_id(base / "masks")
    card = (base / "masks/README.md").read_text()
    assert "pretty_name: made-up, masks" in card and "Against the truth" not in card
    assert f"| SHA-256 of the weights | {sam.weights.sha256} |" in card
    assert "| points_per_side | 3 |" in card and f"| {sam.annotator} |" in card


def test_workers_and_the_cache_change_no_byte(tmp_path: Path, sam: SamSpec) -> None:
    first = write_pairs(tmp_path / "one" / "data", range(9), range(9, 12))
    second = write_pairs(tmp_path / "two" / "data", range(9), range(9, 12))
    build(first, sam)
    build(second, sam, runtime=RUNTIME.model_copy(update={"workers": 2}))
    expected = contents(first / "masks")
    assert contents(second / "masks") == expected
    third = write_pairs(tmp_path / "one" / "again", range(9), range(9, 12))
    masked = build(third, sam)
    assert (masked.fresh, masked.known) == (0, 24) and contents(third / "masks") == expected


def test_absent_thermal_and_no_masks_are_recorded(tmp_path: Path, sam: SamSpec) -> None:
    base = tmp_path / "one"
    write_dataset(base, {"a": without_thermal(1), "b": without_thermal(2)}, **WITHOUT)
    strict = spec_of(sam.weights, pred_iou_thresh=1e6)
    masked = build(base, strict)
    for row in masked.manifest.to_pylist():
        assert row["status"] == "ok" and row["masks_rgb"] == 0 and row["masks_thermal"] is None
        assert row["sha256_thermal"] is None
    assert masked.facts.images["rgb"].without_masks == 2
    assert masked.facts.images["thermal"] == ImageFacts(
        images=0, absent=2, masks=0, masks_mean=0.0, without_masks=0
    )
    reader = MaskReader(base / "masks")
    assert reader.annotations("a", "rgb") == [] == reader.annotations("a", "thermal")
    assert "| images that count as absent | 0 | 2 |" in (base / "masks/README.md").read_text()


def test_keys_and_shards_are_those_of_the_pairs(tmp_path: Path, sam: SamSpec) -> None:
    base = write_pairs(tmp_path / "one", [0], [], [1])
    masked = build(base, sam)
    assert masked.manifest["key"].to_pylist() == ["p000", "p001"]
    assert masked.manifest["shard"].to_pylist() == [0, 2]
    assert verify_product(base / "masks", source=base / "pairs") == []


def object_pair(seed: int, hour: str, *, in_thermal: bool) -> tuple[At, np.ndarray]:
    """Three objects on a flat ground: a large one that RGB shows, and thermal if so wished; a
    large one that nobody sees; a small one. With their instances."""
    instances = np.zeros((48, 64), np.uint16)
    instances[8:28, 8:28] = 5
    instances[8:28, 36:56] = 300
    instances[40:44, 4:8] = 7
    rgb = np.full((48, 64, 3), 60 + seed, np.uint8)
    rgb[instances == 5] = (60 + seed, 200, 60)
    rgb[instances == 7] = 250
    thermal = np.full((48, 64), 60 + seed, np.uint8)
    if in_thermal:
        thermal[instances == 5] = 220
    return At(Made(rgb, thermal), hour), instances


def test_masks_are_scored_against_objects_that_the_image_shows(
    tmp_path: Path, sam: SamSpec
) -> None:
    made = {
        "a": object_pair(1, "day", in_thermal=True),
        "b": object_pair(2, "night", in_thermal=False),
        "c": (pair(3, "night"), None),
    }
    base = tmp_path / "one"
    write_dataset(base, {key: at for key, (at, _) in made.items()})
    truth = write_truth(
        tmp_path / "truth", {key: truth for key, (_, truth) in made.items() if truth is not None}
    )
    masked = build(base, sam, truth)
    rows = {row["key"]: row for row in masked.manifest.to_pylist()}
    assert [rows[key]["truth"] for key in "abc"] == ["scored", "scored", "no_truth"]
    assert rows["c"]["object_iou_rgb"] is None and rows["b"]["object_iou_thermal"] == []
    reader = MaskReader(base / "masks")
    best = {}
    for key, modality in (("a", "rgb"), ("a", "thermal"), ("b", "rgb")):
        thing = made[key][1] == 5
        masks = reader.masks_for(key, modality, 99)
        iou = max(float((thing & m).sum() / (thing | m).sum()) for m in masks)
        assert rows[key][f"object_iou_{modality}"] == [pytest.approx(iou)]
        best[key, modality] = iou
    scores = masked.facts.scores
    assert list(scores["rgb"]) == ["day", "night", "overall"]
    assert scores["thermal"]["night"] == ObjectFacts(objects=0)
    assert scores["rgb"]["night"].mean_iou == pytest.approx(best["b", "rgb"])
    overall = scores["both"]["overall"]
    assert overall.model_dump() == {
        "objects": 3,
        "mean_iou": pytest.approx(np.mean(list(best.values()))),
        "recall": pytest.approx(np.mean([iou >= 0.5 for iou in best.values()])),
    }
    assert masked.facts.headline()["mean_best_iou_both"] == overall.mean_iou
    assert masked.facts.pairs_by_truth == {"no_truth": 1, "scored": 2}
    card = (base / "masks/README.md").read_text()
    assert f"| both | overall | 3 | {overall.mean_iou:.3f} |" in card


def test_pairs_on_the_grid_of_thermal_are_not_scored(tmp_path: Path, sam: SamSpec) -> None:
    at, instances = object_pair(1, "day", in_thermal=True)
    base = tmp_path / "one"
    write_dataset(base, {"a": at}, grid="thermal")
    masked = build(base, sam, write_truth(tmp_path / "truth", {"a": instances}))
    (row,) = masked.manifest.to_pylist()
    assert row["truth"] == "other_grid" and row["object_iou_rgb"] is None
    assert not masked.facts.scores
    assert masked.facts.pairs_by_truth == {"other_grid": 1}
    card = (base / "masks/README.md").read_text()
    assert "Pairs by their truth: 1 on the pixels of thermal, where the truth is not." in card


@pytest.mark.parametrize(("data", "message"), [(None, "of the shape"), (b"no image", "be read")])
def test_a_truth_that_does_not_fit(
    tmp_path: Path, sam: SamSpec, data: bytes | None, message: str
) -> None:
    base = write_pairs(tmp_path / "one", [1])
    truth = write_truth(tmp_path / "truth", {"p001": np.zeros((24, 32), np.uint16)})
    file = truth / "instances" / f"{name_of('p001')}.png"
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(InputError, match=rf"{name_of('p001')}\.png: .*{message}"):
        build(base, sam, truth)


def test_a_label_that_was_deleted_meanwhile_is_told(tmp_path: Path, sam: SamSpec) -> None:
    base = write_pairs(tmp_path / "one", [1])
    build(base, sam)
    row: dict[str, Any] = read_manifest(base / "masks").to_pylist()[0]
    cache = cache_of(tmp_path / "cache", sam)
    cache.path_of(row["sha256_rgb"]).unlink()
    task = ShardTask(
        tmp_path / "shard-000000.tar",
        base / "pairs",
        base / "registered",
        {"p001": {"rgb": row["sha256_rgb"]}},
        tmp_path / "cache" / sam.fingerprint,
        tmp_path,
        100,
    )
    with pytest.raises(WorkFailed, match="was deleted while the stage ran"):
        write_masks_shard(task)


def test_other_weights_are_not_served_by_old_shards(tmp_path: Path, sam: SamSpec) -> None:
    """Shards left in the work folder are those of their annotator."""
    base = write_pairs(tmp_path / "one", [1, 2])
    before = build(base, sam).manifest["masks_rgb"].to_pylist()
    masked = build(base, spec_of(sam.weights, max_masks=1))
    assert masked.manifest["masks_rgb"].to_pylist() == [1, 1] != before
    assert json.loads((base / "masks/index.json").read_text())["product"] == "masks"
