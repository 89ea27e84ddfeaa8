"""The profiles and the active parameters."""

from pathlib import Path

import pytest
import yaml

from tests.contract.conftest import PROFILES, ROOT
from twinband.params import validate_file


def test_the_committed_parameters_are_the_sample_profile() -> None:
    assert (ROOT / "params.yaml").read_bytes() == (ROOT / "profiles/sample.yaml").read_bytes()


@pytest.mark.parametrize("profile", PROFILES)
def test_profile_is_valid_and_consistent(profile: str) -> None:
    params = validate_file(yaml.safe_load((ROOT / f"profiles/{profile}.yaml").read_text()))
    datasets = set(params.ingest.datasets)
    assert set(params.register_.datasets) == datasets
    assert set(params.pool.datasets) <= datasets
    assert set(params.pool.protect) == datasets
    assert set(params.report.datasets) == datasets
    assert set(params.cmss.datasets) == set(params.cmss_mixture.datasets) == set(params.report.cmss)
    assert set(params.cmss.datasets) <= datasets
    assert set(params.sam_masks.datasets) <= datasets
    assert set(params.pseudo_labels.datasets) <= datasets
    assert set(params.report.masks) == set(params.sam_masks.datasets)
    assert set(params.report.pseudo_labels) == set(params.pseudo_labels.datasets)
    assert set(params.report.pretrained) == set(params.pretrain.methods)
    assert set(params.report.evaluations) == set(params.evaluate.items)
    assert {e.dataset for e in params.evaluate.items.values()} <= datasets
    for name, dataset in params.ingest.datasets.items():
        rendered = dataset.source.removeprefix("data/raw/")
        if rendered in params.sample_world.datasets:
            assert rendered == name
        else:
            assert Path(dataset.source) == Path(f"data/inventory/{name}.csv")
            assert (ROOT / dataset.source).is_file()
