"""Artifact keys, flattened metrics, and the deployments of prefect.yaml."""

from pathlib import Path

import pytest
from prefect.client.schemas.schedules import CronSchedule
from pydantic import ValidationError

from flows.artifacts import artifact_key, flatten
from flows.serve import DEPLOYMENTS_FILE, read_deployments


def test_keys_are_lower_case_words_with_dashes() -> None:
    assert artifact_key("metrics/evaluate/seg_MFNet-m") == "metrics-evaluate-seg-mfnet-m"
    assert artifact_key("compare", "width_1") == "compare-width-1"


def test_flatten() -> None:
    assert flatten({"a": {"b": 1, "c": {"d": [2]}}, "e": None}) == {
        "a.b": 1,
        "a.c.d": [2],
        "e": None,
    }


def test_deployments_are_those_of_prefect_yaml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(DEPLOYMENTS_FILE.parent)
    deployments = {f"{d.flow_name}/{d.name}": d for d in read_deployments()}
    assert deployments.keys() == {"rebuild/nightly", "evaluate/weekly"}
    nightly = deployments["rebuild/nightly"]
    assert nightly.schedules
    assert nightly.schedules[0].schedule == CronSchedule(cron="0 2 * * *", timezone="UTC")
    assert nightly.parameters == {"targets": None, "max_parallel": 2}
    assert nightly.concurrency_limit == 1


def test_an_unknown_key_in_prefect_yaml_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(DEPLOYMENTS_FILE.parent)
    changed = tmp_path / "prefect.yaml"
    changed.write_text(DEPLOYMENTS_FILE.read_text().replace("schedules:", "schedule:"))
    with pytest.raises(ValidationError, match="schedule"):
        read_deployments(changed)
