"""The backend that params.yaml names."""

import importlib
from collections.abc import Mapping
from typing import Any

from twinband.registration.backends._base import Backend


def open_backend(name: str, options: Mapping[str, Any]) -> Backend:
    """The backend of the module ``twinband.registration.backends.NAME``.

    Raises:
        ValueError: there is no such backend, or it does not take these options.
    """
    module = f"twinband.registration.backends.{name}"
    try:
        backend: Backend = importlib.import_module(module).open_backend(options)
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"the registration backend {name} cannot be opened: {error}") from None
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise ValueError(f"there is no registration backend {name} ({module})") from None
    return backend
