"""The profiles and the active parameters."""

from pathlib import Path

import pytest

from tests.contract.conftest import PROFILES, ROOT
from twinband.params import validate_file


def test_the_committed_parameters_are_the_sample_profile() -> None:
    assert (ROOT / "params.yaml").read_bytes() == (ROOT / "profiles/sample.yaml").read_bytes()


def test_the_parameters_fit_a_screen_or_a_few() -> None:
    assert len((ROOT / "params.yaml").read_text().splitlines()) < 620


@pytest.mark.parametrize("profile", PROFILES)
def test_profile_is_valid_and_consistent(profile: str) -> None:
    params = validate_file((ROOT / f"profiles/{profile}.yaml").read_text())
    items = {stage: section.get("items", {}) for stage, section in params.items()}
    datasets = set(items["ingest"])
    assert set(items["register"]) == datasets
    assert set(params["pool"]["datasets"]) <= datasets
    for stage in ("cmss", "sam_masks", "pseudo_labels"):
        assert set(items[stage]) <= datasets, stage
    assert {item["dataset"] for item in items["evaluate"].values()} <= datasets
    for name, item in items["ingest"].items():
        rendered = item["source"].removeprefix("data/raw/")
        if rendered in items["sample_world"]:
            assert rendered == name
        else:
            assert Path(item["source"]) == Path(f"data/inventory/{name}.csv")
            assert (ROOT / item["source"]).is_file()
