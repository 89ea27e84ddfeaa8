"""Parameters: strict models of params.yaml, an item's values over its stage's, and ``Run``.

A stage with items has a section of two keys: ``common``, what all items share, and ``items``, in
which an item names only what it has otherwise. A step is given both merged: mappings deeply, all
else replaced.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
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
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from twinband.core.names import ITEM_NAME, NAME_RULE

DECIMALS = 5


class Params(BaseModel):
    """Base of every parameter model: strict, frozen, no unknown keys.

    A field may have a default if nobody compares its values: the model is code that the stage
    depends on. What is compared stands in params.yaml.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class StageParams(Params):
    """A stage's section of params.yaml.

    Attributes:
        derived: fields that repeat another section, each with its place in params.yaml, so that
            nothing is written down twice; from ``STAGE.items`` the field gets the names.
    """

    derived: ClassVar[Mapping[str, str]] = {}


class ItemParams(StageParams):
    """One item of a stage: ``common`` with the item's own values over it."""

    @classmethod
    def shared(cls, item: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the keys in ``common`` to the part that ``item`` builds on; () for all of it."""
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
        """Convert to plain values for a file: numbers rounded, fields that are None left out."""
        plain: dict[str, Any] = rounded(self.model_dump(exclude_none=True))
        return plain


def rounded(value: Any) -> Any:
    """Round all fractions in plain values to ``DECIMALS`` places: the one rounding of facts."""
    if isinstance(value, float):
        return round(value, DECIMALS)
    if isinstance(value, Mapping):
        return {key: rounded(inner) for key, inner in value.items()}
    return [rounded(inner) for inner in value] if isinstance(value, list | tuple) else value


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a stage.

    Attributes:
        item: name of the item; empty for a stage without items.
        work: folder that is kept between tries.
        runtime: settings of speed.
        progress: called with how much is done, and of how much.
    """

    item: str
    work: Path
    runtime: Runtime
    progress: Callable[[int, int], None]

    def quick(self) -> "Run":
        """Return a copy for work shorter than the start of processes: in this one, no progress."""
        serial = self.runtime.model_copy(update={"executor": "processes", "workers": 1})
        return Run(self.item, self.work, serial, lambda done, total: None)


class ParamsError(ValueError):
    """Wrong parameters; ``problems`` holds one line each, with its path in params.yaml."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(dict.fromkeys(problems))
        count = f"{len(self.problems)} wrong parameter{'s' if len(self.problems) > 1 else ''}"
        super().__init__("\n  ".join([f"{count} in params.yaml:", *self.problems]))


def _scalar(value: Any) -> Any:
    if not isinstance(value, str | int | float):
        raise ValueError("text, a number, true or false is needed")
    return value


def _option(value: Any) -> Any:
    return [_scalar(part) for part in value] if isinstance(value, list) else _scalar(value)


# An option whose kind only its reader or benchmark knows. As a plain union, one wrong value would
# be told once for each member, with that member's name in the path.
Scalar = Annotated[str | int | float | bool, PlainValidator(_scalar)]
Option = Annotated[str | int | float | bool | list[Any], PlainValidator(_option)]

Model = TypeVar("Model", bound=BaseModel)


def parse(text: str) -> dict[str, Any]:
    """Read the text of params.yaml by the rules by which DVC reads it (YAML 1.2).

    Raises:
        ParamsError: it is no YAML, a key stands there twice, or it is no mapping.
    """
    try:
        data = YAML(typ="safe").load(text)
    except YAMLError as error:
        raise ParamsError([f"the file cannot be read: {_in_one_line(error)}"]) from None
    if not isinstance(data, dict):
        raise ParamsError(["the file cannot be read: it is no mapping of sections"])
    return data


def _in_one_line(error: YAMLError) -> str:
    if isinstance(error, MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return " ".join(str(error).split())


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
    """Say each problem in a line: ``path.to.key: what is wrong (got …)``."""
    return _described(error, lambda place, _: _joined(path, place))


Place = tuple[str | int, ...]


def _described(error: ValidationError, path_of: Callable[[Place, bool], str]) -> list[str]:
    """As ``describe``; ``path_of`` gets a place in the model, and whether nothing stands there."""
    lines = []
    for problem in error.errors():
        kind, value = problem["type"], problem["input"]
        path = path_of(problem["loc"], kind == "missing") or "the file"
        if kind == "extra_forbidden":
            lines.append(f"{path}: unknown parameter")
        elif kind == "missing":
            lines.append(f"{path}: missing")
        else:
            section = isinstance(value, Mapping) and not problem["loc"]
            got = "" if section else f" (got {value!r})"
            lines.append(f"{path}: {problem['msg'].removeprefix('Value error, ')}{got}")
    return lines


def _joined(path: str, place: Place) -> str:
    return ".".join([path, *map(str, place)]).strip(".")


def merged(common: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Lay ``own`` over ``common``: mappings are merged deeply, all else is replaced."""
    result = dict(common)
    for key, value in own.items():
        shared = result.get(key)
        if isinstance(shared, Mapping) and isinstance(value, Mapping):
            value = merged(shared, value)
        result[key] = value
    return result


def stage_params(
    model: type[Model], data: Mapping[str, Any], stage: str, item: str | None = None
) -> tuple[dict[str, Any], Model]:
    """Return the parameters of a stage, or of one item of it: as plain values, and checked.

    Args:
        data: all of params.yaml.

    Raises:
        ParamsError: the section or the item is missing, or something in it is wrong.
    """
    if issubclass(model, ItemParams):
        return _item_params(model, data, stage, str(item))
    derived = model.derived if issubclass(model, StageParams) else {}
    section = data.get(stage, {} if derived.keys() == model.model_fields.keys() else None)
    if not isinstance(section, Mapping):
        raise ParamsError([_no_mapping(stage, section)])
    if doubled := derived.keys() & section.keys():
        raise ParamsError(
            f"{stage}.{field}: unknown parameter (it is always that of {derived[field]})"
            for field in sorted(doubled)
        )
    values = {**section, **{field: _at(data, place) for field, place in derived.items()}}

    def path_of(place: Place, missing: bool) -> str:
        repeated = derived.get(str(place[0])) if place else None
        return _joined(repeated, place[1:]) if repeated else _joined(stage, place)

    return values, _validated(model, values, path_of)


def _item_params(
    model: type[Model], data: Mapping[str, Any], stage: str, item: str
) -> tuple[dict[str, Any], Model]:
    section = data.get(stage)
    items = items_of(section, stage)
    path = f"{stage}.items.{item}"
    if item not in items:
        known = ", ".join(items) or "none"
        raise ParamsError([f"{path}: missing (there are: {known})"])
    assert issubclass(model, ItemParams) and isinstance(section, Mapping)
    own = items[item]
    if not isinstance(own, Mapping):
        raise ParamsError([_no_mapping(path, own)])
    common, common_path = section, stage
    for key in ("common", *model.shared(own)):
        common, common_path = common.get(key, {}), f"{common_path}.{key}"
        if not isinstance(common, Mapping):
            raise ParamsError([_no_mapping(common_path, common)])
    values = merged(common, own)

    def path_of(place: Place, missing: bool) -> str:
        # What is missing is told of the mapping that lacks it.
        holder = place[:-1] if missing else place
        inherited = _holds(common, holder) and not _holds(own, holder)
        return _joined(common_path if inherited else path, place)

    return values, _validated(model, values, path_of)


def _validated(
    model: type[Model], values: Mapping[str, Any], path_of: Callable[[Place, bool], str]
) -> Model:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ParamsError(_described(error, path_of)) from None


def _no_mapping(path: str, value: Any) -> str:
    state = "missing" if value is None else f"got {value!r}"
    return f"{path}: a mapping is needed, {{}} for none ({state})"


def _at(data: Any, place: str) -> Any:
    """Return the value at a place of params.yaml; of ``STAGE.items`` the names, in their order."""
    if place.endswith(".items"):
        stage = place.removesuffix(".items")
        return list(items_of(data.get(stage), stage))
    for key in place.split("."):
        if not isinstance(data, Mapping) or key not in data:
            raise ParamsError([f"{place}: missing"])
        data = data[key]
    return data


def items_of(section: Any, stage: str) -> Mapping[str, Any]:
    """Return the items of a section; that there are none is a choice that a profile may make.

    Raises:
        ParamsError: there is no mapping of items, a key besides, or a name that cannot be one.
    """
    if not isinstance(section, Mapping):
        raise ParamsError([_no_mapping(stage, section)])
    problems = [
        f"{stage}.{key}: unknown parameter (a section has `common` and `items`)"
        for key in section
        if key not in ("common", "items")
    ]
    items = section.get("items")
    if not isinstance(items, Mapping):
        raise ParamsError([*problems, _no_mapping(f"{stage}.items", items)])
    problems += _wrong_names(items, stage)
    if problems:
        raise ParamsError(problems)
    return items


def _wrong_names(items: Mapping[Any, Any], stage: str) -> Iterator[str]:
    for name in items:
        if not isinstance(name, str):
            yield f"{stage}.items.{name}: YAML reads this name as no text; use another one"
        elif not re.fullmatch(ITEM_NAME, name):
            yield f"{stage}.items.{name}: {NAME_RULE}"


def _holds(values: Any, place: Place) -> bool:
    """Tell whether ``values`` itself says what stands at ``place``, or at what contains it."""
    for key in place:
        if not isinstance(values, Mapping):
            return True
        if key not in values:
            return False
        values = values[key]
    return True
