"""Measuring a dataset: what is counted, in any order and by any number of workers."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.made.cmss import PATCH_PX, cmss_params, flat, pair, write_dataset, write_model
from tests.made.raw_pairs import RUNTIME, run_in
from tests.made.registered_pairs import name_of, shift
from twinband.cmss.build import Measured, measure_dataset
from twinband.cmss.encoder import WeightsFile
from twinband.cmss.statistics import Bins, Statistics
from twinband.core.errors import InputError
from twinband.core.params import Runtime
from twinband.networks.weights import load_encoder, save_weights
from twinband.shards.read import open_products
from twinband.shards.registered import registered_pair
from twinband.shards.write import read_kept

TWO_WORKERS = Runtime(executor="processes", workers=2, scheduler="", log_level="info")
PATCHES = (32 // PATCH_PX) ** 2


def measure(
    base: Path, runtime: Runtime = RUNTIME, work: str = "cmss", **settings: Any
) -> Measured:
    """Measure the dataset at ``base`` with the encoder there."""
    return measure_dataset(
        cmss_params(**settings),
        base / "pairs",
        base / "registered",
        WeightsFile.of(base / "weights.safetensors"),
        run_in(base / work, runtime),
    )


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Two shards, two hours, labels in two of four pairs."""
    semantics = np.zeros((48, 64), np.uint8)
    semantics[:12, :16] = 2  # exactly the first of 4 x 4 patches
    boxes = [{"class": "person", "xyxy": [16.0, 0.0, 32.0, 12.0]}]  # the second
    write_dataset(
        tmp_path,
        {"a": pair(1, "day", semantics=semantics), "b": pair(2, "night")},
        {"c": pair(3, "day", boxes=boxes), "d": pair(4)},
    )
    write_model(tmp_path)
    return tmp_path


def values_of(base: Path, key: str, variance: str = "product") -> np.ndarray:
    """The measure of one pair, by its formula."""
    dataset = open_products({"pairs": base / "pairs", "registered": base / "registered"}, [key])
    view = registered_pair(dataset[0])
    mean, std = np.array([123.675, 116.28, 103.53]), np.array([58.395, 57.12, 57.375])
    encoder = load_encoder(base / "weights.safetensors")
    tokens = []
    for pixels in (view.rgb, np.repeat(view.thermal[..., None], 3, 2)):
        square = np.asarray(Image.fromarray(pixels).resize((32, 32), Image.Resampling.BICUBIC))
        normal = ((square - mean) / std).astype(np.float32).transpose(2, 0, 1)
        with torch.no_grad():
            tokens.append(encoder.tokens(torch.from_numpy(normal)[None])[0].double().numpy())
    rgb, thermal = tokens
    cosine = (rgb * thermal).sum(1) / np.linalg.norm(rgb, axis=1) / np.linalg.norm(thermal, axis=1)
    first = thermal.var(1, ddof=1)
    other = rgb.var(1, ddof=1) if variance == "product" else first
    return np.asarray(np.sqrt((cosine + 1) / 2) / (first * other))


@pytest.mark.parametrize("variance", ["product", "first_squared"])
def test_values_are_those_of_the_formula(labelled: Path, variance: str) -> None:
    statistics = measure(labelled, variance=variance).statistics
    expected = np.sort(np.concatenate([np.log10(values_of(labelled, k, variance)) for k in "abcd"]))
    found = np.repeat(statistics.patches.centres, statistics.patches.counts)
    assert found.size == 4 * PATCHES
    np.testing.assert_allclose(found, expected, atol=statistics.patches.width)


def test_hours_and_objects_are_counted_apart(labelled: Path) -> None:
    statistics = measure(labelled).statistics
    assert statistics.counts.pairs == 4 and statistics.counts.labelled_pairs == 2
    hours = {hour: (n, patches.total) for hour, (n, patches) in statistics.hours.items()}
    assert hours == {
        "day": (2, 2 * PATCHES),
        "night": (1, PATCHES),
        "unknown": (1, PATCHES),
    }
    size = 12 * 16
    expected = np.log10([values_of(labelled, "a")[0], values_of(labelled, "c")[1]])
    objects = statistics.objects
    assert objects.total == 2 * size and statistics.background.total == 2 * (48 * 64 - size)
    found = np.repeat(objects.centres, objects.counts)
    np.testing.assert_allclose(found, np.repeat(np.sort(expected), size), atol=objects.width)


def test_workers_shards_and_interruptions_change_nothing(labelled: Path) -> None:
    reference = measure(labelled)
    assert (reference.shards, reference.continued) == (2, 0)
    both = measure(labelled, TWO_WORKERS, "other")
    assert both.statistics.to_json() == reference.statistics.to_json()
    spoilt = labelled / "cmss/shards/000001.json"
    told_otherwise = re.sub(rb'"pairs": (\d)', rb'"pairs": 1\1', spoilt.read_bytes())
    spoilt.write_bytes(told_otherwise)
    kept = (labelled / "cmss/shards/000000.json").stat().st_mtime_ns
    again = measure(labelled)
    assert (again.shards, again.continued) == (2, 1)
    assert again.statistics.to_json() == reference.statistics.to_json()
    assert (labelled / "cmss/shards/000000.json").stat().st_mtime_ns == kept


def test_statistics_survive_a_file_and_add_up_in_any_order(labelled: Path) -> None:
    measure(labelled)
    files = sorted((labelled / "cmss/shards").glob("*.json"))
    one, other = (Statistics.from_json(json.loads(read_kept(file))) for file in files)
    assert one.to_json() == json.loads(read_kept(files[0]))
    forth, back = Statistics(one.bins), Statistics(one.bins)
    for part in (one, other):
        forth.merge(part)
    for part in (other, one):
        back.merge(part)
    assert json.dumps(forth.to_json()) == json.dumps(back.to_json())
    with pytest.raises(ValueError, match="different bins"):
        forth.merge(Statistics(Bins(0, 1, 10)))


def test_pairs_without_thermal_are_left_out_and_counted(tmp_path: Path) -> None:
    write_dataset(
        tmp_path,
        {"a": pair(1, "day"), "b": pair(2, "night")},
        aligned=False,
        supplied={name_of("a"): np.eye(3)},
        options={"min_score": 2.0},
        on_failure="single_modality",
    )
    write_model(tmp_path)
    statistics = measure(tmp_path).statistics
    assert statistics.counts.pairs == 1 and statistics.counts.thermal_absent == 1
    assert set(statistics.hours) == {"day"}


def test_no_pair_with_both_images_is_an_error(tmp_path: Path) -> None:
    failed = {"options": {"min_score": 2.0}, "on_failure": "single_modality"}
    write_dataset(tmp_path, {"a": pair(1)}, aligned=False, **failed)
    write_model(tmp_path)
    with pytest.raises(InputError, match=r"no pair has both images \(1 count as having no"):
        measure(tmp_path)


def test_only_patches_that_both_images_cover_count(tmp_path: Path) -> None:
    supplied = {name_of("a"): shift(16.0, 0.0)}  # the first column of patches is empty
    boxes = [{"class": "person", "xyxy": [0.0, 0.0, 32.0, 12.0]}]
    write_dataset(tmp_path, {"a": pair(1, boxes=boxes)}, aligned=False, supplied=supplied)
    write_model(tmp_path)
    statistics = measure(tmp_path).statistics
    assert statistics.counts.partial_patches == 4
    assert statistics.patches.total == PATCHES - 4
    assert statistics.objects.total == 12 * 16
    assert statistics.background.total == 48 * 48 - 12 * 16


def test_constant_images_and_odd_sizes_are_measured(tmp_path: Path) -> None:
    small = pair(1, height=3, width=5)
    write_dataset(tmp_path, {"a": flat(0), "b": flat(255), "c": small})
    write_model(tmp_path)
    patches = measure(tmp_path).statistics.patches
    assert patches.counts.sum() == patches.total == 3 * PATCHES and patches.non_finite == 0


def test_thermal_of_sixteen_bits_is_stretched(tmp_path: Path) -> None:
    at = pair(1)
    deep = type(at.made)(at.made.rgb, at.made.thermal.astype(np.uint16) + 7000)
    stretched = at.made.thermal.astype(np.float32)
    low, high = np.percentile(stretched, (1, 99))
    levels = np.clip(np.rint((stretched - low) * (255 / (high - low))), 0, 255).astype(np.uint8)
    both = []
    for name, thermal in (("deep", deep.thermal), ("stretched", levels)):
        made = type(at.made)(at.made.rgb, thermal)
        write_dataset(tmp_path / name, {"a": type(at)(made)})
        write_model(tmp_path / name)
        both.append(measure(tmp_path / name).statistics.to_json())
    assert both[0] == both[1]


def test_a_broken_encoder_is_told(labelled: Path) -> None:
    encoder = load_encoder(labelled / "weights.safetensors")
    with torch.no_grad():
        encoder.patch_embed.proj.bias.fill_(torch.nan)  # type: ignore[union-attr]
    save_weights(encoder, labelled / "weights.safetensors")
    with pytest.raises(InputError, match=r"none of 64 patches .*64 below.*encoder is broken"):
        measure(labelled)


def test_images_of_no_whole_number_of_patches_are_told(labelled: Path) -> None:
    with pytest.raises(InputError, match=r"cmss.common.image_px = 36 is no multiple of the 8 px"):
        measure(labelled, image_px=36)
    with pytest.raises(InputError, match="no such file of weights"):
        WeightsFile.of(labelled / "nothing.safetensors")
