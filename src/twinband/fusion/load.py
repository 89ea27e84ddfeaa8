"""Methods of fusion by name, and networks by file."""

import importlib
from pathlib import Path

from twinband.core.errors import InputError
from twinband.fusion.interface import Fusion

METHODS = "twinband.fusion_methods"


def load_fusion(path_or_name: str | Path) -> Fusion:
    """Open a method by the name of its file in ``twinband.fusion_methods``, or a network's file.

    Raises:
        InputError: there is no such method or file, or the file is of another kind.
    """
    path = Path(path_or_name)
    if path.exists():
        from twinband.fusion.published import load_published

        return load_published(path)
    if str(path_or_name) not in method_names():
        raise InputError(
            f"{path_or_name} is neither a file nor a method of fusion; methods are"
            f" {', '.join(method_names())}"
        )
    method: Fusion = importlib.import_module(f"{METHODS}.{path_or_name}").Method()
    return method


def method_names() -> list[str]:
    """List the methods that need no file."""
    package = importlib.import_module(METHODS)
    return sorted(path.stem for root in package.__path__ for path in Path(root).glob("*.py"))
