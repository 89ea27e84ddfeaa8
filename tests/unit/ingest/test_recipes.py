"""Recipes read the sets that they are for."""

from pathlib import Path

import numpy as np
import pytest

from tests.made.image_sets import checked, grey, member, remarks, rgb, write_set
from tests.made.layouts import scan
from twinband.ingest.patterns import Pattern
from twinband.ingest.recipes import RECIPES

NAMES = ["01", "carLight", "00007"]


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_recipe_reads_its_layout(recipe: object, tmp_path: Path) -> None:
    own = next(item for item in RECIPES.values() if item is recipe)
    places = {field: Pattern(str(own.options[field])) for field in ("rgb", "thermal")}
    for seed, name in enumerate(NAMES):
        image = {places["rgb"].filled(name): rgb(seed), places["thermal"].filled(name): grey(seed)}
        write_set(tmp_path, image)
        for text in image:
            folder, _, suffix = text.partition("/")
            assert f"{folder}/NAME.{suffix.rpartition('.')[2]}" in own.layout
    entries, problems = scan(own.reader, tmp_path, **own.options)
    assert list(entries) == sorted(NAMES) and not problems
    pair = checked(own.reader, tmp_path, "carLight", **own.options)
    suffix = str(own.options["rgb"]).rpartition(".")[2]
    if suffix == "png":
        assert np.array_equal(member(pair, "rgb.png"), rgb(1))
        assert np.array_equal(member(pair, "thermal.png"), grey(1))
    assert remarks(own.reader, tmp_path, **own.options) == ""
    assert own.about.title and own.about.releases and own.about.source
