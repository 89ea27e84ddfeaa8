"""All of params.yaml: valid profiles, all problems at once, and the form in which DVC writes it."""

import importlib
import pkgutil
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.utils.hydra import apply_overrides
from pydantic import BaseModel

import twinband
from twinband.core.params import ItemParams, ParamsError, StageParams, parse, stage_params
from twinband.params import STAGES, validate_file
from twinband.pretraining.params import MaeParams

ROOT = Path(__file__).resolve().parents[2]
FILES = ["params.yaml", *sorted(f"profiles/{p.name}" for p in (ROOT / "profiles").glob("*.yaml"))]
SAMPLE = (ROOT / "profiles/sample.yaml").read_text()


def problems_of(text: str) -> list[str]:
    with pytest.raises(ParamsError) as caught:
        validate_file(text)
    return caught.value.problems


def changed(*replacements: tuple[str, str]) -> str:
    """The sample profile with the first place of each text replaced."""
    text = SAMPLE
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def models_of(model: type[BaseModel]) -> set[type[BaseModel]]:
    """A model and all that its fields hold, to any depth."""

    def held(hint: Any) -> set[type[BaseModel]]:
        if isinstance(hint, type) and issubclass(hint, BaseModel):
            return models_of(hint)
        return {found for part in getattr(hint, "__args__", ()) for found in held(part)}

    fields = model.model_fields.values()
    return {model}.union(*(held(field.annotation) for field in fields))


@pytest.mark.parametrize("name", FILES)
def test_every_profile_is_valid(name: str) -> None:
    data = validate_file((ROOT / name).read_text())
    assert set(data) <= {*STAGES, "runtime"}


def test_every_stage_has_parameters() -> None:
    graph = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert set(STAGES) == set(graph)
    for stage, model in STAGES.items():
        assert ("foreach" in graph[stage]) == issubclass(model, ItemParams), stage


def test_every_model_is_strict_frozen_and_closed() -> None:
    models = set().union(*(models_of(model) for model in STAGES.values()))
    assert {"TrainingSettings", "SplitFractions"} <= {model.__name__ for model in models}
    for model in models:
        config = model.model_config
        assert config.get("strict") and config.get("frozen"), model
        assert config.get("extra") == "forbid", model


def test_every_model_of_a_stage_is_in_the_list() -> None:
    for module in pkgutil.walk_packages(twinband.__path__, "twinband."):
        if module.name.endswith(".params"):
            importlib.import_module(module.name)
    waiting, models = [StageParams], set()
    while waiting:
        subclasses = [m for m in waiting.pop().__subclasses__() if m.__module__[:8] == "twinband"]
        waiting += subclasses
        models.update(subclasses)
    assert models - {ItemParams} == set(STAGES.values())


def test_derived_fields_are_fields_and_their_places_are_there() -> None:
    data = parse(SAMPLE)
    for stage, model in STAGES.items():
        assert model.derived.keys() <= model.model_fields.keys(), stage
        if model.derived:
            values, _ = stage_params(model, data, stage)
            assert all(values[field] for field in model.derived)


def test_all_problems_are_told_at_once_where_they_stand() -> None:
    text = changed(
        ("shards: 4", "shards: 0"),
        ("{reader: mfnet, source", "{reeder: mfnet, source"),
        ("max_bad_fraction: 0.02", "max_bad_fraction: '0.02'"),
        ("train: 0.8", "train: 0.9"),
        ("  near_duplicate_bits: 6\n  hold_out", "  near_duplicate_bits: 17\n  hold_out"),
        ("k: 10", "k: ten"),
        ("executor: processes", "executor: threads"),
        ("  title: twinband on the sample world\n", ""),
        ("quantile: 0.999", "quantile: 1.5"),
    )
    told = problems_of(f"{text}surprise: {{}}\n")
    for start in (
        "ingest.items.sample-crops.shards: Input should be greater than or equal to 1 (got 0)",
        "ingest.items.sample-mfnet.reeder: unknown parameter",
        "ingest.items.sample-mfnet.reader: missing",
        "ingest.common.max_bad_fraction: Input should be a valid number (got '0.02')",
        "ingest.common.split: train, val and test must sum to 1 (got ",
        "pool.near_duplicate_bits: ",
        "runtime.executor: ",
        "report.title: missing",
        "surprise: belongs to no stage",
        "cmss.common.mixture.quantile: ",
    ):
        assert sum(problem.startswith(start) for problem in told) == 1, (start, told)
    # Options of a benchmark are its own affair, and it checks them when it runs.
    assert len(told) == 10


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("shards: 4", "shards: '4'", "ingest.items.sample-crops.shards"),
        ("shards: 4", "shards: 4.0", "ingest.items.sample-crops.shards"),
        ("shards: 4", "shards: true", "ingest.items.sample-crops.shards"),
        ("split_seed: 0", "split_seed:", "ingest.common.split_seed"),
        ("hold_out: data/hold_out.txt", "hold_out: 7", "pool.hold_out"),
        ("title: twinband on the sample world", "title: 5", "report.title"),
    ],
)
def test_types_are_strict(old: str, new: str, path: str) -> None:
    [problem] = problems_of(changed((old, new)))
    assert problem.startswith(f"{path}: ")


def test_an_option_of_the_wrong_kind_is_told_once() -> None:
    text = changed(("{reader: mfnet,", "{reader: mfnet, options: {folder: {a: 1}},"))
    [problem] = problems_of(text)
    assert problem.startswith("ingest.items.sample-mfnet.options.folder: ")


def test_a_dataset_is_pooled_once() -> None:
    [problem] = problems_of(changed(("datasets:\n  - sample-mfnet", "datasets:\n  - sample-llvip")))
    assert problem.startswith("pool.datasets: ") and "more than once: sample-llvip" in problem


def test_a_name_that_yaml_reads_as_a_number_is_told_once() -> None:
    """A dataset that somebody called 1e5 by hand: DVC would have no stage for it."""
    text = changed(("    sample-mfnet: {reader", "    1e5: {reader"))
    [problem] = problems_of(text)
    assert problem.startswith("ingest.items.100000.0: YAML reads this name as no text")


def test_a_key_given_twice_is_told_with_its_line() -> None:
    [problem] = problems_of(changed(("  split_seed: 0\n", "  split_seed: 0\n    split_seed: 1\n")))
    line = SAMPLE.splitlines().index("    split_seed: 0") + 2
    assert problem.startswith(f'the file cannot be read: line {line}: found duplicate key "split_')


def base_lr(text: str) -> float:
    data = validate_file(text)
    return stage_params(MaeParams, data, "mae")[1].training.base_lr


@pytest.mark.parametrize("number", ["1e-3", "1e-05", "1e5", "1E-3", "1.5e-3", "2"])
def test_a_number_typed_by_hand_is_a_number(number: str) -> None:
    place = "optimizer: muon\n    base_lr: "  # mae's
    assert base_lr(changed((f"{place}0.064", f"{place}{number}"))) == float(number)


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str, float], tuple[str, str]]:
    """A profile before and after DVC set ``mae.training.base_lr`` in it."""

    def write(name: str, number: float) -> tuple[str, str]:
        path = tmp_path / "params.yaml"
        shutil.copyfile(ROOT / name, path)
        apply_overrides(str(path), [f"mae.training.base_lr={number}"])  # as `dvc exp run -S` does
        return (ROOT / name).read_text(), path.read_text()

    return write


@pytest.mark.parametrize("number", [1e-3, 1e-5, 1e5, 1e22])
def test_a_number_that_dvc_writes_is_a_number(
    written: Callable[[str, float], tuple[str, str]], number: float
) -> None:
    assert base_lr(written("profiles/sample.yaml", number)[1]) == number


@pytest.mark.parametrize("name", FILES)
def test_profiles_are_in_the_form_in_which_dvc_writes_them(
    written: Callable[[str, float], tuple[str, str]], name: str
) -> None:
    """Else every `dvc exp run -S` would rewrite the whole file, and nobody see what it changed."""
    before, after = (text.splitlines() for text in written(name, 1e-5))
    assert len(before) == len(after)
    lines = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    [(_, new)] = lines
    assert new == "    base_lr: 1e-05"


@pytest.mark.parametrize("name", FILES)
def test_no_line_is_wider_than_what_dvc_writes(name: str) -> None:
    lines = (ROOT / name).read_text().splitlines()
    assert [line for line in lines if len(line) > 80] == []
