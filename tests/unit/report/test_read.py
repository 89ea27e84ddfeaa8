from pathlib import Path

import pytest

from tests.made.report import METRICS, write_evaluation, write_inputs
from twinband.core.errors import InputError
from twinband.report.read import read_dataset, read_evaluation, read_pool


def test_everything_written_is_read(tmp_path: Path) -> None:
    paths = write_inputs(tmp_path, ("kaist",), ("probe-hog",))
    dataset = read_dataset("kaist", paths["ingest"], paths["ingest_plots"], paths["left_out"])
    assert (dataset.facts.pairs, dataset.facts.left_out, len(dataset.left_out)) == (120, 12, 12)
    assert dataset.left_out[3].detail.endswith("truncated (4 bytes not processed)")
    assert dataset.sheet.address.startswith("data:image/jpeg;base64,/9j/")
    assert read_pool(paths["pool"]).reasons["test_split"] == 24
    evaluation = read_evaluation("probe-hog", paths["evaluate"], paths["evaluate_plots"])
    assert evaluation.metrics == METRICS
    assert [picture.name for picture in evaluation.pictures] == ["accuracy_by_hour", "heat"]


@pytest.mark.parametrize(
    ("gone", "remedy"),
    [
        ("metrics/ingest/kaist.json", "`dvc repro ingest@kaist`"),
        ("plots/ingest/kaist/sheet.jpg", "`dvc repro ingest@kaist`"),
        ("data/left_out/kaist.csv", "`dvc repro ingest@kaist`"),
        ("metrics/pool.json", "`dvc repro pool`"),
        ("metrics/evaluate/probe-hog.json", "`dvc repro evaluate@probe-hog`"),
    ],
)
def test_a_missing_file_is_named_with_the_stage_that_makes_it(
    tmp_path: Path, gone: str, remedy: str
) -> None:
    paths = write_inputs(tmp_path, ("kaist",), ("probe-hog",))
    (tmp_path / gone).unlink()
    with pytest.raises(InputError) as caught:
        read_dataset("kaist", paths["ingest"], paths["ingest_plots"], paths["left_out"])
        read_pool(paths["pool"])
        read_evaluation("probe-hog", paths["evaluate"], paths["evaluate_plots"])
    assert str(tmp_path / gone) in str(caught.value)
    assert remedy in str(caught.value)


@pytest.mark.parametrize(
    ("content", "problem"),
    [('{"pairs": 3', "delimiter"), ("[]", "not an object"), ('{"pairs": "many"}', "left_out")],
)
def test_a_spoilt_file_is_named_with_what_is_wrong(
    tmp_path: Path, content: str, problem: str
) -> None:
    paths = write_inputs(tmp_path, ("kaist",))
    (paths["ingest"] / "kaist.json").write_text(content)
    with pytest.raises(InputError, match=problem) as caught:
        read_dataset("kaist", paths["ingest"], paths["ingest_plots"], paths["left_out"])
    assert "kaist.json" in str(caught.value) and "dvc repro -f -s ingest@kaist" in str(caught.value)


def test_a_table_of_other_columns_is_refused(tmp_path: Path) -> None:
    paths = write_inputs(tmp_path, ("kaist",))
    (paths["left_out"] / "kaist.csv").write_text("key,why\na,b\n")
    with pytest.raises(InputError, match="key, name, status, reason, detail"):
        read_dataset("kaist", paths["ingest"], paths["ingest_plots"], paths["left_out"])


def test_only_pictures_are_taken_in_order_of_name(tmp_path: Path) -> None:
    paths = write_inputs(tmp_path, ())
    write_evaluation(paths, "a-b", {"x": 1})
    folder = paths["evaluate_plots"] / "a-b"
    (folder / "raw.csv").write_text("not a picture")
    (folder / "Z.JPG").write_bytes(b"jpeg")
    names = [p.name for p in read_evaluation("a-b", paths["evaluate"], folder.parent).pictures]
    assert names == ["Z", "accuracy_by_hour", "heat"]
