"""Parameters are strict, and every problem is told at once, with its path."""

import importlib
import pkgutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

import twinband.params
from twinband.core.params import Params, ParamsError, StageParams, narrow, validate
from twinband.ingest.params import IngestParams
from twinband.params import Root, validate_file

ROOT = Path(__file__).resolve().parents[3]


def profile() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((ROOT / "profiles" / "sample.yaml").read_text())
    return data


def problems_of(data: Any) -> list[str]:
    with pytest.raises(ParamsError) as caught:
        validate_file(data)
    assert all(problem in str(caught.value) for problem in caught.value.problems)
    return caught.value.problems


def all_models() -> list[type[Params]]:
    for module in pkgutil.iter_modules(twinband.params.__path__):
        importlib.import_module(f"twinband.params.{module.name}")
    found: list[type[Params]] = []
    waiting: list[type[Params]] = [Params]
    while waiting:
        model = waiting.pop()
        found += [model] if model.__module__.startswith("twinband.params.") else []
        waiting += model.__subclasses__()
    return found


def test_no_parameter_has_a_default() -> None:
    models = all_models()
    assert {"IngestDataset", "Runtime", "PoolParams", "Root"} <= {m.__name__ for m in models}
    with_default = [
        f"{model.__name__}.{name}"
        for model in models
        for name, field in model.model_fields.items()
        if not field.is_required()
    ]
    assert with_default == []


def test_every_model_is_strict_frozen_and_closed() -> None:
    for model in all_models():
        config = model.model_config
        assert config.get("strict") and config.get("frozen"), model
        assert config.get("extra") == "forbid", model


def test_every_axis_is_a_field() -> None:
    stages = [model for model in all_models() if issubclass(model, StageParams)]
    for model in stages:
        assert model.axis is None or model.axis in model.model_fields, model


def test_the_committed_profile_is_valid() -> None:
    root = validate_file(profile())
    with pytest.raises(ValidationError):
        root.report = root.report  # type: ignore[misc]


def test_all_problems_are_told_at_once_with_their_paths() -> None:
    data = profile()
    dataset = data["ingest"]["datasets"]["sample-mfnet"]
    dataset["shards"] = 0
    dataset["frame_strde"] = dataset.pop("frame_stride")
    data["pool"]["near_duplicate_bits"] = 17
    data["runtime"]["executor"] = "threads"
    data["surprise"] = {}
    del data["report"]["title"]
    told = problems_of(data)
    for start in (
        "ingest.datasets.sample-mfnet.shards: Input should be greater than or equal to 1 (got 0)",
        "ingest.datasets.sample-mfnet.frame_stride: missing",
        "ingest.datasets.sample-mfnet.frame_strde: unknown parameter",
        "pool.near_duplicate_bits: ",
        "runtime.executor: ",
        "surprise: unknown parameter",
        "report.title: missing",
    ):
        assert any(problem.startswith(start) for problem in told), (start, told)
    assert len(told) == 7


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("ingest.datasets.sample-mfnet.shards", "3"),
        ("ingest.datasets.sample-mfnet.shards", 3.0),
        ("ingest.datasets.sample-mfnet.shards", True),
        ("ingest.common.split_seed", None),
        ("pool.datasets", "sample-mfnet"),
        ("evaluate.items.probe-hog.seed", -1),
        ("report.title", 5),
    ],
)
def test_types_are_strict(path: str, value: Any) -> None:
    data = profile()
    *parents, last = path.split(".")
    section = data
    for part in parents:
        section = section[part]
    section[last] = value
    [problem] = problems_of(data)
    assert problem.startswith(f"{path}: ") and repr(value) in problem


def test_an_option_of_the_wrong_kind_is_told_once_at_its_own_path() -> None:
    data = profile()
    data["ingest"]["datasets"]["sample-mfnet"]["options"] = {"folder": ["a"]}
    [problem] = problems_of(data)
    assert problem.startswith("ingest.datasets.sample-mfnet.options.folder: ")


def test_splits_must_sum_to_one() -> None:
    data = profile()
    data["ingest"]["common"]["split"] = {"train": 0.8, "val": 0.1, "test": 0.2}
    [problem] = problems_of(data)
    assert problem.startswith("ingest.common.split: ") and "sum to 1" in problem


def test_a_dataset_is_pooled_once() -> None:
    data = profile()
    data["pool"]["datasets"] = ["a", "b", "a"]
    [problem] = problems_of(data)
    assert problem.startswith("pool.datasets: ") and "more than once: a" in problem


@pytest.mark.parametrize(
    ("executor", "scheduler"), [("dask", ""), ("processes", "tcp://127.0.0.1:8786")]
)
def test_a_scheduler_belongs_to_dask(executor: str, scheduler: str) -> None:
    data = profile()
    data["runtime"] |= {"executor": executor, "scheduler": scheduler}
    [problem] = problems_of(data)
    assert problem.startswith("runtime: ") and "scheduler" in problem


@pytest.mark.parametrize("data", [None, [], "text", 3])
def test_a_file_that_is_no_mapping_is_one_readable_problem(data: Any) -> None:
    [problem] = problems_of(data)
    assert problem.startswith("the file: ")


def test_narrowing_keeps_the_section_and_one_item() -> None:
    section = profile()["ingest"]
    narrowed = narrow(section, "datasets", "sample-llvip", "ingest")
    assert list(narrowed["datasets"]) == ["sample-llvip"]
    assert narrowed["common"] == section["common"]
    assert len(section["datasets"]) > 1
    assert validate(IngestParams, narrowed, "ingest").datasets["sample-llvip"].reader == "llvip"
    assert narrow(section, None, None, "ingest") is section


def test_narrowing_hides_the_problems_of_other_items() -> None:
    section = profile()["ingest"]
    section["datasets"]["sample-mfnet"] = "nonsense"
    validate(IngestParams, narrow(section, "datasets", "sample-llvip", "ingest"), "ingest")


@pytest.mark.parametrize(
    ("section", "known"),
    [
        ({"datasets": {"a": {}, 7: {}}}, "a, 7"),
        ({"datasets": None}, "none"),
        ({}, "none"),
        (None, "none"),
    ],
)
def test_an_item_that_is_not_there_is_told_with_those_that_are(section: Any, known: str) -> None:
    with pytest.raises(ParamsError, match=rf"ingest\.datasets\.b: missing .*{known}"):
        narrow(section, "datasets", "b", "ingest")


def test_the_root_has_a_section_for_each_stage() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    sections = {field.alias or name for name, field in Root.model_fields.items()}
    assert sections == {*stages, "runtime"}
