"""Templates of dvc.yaml, such as ``${item.source}``, which a step fills in for itself.

Where DVC fills them in, what stands in params.yaml becomes part of a command line, and a shell
runs it. So dvc.yaml escapes those in commands: they arrive here as they stand.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from twinband.core.params import ParamsError

CODE = ("src/", "pipeline_steps/")
TEMPLATE = re.compile(r"\$\{([^}]+)\}")


def item_of_dvc(stage: str) -> str | None:
    """Return the item of ``stage`` that DVC runs at the moment; None if it runs no such one."""
    name, _, item = os.environ.get("DVC_STAGE", "").partition("@")
    return item if name == stage and item else None


def names_of(stage: str, item: str | None, params: Mapping[str, Any]) -> dict[str, Any]:
    """Collect what templates of a stage may name: all of params.yaml, ``key`` and ``item``."""
    if item is None:
        return dict(params)
    return {**params, "key": item, "item": params[stage]["items"][item]}


def filled(text: str, names: Mapping[str, Any]) -> str:
    """Fill in the templates of a text.

    Raises:
        ParamsError: a template names what is not there.
    """
    return TEMPLATE.sub(lambda found: str(_value(names, found[1])), text)


def code_of(stage: str, item: str | None, params: Mapping[str, Any]) -> list[Path]:
    """The code that dvc.yaml says a stage, or one item of it, depends on: files and folders.

    Raises:
        ParamsError: the parameters name a plug-in that is not there.
    """
    graph = YAML(typ="safe").load(Path("dvc.yaml"))["stages"][stage]
    names = names_of(stage, item, params)
    deps = [dep for dep in graph.get("do", graph)["deps"] if dep.startswith(CODE)]
    paths = [Path(filled(dep, names)) for dep in deps]
    if absent := [path.as_posix() for path in paths if not path.exists()]:
        raise ParamsError([f"{stage}.items.{item}: there is no {', '.join(absent)}"])
    return paths


def _value(names: Mapping[str, Any], place: str) -> Any:
    value: Any = names
    for key in place.split("."):
        if not isinstance(value, Mapping) or key not in value:
            raise ParamsError([f"dvc.yaml names ${{{place}}}, which is not there"])
        value = value[key]
    return value
