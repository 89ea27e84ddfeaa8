"""What all parameter models share: strict, frozen, no unknown key, errors in one readable list.

No field has a default: a default that changed in the code would not invalidate the stage.

Settings that change how fast a step runs and never what it makes; DVC does not track them.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError, model_validator


class Params(BaseModel):
    """Base of every parameter model."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class StageParams(Params):
    """A stage's section of params.yaml.

    ``axis`` names the field over whose items the stage runs (``foreach`` in dvc.yaml), if any;
    a step then sees that field narrowed to its own item, exactly what DVC tracks for it.
    """

    axis: ClassVar[str | None] = None


class ParamsError(ValueError):
    """Wrong parameters; ``problems`` holds one line each, with its path in params.yaml."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        count = f"{len(problems)} wrong parameter{'s' if len(problems) > 1 else ''}"
        super().__init__("\n  ".join([f"{count} in params.yaml:", *problems]))


def _scalar(value: Any) -> Any:
    if not isinstance(value, str | int | float):
        raise ValueError("text, a number, true or false is needed")
    return value


# An option whose kind only its reader or benchmark knows. As a plain union, one wrong value would
# be told once for each member, with that member's name in the path.
Scalar = Annotated[str | int | float | bool, PlainValidator(_scalar)]

Model = TypeVar("Model", bound=BaseModel)


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
    lines = []
    for problem in error.errors():
        where = ".".join([path, *(str(part) for part in problem["loc"])]).strip(".") or "the file"
        if problem["type"] == "extra_forbidden":
            lines.append(f"{where}: unknown parameter")
        elif problem["type"] == "missing":
            lines.append(f"{where}: missing")
        else:
            lines.append(f"{where}: {problem['msg']} (got {problem['input']!r})")
    return lines


def narrow(section: Any, axis: str | None, item: str | None, path: str) -> Any:
    """The section with its axis cut down to ``item``: what the item's stage depends on.

    Raises:
        ParamsError: the section is no mapping, or has no such item.
    """
    if axis is None or item is None:
        return section
    items = section.get(axis) if isinstance(section, Mapping) else None
    if not isinstance(items, Mapping) or item not in items:
        known = ", ".join(map(str, items)) if isinstance(items, Mapping) else "none"
        raise ParamsError([f"{path}.{axis}.{item}: missing (there are: {known})"])
    return {**section, axis: {item: items[item]}}


class Runtime(Params):
    """The ``runtime`` section of params.yaml.

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
    def _scheduler_for_dask(self) -> "Runtime":
        if (self.executor == "dask") != bool(self.scheduler):
            raise ValueError("scheduler is needed for dask, and for dask only")
        return self
