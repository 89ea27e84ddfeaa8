"""Exports read back: by our own readers, by pycocotools, and as FiftyOne's documents."""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO

from tests.made.exports import BOXES, HEIGHT, WIDTH, make_registered, pixels_of, split_of
from tests.made.raw_pairs import contents
from twinband.core.errors import InputError
from twinband.core.images import decode
from twinband.exporting.build import FORMS, Export, export
from twinband.exporting.pair_files import Object, objects_on
from twinband.ingest.dataset import Pair, open_dataset
from twinband.shards.read import open_products
from twinband.shards.registered import RegisteredPair, registered_pair

CLASSES = ["bicycle", "car", "person"]
Exporting = Callable[..., tuple[Path, Export]]


@pytest.fixture(scope="module")
def products(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("products")
    make_registered(base)
    return base


@pytest.fixture(scope="module")
def moved_products(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("moved")
    make_registered(base, apart=5, labels_on="thermal")
    return base


def exported(base: Path, out: Path, form: str, **more: Any) -> Export:
    settings = {"modalities": ("rgb", "thermal"), **more}
    return export(base / "pairs", base / "registered", out, form, **settings)


def truth(base: Path) -> dict[str, RegisteredPair]:
    folders = {"pairs": base / "pairs", "registered": base / "registered"}
    return {sample["key"]: registered_pair(sample) for sample in open_products(folders)}


def read_back(root: Path, **options: Any) -> dict[str, Pair]:
    pairs = open_dataset("paired_folders", str(root), **options)
    assert not pairs.problems, pairs.problems
    return {pair.key.partition("-")[2]: pair for pair in pairs}


def boxes_of(labels: Iterable[Any]) -> list[tuple[str, list[float], bool]]:
    return [(item["class"], item["xyxy"], item["difficult"]) for item in labels]


def assert_same_images(pairs: dict[str, Pair], expected: dict[str, RegisteredPair]) -> None:
    assert sorted(pairs) == sorted(expected)
    for key, pair in pairs.items():
        np.testing.assert_array_equal(pair.rgb, expected[key].rgb)
        np.testing.assert_array_equal(pair.thermal, expected[key].counts)
        assert pair.thermal.dtype == expected[key].counts.dtype
        assert pair.split == key.partition("-")[0]


COCO_OPTIONS = {"rgb": "images/*/rgb/*.?", "thermal": "images/*/thermal/*.?"}


@pytest.mark.parametrize("modality", ["rgb", "thermal"])
@pytest.mark.parametrize("fixture", ["products", "moved_products"])
def test_coco_comes_back_as_it_was(
    fixture: str, modality: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    base = request.getfixturevalue(fixture)
    done = exported(base, tmp_path / "out", "coco")
    assert done.pairs == {"test": 2, "train": 2, "val": 2} and done.classes == CLASSES
    files = [f"annotations/{split}_{modality}.json" for split in done.pairs]
    pairs = read_back(
        tmp_path / "out", **COCO_OPTIONS, semantics="semantics/*/*.png", coco_boxes=files
    )
    expected = truth(base)
    assert_same_images(pairs, expected)
    for key, pair in pairs.items():
        wanted = expected[key].labels
        got, kept = (boxes_of(labels.get("boxes", ())) for labels in (pair.labels, wanted))
        assert [item[::2] for item in got] == [item[::2] for item in kept]
        for (_, box, _), (_, own, _) in zip(got, kept, strict=True):
            assert box == pytest.approx(own, abs=1e-9)
        np.testing.assert_array_equal(pair.labels["semantics"], wanted["semantics"])


def test_images_that_were_not_moved_keep_their_bytes(products: Path, tmp_path: Path) -> None:
    exported(products, tmp_path / "out", "coco")
    for number in range(6):
        raw = products / "raw" / split_of(number)
        for modality, suffix in (("rgb", "jpg"), ("thermal", "png")):
            name = f"{split_of(number)}-{number:03d}.{suffix}"
            written = tmp_path / "out/images" / split_of(number) / modality / name
            assert written.read_bytes() == (raw / f"{modality}/{number:03d}.{suffix}").read_bytes()
    assert not (tmp_path / "out/valid").exists()


def test_what_thermal_does_not_show_is_marked(moved_products: Path, tmp_path: Path) -> None:
    exported(moved_products, tmp_path / "out", "coco")
    for key, pair in truth(moved_products).items():
        path = tmp_path / f"out/valid/{key.partition('-')[0]}/{key}.png"
        valid = decode(path.read_bytes(), "valid").pixels
        np.testing.assert_array_equal(valid, pair.valid * 255)
        assert 0 < pair.valid.mean() < 1


def test_pycocotools_reads_it(products: Path, tmp_path: Path) -> None:
    exported(products, tmp_path / "out", "coco")
    for split in ("train", "val", "test"):
        coco = COCO(str(tmp_path / f"out/annotations/{split}_rgb.json"))
        assert [c["name"] for c in coco.loadCats(coco.getCatIds())] == CLASSES
        assert min([*coco.getAnnIds(), *coco.getImgIds(), *coco.getCatIds()], default=1) == 1
        partners = COCO(str(tmp_path / f"out/annotations/{split}_thermal.json")).imgs
        for image in coco.loadImgs(coco.getImgIds()):
            assert (image["width"], image["height"]) == (WIDTH, HEIGHT)
            assert partners[image["id"]]["file_name"] == image["pair"]
            assert (tmp_path / "out/images" / image["file_name"]).is_file()
            number = int(image["file_name"][-7:-4])
            found = coco.loadAnns(coco.getAnnIds(image["id"]))
            wanted = BOXES.get(number, [])
            assert image.get("labelled", True) == (number in BOXES)
            for item, (name, (x1, y1, x2, y2), difficult) in zip(found, wanted, strict=True):
                assert coco.cats[item["category_id"]]["name"] == name
                assert item["bbox"] == [x1, y1, x2 - x1, y2 - y1]
                assert item["area"] == pytest.approx((x2 - x1) * (y2 - y1))
                assert item["iscrowd"] == item["ignore"] == int(difficult)


@pytest.mark.parametrize("modality", ["rgb", "thermal"])
@pytest.mark.parametrize("form", ["yolo", "yolo-oriented"])
@pytest.mark.parametrize("fixture", ["products", "moved_products"])
def test_yolo_comes_back_as_it_was(
    fixture: str, form: str, modality: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    base = request.getfixturevalue(fixture)
    exported(base, tmp_path / "out", form)
    pairs = read_back(
        tmp_path / "out",
        rgb="rgb/images/*/*.?",
        thermal="thermal/images/*/*.?",
        yolo=f"{modality}/labels/*/*.txt",
        yolo_classes=CLASSES,
    )
    expected = truth(base)
    assert_same_images(pairs, expected)
    for key, pair in pairs.items():
        wanted = boxes_of(expected[key].labels.get("boxes", ()))
        counted = [item for item in wanted if not item[2]]
        found = boxes_of(pair.labels.get("boxes", ()))
        assert [item[0] for item in found] == [item[0] for item in counted]
        for (_, box, _), (_, own, _) in zip(found, counted, strict=True):
            inside = np.clip(own, 0, (WIDTH, HEIGHT, WIDTH, HEIGHT))
            assert box == pytest.approx(inside, abs=1e-3)


def test_yolo_tells_where_everything_is(products: Path, tmp_path: Path) -> None:
    done = exported(products, tmp_path / "out", "yolo")
    for modality in ("rgb", "thermal"):
        assert (tmp_path / f"out/{modality}/data.yaml").read_text() == (
            "train: images/train\nval: images/val\ntest: images/test\n"
            'names:\n  0: "bicycle"\n  1: "car"\n  2: "person"\n'
        )
        labels = tmp_path / f"out/{modality}/labels"
        assert (labels / "val/val-001.txt").read_text() == ""  # looked at, and empty
        assert not (labels / "test/test-005.txt").exists()
    assert "2 objects marked as difficult are left out" in done.remarks
    assert done.remarks[0].startswith("2 images were never labelled with boxes")


def test_yolo_never_chooses_by_test_images(products: Path, tmp_path: Path) -> None:
    done = exported(products, tmp_path / "out", "yolo", splits=["train", "test"])
    lines = (tmp_path / "out/rgb/data.yaml").read_text().splitlines()
    assert lines[:2] == ["train: images/train", "test: images/test"]
    assert lines[2].startswith("val: images/train  #")
    assert any("no split val" in remark for remark in done.remarks)


def test_fiftyone_holds_groups_of_both_images(moved_products: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    exported(moved_products, out, "fiftyone")
    about = json.loads((out / "metadata.json").read_text())
    assert about["media_type"] == "group" and about["group_field"] == "group"
    assert about["group_media_types"] == {"rgb": "image", "thermal": "image"}
    assert about["classes"]["ground_truth"] == CLASSES
    described = {field["name"] for field in about["sample_fields"]}
    samples = json.loads((out / "samples.json").read_text())["samples"]
    expected = truth(moved_products)
    assert len(samples) == 2 * len(expected)
    ids = [sample["_id"]["$oid"] for sample in samples]
    assert len(set(ids)) == len(ids) and all(len(own) == 24 for own in ids)
    groups: dict[str, set[str]] = {}
    for sample in samples:
        assert sample.keys() - {"_id"} <= described
        groups.setdefault(sample["group"]["_id"]["$oid"], set()).add(sample["group"]["name"])
        pair = expected[sample["key"]]
        assert sample["tags"] == [sample["key"].partition("-")[0]]
        image = decode((out / sample["filepath"]).read_bytes(), "an image").pixels
        wanted = pair.rgb if sample["group"]["name"] == "rgb" else pair.counts
        np.testing.assert_array_equal(image, wanted)
        for name, wanted in (("semantics", pair.labels["semantics"]), ("valid", pair.valid * 255)):
            mask = decode((out / sample[name]["mask_path"]).read_bytes(), name).pixels
            np.testing.assert_array_equal(mask, wanted)
        if "boxes" not in pair.labels:
            assert "ground_truth" not in sample
            continue
        for item, own in zip(
            sample["ground_truth"]["detections"], pair.labels["boxes"], strict=True
        ):
            x, y, width, height = item["bounding_box"]
            box = np.array([x, y, x + width, y + height]) * (WIDTH, HEIGHT, WIDTH, HEIGHT)
            assert box == pytest.approx(own["xyxy"])
            assert (item["label"], bool(item["iscrowd"])) == (own["class"], own["difficult"])
    assert all(slices == {"rgb", "thermal"} for slices in groups.values())
    assert len(groups) == len(expected)


@pytest.mark.parametrize("modality", ["rgb", "thermal"])
def test_fiftyone_of_one_modality_has_no_groups(
    products: Path, tmp_path: Path, modality: str
) -> None:
    exported(products, tmp_path / "out", "fiftyone", modalities=[modality])
    about = json.loads((tmp_path / "out/metadata.json").read_text())
    assert about["media_type"] == "image" and "group_field" not in about
    samples = json.loads((tmp_path / "out/samples.json").read_text())["samples"]
    assert {sample["filepath"].split("/")[1] for sample in samples} == {modality}
    assert not any("group" in sample for sample in samples)


@pytest.mark.parametrize("form", FORMS)
def test_equal_products_give_equal_bytes_and_only_exports_are_replaced(
    products: Path, tmp_path: Path, form: str
) -> None:
    out = tmp_path / "out"
    exported(products, out, form, splits=["test"])
    first = contents(out)
    with pytest.raises(InputError, match="--overwrite"):
        exported(products, out, form)
    assert contents(out) == first
    exported(products, out, form, splits=["test"], overwrite=True)
    assert contents(out) == first
    (out / "export.json").unlink()
    with pytest.raises(InputError, match="holds other files"):
        exported(products, out, form, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("way", ["unfinished", "replaced"])
def test_nothing_is_deleted_that_is_no_export(products: Path, tmp_path: Path, way: str) -> None:
    stranger = tmp_path / f"out.{way}/diary.txt"
    stranger.parent.mkdir()
    stranger.write_text("mine")
    with pytest.raises(InputError, match=f"out.{way} is in the way"):
        exported(products, tmp_path / "out", "coco", overwrite=True)
    assert stranger.read_text() == "mine"


def test_a_failure_leaves_nothing_behind(products: Path, tmp_path: Path) -> None:
    def stop(read: Iterable[Any], total: int) -> Iterable[Any]:
        for number, pair in enumerate(read):
            if number == 3:
                raise OSError(28, "No space left on device")
            yield pair

    with pytest.raises(OSError, match="space"):
        exported(products, tmp_path / "out", "coco", track=stop)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("splits", "message"), [(["holdout"], "holdout"), (["train", "x"], "x")])
def test_unknown_splits_are_told(
    products: Path, tmp_path: Path, splits: Sequence[str], message: str
) -> None:
    with pytest.raises(InputError, match=rf"{message}.*test, train, val"):
        exported(products, tmp_path / "out", "coco", splits=splits)
    assert not (tmp_path / "out").exists()


def test_pairs_dropped_or_without_thermal_are_told(tmp_path: Path) -> None:
    for policy in ("drop", "single_modality"):
        base = tmp_path / policy
        base.mkdir()
        make_registered(base, strange=True, count=4, on_failure=policy)
        done = exported(base, base / "out", "coco")
        if policy == "drop":
            dropped = [
                key
                for key, pair in truth(base).items()
                if not pair.training and key.startswith("train")
            ]
            assert done.pairs.get("train", 0) == 2 - len(dropped) < 2
            assert f"{len(dropped)} pairs that registration dropped" in done.remarks[0]
            continue
        assert " pairs count as without thermal" in done.remarks[0]
        absent = [key for key, pair in truth(base).items() if not pair.thermal_present]
        assert int(done.remarks[0].split()[0]) == len(absent) >= 2
        for key in absent:
            split = key.partition("-")[0]
            assert (base / f"out/images/{split}/rgb/{key}.jpg").is_file()
            for path in (f"images/{split}/thermal/{key}.png", f"valid/{split}/{key}.png"):
                assert not (base / "out" / path).exists()


def test_classes_keep_their_ids_whatever_split_is_exported(products: Path, tmp_path: Path) -> None:
    for split in ("train", "val"):
        exported(products, tmp_path / split, "coco", splits=[split])
    categories = [
        json.loads((tmp_path / split / f"annotations/{split}_rgb.json").read_text())["categories"]
        for split in ("train", "val")
    ]
    assert categories[0] == categories[1]


BOX = {"class": "car", "xyxy": [1, 2, 3, 4], "difficult": False}
TURNED = {**BOX, "corners": [[1, 3], [2, 2], [3, 3], [2, 4]]}


@pytest.mark.parametrize(
    ("labels", "rgb", "thermal"),
    [
        ({}, None, None),
        ({"boxes": []}, [], []),
        ({"boxes": [BOX]}, ["car"], ["car"]),
        ({"boxes_rgb": [BOX], "boxes_thermal": []}, ["car"], []),
        ({"boxes_thermal": [BOX, TURNED]}, None, ["car", "car"]),
        ({"target_rgb": [1, 2, 3, 4], "target_thermal": None}, ["target"], []),
        ({"target_thermal": [1, 2, 3, 4]}, None, ["target"]),
        ({"class": "car", "track": "x", "numbers": [1, 2]}, None, None),
        ({"points": [{"x": 1}], "boxes": [BOX]}, ["car"], ["car"]),
    ],
)
def test_labels_belong_to_the_modality_that_their_name_says(
    labels: dict[str, Any], rgb: list[str] | None, thermal: list[str] | None
) -> None:
    for modality, wanted in (("rgb", rgb), ("thermal", thermal)):
        found = objects_on(labels, modality)
        assert (found if found is None else [item.name for item in found]) == wanted


SEEN_TWICE = {
    **BOX,
    "xyxy": [1, 2, 13, 14],
    "rgb_xyxy": [1, 2, 11, 12],
    "thermal_xyxy": [3, 4, 13, 14],
    "thermal_corners": [[3, 4], [13, 4], [8, 14]],
}
ONCE = {**BOX, "thermal_xyxy": [5, 6, 7, 8], "single": "thermal"}


def test_objects_labelled_on_each_image_have_their_own_box() -> None:
    labels = {"boxes": [SEEN_TWICE, ONCE]}
    boxes = {m: [item.xyxy for item in objects_on(labels, m) or ()] for m in ("rgb", "thermal")}
    assert boxes == {"rgb": [(1, 2, 11, 12)], "thermal": [(3, 4, 13, 14), (5, 6, 7, 8)]}
    outlined = (objects_on(labels, "thermal") or [])[0]
    assert outlined.corners == ((3, 4), (13, 4), (8, 14))


def test_outlines_stay_outlines() -> None:
    found = objects_on({"boxes": [TURNED]}, "rgb")
    assert found == [
        Object("car", (1, 2, 3, 4), False, ((1, 3), (2, 2), (3, 3), (2, 4))),
    ]


def test_thermal_of_16_bits_is_in_the_test() -> None:
    assert {pixels_of(number)[1].dtype for number in range(2)} == {np.dtype("u1"), np.dtype("u2")}
