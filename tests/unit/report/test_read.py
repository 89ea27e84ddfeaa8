import json
from pathlib import Path

import pytest

from tests.made.report import FACTS, METRICS, write_evaluation, write_inputs, write_left_out
from twinband.core.errors import InputError
from twinband.pool import PoolFacts
from twinband.report.read import (
    Dataset,
    Evaluation,
    read_dataset,
    read_evaluation,
    read_facts,
)

Paths = dict[str, Path]
BIAS = {
    "measure": "mIoU",
    "full": 0.5,
    "interval_95": [0.4, 0.6],
    "hidden": {"thermal": {"zeros": 0.25}},
}


def dataset(paths: Paths) -> Dataset:
    return read_dataset("kaist", paths["facts"], paths["plots"], paths["left_out"])


def evaluation(paths: Paths, name: str = "probe-hog") -> Evaluation:
    return read_evaluation(name, paths["metrics"], paths["facts"], paths["plots"])


def pool(paths: Paths) -> PoolFacts:
    return read_facts(PoolFacts, paths["facts"] / "pool.json", "pool")


def test_everything_written_is_read(tmp_path: Path) -> None:
    paths = write_inputs(tmp_path, ("kaist",), ("probe-hog",))
    kaist = dataset(paths)
    assert (kaist.facts.pairs, kaist.facts.left_out, len(kaist.left_out)) == (120, 12, 12)
    assert kaist.left_out[3].detail.endswith("truncated (4 bytes not processed)")
    assert kaist.pictures["sheet"].address.startswith("data:image/jpeg;base64,/9j/")
    assert pool(paths).reasons["test_split"] == 24
    probe = evaluation(paths)
    assert (probe.metrics, probe.facts) == (METRICS, FACTS)
    assert list(probe.pictures) == ["accuracy_by_hour", "heat"]
    assert probe.bias is None


def test_what_is_lost_with_a_modality_hidden_is_read_apart(tmp_path: Path) -> None:
    paths = write_inputs(tmp_path, ())
    write_evaluation(paths, "seg-mae", {**FACTS, "modality_bias": BIAS})
    seg = evaluation(paths, "seg-mae")
    assert seg.facts == FACTS and seg.bias is not None
    assert seg.bias.hidden == {"thermal": {"zeros": 0.25}}
    spoilt = {**FACTS, "modality_bias": {**BIAS, "full": "high"}}
    (paths["facts"] / "evaluate/seg-mae.json").write_text(json.dumps(spoilt))
    with pytest.raises(InputError, match=r"modality_bias\.full") as caught:
        evaluation(paths, "seg-mae")
    assert "dvc repro -f -s evaluate@seg-mae" in str(caught.value)


@pytest.mark.parametrize(
    ("gone", "remedy"),
    [
        ("facts/ingest/kaist.json", "`dvc repro ingest@kaist`"),
        ("plots/ingest/kaist/sheet.jpg", "`dvc repro ingest@kaist`"),
        ("data/left_out/kaist.csv", "`dvc repro ingest@kaist`"),
        ("facts/pool.json", "`dvc repro pool`"),
        ("facts/evaluate/probe-hog.json", "`dvc repro evaluate@probe-hog`"),
        ("metrics/evaluate/probe-hog.json", "`dvc repro evaluate@probe-hog`"),
    ],
)
def test_a_missing_file_is_named_with_the_stage_that_makes_it(
    tmp_path: Path, gone: str, remedy: str
) -> None:
    paths = write_inputs(tmp_path, ("kaist",), ("probe-hog",))
    (tmp_path / gone).unlink()
    with pytest.raises(InputError) as caught:
        dataset(paths)
        pool(paths)
        evaluation(paths)
    assert str(tmp_path / gone) in str(caught.value)
    assert remedy in str(caught.value)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"pairs": 3', "delimiter"),
        ("[]", "not an object"),
        ('{"pairs": "many"}', "left_out: missing"),
        ('{"pears": 3}', "pears: unknown parameter"),
    ],
)
def test_a_spoilt_file_is_named_with_what_is_wrong(
    tmp_path: Path, content: str, problem: str
) -> None:
    paths = write_inputs(tmp_path, ("kaist",))
    (paths["facts"] / "ingest/kaist.json").write_text(content)
    with pytest.raises(InputError, match=problem) as caught:
        dataset(paths)
    assert "kaist.json" in str(caught.value) and "dvc repro -f -s ingest@kaist" in str(caught.value)


@pytest.mark.parametrize("value", ['"0.5"', "null", '{"overall": 0.5}'])
def test_headline_metrics_are_flat_numbers(tmp_path: Path, value: str) -> None:
    paths = write_inputs(tmp_path, (), ("probe-hog",))
    (paths["metrics"] / "evaluate/probe-hog.json").write_text(f'{{"miou": {value}}}')
    with pytest.raises(InputError, match=r"no numbers: miou.*dvc repro -f -s evaluate@probe-hog"):
        evaluation(paths)


def test_a_table_of_other_columns_is_refused(tmp_path: Path) -> None:
    paths = write_inputs(tmp_path, ("kaist",))
    (paths["left_out"] / "kaist.csv").write_text("key,why\na,b\n")
    with pytest.raises(InputError, match="key, name, status, reason, detail"):
        dataset(paths)


def test_defused_names_are_shown_as_they_are(tmp_path: Path) -> None:
    paths = write_inputs(tmp_path, ("kaist",))
    write_left_out(paths, "kaist", [("a-1", "'=1+1", "quarantined", "too_small", "'-1.png: …")])
    [pair] = dataset(paths).left_out
    assert (pair.name, pair.detail) == ("=1+1", "-1.png: …")


def test_only_pictures_are_taken_in_order_of_name(tmp_path: Path) -> None:
    paths = write_inputs(tmp_path, ())
    write_evaluation(paths, "a-b", {"x": 1})
    folder = paths["plots"] / "evaluate/a-b"
    (folder / "raw.csv").write_text("not a picture")
    (folder / "Z.JPG").write_bytes(b"jpeg")
    assert list(evaluation(paths, "a-b").pictures) == ["Z", "accuracy_by_hour", "heat"]
