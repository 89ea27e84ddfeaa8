"""Batches of pairs: reproducible, independent of ranks, workers, memory and resume."""

import itertools
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.made.products import Members, two_shards, write_product
from tests.made.raw_pairs import scene
from tests.made.training import settings_of
from twinband.core.errors import InputError
from twinband.core.images import encode_png
from twinband.core.normalise import MEAN, STD, Batch
from twinband.shards.read import Dataset, open_products
from twinband.training.data import PairBatches, keep_fraction
from twinband.training.loop import TrainingTask, train
from twinband.training.pixels import VOID, DecodedPixels, PairPixels

SETTINGS = settings_of(batch_size=4, accumulation=2)


def said(tolerance: float, low: float = 0.0, high: float = 255.0) -> dict[str, object]:
    """Give what registration says of a pair that it left as it is."""
    levels = {"low": low, "high": high, "inverted": False}
    plain = {"thermal_present": True, "training": True}
    return {**plain, "shift_tolerance_px": tolerance, "thermal_levels": levels}


def joined(
    folder: Path,
    shards: Sequence[Mapping[str, Members]],
    tolerance: int = 0,
    levels: tuple[float, float] = (0.0, 255.0),
) -> Dataset:
    """Pairs that are aligned as they are, and their registration, which says so."""
    metadata = said(float(tolerance), *levels)
    note = {"json": json.dumps({"registered": metadata, "labels": {}}).encode()}
    registered = [{key: members and note for key, members in shard.items()} for shard in shards]
    write_product(folder / "pairs", shards)
    write_product(folder / "registered", registered, "registered")
    return open_products({name: folder / name for name in ("pairs", "registered")})


def sources(folder: Path, tolerance: int = 0) -> dict[str, Dataset]:
    second: list[dict[str, Members]] = [{"a": two_shards()[0]["a"], "z": two_shards()[1]["b"]}]
    return {
        "a": joined(folder / "a", two_shards(), tolerance),
        "b": joined(folder / "b", second, tolerance),
    }


def batches_of(
    pairs: PairPixels | DecodedPixels, workers: int = 0, shift: bool = False
) -> PairBatches:
    return PairBatches(pairs, SETTINGS, size_px=24, shift_tolerance=shift, workers=workers)


def take(batches: PairBatches, count: int, step: int = 0) -> list[Batch]:
    return list(itertools.islice(batches.starting_at(step), count))


def equal(first: list[Batch], second: list[Batch]) -> bool:
    return len(first) == len(second) and all(
        a["key"] == b["key"]
        and all(torch.equal(a[name], b[name]) for name in ("rgb", "thermal", "seed"))
        for a, b in zip(first, second, strict=True)
    )


def test_batches_have_their_shape_names_and_statistics(tmp_path: Path) -> None:
    pairs = PairPixels(sources(tmp_path))
    assert len(pairs) == 7 and pairs.names[:2] == ["a/a", "a/b"] and pairs.names[-1] == "b/z"
    batch = take(batches_of(pairs), 1)[0]
    assert batch["rgb"].shape == batch["thermal"].shape == (2, 3, 24, 24)
    assert batch["rgb"].dtype == batch["thermal"].dtype == torch.float32
    assert batch["seed"].shape == (2,) and batch["seed"].dtype == torch.int64
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (MEAN, STD))
    levels = batch["thermal"] * std + mean
    torch.testing.assert_close(levels, levels.round(), atol=1e-3, rtol=0)
    torch.testing.assert_close(levels[:, 0], levels[:, 2], atol=1e-3, rtol=0)
    assert float((batch["rgb"] * std + mean).std()) > 5


def test_every_pair_comes_once_an_epoch_and_looks_different_in_the_next(tmp_path: Path) -> None:
    pairs = PairPixels(sources(tmp_path))
    seen: dict[str, list[torch.Tensor]] = {}
    for batch in take(batches_of(pairs), 7):
        for key, image in zip(batch["key"], batch["rgb"], strict=True):
            seen.setdefault(key, []).append(image)
    assert sorted(seen) == sorted(pairs.names)
    assert all(len(v) == 2 and not torch.equal(*v) for v in seen.values())


def test_a_step_has_the_same_batch_whoever_asks_and_from_where(tmp_path: Path) -> None:
    pairs = PairPixels(sources(tmp_path, tolerance=3))
    uninterrupted = take(batches_of(pairs), 8)
    assert equal(take(batches_of(pairs), 4, step=2), uninterrupted[4:])
    decoded = DecodedPixels(pairs, tmp_path / "decoded.bin", 10**9)
    assert equal(take(batches_of(decoded), 8), uninterrupted)
    shifted = take(batches_of(pairs, shift=True), 8)
    assert all(torch.equal(a["rgb"], b["rgb"]) for a, b in zip(shifted, uninterrupted, strict=True))
    assert not all(
        torch.equal(a["thermal"], b["thermal"]) for a, b in zip(shifted, uninterrupted, strict=True)
    )


class Colours(TrainingTask):
    """Predicts each pixel's thermal from its RGB."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = torch.nn.Conv2d(3, 3, 1, bias=False)
        torch.nn.init.constant_(self.mix.weight, 0.1)

    def forward(self, batch: Batch) -> dict[str, torch.Tensor]:
        return {"loss": (self.mix(batch["rgb"]) - batch["thermal"]).square().mean()}


def ignore(*values: object) -> None:
    """Does nothing."""


def test_training_on_shards_depends_neither_on_workers_nor_on_memory(tmp_path: Path) -> None:
    pairs = PairPixels(sources(tmp_path))
    decoded = DecodedPixels(pairs, tmp_path / "decoded.bin", 10**5)
    curves = []
    for name, batches in (("plain", batches_of(pairs)), ("fast", batches_of(decoded, workers=2))):
        folder = tmp_path / name
        train(Colours(), batches, SETTINGS, folder=folder, log=ignore, progress=ignore)
        curves.append((folder / "losses.csv").read_bytes())
    assert curves[0] == curves[1] and curves[0].count(b"\n") == 13


def test_growth_of_another_dataset_changes_no_view(tmp_path: Path) -> None:
    both = sources(tmp_path)
    alone, together = (batches_of(PairPixels(s)) for s in ({"b": both["b"]}, both))
    views = [b._views for b in (alone, together)]
    for name in ("b/a", "b/z"):
        first, second = (view[view.pairs.names.index(name), 5] for view in views)
        assert np.array_equal(first["rgb"], second["rgb"]) and first["seed"] == second["seed"]
    assert alone.identity != together.identity


@pytest.mark.parametrize("fit", [0, 3, 7])
def test_the_decoded_file_keeps_what_fits_and_goes_with_its_owner(tmp_path: Path, fit: int) -> None:
    pairs = PairPixels(sources(tmp_path))
    size = pairs[0].rgb.size + pairs[0].thermal.size
    path = tmp_path / "decoded.bin"
    decoded = DecodedPixels(pairs, path, fit * size + size // 2)
    assert path.stat().st_size == fit * size and len(decoded) == 7
    for index in range(7):
        kept, read = decoded[index], pairs[index]
        assert np.array_equal(kept.rgb, read.rgb) and np.array_equal(kept.thermal, read.thermal)
        assert kept.shift_tolerance_px == read.shift_tolerance_px
    del decoded
    assert not path.exists()


def test_decoded_pairs_are_not_read_again(tmp_path: Path) -> None:
    pairs = PairPixels(sources(tmp_path))
    decoded = DecodedPixels(pairs, tmp_path / "decoded.bin", 10**9)
    expected = pairs[3].rgb
    for shard in tmp_path.glob("*/*/*.tar"):
        os.truncate(shard, 0)
    assert np.array_equal(decoded[3].rgb, expected)
    with pytest.raises(InputError):
        pairs[3]


def deep_pair(levels: np.ndarray) -> Mapping[str, bytes]:
    rgb, _ = scene(1)
    return {"rgb.png": encode_png(rgb), "thermal.png": encode_png(levels), "json": b"{}"}


def test_deep_thermal_is_seen_by_its_levels(tmp_path: Path) -> None:
    ramp = np.linspace(29_000, 29_500, 48 * 64).reshape(48, 64).astype(np.uint16)
    ramp[0, 0] = 65_535  # one dead pixel does not squeeze the rest
    flat = np.full((48, 64), 29_000, np.uint16)
    shard = {"flat": deep_pair(flat), "ramp": deep_pair(ramp)}
    pairs = PairPixels({"deep": joined(tmp_path, [shard], levels=(29_000, 29_500))})
    assert not pairs[0].thermal.any()
    thermal = pairs[1].thermal
    assert thermal.dtype == np.uint8 and len(np.unique(thermal)) > 200
    assert (np.diff(thermal[24].astype(int)) >= 0).all()
    for batch in take(batches_of(pairs), 2):
        assert torch.isfinite(batch["thermal"]).all()


def test_registered_thermal_is_seen_and_every_pair_must_be_registered(tmp_path: Path) -> None:
    pairs = [{"a": two_shards()[0]["a"], "c": two_shards()[0]["c"]}]
    joined(tmp_path, pairs)
    metadata = said(3.0)
    note = json.dumps({"registered": metadata, "labels": {}}).encode()
    moved: Members = {"thermal.png": encode_png(np.full((48, 64), 9, np.uint8)), "json": note}
    write_product(tmp_path / "all", [{"a": {"json": note}, "c": moved}], "registered")
    write_product(tmp_path / "some", [{"a": moved, "c": None}], "registered")

    def seen(folder: str) -> PairPixels:
        products = {"pairs": tmp_path / "pairs", "registered": tmp_path / folder}
        return PairPixels({"d": open_products(products)})

    assert (seen("all")[1].thermal == 9).all() and not (seen("all")[0].thermal == 9).all()
    assert seen("all")[1].shift_tolerance_px == 3
    with pytest.raises(InputError, match=r"registered of d has nothing for 1 pairs .*\(c\)"):
        seen("some")


def test_no_pair_at_all_is_refused_and_one_is_enough(tmp_path: Path) -> None:
    dataset = joined(tmp_path, [{"a": two_shards()[0]["a"], "b": None}])
    batch = take(batches_of(PairPixels({"one": dataset})), 1)[0]
    assert batch["key"] == ["one/a", "one/a"] and not torch.equal(*batch["rgb"])
    folders = {name: tmp_path / name for name in ("pairs", "registered")}
    with pytest.raises(InputError, match="no pair to train on in one"):
        PairPixels({"one": open_products(folders, keys=[])})


def test_a_fraction_is_stable_under_growth_and_nested() -> None:
    keys = [f"key-{number}" for number in range(2000)]
    half = keep_fraction("d", keys, 0.5)
    assert 900 < len(half) < 1100
    assert keep_fraction("d", keys[:1000], 0.5) == [key for key in half if key in set(keys[:1000])]
    assert set(keep_fraction("d", keys, 0.1)) < set(half)
    assert keep_fraction("d", keys, 1.0) == keys and keep_fraction("d", keys, 0.0) == []
    assert keep_fraction("e", keys, 0.5) != half


def coordinates(height: int, width: int) -> np.ndarray:
    """Column and row of every pixel, 0 to 255 across the image."""
    down, across = np.mgrid[0:height, 0:width]
    return np.stack([255 * across / (width - 1), 255 * down / (height - 1)], -1)


def labelled(folder: Path) -> Dataset:
    """A pair whose images and labels, of other sizes, show where they are; one without labels."""
    place = coordinates(96, 128).round().astype(np.uint8)
    rgb = np.dstack([place, np.zeros((96, 128), np.uint8)])
    pair = {"rgb.png": encode_png(rgb), "thermal.png": encode_png(place[..., 0]), "json": b"{}"}
    joined(folder, [{"a": pair, "b": pair}])
    far = encode_png((coordinates(48, 64)[..., 0] * 200).round().astype(np.uint16))
    scale = json.dumps({"offset": 1.0, "scale": 0.5, "inverse": True, "scale_m": None}).encode()
    write_product(folder / "depth", [{"a": {"depth.png": far, "json": scale}, "b": None}], "depth")
    classes = encode_png((coordinates(192, 256)[..., 1] // 16).astype(np.uint8))
    write_product(folder / "semantics", [{"a": {"classes.png": classes}, "b": None}], "semantics")
    names = ("pairs", "registered", "depth", "semantics")
    return open_products({name: folder / name for name in names})


def test_images_and_labels_show_the_same_part_of_the_scene(tmp_path: Path) -> None:
    pairs = PairPixels({"one": labelled(tmp_path)})
    batches = PairBatches(pairs, SETTINGS, size_px=48, shift_tolerance=False, workers=0)
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (MEAN, STD))
    flips = set()
    for batch in take(batches, 16):
        for number, key in enumerate(batch["key"]):
            depth, semseg = batch["depth"][number], batch["semseg"][number]
            assert depth.shape == (1, 48, 48) and semseg.shape == (12, 12)
            assert depth.dtype == torch.float32 and semseg.dtype == torch.int64
            if key == "one/b":
                assert depth.isnan().all() and (semseg == VOID).all()
                continue
            levels = batch["rgb"][number] * std + mean
            column, row = levels[0], levels[1]
            flips.add(bool(column[0, 0] > column[0, -1]))
            torch.testing.assert_close((depth[0] - 1) / 100, column, atol=2.5, rtol=0)
            middles = row.unflatten(0, (12, 4)).unflatten(2, (12, 4)).mean((1, 3))
            assert ((semseg - middles / 16).abs() < 1.1).all()
            assert ((semseg - (middles / 16).floor()) == 0).float().mean() > 0.8
    assert flips == {True, False}


def test_labels_change_no_image_and_are_decoded_beforehand_too(tmp_path: Path) -> None:
    dataset = labelled(tmp_path)
    names = ("pairs", "registered")
    bare = PairPixels({"one": open_products({name: tmp_path / name for name in names})})
    pairs = PairPixels({"one": dataset})
    assert pairs.labelled and not bare.labelled
    images, both = take(batches_of(bare), 4), take(batches_of(pairs), 4)
    assert equal(images, both) and images[0].keys() == {"rgb", "thermal", "key", "seed"}
    decoded = DecodedPixels(pairs, tmp_path / "decoded.bin", 10**9)
    for shard in tmp_path.glob("*/*.tar"):
        os.truncate(shard, 0)
    again = take(batches_of(decoded), 4)
    assert equal(both, again)
    for first, second in zip(both, again, strict=True):
        for name in ("depth", "semseg"):
            torch.testing.assert_close(first[name], second[name], equal_nan=True, atol=0, rtol=0)


def test_distances_are_inverted(tmp_path: Path) -> None:
    labelled(tmp_path)
    metres = encode_png(np.array([[0, 100], [200, 400]], np.uint16))
    scale = json.dumps({"offset": 0.0, "scale": 0.1, "inverse": False, "scale_m": 1.0}).encode()
    write_product(
        tmp_path / "far", [{"a": {"depth.png": metres, "json": scale}, "b": None}], "depth"
    )
    folders = {name: tmp_path / name for name in ("pairs", "registered")}
    dataset = open_products({**folders, "depth": tmp_path / "far"})
    depth = PairPixels({"one": dataset})[0].depth
    assert depth is not None and depth.dtype == np.float32
    np.testing.assert_allclose(depth, [[25, 0.1], [0.05, 0.025]], rtol=1e-6)
    assert PairPixels({"one": dataset})[0].semseg is None
