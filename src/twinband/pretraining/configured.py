"""Fresh models by the parameters of a stage."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from torch import nn

from twinband.models.registry import build
from twinband.params.base import ParamsError, Scalar

Model = TypeVar("Model", bound=nn.Module)


def configured(
    kind: type[Model], name: str, image_px: int, options: Mapping[str, Scalar], where: str
) -> Model:
    """A freshly initialised model of a stage's parameters.

    Args:
        kind: what the stage trains.
        where: the path of these parameters in params.yaml, for the error.

    Raises:
        ParamsError: an unknown model or option, or a model of another kind.
    """
    settings: dict[str, Any] = {"image_px": image_px, **options}
    with as_parameters(where):
        model = build(name, **settings)
        if not isinstance(model, kind):
            raise ValueError(f"{name} is a {type(model).__name__}, and no {kind.__name__}")
        return model


@contextmanager
def as_parameters(where: str) -> Iterator[None]:
    """What a constructor does not take is the fault of the parameters that were handed to it."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise ParamsError([f"{where}: {error}"]) from None
