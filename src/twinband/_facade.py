"""Public names that are imported only when they are used, so that a façade costs nothing."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def facade(package: str, names: Mapping[str, str]) -> Callable[[str], Any]:
    """A module ``__getattr__`` for ``package``; ``names`` maps a public name to its module."""

    def __getattr__(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(names[name]), name)

    return __getattr__
