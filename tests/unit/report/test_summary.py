"""The summary beside the page."""

import json
from pathlib import Path

import pytest

from tests.made.report import METRICS, params, run_report, write_inputs, write_json
from twinband.core.errors import InputError
from twinband.report.summary import summary_of


def test_headline_numbers_stand_by_stage_and_item(tmp_path: Path) -> None:
    paths = write_inputs(tmp_path, ("kaist", "llvip", "stale"), ("probe-hog",))
    named = params(("kaist", "llvip"), ("probe-hog",))
    summary = summary_of(named, paths["metrics"])
    assert summary["evaluate"] == {"probe-hog": METRICS}
    assert summary["ingest"]["llvip"] == {"left_out": 12, "pairs": 1331}
    assert summary["mae"] == summary["pretrain"]["mspecgene"]
    assert list(summary["register"]) == ["kaist", "llvip"]
    run_report(named, paths, tmp_path / "out")
    written = (tmp_path / "out/summary.json").read_text()
    assert json.loads(written) == summary and written.endswith("}\n")


def test_a_missing_number_says_how_to_make_it(tmp_path: Path) -> None:
    paths = write_inputs(tmp_path, ("kaist",))
    (paths["metrics"] / "register/kaist.json").unlink()
    with pytest.raises(InputError, match="`dvc repro register@kaist`"):
        run_report(params(("kaist",)), paths, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    write_json(paths["metrics"] / "register/kaist.json", {"status": {"accepted": 1}})
    with pytest.raises(InputError, match="no numbers: status"):
        summary_of(params(("kaist",)), paths["metrics"])
