"""Parameters: an item over what all share, and every problem told once, where it stands."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import Field, ValidationError

from twinband.core.params import (
    Facts,
    ItemParams,
    Params,
    ParamsError,
    Run,
    Runtime,
    Scalar,
    StageParams,
    items_of,
    merged,
    parse,
    rounded,
    stage_params,
    validate,
)

RUNTIME = {"executor": "processes", "workers": 2, "scheduler": "", "log_level": "info"}


class Training(Params):
    steps: Annotated[int, Field(ge=1)]
    base_lr: float
    betas: list[float] = Field(default=[0.9, 0.95])


class ModelParams(ItemParams):
    kind: str
    training: Training
    options: dict[str, Scalar] = Field(default_factory=dict)


class ScoreParams(ItemParams):
    benchmark: str
    options: dict[str, int] = Field(default_factory=dict)

    @classmethod
    def shared(cls, item: Mapping[str, Any]) -> tuple[str, ...]:
        return (str(item.get("benchmark", "")),)


class PageParams(StageParams):
    derived: ClassVar[Mapping[str, str]] = {"models": "fit.items", "rule": "fit.common.training"}
    title: str
    models: list[str]
    rule: Training


class RuleParams(StageParams):
    derived: ClassVar[Mapping[str, str]] = {"models": "fit.items"}
    models: Annotated[list[str], Field(min_length=1)]


def file() -> dict[str, Any]:
    return {
        "fit": {
            "common": {"kind": "plain", "training": {"steps": 10, "base_lr": 0.1}},
            "items": {
                "small": {},
                "large": {"training": {"steps": 20, "betas": [0.5]}, "options": {"deep": True}},
            },
        },
        "score": {
            "common": {"near": {"options": {"k": 3}}, "far": {"options": {"k": 9}}},
            "items": {"near-small": {"benchmark": "near"}},
        },
        "page": {"title": "all"},
    }


def problems_of(model: type[StageParams], data: Any, stage: str, item: str | None) -> list[str]:
    with pytest.raises(ParamsError) as caught:
        stage_params(model, data, stage, item)
    assert all(problem in str(caught.value) for problem in caught.value.problems)
    return caught.value.problems


def test_an_item_says_only_what_it_has_otherwise() -> None:
    values, params = stage_params(ModelParams, file(), "fit", "large")
    assert params.training == Training(steps=20, base_lr=0.1, betas=[0.5])
    assert (params.kind, params.options) == ("plain", {"deep": True})
    assert values["training"] == {"steps": 20, "base_lr": 0.1, "betas": [0.5]}
    _, small = stage_params(ModelParams, file(), "fit", "small")
    assert small.training == Training(steps=10, base_lr=0.1)


def test_mappings_are_merged_deeply_and_lists_replaced() -> None:
    common = {"a": {"b": {"c": 1, "d": [1, 2]}}, "e": {"f": 1}, "g": 1}
    own = {"a": {"b": {"d": [3]}}, "e": 7, "g": {"h": 1}}
    assert merged(common, own) == {"a": {"b": {"c": 1, "d": [3]}}, "e": 7, "g": {"h": 1}}
    assert common["a"] == {"b": {"c": 1, "d": [1, 2]}}, "the arguments stay as they are"


def test_an_item_may_build_on_a_part_of_what_is_shared() -> None:
    assert stage_params(ScoreParams, file(), "score", "near-small")[0] == {
        "benchmark": "near",
        "options": {"k": 3},
    }


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"kind": 5}, "fit.common.kind: Input should be a valid string (got 5)"),
        (
            {"training": {"steps": 0, "base_lr": 0.1}},
            "fit.common.training.steps: Input should be greater than or equal to 1 (got 0)",
        ),
        ({"training": {"steps": 1}}, "fit.common.training.base_lr: missing"),
        (
            {"training": {"steps": 1, "base_lr": 0.1, "step": 1}},
            "fit.common.training.step: unknown parameter",
        ),
        ({"surprise": 1}, "fit.common.surprise: unknown parameter"),
        ({"options": {"deep": [1]}}, "fit.common.options.deep: text, a number, true or false is "),
    ],
)
def test_a_wrong_value_in_common_is_told_there(change: dict[str, Any], problem: str) -> None:
    data = file()
    data["fit"]["common"] |= change
    data["fit"]["items"]["other"] = {}
    told = {
        line for item in ("small", "other") for line in problems_of(ModelParams, data, "fit", item)
    }
    assert len(told) == 1, "the same line for every item"
    assert told.pop().startswith(problem)


@pytest.mark.parametrize(
    ("own", "problem"),
    [
        ({"kind": None}, "fit.items.small.kind: Input should be a valid string (got None)"),
        ({"kind": True}, "fit.items.small.kind: Input should be a valid string (got True)"),
        ({"training": {"steps": 3.0}}, "fit.items.small.training.steps: Input should be a valid "),
        ({"training": {"step": 3}}, "fit.items.small.training.step: unknown parameter"),
        ({"training": 3}, "fit.items.small.training: Input should be a valid dictionary "),
        ({"training": {"betas": ["a"]}}, "fit.items.small.training.betas.0: Input should be a "),
        ({"options": {"a": None}}, "fit.items.small.options.a: text, a number, true or false is "),
        ("plain", "fit.items.small: a mapping is needed, {} for none (got 'plain')"),
        (None, "fit.items.small: a mapping is needed, {} for none (missing)"),
    ],
)
def test_a_wrong_value_of_an_item_is_told_there(own: Any, problem: str) -> None:
    data = file()
    data["fit"]["items"]["small"] = own
    [told] = problems_of(ModelParams, data, "fit", "small")
    assert told.startswith(problem)
    stage_params(ModelParams, data, "fit", "large")  # others run


def test_what_neither_says_is_missing_of_the_item() -> None:
    data = file()
    del data["fit"]["common"]
    assert problems_of(ModelParams, data, "fit", "large") == [
        "fit.items.large.kind: missing",
        "fit.items.large.training.base_lr: missing",
    ]


def test_a_wrong_value_in_a_shared_part_is_told_with_the_part() -> None:
    data = file()
    data["score"]["common"]["near"]["options"]["k"] = "3"
    [told] = problems_of(ScoreParams, data, "score", "near-small")
    assert told == "score.common.near.options.k: Input should be a valid integer (got '3')"
    data["score"]["common"]["near"] = [1]
    [told] = problems_of(ScoreParams, data, "score", "near-small")
    assert told == "score.common.near: a mapping is needed, {} for none (got [1])"


def test_all_problems_of_an_item_are_told_at_once() -> None:
    data = file()
    data["fit"]["common"]["kind"] = 1
    data["fit"]["items"]["small"] = {"depth": 2, "training": {"steps": "3"}}
    told = problems_of(ModelParams, data, "fit", "small")
    assert [problem.partition(": ")[0] for problem in told] == [
        "fit.common.kind",
        "fit.items.small.training.steps",
        "fit.items.small.depth",
    ]
    assert str(ParamsError(["a: b", "a: b"])) == "1 wrong parameter in params.yaml:\n  a: b"


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        (None, "fit: a mapping is needed, {} for none (missing)"),
        ("text", "fit: a mapping is needed, {} for none (got 'text')"),
        ({"common": {}}, "fit.items: a mapping is needed, {} for none (missing)"),
        ({"items": [1]}, "fit.items: a mapping is needed, {} for none (got [1])"),
        ({"items": {}, "kind": 1}, "fit.kind: unknown parameter (a section has `common` and"),
        ({"common": 3, "items": {"small": {}}}, "fit.common: a mapping is needed, {} for none "),
        ({"items": {"tiny": {}, "huge": {}}}, "fit.items.small: missing (there are: tiny, huge)"),
        ({"items": {}}, "fit.items.small: missing (there are: none)"),
    ],
)
def test_a_section_of_another_shape_is_told(section: Any, problem: str) -> None:
    [told] = problems_of(ModelParams, {"fit": section}, "fit", "small")
    assert told.startswith(problem)


@pytest.mark.parametrize("name", ["1e5", "100", "017", "0x1f", "true", "null", "2024-01-01", "~"])
def test_a_name_that_yaml_reads_as_no_text_is_told(name: str) -> None:
    section = parse(f"fit:\n  items:\n    {name}: {{}}\n")["fit"]
    with pytest.raises(ParamsError, match=r"fit\.items\..*YAML reads this name as no text"):
        items_of(section, "fit")
    quoted = parse(f"fit:\n  items:\n    '{name}': {{}}\n")["fit"]
    if name != "~":
        assert list(items_of(quoted, "fit")) == [name]


@pytest.mark.parametrize("name", ["Set", "a.b", "a b", "-a", "_a", "../x", "", "a" * 65, "ä"])
def test_a_malformed_name_is_told(name: str) -> None:
    with pytest.raises(ParamsError, match="a name has lower-case letters, digits, - and _"):
        items_of({"items": {name: {}}}, "fit")


def test_lists_of_names_and_values_that_another_section_holds_are_derived() -> None:
    values, page = stage_params(PageParams, file(), "page")
    assert (page.title, page.models) == ("all", ["small", "large"])
    assert page.rule == Training(steps=10, base_lr=0.1)
    assert values["models"] == ["small", "large"], "part of what the step's result depends on"
    _, rule = stage_params(RuleParams, file(), "rule")  # has no section of its own
    assert rule.models == ["small", "large"]


def test_a_wrong_derived_value_is_told_where_it_stands() -> None:
    data = file()
    data["fit"]["common"]["training"]["steps"] = -1
    [told] = problems_of(PageParams, data, "page", None)
    assert told.startswith("fit.common.training.steps: ")
    data["fit"]["items"] = {}
    [told] = problems_of(RuleParams, data, "rule", None)
    assert told.startswith("fit.items: List should have at least 1 item")
    del data["fit"]["common"]
    assert problems_of(PageParams, data, "page", None) == ["fit.common.training: missing"]


def test_a_derived_field_cannot_be_set() -> None:
    data = file()
    data["page"]["models"] = ["small"]
    [told] = problems_of(PageParams, data, "page", None)
    assert told == "page.models: unknown parameter (it is always that of fit.items)"


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ({}, "page.title: missing"),
        ({"title": 5}, "page.title: Input should be a valid string (got 5)"),
        ({"title": "a", "colour": 1}, "page.colour: unknown parameter"),
        (None, "page: a mapping is needed, {} for none (missing)"),
    ],
)
def test_a_stage_without_items_has_its_own_section(section: Any, problem: str) -> None:
    assert problems_of(PageParams, file() | {"page": section}, "page", None) == [problem]


def test_parameters_are_strict_frozen_and_closed() -> None:
    params = Training(steps=1, base_lr=0.5)
    with pytest.raises(ValidationError):
        params.steps = 2  # type: ignore[misc]
    with pytest.raises(ParamsError, match=r"a\.steps: .*got '3'"):
        validate(Training, {"steps": "3", "base_lr": 0.5}, "a")


@pytest.mark.parametrize("number", ["1e-3", "1E-3", "1.0e-3", "0.001", "1e-03"])
def test_numbers_are_read_as_dvc_reads_them(number: str) -> None:
    assert parse(f"base_lr: {number}") == {"base_lr": 0.001}
    assert parse(f"base_lr: '{number}'") == {"base_lr": number}


def test_words_that_older_yaml_reads_as_truth_values_are_text() -> None:
    assert parse("a: [no, yes, on, off]\nno: 1\n") == {"a": ["no", "yes", "on", "off"], "no": 1}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", 'line 4: found duplicate key "c" with value "2"'),
        ("a: [", "line 2: did not find expected node content"),
        ("a: &x 1\nb: *y\n", "line 2: found undefined alias"),
        ("", "it is no mapping of sections"),
        ("- 1", "it is no mapping of sections"),
        ("words", "it is no mapping of sections"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line(text: str, problem: str) -> None:
    with pytest.raises(ParamsError) as caught:
        parse(text)
    [told] = caught.value.problems
    assert told.startswith(f"the file cannot be read: {problem}") and "\n" not in told


@pytest.mark.parametrize(
    ("executor", "scheduler"), [("dask", ""), ("processes", "tcp://127.0.0.1:8786")]
)
def test_a_scheduler_belongs_to_dask(executor: str, scheduler: str) -> None:
    data = RUNTIME | {"executor": executor, "scheduler": scheduler}
    with pytest.raises(ParamsError) as caught:
        validate(Runtime, data, "runtime")
    assert caught.value.problems == ["runtime: scheduler is needed for dask, and for dask only"]


@pytest.mark.parametrize("change", [{"workers": 0}, {"executor": "threads"}, {"log_level": "all"}])
def test_settings_of_speed_are_checked(change: dict[str, Any]) -> None:
    [name] = change
    with pytest.raises(ParamsError, match=rf"runtime\.{name}: "):
        validate(Runtime, RUNTIME | change, "runtime")


def test_a_quick_run_stays_in_its_process() -> None:
    told: list[tuple[int, int]] = []
    run = Run("a", Path("w"), Runtime.model_validate(RUNTIME), lambda *counts: told.append(counts))
    quick = run.quick()
    quick.progress(1, 2)
    assert (quick.runtime.executor, quick.runtime.workers, told) == ("processes", 1, [])
    assert (quick.item, quick.work, quick.runtime.log_level) == ("a", Path("w"), "info")


class Score(Facts):
    images: int
    mean: float | None = None


class LabelFacts(Facts):
    scores: dict[str, Score]
    shares: tuple[float, ...]
    best: Score | None = None


def test_facts_become_plain_values() -> None:
    facts = LabelFacts(
        scores={"day": Score(images=2, mean=1 / 3), "night": Score(images=0)},
        shares=(0.1234567, 1.0),
    )
    plain = facts.plain()
    assert plain == {
        "scores": {"day": {"images": 2, "mean": 0.33333}, "night": {"images": 0}},
        "shares": [0.12346, 1.0],
    }
    assert isinstance(plain["scores"]["day"]["images"], int)
    read = LabelFacts.model_validate(plain)
    assert read.scores["night"].mean is None and read.plain() == plain


def test_facts_have_no_keys_that_nobody_knows() -> None:
    with pytest.raises(ValidationError):
        Score.model_validate({"images": 1, "median": 0.5})
    assert rounded({"a": [0.1234567, 3, None, "x", True]}) == {"a": [0.12346, 3, None, "x", True]}
