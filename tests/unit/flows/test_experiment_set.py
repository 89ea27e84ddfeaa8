"""Experiment sets: validation, names, tables."""

from pathlib import Path

import pytest

from flows.compare import summarize
from flows.experiment_set import ExperimentSetError, _hydra, read_experiment_set

GOOD = """
name: width
description: Does it help?
arms:
  base: {}
  wide: {model.width: 4, model.names: [a, b]}
seeds: [0, 1]
seed_parameters: [base.seed]
metrics: [metrics/evaluate/seg.json:test.miou]
"""


def test_a_set_is_read(tmp_path: Path) -> None:
    path = tmp_path / "width.yaml"
    path.write_text(GOOD)
    arms = read_experiment_set(path).arms
    assert arms["wide"] == {"model.width": 4, "model.names": ["a", "b"]}


@pytest.mark.parametrize("number", ["1e-3", "1e-03", "0.001"])
def test_numbers_are_read_as_dvc_reads_them(tmp_path: Path, number: str) -> None:
    path = tmp_path / "width.yaml"
    path.write_text(GOOD.replace("model.width: 4", f"model.width: {number}"))
    width = read_experiment_set(path).arms["wide"]["model.width"]
    assert width == 0.001 and _hydra(width) == "0.001"


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("seeds: [0, 1]", "seeds: []", "seeds"),
        ("seed_parameters: [base.seed]\n", "", "seed_parameters"),
        ("seg.json:test.miou", "seg.json", "metrics.0"),
        ("  wide:", "  Wide arm:", "arms.Wide arm"),
        ("name: width", "name: width\nseed: 1", "seed"),
    ],
)
def test_a_wrong_set_names_file_and_key(tmp_path: Path, old: str, new: str, key: str) -> None:
    path = tmp_path / "width.yaml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(ExperimentSetError) as error:
        read_experiment_set(path)
    assert str(path) in str(error.value) and f"- {key}" in str(error.value)


def test_a_missing_set_is_a_readable_error(tmp_path: Path) -> None:
    with pytest.raises(ExperimentSetError, match="cannot read"):
        read_experiment_set(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (None, "null"),
        (1.5, "1.5"),
        ("a", "'a'"),
        ("it's", r"'it\'s'"),
        ([1, "b"], "[1,'b']"),
    ],
)
def test_values_in_hydras_grammar(value: object, text: str) -> None:
    assert _hydra(value) == text  # type: ignore[arg-type]


def test_mean_and_sample_standard_deviation() -> None:
    rows = [{"arm": "a", "seed": s, "m": v} for s, v in ((0, 1.0), (1, 3.0))]
    rows.append({"arm": "b", "seed": 0, "m": 5.0})
    assert summarize(rows, ["m"]) == [
        {"arm": "a", "metric": "m", "mean": 2.0, "std": pytest.approx(2**0.5), "seeds": 2},
        {"arm": "b", "metric": "m", "mean": 5.0, "std": None, "seeds": 1},
    ]
