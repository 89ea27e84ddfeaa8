"""Ingestion of a dataset: growth, workers, quarantine, duplicates, continuing, splits."""

import hashlib
import json
import resource
import shutil
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.made.raw_pairs import (
    RUNTIME,
    SETTINGS,
    contents,
    encoded,
    ingest_folder,
    rows_by_name,
    run_in,
    scene,
    write,
    write_pair,
    write_pairs,
)
from twinband.core.errors import InputError, TooManyBadSamples
from twinband.core.images import encode_png
from twinband.core.params import ParamsError, validate
from twinband.ingest.build import ingest, read_plan, shard_of, split_of, write_plan
from twinband.ingest.dataset import Source, open_files
from twinband.ingest.inventory import write_inventory
from twinband.ingest.params import IngestParams, SplitFractions
from twinband.shards.read import open_products
from twinband.verify import verify_product

SEQUENCES: dict[str, Any] = {
    "reader": "paired_folders",
    "options": {"rgb": "*/rgb/*.png", "thermal": "*/thermal/*.png", "group_levels": 1},
}


def write_sequence(root: Path, name: str, seeds: list[int]) -> None:
    for frame, seed in enumerate(seeds):
        for modality, pixels in zip(("rgb", "thermal"), scene(seed), strict=True):
            write(root / name / modality / f"{frame:04d}.png", encode_png(pixels))


def test_a_product_verifies_and_holds_every_pair(tmp_path: Path) -> None:
    done = ingest_folder(write_pairs(tmp_path / "raw", 12), tmp_path)
    assert verify_product(tmp_path / "pairs") == []
    dataset = open_products({"pairs": tmp_path / "pairs"})
    assert dataset.keys == [f"p{n:03d}" for n in range(12)]
    assert (done.shards, done.continued) == (3, 0)
    assert done.bytes == sum(p.stat().st_size for p in (tmp_path / "pairs").glob("shard-*.tar"))
    assert set(done.manifest["split_source"].to_pylist()) == {"hash"}
    card = (tmp_path / "pairs" / "README.md").read_text()
    assert "12 RGB-thermal pairs (WebDataset shards: 3)" in card and "license: CC0-1.0" in card
    assert not [*(tmp_path / "pairs").glob("*.json.*"), *(tmp_path / "pairs").glob("shard-*.json")]


def test_growth_moves_nothing(tmp_path: Path) -> None:
    root = write_pairs(tmp_path / "raw", 14)
    before = rows_by_name(ingest_folder(root, tmp_path / "before", shards=6))
    for name, seed in (("a-first", 200), ("p0055", 201), ("zz", 202)):
        write_pair(root, name, seed)
    after = rows_by_name(ingest_folder(root, tmp_path / "after", shards=6))
    assert len(after) == 17
    for name, row in before.items():
        for column in ("key", "shard", "split", "status"):
            assert after[name][column] == row[column], (name, column)
    touched = {after[name]["shard"] for name in after if name not in before}
    assert touched < set(range(6))
    for number in set(range(6)) - touched:
        tar = f"pairs/shard-{number:06d}.tar"
        assert (tmp_path / "after" / tar).read_bytes() == (tmp_path / "before" / tar).read_bytes()


def test_the_number_of_workers_changes_nothing(tmp_path: Path) -> None:
    root = write_pairs(tmp_path / "raw", 8)
    write(root / "crop_LR_visible" / "alone.jpg", encoded(scene(50)[0]))
    for workers in (1, 2):
        runtime = RUNTIME.model_copy(update={"workers": workers})
        ingest_folder(root, tmp_path / str(workers), runtime=runtime)
    assert contents(tmp_path / "1" / "pairs") == contents(tmp_path / "2" / "pairs")


def test_finished_shards_are_not_made_again(tmp_path: Path) -> None:
    root = write_pairs(tmp_path / "raw", 9)
    ingest_folder(root, tmp_path)
    first = contents(tmp_path / "pairs")
    checked = tmp_path / "work" / "checked"
    (checked / "shard-000001.json").unlink()  # as if killed before the last of its three files
    (checked / "shard-000002.12345.tmp").write_bytes(b"half a shard")
    stamps = {path.name: path.stat().st_mtime_ns for path in checked.glob("shard-*.tar")}
    done = ingest_folder(root, tmp_path)
    assert done.continued == 2
    assert contents(tmp_path / "pairs") == first
    again = {path.name: path.stat().st_mtime_ns for path in checked.glob("shard-*.tar")}
    changed = [name for name in stamps if stamps[name] != again[name]]
    assert changed == ["shard-000001.tar"] and not list(checked.glob("*.tmp"))


def test_empty_shards_are_made_too(tmp_path: Path) -> None:
    done = ingest_folder(write_pairs(tmp_path / "raw", 2), tmp_path, shards=5)
    assert len(list((tmp_path / "pairs").glob("shard-*.tar"))) == 5 == done.shards
    assert verify_product(tmp_path / "pairs") == []


def test_more_shards_than_files_can_be_open_are_planned(tmp_path: Path) -> None:
    source = Source.of("roadscene", str(write_pairs(tmp_path / "raw", 5)), {})
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    try:
        plans = write_plan(source.open(), 300, tmp_path / "work")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(plans) == 300 and sum(len(read_plan(plan)) for plan in plans) == 5
    again = [plan.read_bytes() for plan in write_plan(source.open(), 300, tmp_path / "work")]
    assert again == [plan.read_bytes() for plan in plans]


def test_images_that_no_rule_took_are_told_with_what_was_built(tmp_path: Path) -> None:
    root = write_pairs(tmp_path / "raw", 2)
    write(root / "visible/1.JPG", encoded(scene(50)[0]))
    params = IngestParams.model_validate(SETTINGS)
    source = Source.of("roadscene", str(root), {})
    for untaken in ({"visible/*.JPG": 1}, {}):  # the second time it is not there any more
        done = ingest(params, source, tmp_path / "pairs", run_in(tmp_path / "work"))
        assert done.untaken == untaken and done.built.manifest.num_rows == 2
        shutil.rmtree(root / "visible", ignore_errors=True)
        shutil.rmtree(tmp_path / "pairs")


def test_shards_without_end_are_refused_in_a_line() -> None:
    with pytest.raises(ParamsError, match=r"ingest\.shards: .* less than or equal to 10000"):
        validate(IngestParams, {**SETTINGS, "shards": 2_000_000}, "ingest")


def test_quarantine_keeps_what_was_found(tmp_path: Path) -> None:
    root = write_pairs(tmp_path / "raw", 3)
    alone = encoded(scene(60)[0])
    write(root / "crop_LR_visible" / "alone.jpg", alone)
    write(root / "cropinfrared" / "p001.jpg", b"")
    rows = rows_by_name(ingest_folder(root, tmp_path, shards=1))
    assert (rows["alone"]["reason"], rows["p001"]["reason"]) == ("missing_partner", "undecodable")
    with tarfile.open(tmp_path / "pairs" / "quarantine-000000.tar") as tar:
        found = {m.name: tar.extractfile(m).read() for m in tar}  # type: ignore[union-attr]
    assert found["alone.rgb.jpg"] == alone and found["p001.thermal.jpg"] == b""
    assert json.loads(found["alone.json"])["reason"] == "missing_partner"
    assert open_products({"pairs": tmp_path / "pairs"}).keys == ["p000", "p002"]
    assert verify_product(tmp_path / "pairs") == []
    first = contents(tmp_path / "pairs")
    for spoil in (Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-1])):
        kept = tmp_path / "work" / "checked" / "quarantine-000000.tar"
        spoil(kept)
        done = ingest_folder(root, tmp_path, shards=1)
        assert done.continued == 0 and contents(tmp_path / "pairs") == first


def test_two_names_of_one_key_collide_and_one_stays(tmp_path: Path) -> None:
    root = write_pairs(tmp_path / "raw", 2)
    write_pair(root, "P000", 70)
    done = ingest_folder(root, tmp_path)
    status = [(row["status"], row["reason"]) for row in done.manifest.to_pylist()]
    assert sorted(status) == [("ok", ""), ("ok", ""), ("quarantined", "key_collision")]
    [bad] = [row for row in done.manifest.to_pylist() if row["status"] != "ok"]
    assert "'P000'" in bad["detail"] and "'p000'" in bad["detail"] and "rename" in bad["detail"]


def test_files_that_changed_since_the_inventory_are_told(tmp_path: Path) -> None:
    root = write_pairs(tmp_path / "raw", 4)
    inventory = tmp_path / "made-up.csv"
    write_inventory(open_files(str(root)), inventory)
    write(root / "cropinfrared" / "p002.jpg", encoded(scene(80)[1]))
    (root / "crop_LR_visible" / "p003.jpg").unlink()
    write_pair(root, "unlisted", 81)
    rows = rows_by_name(ingest_folder(root, tmp_path, inventory=str(inventory)))
    reasons = {name: row["reason"] for name, row in rows.items()}
    assert reasons == {"p000": "", "p001": "", "p002": "changed", "p003": "unreadable"}
    assert (
        rows["p000"]["rgb_sha256"]
        == hashlib.sha256((root / "crop_LR_visible" / "p000.jpg").read_bytes()).hexdigest()
    )


def test_too_many_bad_pairs_stop_with_a_table_of_reasons(tmp_path: Path) -> None:
    root = write_pairs(tmp_path / "raw", 8)
    for name in ("p000", "p001"):
        write(root / "cropinfrared" / f"{name}.jpg", b"")
    (root / "cropinfrared" / "p002.jpg").unlink()
    with pytest.raises(TooManyBadSamples) as caught:
        ingest_folder(root, tmp_path, max_bad_fraction=0.3)
    lines = str(caught.value).splitlines()
    assert "3 of 8" in lines[0] and "max_bad_fraction = 0.3" in lines[0]
    assert lines[1].split()[:2] == ["2", "undecodable"]
    assert lines[2].split()[:2] == ["1", "missing_partner"]
    assert not (tmp_path / "pairs").exists()
    ingest_folder(root, tmp_path / "allowed", max_bad_fraction=3 / 8)


def test_a_stride_thins_sequences_only(tmp_path: Path) -> None:
    write_sequence(tmp_path / "raw", "walk", [1, 2, 3, 4, 5])
    rows = rows_by_name(ingest_folder(tmp_path / "raw", tmp_path, frame_stride=2, **SEQUENCES))
    kept = [name for name, row in sorted(rows.items()) if row["status"] == "ok"]
    assert kept == ["walk/0000", "walk/0002", "walk/0004"]
    thinned = rows["walk/0001"]
    assert (thinned["status"], thinned["reason"]) == ("thinned", "frame_stride")
    root = write_pairs(tmp_path / "still", 3)
    done = ingest_folder(root, tmp_path / "b", frame_stride=2)
    assert set(done.manifest["status"].to_pylist()) == {"ok"}


def test_a_sequence_stays_together(tmp_path: Path) -> None:
    for number in range(6):
        write_sequence(tmp_path / "raw", f"s{number}", [10 * number + k for k in range(3)])
    done = ingest_folder(tmp_path / "raw", tmp_path, shards=4, **SEQUENCES)
    where: dict[str, set[tuple[int, str]]] = {}
    for row in done.manifest.to_pylist():
        where.setdefault(row["group"], set()).add((row["shard"], row["split"]))
    assert len(where) == 6 and {len(places) for places in where.values()} == {1}
    assert len(set().union(*where.values())) > 1


def test_copies_go_and_say_of_what(tmp_path: Path) -> None:
    root = write_pairs(tmp_path / "raw", 4)
    write_pair(root, "q-exact", 1)
    rgb, thermal = scene(2)
    write(root / "crop_LR_visible" / "q-near.jpg", encoded(rgb, quality=70))
    write(root / "cropinfrared" / "q-near.jpg", encoded(thermal, quality=70))
    train = {"train": 1.0, "val": 0.0, "test": 0.0}
    rows = rows_by_name(ingest_folder(root, tmp_path, split=train))
    assert {n: r["reason"] for n, r in rows.items() if r["status"] != "ok"} == {
        "q-exact": "exact_duplicate",
        "q-near": "near_duplicate",
    }
    assert "copy of p001" in rows["q-exact"]["detail"]
    assert "copy of p002" in rows["q-near"]["detail"]
    assert rows["q-near"]["shard"] == -1
    assert open_products({"pairs": tmp_path / "pairs"}).keys == [f"p{n:03d}" for n in range(4)]
    assert verify_product(tmp_path / "pairs") == []
    exact_only = rows_by_name(
        ingest_folder(root, tmp_path / "exact", split=train, near_duplicate_bits=-1)
    )
    assert exact_only["q-near"]["status"] == "ok"
    assert exact_only["q-exact"]["reason"] == "exact_duplicate"


def test_neighbours_in_a_sequence_stay_and_copies_in_another_go(tmp_path: Path) -> None:
    write_sequence(tmp_path / "raw", "walk", [1, 2])
    rgb, thermal = scene(1)
    for name, frame, brighter in (("walk", "0009", 1), ("zoo", "0000", 2)):
        for modality, pixels in (("rgb", rgb), ("thermal", thermal)):
            near = np.clip(pixels.astype(int) + brighter, 0, 255).astype(np.uint8)
            write(tmp_path / "raw" / name / modality / f"{frame}.png", encode_png(near))
    train = {"train": 1.0, "val": 0.0, "test": 0.0}
    rows = rows_by_name(ingest_folder(tmp_path / "raw", tmp_path, split=train, **SEQUENCES))
    left_out = {name: row["reason"] for name, row in rows.items() if row["status"] != "ok"}
    assert left_out == {"zoo/0000": "near_duplicate"}


@pytest.mark.parametrize("content", ["empty", "other", "none"])
def test_a_folder_of_another_layout_is_an_input_error(tmp_path: Path, content: str) -> None:
    root = tmp_path / "raw"
    if content != "none":
        root.mkdir()
    if content == "other":
        write(root / "pictures" / "a.jpg", encoded(scene(1)[0]))
    with pytest.raises(InputError, match="raw"):
        ingest_folder(root, tmp_path)


def test_an_unknown_reader_is_an_input_error_that_names_the_others(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="roadscene"):
        ingest_folder(write_pairs(tmp_path / "raw", 1), tmp_path, reader="nobody")


def test_a_tar_gives_what_its_folder_gives(tmp_path: Path) -> None:
    root = write_pairs(tmp_path / "raw", 5)
    with tarfile.open(tmp_path / "raw.tar", "w") as tar:
        tar.add(root, arcname=".")
    ingest_folder(root, tmp_path / "folder")
    ingest_folder(tmp_path / "raw.tar", tmp_path / "tar")
    assert contents(tmp_path / "folder" / "pairs") == contents(tmp_path / "tar" / "pairs")


def test_known_groups_stay_where_they_always_were() -> None:
    """These values are in every dataset made so far: changing them moves every pair."""
    fractions = SplitFractions(train=0.6, val=0.2, test=0.2)
    names = ["set00/V000", "set00/V001", "set01/V000", "p002"]
    assert [shard_of(name, 8) for name in names] == [4, 3, 7, 6]
    assert [split_of(name, fractions, 0) for name in names] == ["train", "train", "val", "val"]


def test_shares_are_those_asked_for() -> None:
    fractions = SplitFractions(train=0.7, val=0.1, test=0.2)
    names = [f"group-{number}" for number in range(4000)]
    counts = Counter(split_of(name, fractions, 1) for name in names)
    for split, share in (("train", 0.7), ("val", 0.1), ("test", 0.2)):
        assert counts[split] / 4000 == pytest.approx(share, abs=0.03)
    shards = Counter(shard_of(name, 5) for name in names)
    assert set(shards) == set(range(5)) and max(shards.values()) < 1.2 * min(shards.values())


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_a_whole_share_takes_all(split: str) -> None:
    all_in_one = {name: float(name == split) for name in ("train", "val", "test")}
    fractions = SplitFractions(**all_in_one)
    assert {split_of(str(n), fractions, 0) for n in range(200)} == {split}


def test_another_seed_gives_another_split() -> None:
    fractions = SplitFractions(train=0.5, val=0.25, test=0.25)
    splits = [[split_of(str(n), fractions, seed) for n in range(100)] for seed in (0, 1)]
    assert splits[0] != splits[1]
