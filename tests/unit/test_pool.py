"""The pool: copies, evaluation data and unregistered pairs are left out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.made.raw_pairs import encoded, ingest_folder, scene, write
from twinband.core.errors import InputError
from twinband.pool import Pool, build_pool
from twinband.shards.product import read_manifest, write_product_files
from twinband.shards.write import OK, ShardWriter, shard_name, take_rows

OPTIONS = {"rgb": "*/rgb/*.jpg", "thermal": "*/thermal/*.jpg", "split_files": "{split}.txt"}


class World:
    """Datasets by name; a pair is a seed, a JPEG quality and a split of the layout."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.pairs: dict[str, Path] = {}
        self.registered: dict[str, Path] = {}

    def add(self, dataset: str, /, **pairs: tuple[int, int, str]) -> None:
        root = self.base / dataset / "raw"
        lists: dict[str, list[str]] = {"train": [], "val": [], "test": []}
        for name, (seed, quality, split) in pairs.items():
            for modality, pixels in zip(("rgb", "thermal"), scene(seed), strict=True):
                path = root / "all" / modality / f"{name}.jpg"
                write(path, encoded(np.ascontiguousarray(pixels), quality=quality))
            lists[split].append(f"all/{name}")
        for split, names in lists.items():
            write(root / f"{split}.txt", "\n".join(names).encode())
        settings: dict[str, Any] = {"reader": "paired_folders", "options": OPTIONS}
        ingest_folder(root, self.base / dataset, near_duplicate_bits=-1, **settings)
        self.pairs[dataset] = self.base / dataset / "pairs"

    def pool(
        self,
        pooled: Sequence[str],
        protected: Sequence[str] = (),
        hold_out: Sequence[str] = (),
        bits: int = 6,
    ) -> Pool:
        return build_pool(self.pairs, self.registered, pooled, protected, hold_out, bits)

    def register(self, dataset: str, *dropped: str, no_thermal: Sequence[str] = ()) -> None:
        """As if registration had failed for these pairs, and its policy were to drop them or to
        go on without thermal."""
        folder = self.base / dataset / "registered"
        rows = read_manifest(self.pairs[dataset], ["key", "name"]).to_pylist()
        columns = [pa.field(name, pa.bool_()) for name in ("training", "thermal_present")]
        with ShardWriter(folder / shard_name(0), columns) as writer:
            for row in rows:
                name = row["name"].removeprefix("all/")
                said = {"training": name not in dropped, "thermal_present": name not in no_thermal}
                writer.add(row["key"], {"json": b"{}"}, {**OK, **said})
        shards = [(writer.shard, take_rows(writer.path))]
        write_product_files(
            folder, product="registered", dataset=dataset, shards=shards, card="# made up\n"
        )
        self.registered[dataset] = folder


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.add("one", a=(1, 95, "train"), b=(2, 95, "train"), t=(3, 95, "test"), v=(4, 95, "val"))
    world.add("two", a=(1, 95, "train"), n=(2, 70, "train"), s=(3, 70, "train"), u=(9, 95, "train"))
    return world


def kept(pool: Pool) -> list[str]:
    return [f"{row['dataset']}/{row['key'].removeprefix('all-')}" for row in pool.kept.to_pylist()]


def reasons(pool: Pool) -> dict[str, str]:
    return {
        f"{row['dataset']}/{row['key'].removeprefix('all-')}": row["reason"]
        for row in pool.left_out.to_pylist()
    }


def test_of_two_copies_the_more_trusted_stays(world: World) -> None:
    pool = world.pool(["one", "two"])
    assert kept(pool) == ["one/a", "one/b", "two/s", "two/u"]
    assert reasons(pool) == {
        "one/t": "test_split",
        "one/v": "val_split",
        "two/a": "exact_duplicate",
        "two/n": "near_duplicate",
    }
    details = {row["key"]: row["detail"] for row in pool.left_out.to_pylist()}
    assert details["all-n"] == "copy of one/all-b"
    assert kept(world.pool(["two", "one"])) == ["two/a", "two/n", "two/s", "two/u"]


def test_protected_test_pairs_do_not_come_back_as_copies(world: World) -> None:
    pool = world.pool(["one", "two"], protected=["one"])
    assert kept(pool) == ["one/a", "one/b", "two/u"]
    assert reasons(pool)["two/s"] == "near_duplicate"


def test_a_protected_dataset_need_not_be_pooled(world: World) -> None:
    pool = world.pool(["two"], protected=["one"])
    assert kept(pool) == ["two/a", "two/n", "two/u"]  # the train pairs of `one` protect nothing
    assert reasons(pool) == {"two/s": "near_duplicate"}


def test_minus_one_finds_exact_copies_only(world: World) -> None:
    assert kept(world.pool(["one", "two"], bits=-1)) == ["one/a", "one/b"] + [
        f"two/{name}" for name in ("n", "s", "u")
    ]


def test_what_is_held_out_goes_with_its_copies(world: World) -> None:
    pool = world.pool(["two", "one"], hold_out=["one/all/b", "two/all/?"])
    assert kept(pool) == []
    pool = world.pool(["two", "one"], hold_out=["one/all/[ab]"])
    assert kept(pool) == ["two/s", "two/u"]
    assert reasons(pool) == {
        "two/a": "exact_duplicate",
        "two/n": "near_duplicate",
        "one/a": "hold_out",
        "one/b": "hold_out",
        "one/t": "test_split",
        "one/v": "val_split",
    }


def test_copies_of_what_is_held_out_go_from_its_own_dataset_too(world: World) -> None:
    world.add("three", a=(20, 95, "train"), b=(20, 70, "train"), c=(21, 95, "train"))
    assert kept(world.pool(["three"])) == ["three/a", "three/b", "three/c"]
    pool = world.pool(["three"], hold_out=["three/all/b"])
    assert kept(pool) == ["three/c"]
    assert reasons(pool) == {"three/a": "near_duplicate", "three/b": "hold_out"}


def test_what_registration_keeps_out_of_training_is_left_out(world: World) -> None:
    world.register("one", "a", "t")
    world.register("two", "u")
    pool = world.pool(["one", "two"])
    # The copy of `one/a` may come in its place, since that one is no more in the pool.
    assert kept(pool) == ["one/b", "two/a", "two/s"]
    assert reasons(pool) == {
        "one/a": "registration_failed",
        "one/t": "test_split",
        "one/v": "val_split",
        "two/n": "near_duplicate",
        "two/u": "registration_failed",
    }


def test_what_counts_as_having_no_thermal_is_no_pair_to_pretrain_on(world: World) -> None:
    world.register("one", no_thermal=["a", "t"])
    world.register("two", "s", no_thermal=["u"])
    pool = world.pool(["one", "two"])
    assert kept(pool) == ["one/b", "two/a"]
    assert reasons(pool) == {
        "one/a": "thermal_absent",
        "one/t": "test_split",
        "one/v": "val_split",
        "two/n": "near_duplicate",
        "two/s": "registration_failed",
        "two/u": "thermal_absent",
    }


def test_of_a_dataset_that_is_only_protected_registration_is_not_asked(world: World) -> None:
    world.register("two")
    pool = world.pool(["two"], protected=["one"])
    assert kept(pool) == ["two/a", "two/n", "two/u"]


def test_a_dataset_that_is_not_registered_is_an_error(world: World) -> None:
    world.registered["one"] = world.base / "one" / "registered"
    with pytest.raises(InputError, match=r"one.registered is no finished product"):
        world.pool(["one", "two"])


def test_what_is_held_out_says_so_whatever_registration_says(world: World) -> None:
    world.register("one", "b")
    assert reasons(world.pool(["one"], hold_out=["one/all/b"]))["one/b"] == "hold_out"


def test_a_pattern_that_matches_nothing_is_an_error(world: World) -> None:
    for pattern in ("one/a", "ONE/*", "four/*"):
        with pytest.raises(InputError, match="matches no pair"):
            world.pool(["one", "two"], hold_out=["two/*", pattern])


def test_a_dataset_that_is_not_ingested_is_an_error(world: World) -> None:
    world.pairs["three"] = world.base / "three"
    with pytest.raises(InputError, match="three"):
        world.pool(["one", "three"])


def test_nothing_to_pool_is_an_empty_pool(world: World) -> None:
    for pool in (world.pool([]), world.pool([], protected=["one"])):
        assert pool.kept.num_rows == pool.left_out.num_rows == 0
        assert pool.kept.column_names == ["dataset", "key"]
        assert pool.left_out.column_names == ["dataset", "key", "reason", "detail"]
