"""The project's files that a step really imports, found by reading the code.

A folder ``templates`` beside an imported module counts as a whole.

They are part of a step's fingerprint, and a contract test holds dvc.yaml's ``deps`` to them.
``__init__`` files do not count: they are empty or lazy, so they cannot change a result.
"""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

PACKAGES = {"twinband": Path("src/twinband"), "pipeline_steps": Path("pipeline_steps")}


def import_closure(root: Path, modules: Iterable[str]) -> list[str]:
    """Files (relative to ``root``, POSIX, sorted) that importing ``modules`` reads.

    Raises:
        ImportError: a module hides a dependency: it imports from one of our packages a name, or
            another package, instead of the module that it needs; or it imports relatively.
    """
    seen: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        path = file_of(root, module)
        if path is None or module in seen:
            continue
        seen.add(module)
        waiting += _imports(root, module, path)
    paths = (file_of(root, module) for module in seen)
    code = [path for path in paths if path and path.stem != "__init__"]
    beside = {path.parent / "templates" for path in code}
    texts = [path for folder in beside for path in folder.rglob("*") if path.is_file()]
    return sorted(path.relative_to(root).as_posix() for path in [*code, *texts])


def file_of(root: Path, module: str) -> Path | None:
    """The file of one of our modules; None if it is none of ours or does not exist."""
    first, *rest = module.split(".")
    if first not in PACKAGES:
        return None
    path = root.joinpath(PACKAGES[first], *rest)
    if path.with_suffix(".py").is_file():
        return path.with_suffix(".py")
    return path / "__init__.py" if (path / "__init__.py").is_file() else None


def _imports(root: Path, module: str, path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level or not node.module:
                raise ImportError(
                    f"{module}: line {node.lineno} imports relatively; name it in full"
                )
            for alias in node.names:
                yield _defining_module(root, module, node.module, alias.name)


def _defining_module(root: Path, importer: str, package: str, name: str) -> str:
    path = file_of(root, f"{package}.{name}")
    if path is not None and path.stem == "__init__":
        raise ImportError(f"{importer}: import from the modules of {package}.{name}, not {name}")
    if path is not None:
        return f"{package}.{name}"
    path = file_of(root, package)
    if path is not None and path.stem == "__init__":
        raise ImportError(f"{importer}: import {name} from its module, not from {package}")
    return package
