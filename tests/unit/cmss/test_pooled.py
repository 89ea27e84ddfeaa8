"""Mixtures, shares of components, the product on disk, its pictures, and pooling."""

import dataclasses
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.made.cmss import cmss_params, pair, write_dataset, write_model
from twinband.cmss.build import Plan, write_measured
from twinband.cmss.encoder import WeightsFile
from twinband.cmss.fitted import Fitted, facts_of, shares
from twinband.cmss.histogram import Histogram
from twinband.cmss.maps import choose, draw_maps
from twinband.cmss.mixture import Mixture1d
from twinband.cmss.params import MixtureParams
from twinband.cmss.pictures import distribution, objects_and_background, series
from twinband.cmss.pooled import Pooled
from twinband.cmss.statistics import (
    Bins,
    Histograms,
    Measure,
    Statistics,
    read_histograms,
    write_histograms,
)
from twinband.core.errors import InputError

MEASURE = Measure("product", 32, "0" * 64)
FIT: dict[str, Any] = {"components": 3, "most_components": 4, "quantile": 0.999}


def statistics(seed: int, means: tuple[float, ...], pixels: bool = False) -> Statistics:
    """Patches around ``means``; objects are the lowest of these, background the others."""
    counted = Statistics(Bins(-6, 13, 1900))
    generator = np.random.default_rng(seed)
    for number, mean in enumerate(means):
        values = 10 ** generator.normal(mean, 0.1, 3000)
        counted.patches.add(values)
        if pixels:
            (counted.background if number else counted.objects).add(values)
    counted.counts.pairs = 10
    counted.add_hour("day", 10, counted.patches)
    return counted


def product(seed: int, means: tuple[float, ...]) -> Histograms:
    return Histograms(f"{seed:016d}", MEASURE, statistics(seed, means))


def test_objects_fall_in_the_component_where_they_are() -> None:
    counted = statistics(0, (-1.0, 0.0, 1.0), pixels=True)
    facts = facts_of(counted, Fitted.to(counted.patches, **FIT), "0")
    assert facts.mixture_by_bic.components == 3
    assert facts.objects and facts.background
    np.testing.assert_allclose(facts.mixture.means, [-1, 0, 1], atol=0.02)
    np.testing.assert_allclose(facts.objects.shares, [1, 0, 0], atol=0.01)
    np.testing.assert_allclose(facts.background.shares, [0, 0.5, 0.5], atol=0.01)
    assert facts.patches == 9000 and facts.hours["day"].pairs == 10
    assert facts.log10.median == pytest.approx(0, abs=0.02)
    assert facts.normaliser.log10 == pytest.approx(1.27, abs=0.05)
    plain = facts.plain()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain


def test_shares_are_weighed_sums_of_responsibilities() -> None:
    mixture = Mixture1d(np.array([0.5, 0.5]), np.array([0.0, 1.0]), np.array([0.04, 0.04]), 1, 0.0)
    histogram = Histogram(-1, 2, 300)
    histogram.add(10 ** np.array([0.005, 0.995, 0.995, 0.995, 5.0]))
    np.testing.assert_allclose(shares(mixture, histogram), [0.25, 0.75], atol=1e-4)
    with pytest.raises(ValueError, match="empty"):
        shares(mixture, Histogram(-1, 2, 300))


def test_one_value_over_and_over_has_no_nan() -> None:
    counted = Statistics(Bins(-6, 13, 1900))
    counted.patches.add(np.full(50, 4.0))
    counted.objects.add(np.full(5, 4.0))
    counted.background.add(np.full(5, 4.0))
    fitted = Fitted.to(counted.patches, **FIT)
    facts = facts_of(counted, fitted, "0")
    assert facts.mixture_by_bic.components == 1
    np.testing.assert_allclose(facts.mixture.means, np.log10(4), atol=0.01)
    json.dumps(facts.plain(), allow_nan=False)
    for drawn in (
        distribution(counted.patches, fitted),
        series({"one": counted.patches}, "one"),
        objects_and_background(counted, fitted.fixed),
    ):
        assert drawn is not None and b"nan" not in drawn.lower()
        ElementTree.fromstring(drawn.decode())


def test_without_labels_nothing_is_said_of_objects() -> None:
    counted = statistics(0, (-1.0, 0.0))
    fitted = Fitted.to(counted.patches, **FIT)
    facts = facts_of(counted, fitted, "0")
    assert facts.objects is None and facts.background is None
    assert not {"objects", "background"} & facts.plain().keys()
    assert objects_and_background(counted, fitted.fixed) is None


def test_figures_say_what_bic_chose_and_are_the_same_each_time() -> None:
    patches = statistics(0, (-1.0, 1.0)).patches
    fitted = Fitted.to(patches, **FIT)
    assert fitted.best.components == 2
    drawn = distribution(patches, fitted)
    assert drawn == distribution(patches, fitted)
    same = dataclasses.replace(fitted, fixed=fitted.best)
    assert len(distribution(patches, same)) < len(drawn)  # one panel, not two


def test_a_product_survives_its_file(tmp_path: Path) -> None:
    counted = statistics(0, (-1.0, 1.0), pixels=True)
    identity = write_histograms(tmp_path, "made-up", MEASURE, counted)
    read = read_histograms(tmp_path)
    assert (read.identity, read.measure) == (identity, MEASURE)
    assert read.statistics.to_json() == counted.to_json()
    counted.patches.add([1.0])
    assert write_histograms(tmp_path, "made-up", MEASURE, counted) != identity
    text = (tmp_path / "histograms.json").read_text()
    (tmp_path / "histograms.json").write_text(text[: len(text) // 2])
    with pytest.raises(InputError, match=r"histograms.json cannot be read .*: dvc repro"):
        read_histograms(tmp_path)


def test_a_product_has_a_card(tmp_path: Path) -> None:
    weights = WeightsFile(tmp_path / "weights.safetensors", "0" * 64)
    counted = statistics(0, (-1.0, 1.0))
    _, facts = write_measured(tmp_path, "made-up", cmss_params(), weights, counted)
    assert facts.product == read_histograms(tmp_path).identity
    card = (tmp_path / "README.md").read_text()
    assert "6000 patches of 10 pairs" in card and "| hour: day | 10 |" in card
    assert "pretty_name: made-up" in card and "0" * 64 in card


def test_pooling_adds_patches() -> None:
    one, two = product(1, (-1.0, 0.0)), product(2, (1.0,))
    pooled = Pooled.of({"one": one, "two": two}, MixtureParams(**FIT))
    assert pooled.patches.total == 9000
    np.testing.assert_allclose(pooled.fitted.fixed.means, [-1, 0, 1], atol=0.02)
    np.testing.assert_allclose(pooled.fitted.fixed.weights, np.full(3, 1 / 3), atol=0.01)
    exact = json.loads(json.dumps(pooled.to_json(), allow_nan=False))
    assert Mixture1d.from_json(exact["mixture"]).means.tolist() == list(pooled.fitted.fixed.means)
    assert {name: own["product"] for name, own in exact["datasets"].items()} == {
        "one": one.identity,
        "two": two.identity,
    }
    own = Mixture1d.from_json(exact["datasets"]["two"]["mixture_by_bic"])
    np.testing.assert_allclose(own.means, [1], atol=0.02)
    facts = pooled.facts("0")
    assert facts.datasets == {"one": 6000, "two": 3000} and facts.patches == 9000


def test_only_the_same_measure_is_pooled() -> None:
    one, two = product(1, (-1.0,)), product(2, (1.0,))
    other = dataclasses.replace(two, measure=dataclasses.replace(MEASURE, variance="first_squared"))
    with pytest.raises(InputError, match="two and one were measured in different ways"):
        Pooled.of({"one": one, "two": other}, MixtureParams(**FIT))


def test_examples_are_spread_over_hours() -> None:
    shard = tuple((f"k{n:02d}", "night" if n < 8 else "day") for n in range(12))
    plan = Plan(((*shard, ("z", "unknown")),), 0)
    one_each = [("k09", "day"), ("k11", "day"), ("k02", "night"), ("z", "unknown")]
    assert choose(plan, 4) == one_each
    assert choose(plan, 2) == [("k10", "day"), ("k04", "night")]
    assert len(choose(plan, 99)) == 13 and choose(plan, 0) == []


def test_maps_show_each_chosen_pair(tmp_path: Path) -> None:
    folders = write_dataset(tmp_path, {"a": pair(1, "day"), "b": pair(2)})
    weights = WeightsFile.of(write_model(tmp_path))
    patches = statistics(0, (-1.0, 1.0)).patches
    chosen = choose(Plan.of(*folders), 2)
    sizes = []
    for pairs in (chosen, chosen[:1]):
        data = draw_maps(*folders, pairs, weights, cmss_params(), patches)
        assert data == draw_maps(*folders, pairs, weights, cmss_params(), patches)
        (tmp_path / "maps.jpg").write_bytes(data)
        with Image.open(tmp_path / "maps.jpg") as image:
            sizes.append(image.size)
    assert sizes[0][0] == sizes[1][0] and sizes[0][1] > sizes[1][1] + 150
