"""Fresh models by the parameters of a stage."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from twinband.core.params import ParamsError, Scalar
from twinband.networks.build import build

WEIGHTS = "weights.safetensors"


def configured(
    kind: str, name: str, image_px: int, options: Mapping[str, Scalar], where: str
) -> Any:
    """A freshly initialised model of a stage's parameters.

    Args:
        kind: of model that the stage trains.
        name: of a configuration.
        where: the path of these parameters in params.yaml, for the error.

    Raises:
        ParamsError: an unknown model or option, or a model of another kind.
    """
    settings: dict[str, Any] = {"image_px": image_px, **options}
    with as_parameters(where):
        model = build(name, **settings)
        if model.kind != kind:
            raise ValueError(f"{name} is a {model.kind}, and no {kind}")
        return model


@contextmanager
def as_parameters(where: str) -> Iterator[None]:
    """Blame the parameters at ``where`` for what a constructor does not take."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise ParamsError([f"{where}: {error}"]) from None
