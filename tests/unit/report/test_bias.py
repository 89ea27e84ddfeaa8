"""The modality-bias table, as data and in the page."""

import re
from pathlib import Path

from tests.made.report import FACTS, params, run_report, write_evaluation, write_inputs
from tests.unit.report.test_page import Page
from twinband.evaluation.facts import ModalityBias
from twinband.report.bias import bias_tables
from twinband.report.read import Evaluation


def bias(full: float, **hidden: dict[str, float]) -> ModalityBias:
    return ModalityBias(measure="mIoU", full=full, interval_95=(full - 0.1, full), hidden=hidden)


def evaluation(name: str, found: ModalityBias | None) -> Evaluation:
    return Evaluation(name, {"x": 1.0}, {}, found, {})


ALONE = bias(0.5, thermal={"zeros": 0.25, "skipped": 0.125}, rgb={"zeros": 0.375, "skipped": 0.3})
JOINT = bias(0.625, thermal={"zeros": 0.2, "predicted": 0.4}, rgb={"zeros": 0.1, "predicted": 0.2})


def test_a_table_for_each_benchmark_a_row_for_each_model() -> None:
    tables = bias_tables(
        [
            evaluation("probe-hog", None),
            evaluation("seg_mfnet-mae", ALONE),
            evaluation("probe-mae", bias(0.9, rgb={"zeros": 0.7})),
            evaluation("seg_mfnet-multimae", JOINT),
        ]
    )
    assert [table.benchmark for table in tables] == ["seg_mfnet", "probe"]
    seg = tables[0]
    assert seg.measure == "mIoU"
    assert seg.ways == {
        "rgb": ("zeros", "skipped", "predicted"),
        "thermal": ("zeros", "skipped", "predicted"),
    }
    assert [row.model for row in seg.rows] == ["mae", "multimae"]
    assert seg.rows[0].hidden == (0.375, 0.3, None, 0.25, 0.125, None)
    assert seg.rows[1].hidden == (0.1, None, 0.2, 0.2, None, 0.4)
    assert tables[1].ways == {"rgb": ("zeros",)}


def test_the_page_shows_it(tmp_path: Path) -> None:
    paths = write_inputs(tmp_path, ())
    names = ("seg_mfnet-mae", "seg_mfnet-multimae")
    for name, found in zip(names, (ALONE, JOINT), strict=True):
        write_evaluation(paths, name, {**FACTS, "modality_bias": found.plain()})
    page = Page(run_report(params((), names), paths, tmp_path / "out"))
    text = re.sub(r"\s+", " ", page.text)
    assert not page.open and "seg mfnet: mIoU" in text
    assert "mae 0.500 0.400–0.500 0.375 0.300 – 0.250 0.125 –" in text
    assert "multimae 0.625 0.525–0.625 0.100 – 0.200 0.200 – 0.400" in text


def test_without_such_evaluations_there_is_no_table(tmp_path: Path) -> None:
    paths = write_inputs(tmp_path, (), ("probe-hog",))
    page = run_report(params((), ("probe-hog",)), paths, tmp_path / "out")
    assert "One modality hidden" not in page
