"""Parameters: strict models of params.yaml, an item's values over its stage's, and ``Run``.

A stage with items has a section of two keys: ``common``, what all items share, and ``items``, in
which an item names only what it has otherwise. A step is given both merged: mappings deeply, all
else replaced.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    model_validator,
)
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

DECIMALS = 5
ITEM_NAME = r"[a-z0-9][a-z0-9_-]{0,63}"


class Params(BaseModel):
    """Base of every parameter model: strict, frozen, no unknown keys.

    A field may have a default if nobody compares its values: the model is code that the stage
    depends on. What is compared stands in params.yaml.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class StageParams(Params):
    """A stage's section of params.yaml.

    ``derived`` maps a field to the place in params.yaml that it repeats: what another section
    says is never written down twice. Of a place ``STAGE.items`` the field holds the names.
    """

    derived: ClassVar[Mapping[str, str]] = {}


class ItemParams(StageParams):
    """One item of a stage: ``common`` with the item's own values over it."""

    @classmethod
    def shared(cls, item: Mapping[str, Any]) -> tuple[str, ...]:
        """Where in ``common`` that stands which ``item`` builds on; empty for all of it."""
        return ()


class Runtime(Params):
    """The ``runtime`` section: how fast a step runs, never what it makes; DVC does not track it.

    Attributes:
        executor: where the shards of shard-parallel steps are worked on: ``processes`` of this
            machine, or a running ``dask`` cluster.
        workers: processes side by side (``processes`` only), at least 1.
        scheduler: address of the Dask scheduler (``tcp://host:port``), empty for ``processes``.
        log_level: least level that is printed.
    """

    executor: Literal["processes", "dask"]
    workers: Annotated[int, Field(ge=1)]
    scheduler: str
    log_level: Literal["debug", "info", "warning", "error"]

    @model_validator(mode="after")
    def _scheduler_for_dask(self) -> Self:
        if (self.executor == "dask") != bool(self.scheduler):
            raise ValueError("scheduler is needed for dask, and for dask only")
        return self


class OutsideWeights(Params):
    """Weights that are not part of the project.

    Attributes:
        name: a file or folder below TWINBAND_WEIGHTS, or a model's id on the hub.
        revision: commit of the hub's repository; empty for a file below TWINBAND_WEIGHTS.
        sha256: of the file of weights: part of what its labels depend on (`sha256sum FILE` tells).
    """

    name: Annotated[str, Field(min_length=1)]
    revision: str = ""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")]


class Facts(BaseModel):
    """Base of what a stage tells of its output: typed once, dumped to facts/, read by the report.

    Only what equal inputs make equal: no timings.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    def plain(self) -> dict[str, Any]:
        """Plain values for a file: numbers rounded, what is None left out."""
        plain: dict[str, Any] = rounded(self.model_dump(exclude_none=True))
        return plain


def rounded(value: Any) -> Any:
    """Plain values, fractions rounded to ``DECIMALS`` places: the one rounding of facts."""
    if isinstance(value, float):
        return round(value, DECIMALS)
    if isinstance(value, Mapping):
        return {key: rounded(below) for key, below in value.items()}
    return [rounded(below) for below in value] if isinstance(value, list | tuple) else value


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a stage.

    Attributes:
        item: name of the item; empty for a stage without items.
        work: folder that is kept between tries.
        runtime: settings of speed.
        progress: is told how much is done, and of how much.
    """

    item: str
    work: Path
    runtime: Runtime
    progress: Callable[[int, int], None]

    def quick(self) -> "Run":
        """The same for work that is done sooner than processes would start: here, unseen."""
        here = self.runtime.model_copy(update={"executor": "processes", "workers": 1})
        return Run(self.item, self.work, here, lambda done, total: None)


class ParamsError(ValueError):
    """Wrong parameters; ``problems`` holds one line each, with its path in params.yaml."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(dict.fromkeys(problems))
        count = f"{len(self.problems)} wrong parameter{'s' if len(self.problems) > 1 else ''}"
        super().__init__("\n  ".join([f"{count} in params.yaml:", *self.problems]))


def _scalar(value: Any) -> Any:
    if not isinstance(value, str | int | float):
        raise ValueError("text, a number, true or false is needed")
    return value


# An option whose kind only its reader or benchmark knows. As a plain union, one wrong value would
# be told once for each member, with that member's name in the path.
Scalar = Annotated[str | int | float | bool, PlainValidator(_scalar)]

Model = TypeVar("Model", bound=BaseModel)


def parse(text: str) -> dict[str, Any]:
    """The mapping in the text of params.yaml, read by the rules by which DVC reads it (YAML 1.2).

    Raises:
        ParamsError: it is no YAML, a key stands there twice, or it is no mapping.
    """
    try:
        data = YAML(typ="safe").load(text)
    except YAMLError as error:
        raise ParamsError([f"the file cannot be read: {error}"]) from None
    if not isinstance(data, dict):
        raise ParamsError(["the file cannot be read: it is no mapping of sections"])
    return data


def validate(model: type[Model], data: Any, path: str) -> Model:
    """Check ``data`` against ``model``; ``path`` is where it stands in params.yaml.

    Raises:
        ParamsError: every problem at once, each with its full path.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ParamsError(describe(error, path)) from None


def describe(error: ValidationError, path: str) -> list[str]:
    """One line a problem: ``path.to.key: what is wrong (got …)``."""
    return _described(error, lambda _: path)


def _described(error: ValidationError, base: Callable[[Sequence[str | int]], str]) -> list[str]:
    """As ``describe``; ``base`` is the path of the model, by the place of a problem in it."""
    lines = []
    for problem in error.errors():
        place = problem["loc"]
        where = ".".join([base(place), *map(str, place)]).strip(".") or "the file"
        if problem["type"] == "extra_forbidden":
            lines.append(f"{where}: unknown parameter")
        elif problem["type"] == "missing":
            lines.append(f"{where}: missing")
        else:
            lines.append(f"{where}: {problem['msg']} (got {problem['input']!r})")
    return lines


def merged(common: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """``own`` over ``common``: mappings are merged deeply, all else is replaced."""
    result = dict(common)
    for key, value in own.items():
        below = result.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            value = merged(below, value)
        result[key] = value
    return result


def stage_params(
    model: type[Model], data: Mapping[str, Any], stage: str, item: str | None = None
) -> tuple[dict[str, Any], Model]:
    """The parameters of a stage, or of one item of it: as plain values, and checked.

    Args:
        data: the whole params.yaml.

    Raises:
        ParamsError: the section or the item is missing, or something in it is wrong.
    """
    if issubclass(model, ItemParams):
        return _item_params(model, data, stage, str(item))
    derived = model.derived if issubclass(model, StageParams) else {}
    section = data.get(stage, {} if derived.keys() == model.model_fields.keys() else None)
    if not isinstance(section, Mapping):
        raise ParamsError([f"{stage}: missing section (a mapping is needed, got {section!r})"])
    values = {**section, **{field: _at(data, place) for field, place in derived.items()}}
    return values, validate(model, values, stage)


def _item_params(
    model: type[Model], data: Mapping[str, Any], stage: str, item: str
) -> tuple[dict[str, Any], Model]:
    section = data.get(stage)
    items = items_of(section, stage)
    if item not in items:
        known = ", ".join(items) or "none"
        raise ParamsError([f"{stage}.items.{item}: missing (there are: {known})"])
    assert issubclass(model, ItemParams) and isinstance(section, Mapping)
    own = items[item] if isinstance(items[item], Mapping) else {}
    place = model.shared(own)
    common: Any = section.get("common") or {}
    for key in place:
        common = common.get(key) or {} if isinstance(common, Mapping) else {}
    values = merged(common, own)
    above = ".".join([stage, "common", *place])

    def base(place: Sequence[str | int]) -> str:
        inherited = _holds(common, place) and not _holds(own, place)
        return above if inherited else f"{stage}.items.{item}"

    try:
        return values, model.model_validate(values)
    except ValidationError as error:
        raise ParamsError(_described(error, base)) from None


def _at(data: Any, place: str) -> Any:
    """What stands at a place of params.yaml; of ``STAGE.items`` the names, in their order."""
    if place.endswith(".items"):
        stage = place.removesuffix(".items")
        return list(items_of(data.get(stage), stage))
    for key in place.split("."):
        if not isinstance(data, Mapping) or key not in data:
            raise ParamsError([f"{place}: missing"])
        data = data[key]
    return data


def items_of(section: Any, stage: str) -> Mapping[str, Any]:
    """The items of a section; none is a choice that a profile may make.

    Raises:
        ParamsError: there is no mapping of items, a key besides, or a name that cannot be one.
    """
    if not isinstance(section, Mapping):
        raise ParamsError([f"{stage}: missing section (a mapping is needed, got {section!r})"])
    problems = [
        f"{stage}.{key}: unknown parameter (a section has `common` and `items`)"
        for key in section
        if key not in ("common", "items")
    ]
    items = section.get("items")
    if not isinstance(items, Mapping):
        problems.append(f"{stage}.items: a mapping is needed, {{}} for none (got {items!r})")
        raise ParamsError(problems)
    problems += list(_wrong_names(items, stage))
    if problems:
        raise ParamsError(problems)
    return items


def _wrong_names(items: Mapping[Any, Any], stage: str) -> Iterator[str]:
    for name in items:
        if not isinstance(name, str):
            yield (
                f"{stage}.items.{name}: YAML reads this name as {type(name).__name__}; "
                "put it in quotes, or better use another name"
            )
        elif not re.fullmatch(ITEM_NAME, name):
            yield (
                f"{stage}.items.{name}: a name has lower-case letters, digits, - and _, begins "
                "with a letter or digit, and has 64 characters at most"
            )


def _holds(values: Any, place: Sequence[str | int]) -> bool:
    """Whether ``values`` says something itself at ``place``, or at what contains it."""
    for key in place:
        if isinstance(values, Mapping):
            if key not in values:
                return False
            values = values[key]
        else:
            return True
    return True
