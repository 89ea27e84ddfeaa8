"""The examples of CONTRIBUTING.md work as printed."""

import re
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from tests.contract.conftest import ROOT
from tests.made.annotators import weights
from tests.made.benchmarks import crops, noise, stripes
from tests.made.cmss import write_dataset
from tests.made.pseudo_labels import label_dataset, shards, specs
from twinband.core.params import ParamsError
from twinband.ingest.dataset import open_files
from twinband.ingest.layout import Entry, Options, Problem
from twinband.pseudo_labels.build import CheckedAnnotator
from twinband.pseudo_labels.label import read_depth
from twinband.shards.read import open_products


def example(section: str) -> str:
    """The Python of a section."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    (body,) = re.findall(rf"^## {section}\n(.*?)^## ", text, re.DOTALL | re.MULTILINE)
    (code,) = re.findall(r"```python\n(.*?)```", body, re.DOTALL)
    return str(code)


def test_the_example_reader_finds_pairs(tmp_path: Path) -> None:
    names: dict[str, object] = {}
    exec(compile(example("Add a dataset"), "CONTRIBUTING.md", "exec"), names)
    for name in ("a_v.png", "a_t.png", "b_v.png"):
        cv2.imwrite(str(tmp_path / name), np.zeros((32, 32), np.uint8))
    layout = names["Layout"](open_files(str(tmp_path)), Options())  # type: ignore[operator]
    pair, lonely = layout.scan()
    assert isinstance(pair, Entry) and pair.name == "a"
    assert isinstance(lonely, Problem) and lonely.reason == "missing_partner"


def test_the_example_annotator_labels_a_dataset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = example("Add an annotator")
    assert len([line for line in code.splitlines() if line.strip()]) <= 20
    module = ModuleType("twinband.annotators.colours")
    exec(compile(code, "CONTRIBUTING.md", "exec"), module.__dict__)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    (tmp_path / "colours").mkdir()
    factors = np.array([0.5, 0.25, 0.25])
    save_file({"factors": factors}, tmp_path / "colours/model.safetensors")
    mine = replace(specs(tmp_path)["depth"], name="colours", weights=weights(tmp_path / "colours"))
    spec = replace(mine, options=(("gain", 2.0),))
    write_dataset(tmp_path, *shards(2, 2))
    done = label_dataset("depth", spec, tmp_path)
    assert done.facts.annotator == "colours" and done.fresh == 4
    assert done.facts.consistency_flip and done.facts.consistency_flip.median == 1
    for sample in open_products({name: tmp_path / name for name in ("pairs", "depth")}):
        found = read_depth(sample["depth"])
        np.testing.assert_allclose(found.values, sample["pairs"]["rgb"] @ factors * 2, atol=0.01)
    with pytest.raises(ParamsError, match=r"colours cannot be opened: .*sidepx"):
        CheckedAnnotator.of("depth", replace(mine, options=(("sidepx", 3),)))


def test_the_example_arm_shows_as_much_as_any_other() -> None:
    names: dict[str, Any] = {}
    exec(compile(example("Add a masking arm"), "CONTRIBUTING.md", "exec"), names)
    tokens = torch.zeros(2, 64, 8)
    visible = names["Arm"](64, mask_ratio=0.75)(tokens, tokens)
    assert visible.thermal.shape == (2, 12) and visible.rgb.shape == (2, 20)


def test_the_example_benchmark_scores_crops(tmp_path: Path) -> None:
    names: dict[str, Any] = {}
    exec(compile(example("Add a benchmark"), "CONTRIBUTING.md", "exec"), names)
    benchmark = names["Benchmark"]
    scores = benchmark(benchmark.Options(), seed=0).run(crops(tmp_path, stripes, noise))
    assert 0 < scores.headline["accuracy"] < 1 and scores.predictions
